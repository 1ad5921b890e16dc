// Package otlp sends a trace of each action to an OpenTelemetry collector: what was seen, what was strange, the decision, the action, the verdict.
//
// A trace is sent when nothing more comes of its action: after the verdict, or when the action has failed or was refused.
package otlp

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strings"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/notify"
	"github.com/foreshock-io/foreshock/webhooks"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace"
	"go.opentelemetry.io/otel/exporters/otlp/otlptrace/otlptracehttp"
	"go.opentelemetry.io/otel/sdk/trace"
)

// Config is the otlp block of a configuration file.
type Config struct {
	URL       string `yaml:"url"`        // of the collector, for OTLP over HTTP; /v1/traces is added where no path is stated
	TokenFile string `yaml:"token_file"` // a bearer token, for https; read when the program starts and reloads
	CAFile    string `yaml:"ca_file"`    // certificates (PEM) to trust instead of the system's
	Service   string `yaml:"service"`    // service.name of the traces; default foreshock
	Most      int    `yaml:"most"`       // actions that are followed at one time, and traces that may wait; default 1000

	notify.Retry `yaml:",inline"`
}

// Factory offers this notifier to configuration files as "otlp".
var Factory = notify.Factory{Name: "otlp", New: func(decode func(any) error, env notify.Env) (notify.Notifier, error) {
	cfg := Config{Service: "foreshock", Most: 1000, Retry: notify.DefaultRetry()}
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

// Notifier is a collector.
type Notifier struct {
	*notify.Queue[[]trace.ReadOnlySpan]
	stories stories
}

var _ notify.Notifier = (*Notifier)(nil)

// New makes a notifier of the settings. It calls nobody.
func New(cfg Config, env notify.Env) (*Notifier, error) {
	options, err := cfg.options()
	if err == nil && (cfg.Most < 1 || cfg.Most > 100_000) {
		err = fmt.Errorf("most must be between 1 and 100000, not %d", cfg.Most)
	}
	if err := errors.Join(err, cfg.Retry.Check()); err != nil {
		return nil, err
	}
	exporter := otlptrace.NewUnstarted(otlptracehttp.NewClient(options...))
	n := &Notifier{stories: newStories(cfg.Most, cfg.Service)}
	n.Queue = notify.NewQueue(cfg.Most, cfg.Retry, env.Log, func(ctx context.Context, spans []trace.ReadOnlySpan) error {
		return exporter.ExportSpans(ctx, spans)
	})
	return n, nil
}

func (c Config) options() ([]otlptracehttp.Option, error) {
	u, err := url.Parse(c.URL)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
		return nil, errors.New("url must be that of a collector without a user, for example http://127.0.0.1:4318")
	}
	if strings.Trim(u.Path, "/") == "" {
		u.Path = "/v1/traces"
	}
	transport, err := webhooks.Transport(c.CAFile, c.Timeout, true)
	if err != nil {
		return nil, err
	}
	options := []otlptracehttp.Option{
		otlptracehttp.WithEndpointURL(u.String()), otlptracehttp.WithRetry(otlptracehttp.RetryConfig{}), otlptracehttp.WithTimeout(c.Timeout),
		otlptracehttp.WithHTTPClient(&http.Client{Transport: transport, Timeout: c.Timeout}),
	}
	if c.TokenFile == "" {
		return options, nil
	}
	if u.Scheme != "https" {
		return nil, errors.New("url: a token is sent over https only")
	}
	token, err := os.ReadFile(c.TokenFile)
	if err != nil {
		return nil, fmt.Errorf("token_file: %w", err)
	}
	return append(options, otlptracehttp.WithHeaders(map[string]string{"Authorization": "Bearer " + strings.TrimSpace(string(token))})), nil
}

// Restore implements [notify.Notifier]: an action that was under way is followed on.
func (n *Notifier) Restore(e *foreshock.Event) { n.stories.take(e) }

// Take implements [notify.Notifier].
func (n *Notifier) Take(e *foreshock.Event) {
	if spans := n.stories.take(e); spans != nil {
		n.Queue.Take(spans)
	}
}
