// Package alertmanager tells Alertmanager (API v2) of anomalies while they last and of actions that wait for a person.
//
// An alert has the same labels each time, none of them a number or a time, so that its fingerprint is stable. All that hold are told anew at each
// interval, and Alertmanager resolves by itself what is not told of for four of them.
package alertmanager

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/url"
	"os"
	"strings"
	"sync/atomic"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/notify"
	"github.com/foreshock-io/foreshock/webhooks"
)

// Config is the alertmanager block of a configuration file.
type Config struct {
	URLs      []string           `yaml:"urls"`       // of Alertmanagers; each is told, as those of a cluster want it
	TokenFile string             `yaml:"token_file"` // a bearer token, for https; read anew for each call
	CAFile    string             `yaml:"ca_file"`    // certificates (PEM) to trust instead of the system's
	Severity  foreshock.Severity `yaml:"severity"`   // the least of an anomaly to be told of; default medium
	Labels    map[string]string  `yaml:"labels"`     // added to each alert, for example cluster: europe
	Link      string             `yaml:"link"`       // where people reach the pages; alerts then have links to them
	Interval  time.Duration      `yaml:"interval"`   // how often what holds is told anew; default 1m
	Most      int                `yaml:"most"`       // alerts at one time; what is above is dropped; default 1000

	notify.Retry `yaml:",inline"`
}

// Factory offers this notifier to configuration files as "alertmanager".
var Factory = notify.Factory{Name: "alertmanager", New: func(decode func(any) error, env notify.Env) (notify.Notifier, error) {
	cfg := Config{Severity: foreshock.Medium, Interval: time.Minute, Most: 1000, Retry: notify.DefaultRetry()}
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

// Notifier is one or several Alertmanagers.
type Notifier struct {
	cfg   Config
	urls  []string
	http  *http.Client
	log   *slog.Logger
	board board
	wake  chan struct{} // holds one where something is to be told
	sent  atomic.Int64
	fails atomic.Int64
}

var _ notify.Notifier = (*Notifier)(nil)

// New makes a notifier of the settings. It calls nobody.
func New(cfg Config, env notify.Env) (*Notifier, error) {
	n := &Notifier{cfg: cfg, log: env.Log, wake: make(chan struct{}, 1), board: newBoard(cfg)}
	var faults []error
	for _, raw := range cfg.URLs {
		u, err := url.Parse(raw)
		if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" || u.User != nil {
			faults = append(faults, errors.New("urls: each must be the address of an Alertmanager without a user, for example http://127.0.0.1:9093"))
			continue
		}
		if u.Scheme == "http" && cfg.TokenFile != "" {
			faults = append(faults, errors.New("urls: a token is sent over https only"))
		}
		n.urls = append(n.urls, strings.TrimSuffix(raw, "/")+"/api/v2/alerts")
	}
	transport, err := webhooks.Transport(cfg.CAFile, cfg.Timeout, true)
	_, errToken := cfg.token()
	if err := errors.Join(errors.Join(faults...), err, errToken, cfg.check()); err != nil {
		return nil, err
	}
	n.http = &http.Client{Transport: transport, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	return n, nil
}

// token is the bearer token as it is now, "" where none is to be sent.
func (c Config) token() (string, error) {
	if c.TokenFile == "" {
		return "", nil
	}
	text, err := os.ReadFile(c.TokenFile)
	if err != nil {
		return "", fmt.Errorf("token_file: %w", err)
	}
	return strings.TrimSpace(string(text)), nil
}

func (c Config) check() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	check(len(c.URLs) > 0, "urls is missing; write for example urls: [http://127.0.0.1:9093]")
	check(c.Interval >= time.Second, "interval must be at least 1s, not %s", c.Interval)
	check(c.Most >= 1 && c.Most <= 100_000, "most must be between 1 and 100000, not %d", c.Most)
	check(c.Severity >= foreshock.Low, "severity must be low, medium or high")
	for name := range c.Labels {
		check(!reserved[name], "labels: %s is given by the program; choose another name", name)
	}
	return errors.Join(append(faults, c.Retry.Check())...)
}

// Restore implements [notify.Notifier].
func (n *Notifier) Restore(e *foreshock.Event) { n.board.restore(e, time.Now()) }

// Take implements [notify.Notifier].
func (n *Notifier) Take(e *foreshock.Event) {
	if n.board.take(e) {
		select {
		case n.wake <- struct{}{}:
		default: // somebody did already
		}
	}
}

// Run implements [notify.Notifier]. What holds when ctx ends is left to Alertmanager, which resolves it after a while, or to the program's next start.
func (n *Notifier) Run(ctx context.Context) {
	anew := time.NewTicker(n.cfg.Interval)
	defer anew.Stop()
	n.tell(ctx, n.cfg.Do, true)
	for ctx.Err() == nil {
		select {
		case <-n.wake:
			n.tell(ctx, n.cfg.Do, false)
		case <-anew.C:
			n.tell(ctx, n.cfg.Do, true)
		case <-ctx.Done():
		}
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), min(n.cfg.Timeout, 2*time.Second))
	defer cancel()
	n.tell(last, func(ctx context.Context, f func(context.Context) error) error { return f(ctx) }, false)
}

