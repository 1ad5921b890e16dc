package prometheus

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"

	"github.com/prometheus/client_golang/api"
)

// newTransport makes the HTTP client of the settings.
func newTransport(cfg Config) (*http.Client, error) {
	secure, err := cfg.TLS.Config()
	if err != nil {
		return nil, err
	}
	base := http.DefaultTransport.(*http.Transport).Clone()
	if secure != nil {
		base.TLSClientConfig = secure
	}
	t := &transport{cfg: cfg, base: base}
	if _, err := t.authorization(); err != nil {
		return nil, err
	}
	return &http.Client{Transport: t, CheckRedirect: sameHost}, nil
}

// sameHost follows no redirect to another server: it would be given the credentials.
func sameHost(req *http.Request, via []*http.Request) error {
	if first := via[0].URL; req.URL.Host != first.Host || req.URL.Scheme != first.Scheme {
		return fmt.Errorf("the server sends to %s://%s; write that as url", req.URL.Scheme, req.URL.Host)
	}
	if len(via) > 5 {
		return errors.New("more than five redirects")
	}
	return nil
}

// transport adds the credentials, as the files say them now, and bounds the answers.
type transport struct {
	cfg  Config
	base http.RoundTripper
}

// RoundTrip sends a request.
func (t *transport) RoundTrip(req *http.Request) (*http.Response, error) {
	authorization, err := t.authorization()
	if err != nil {
		return nil, err
	}
	req = req.Clone(req.Context())
	for name, value := range t.cfg.Headers {
		req.Header.Set(name, value)
	}
	if authorization != nil {
		authorization(req)
	}
	resp, err := t.base.RoundTrip(req)
	if err == nil {
		resp.Body = &bounded{resp.Body, t.cfg.MaxResponse}
	}
	return resp, err
}

// authorization gives what puts the credentials into a request, or nil where there are none.
func (t *transport) authorization() (func(*http.Request), error) {
	switch c := t.cfg; {
	case c.Username != "":
		password, err := secret(c.Password, c.PasswordFile)
		if err != nil {
			return nil, fmt.Errorf("password_file: %w", err)
		}
		return func(r *http.Request) { r.SetBasicAuth(c.Username, password) }, nil
	case c.BearerToken != "" || c.BearerTokenFile != "":
		token, err := secret(c.BearerToken, c.BearerTokenFile)
		if err != nil {
			return nil, fmt.Errorf("bearer_token_file: %w", err)
		}
		return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) }, nil
	}
	return nil, nil
}

func secret(text, file string) (string, error) {
	if file == "" {
		return text, nil
	}
	b, err := os.ReadFile(file)
	return strings.TrimSpace(string(b)), err
}

// bounded is a body that is an error when it is too long.
type bounded struct {
	io.ReadCloser
	left int64
}

func (b *bounded) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= int64(n); b.left < 0 {
		return 0, errors.New("the answer is above max_response_bytes")
	}
	return n, err
}

// whole is a client that refuses the partial answers of VictoriaMetrics, which its API marks beside the data, and which the
// client does not look at.
type whole struct{ api.Client }

// Do sends a request.
func (w whole) Do(ctx context.Context, req *http.Request) (*http.Response, []byte, error) {
	resp, body, err := w.Client.Do(ctx, req)
	if err == nil {
		head := body
		if data := bytes.Index(body, []byte(`"data"`)); data >= 0 {
			head = body[:data]
		}
		if bytes.Contains(head, []byte(`"isPartial":true`)) {
			return resp, nil, fmt.Errorf("%w: the server could not reach all of its storage", errPartial)
		}
	}
	return resp, body, err
}
