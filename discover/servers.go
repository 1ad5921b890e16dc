package discover

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock/ingest"
)

// patience is how long a server on the loopback may take to answer.
const patience = time.Second

// answers greets a server and gives its address where it answers as wanted, else "".
func answers(ctx context.Context, address, greeting, want string) string {
	if address == "" {
		return ""
	}
	conn, err := (&net.Dialer{Timeout: patience}).DialContext(ctx, "tcp", address)
	if err != nil {
		return ""
	}
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(patience))
	if _, err := io.WriteString(conn, greeting); err != nil {
		return ""
	}
	line, _ := bufio.NewReader(io.LimitReader(conn, 1<<10)).ReadString('\n')
	if !strings.HasPrefix(line, want) {
		return ""
	}
	return address
}

// Ask finds the presets whose series a server with the HTTP API of Prometheus has.
func (f *Found) Ask(ctx context.Context, url string) error {
	names, err := seriesNames(ctx, url)
	if err != nil {
		return fmt.Errorf("ask %s which series it has: %w; does a Prometheus run there?", url, err)
	}
	f.Prometheus = strings.TrimSuffix(url, "/")
	for _, name := range ingest.PresetNames() {
		rules, err := ingest.Preset(name)
		if err != nil {
			return err
		}
		if slices.ContainsFunc(rules, func(r ingest.Rule) bool { return names[r.Metric] }) {
			f.Presets = append(f.Presets, name)
		}
	}
	// The presets of CloudWatch differ only in the period, which names do not tell; the longer one is had without paying for more.
	if slices.Contains(f.Presets, "cloudwatch_ebs_1m") && slices.Contains(f.Presets, "cloudwatch_ebs_5m") {
		f.Presets = slices.DeleteFunc(f.Presets, func(name string) bool { return name == "cloudwatch_ebs_1m" })
	}
	if f.Presets == nil {
		return fmt.Errorf("%s has %d series names, and none that a preset knows (%s); write rules of your own, as ingest/prometheus/README.md shows", url, len(names), strings.Join(ingest.PresetNames(), ", "))
	}
	return nil
}

func seriesNames(ctx context.Context, url string) (map[string]bool, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, strings.TrimSuffix(url, "/")+"/api/v1/label/__name__/values", nil)
	if err != nil {
		return nil, err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = resp.Body.Close() }()
	if resp.StatusCode != http.StatusOK {
		return nil, errors.New("it answers " + resp.Status)
	}
	var answer struct {
		Data []string `json:"data"`
	}
	if err := json.NewDecoder(io.LimitReader(resp.Body, 64<<20)).Decode(&answer); err != nil {
		return nil, fmt.Errorf("what it answers is not what a Prometheus does: %w", err)
	}
	names := map[string]bool{}
	for _, name := range answer.Data {
		names[name] = true
	}
	return names, nil
}