// tell posts what has changed since it was told, or all that holds.
func (n *Notifier) tell(ctx context.Context, do func(context.Context, func(context.Context) error) error, all bool) {
	now := time.Now()
	alerts := n.board.due(all, now)
	if len(alerts) == 0 {
		return
	}
	list := make([]posted, len(alerts))
	for i, a := range alerts {
		list[i] = a.posted(now.Add(4 * n.cfg.Interval))
	}
	body, err := json.Marshal(list)
	if err == nil {
		err = do(ctx, func(ctx context.Context) error { return n.post(ctx, body) })
	}
	switch {
	case err == nil:
		n.sent.Add(int64(len(alerts)))
		n.board.told(alerts)
	case errors.Is(ctx.Err(), context.Canceled): // it stops: Run tells them last
	default:
		n.fails.Add(1)
		n.log.Warn("alerts could not be told; they will be with the next interval", "alerts", len(alerts), "err", err)
	}
}

// post tells each Alertmanager; that one of them takes it is enough.
func (n *Notifier) post(ctx context.Context, body []byte) error {
	token, err := n.cfg.token()
	if err != nil {
		return err // the file may come back
	}
	var faults []error
	for _, address := range n.urls {
		r, err := http.NewRequestWithContext(ctx, http.MethodPost, address, bytes.NewReader(body))
		if err == nil {
			r.Header.Set("Content-Type", "application/json")
			if token != "" {
				r.Header.Set("Authorization", "Bearer "+token)
			}
			err = notify.Post(n.http, r)
		}
		if err != nil {
			faults = append(faults, err)
		}
	}
	if len(faults) < len(n.urls) {
		if len(faults) > 0 {
			n.log.Debug("some Alertmanagers did not take alerts", "err", errors.Join(faults...))
		}
		return nil
	}
	return errors.Join(faults...)
}

// Counts implements [notify.Notifier]. An alert counts as sent each time it is told.
func (n *Notifier) Counts() notify.Counts {
	dropped, waiting := n.board.counts()
	return notify.Counts{Sent: n.sent.Load(), Failed: n.fails.Load(), Dropped: dropped, Waiting: waiting}
}

// posted is an alert as the API has it.
type posted struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	StartsAt     time.Time         `json:"startsAt"`
	EndsAt       time.Time         `json:"endsAt"`
	GeneratorURL string            `json:"generatorURL,omitempty"`
}

// posted is the alert as it is told: until further notice where it holds.
func (a *alert) posted(until time.Time) posted {
	p := posted{Labels: maps.Clone(a.labels), Annotations: maps.Clone(a.annotations), StartsAt: a.start, EndsAt: until, GeneratorURL: a.link}
	switch {
	case !a.end.IsZero():
		p.EndsAt = a.end
	case !a.lapses.IsZero() && a.lapses.Before(until):
		p.EndsAt = a.lapses
	}
	return p
}
