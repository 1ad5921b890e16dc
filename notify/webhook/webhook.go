// Package webhook sends events as CloudEvents 1.0, signed as Standard Webhooks has it, to a service of one's own.
package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/notify"
	"github.com/foreshock-io/foreshock/webhooks"
)

// Config is the webhook block of a configuration file.
type Config struct {
	URL        string `yaml:"url"`         // where events are posted: https, or http on this machine
	SecretFile string `yaml:"secret_file"` // "whsec_" and base64, or any text of at least 24 bytes; read anew for each try
	Secret     string `yaml:"secret"`      // the same, for ${env:NAME}; either of the two
	CAFile     string `yaml:"ca_file"`     // certificates (PEM) to trust instead of the system's
	Source     string `yaml:"source"`      // of the events, a URI reference: which Foreshock this is; default /foreshock/ and the machine's name
	Queue      int    `yaml:"queue"`       // events that may wait; default 1000

	notify.Filter `yaml:",inline"`
	notify.Retry  `yaml:",inline"`
}

// Factory offers this notifier to configuration files as "webhook".
var Factory = notify.Factory{Name: "webhook", New: func(decode func(any) error, env notify.Env) (notify.Notifier, error) {
	cfg := Config{Queue: 1000, Filter: notify.DefaultFilter(), Retry: notify.DefaultRetry()}
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

// Notifier is a service that is told.
type Notifier struct {
	*notify.Queue[*foreshock.Event]
	cfg  Config
	base string
	http *http.Client
}

var _ notify.Notifier = (*Notifier)(nil)

// New makes a notifier of the settings. It calls nobody.
func New(cfg Config, env notify.Env) (*Notifier, error) {
	n := &Notifier{cfg: cfg}
	base, onThisMachine, err := webhooks.Address(cfg.URL)
	_, errSecret := webhooks.Keys(cfg.SecretFile, cfg.Secret)
	transport, errCA := webhooks.Transport(cfg.CAFile, cfg.Timeout, onThisMachine)
	if err := errors.Join(err, errSecret, errCA, cfg.check()); err != nil {
		return nil, err
	}
	if n.cfg.Source == "" {
		host, _ := os.Hostname() // without a name of the machine its part is empty
		n.cfg.Source = "/foreshock/" + url.PathEscape(host)
	}
	n.base = base
	n.http = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	n.Queue = notify.NewQueue(cfg.Queue, cfg.Retry, env.Log, n.send)
	return n, nil
}

func (c Config) check() error {
	var errSource, errQueue error
	if _, err := url.Parse(c.Source); err != nil {
		errSource = errors.New("source is no URI reference; write for example /foreshock/europe")
	}
	if c.Queue < 1 || c.Queue > 1_000_000 {
		errQueue = fmt.Errorf("queue must be between 1 and 1000000, not %d", c.Queue)
	}
	return errors.Join(errSource, errQueue, c.Filter.Check(), c.Retry.Check())
}

// Restore implements [notify.Notifier]: what happened before was told before.
func (n *Notifier) Restore(*foreshock.Event) {}

// Take implements [notify.Notifier].
func (n *Notifier) Take(e *foreshock.Event) {
	if n.cfg.Takes(e) {
		n.Queue.Take(e)
	}
}

// cloudEvent is an event in the JSON form of CloudEvents 1.0.
type cloudEvent struct {
	SpecVersion string           `json:"specversion"`
	ID          string           `json:"id"` // of the source; the same in each try
	Source      string           `json:"source"`
	Type        string           `json:"type"`
	Subject     string           `json:"subject,omitempty"` // the workload
	Time        string           `json:"time"`
	ContentType string           `json:"datacontenttype"`
	Data        *foreshock.Event `json:"data"`
}

// typePrefix is before the type of an event in the type of its CloudEvent.
const typePrefix = "io.foreshock."

func (n *Notifier) send(ctx context.Context, e *foreshock.Event) error {
	id := strconv.FormatUint(e.Seq, 10) + "-" + strconv.FormatInt(e.Time.UnixNano(), 36)
	body, err := json.Marshal(cloudEvent{
		SpecVersion: "1.0", ID: id, Source: n.cfg.Source, Type: typePrefix + e.Type, Subject: string(e.Workload()),
		Time: e.Time.UTC().Format(time.RFC3339Nano), ContentType: "application/json", Data: e,
	})
	if err != nil {
		return fmt.Errorf("%w: %w", notify.ErrRefused, err)
	}
	keys, err := webhooks.Keys(n.cfg.SecretFile, n.cfg.Secret)
	if err != nil {
		return err // the file may come back
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, n.base, bytes.NewReader(body))
	if err != nil {
		return fmt.Errorf("%w: %w", notify.ErrRefused, err)
	}
	r.Header.Set("Content-Type", "application/cloudevents+json; charset=utf-8")
	webhooks.Sign(r.Header, keys, id, time.Now(), body)
	if err = notify.Post(n.http, r); err != nil {
		err = fmt.Errorf("%s of %s: %w", e.Type, e.Workload(), err)
	}
	if errors.Is(err, webhooks.ErrForbidden) {
		return fmt.Errorf("%w: %w", notify.ErrRefused, err)
	}
	return err
}
