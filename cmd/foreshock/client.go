package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock/api"
	"github.com/spf13/cobra"
)

// client asks the program that runs.
type client struct {
	server, tokenFile string
}

func (c *client) flags(cmd *cobra.Command) {
	server := os.Getenv("FORESHOCK_SERVER")
	if server == "" {
		server = "http://127.0.0.1:9750"
	}
	cmd.Flags().StringVar(&c.server, "server", server, "address of the program (environment: FORESHOCK_SERVER)")
	cmd.Flags().StringVar(&c.tokenFile, "token-file", "", "file with the bearer token (or environment: FORESHOCK_TOKEN)")
}

// answerError is a refusal by the program.
type answerError struct{ api.Fault }

// awayError says that no program answers.
type awayError struct {
	server string
	err    error
}

func (e *awayError) Error() string {
	return fmt.Sprintf("no answer from %s: %s; start it with: foreshock run, or name it with --server", e.server, e.err)
}

func (c *client) get(ctx context.Context, path string, query url.Values, into any) error {
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	return c.call(ctx, http.MethodGet, path, nil, into)
}

func (c *client) post(ctx context.Context, path string, body, into any) error {
	data, err := json.Marshal(body)
	if err != nil {
		return err
	}
	return c.call(ctx, http.MethodPost, path, data, into)
}

func (c *client) call(ctx context.Context, method, path string, body []byte, into any) error {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, strings.TrimSuffix(c.server, "/")+"/api/v1"+path, bytes.NewReader(body))
	if err != nil {
		return usageError{fmt.Errorf("--server %s: %w", c.server, err)}
	}
	token, err := c.token()
	if err != nil {
		return err
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return &awayError{c.server, err}
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(resp.Body, 1<<16))
		answer := &answerError{api.Fault{Status: resp.StatusCode}}
		if json.Unmarshal(text, &answer.Fault) != nil || answer.Detail == "" {
			answer.Detail = fmt.Sprintf("%s: %s", resp.Status, strings.TrimSpace(string(text)))
		}
		return answer
	}
	if err := json.NewDecoder(resp.Body).Decode(into); err != nil {
		return fmt.Errorf("the answer of %s cannot be read; is it the same version? %w", c.server, err)
	}
	return nil
}

func (c *client) token() (string, error) {
	if c.tokenFile == "" {
		return os.Getenv("FORESHOCK_TOKEN"), nil
	}
	data, err := os.ReadFile(c.tokenFile)
	if err != nil {
		return "", usageError{fmt.Errorf("--token-file: %w", err)}
	}
	return strings.TrimSpace(string(data)), nil
}

// escape makes a workload's id a path; its slashes stay.
func escape(id string) string {
	parts := strings.Split(id, "/")
	for i := range parts {
		parts[i] = url.PathEscape(parts[i])
	}
	return strings.Join(parts, "/")
}
