// Package webhook asks an endpoint of one's own for changes: signed JSON over HTTPS, in a small protocol that the README describes.
//
// It is the target for infrastructure that Foreshock does not know. The receiver carries out an action once per ID, so here a call may be
// sent again; elsewhere it never is.
package webhook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
)

// Config is the webhook block of a configuration file.
type Config struct {
	URL        string        `yaml:"url"`         // https, or http on this machine
	SecretFile string        `yaml:"secret_file"` // "whsec_" and base64, or any text of at least 24 bytes
	Secret     string        `yaml:"secret"`      // the same, for ${env:NAME}; either of the two
	CAFile     string        `yaml:"ca_file"`     // certificates that are trusted; default those of the system
	Timeout    time.Duration `yaml:"timeout"`     // of one try; default 3s
	Retries    int           `yaml:"retries"`     // further tries of a change; default 3
	Backoff    time.Duration `yaml:"backoff"`     // the bound of the first wait, doubled each time; default 250ms
}

// Factory offers this target to configuration files as "webhook".
var Factory = act.Factory{Name: "webhook", New: func(decode func(any) error, env act.Env) (act.Target, error) {
	cfg := Default()
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

// Default gives the settings that a block need not state.
func Default() Config {
	return Config{Timeout: 3 * time.Second, Retries: 3, Backoff: 250 * time.Millisecond}
}

// Target is an endpoint.
type Target struct {
	Config
	name   string
	log    *slog.Logger
	key    []byte
	client *http.Client
}

// New returns the target.
func New(cfg Config, env act.Env) (*Target, error) {
	t := &Target{Config: cfg, name: env.Name, log: env.Log}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	var errs []error
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	fault(cfg.Timeout <= 0, "timeout must be above 0, not %s", cfg.Timeout)
	fault(cfg.Retries < 0 || cfg.Retries > 10, "retries must be between 0 and 10, not %d", cfg.Retries)
	fault(cfg.Backoff <= 0, "backoff must be above 0, not %s", cfg.Backoff)
	errs = append(errs, checkURL(cfg.URL))
	var err error
	t.key, err = readSecret(cfg)
	errs = append(errs, err)
	transport, err := newTransport(cfg.CAFile)
	errs = append(errs, err)
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	t.client = &http.Client{
		Transport:     transport,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return t, nil
}

func checkURL(raw string) error {
	u, err := url.Parse(raw)
	switch {
	case raw == "":
		return errors.New("url is needed")
	case err != nil || u.Host == "":
		return errors.New("url is none; write for example https://provisioner.example.com/foreshock")
	case u.User != nil:
		return errors.New("url holds a user or password; calls are signed instead, see secret_file")
	case u.RawQuery != "" || u.Fragment != "":
		return errors.New("url must end with its path; the protocol adds the query")
	case u.Scheme == "https" || u.Scheme == "http" && loopback(u.Hostname()):
		return nil
	}
	return fmt.Errorf("url must begin with https:// (http:// is for this machine only), not %s://", u.Scheme)
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

func readSecret(cfg Config) ([]byte, error) {
	text := cfg.Secret
	switch {
	case cfg.SecretFile != "" && cfg.Secret != "":
		return nil, errors.New("secret_file and secret exclude each other")
	case cfg.SecretFile != "":
		data, err := os.ReadFile(cfg.SecretFile)
		if err != nil {
			return nil, fmt.Errorf("secret_file: %w", err)
		}
		text = strings.TrimSpace(string(data))
	}
	if text == "" {
		return nil, errors.New("a secret is needed to sign calls; set secret_file, or secret: ${env:NAME}")
	}
	return parseSecret(text)
}

// found is what the endpoint says of a resource.
type found struct {
	Allocated foreshock.Allocation                   `json:"allocated"`
	Rules     map[foreshock.Dimension]foreshock.Rule `json:"rules"`
	Budget    struct {
		Limited  bool      `json:"limited"`
		Left     int       `json:"left"`
		NextFree time.Time `json:"next_free"`
	} `json:"budget"`
	Busy  bool   `json:"busy"`
	Owner string `json:"owner"`
}

// Read asks for a resource.
func (t *Target) Read(ctx context.Context, resource string) (foreshock.Resource, error) {
	var f found
	if err := t.get(ctx, url.Values{"resource": {resource}}, &f); err != nil {
		return foreshock.Resource{}, err
	}
	r := foreshock.Resource{
		Target: t.name, Name: resource, At: time.Now(), Allocated: f.Allocated, Rules: f.Rules, Busy: f.Busy, Owner: f.Owner,
		Budget: foreshock.Budget{Limited: f.Budget.Limited, Left: f.Budget.Left, NextFree: f.Budget.NextFree},
	}
	for d, rule := range r.Rules {
		if !(rule.Min >= 0) || !(rule.Quantum >= 0) || !(rule.Max == 0 || rule.Max >= rule.Min) {
			return foreshock.Resource{}, fmt.Errorf("the endpoint's rule for %s contradicts itself: %+v", d, rule)
		}
	}
	return r, nil
}

// Validate keeps the rules that the endpoint stated.
func (t *Target) Validate(now foreshock.Resource, action foreshock.Action) error {
	return act.CheckRules(now, action)
}

// change is what is asked for.
type change struct {
	ID        string               `json:"id"`
	Workload  foreshock.ID         `json:"workload"`
	Resource  string               `json:"resource"`
	From      foreshock.Allocation `json:"from"`
	To        foreshock.Allocation `json:"to"`
	Emergency bool                 `json:"emergency"`
	Reasons   []foreshock.Reason   `json:"reasons"`
}

// Apply posts the change, again where nothing or a passing refusal came back.
func (t *Target) Apply(ctx context.Context, action foreshock.Action) error {
	return t.post(ctx, action.ID, change{
		ID: action.ID, Workload: action.Workload, Resource: action.Resource, From: action.From, To: action.To,
		Emergency: action.Emergency, Reasons: action.Reasons,
	})
}

// Follow asks how far a change is.
func (t *Target) Follow(ctx context.Context, action foreshock.Action) (act.Progress, error) {
	var answer struct {
		State    string               `json:"state"`
		Note     string               `json:"note"`
		Observed foreshock.Allocation `json:"observed"`
	}
	if err := t.get(ctx, url.Values{"resource": {action.Resource}, "action": {action.ID}}, &answer); err != nil {
		return act.Progress{}, err
	}
	p := act.Progress{Observed: answer.Observed, Note: answer.Note}
	switch answer.State {
	case "done":
		if !answer.Observed.Covers(action.To) {
			return act.Progress{}, fmt.Errorf("the endpoint says done, and that there is %s", answer.Observed)
		}
		p.Done = true
	case "failed":
		p.Failed = true
	case "under_way":
		p.UnderWay = true
	case "unknown":
	default:
		return act.Progress{}, fmt.Errorf("the endpoint says state %q; there is: done, failed, under_way, unknown", answer.State)
	}
	return p, nil
}
