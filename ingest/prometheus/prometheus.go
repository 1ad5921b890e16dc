// Package prometheus asks a server with the HTTP API of Prometheus (Prometheus, VictoriaMetrics, Thanos, Mimir and others) for samples,
// and maps them to workloads by rules. At start it asks backwards, so that profiles know weeks within minutes.
//
// Series that rules map come as they were scraped, each sample with its own time; what queries compute comes at the end of each step.
package prometheus

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"strings"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"

	"github.com/foreshock-io/foreshock/certs"
	"github.com/foreshock-io/foreshock/ingest"
)

// Config is the prometheus block of a configuration file.
type Config struct {
	URL             string            `yaml:"url"`      // for example http://127.0.0.1:9090
	Username        string            `yaml:"username"` // for basic authentication
	Password        string            `yaml:"password"` // better in a file, or as ${env:NAME}
	PasswordFile    string            `yaml:"password_file"`
	BearerToken     string            `yaml:"bearer_token"` // better in a file, or as ${env:NAME}
	BearerTokenFile string            `yaml:"bearer_token_file"`
	Headers         map[string]string `yaml:"headers"` // sent with each request, for example X-Scope-OrgID
	TLS             *certs.Client     `yaml:"tls"`

	ingest.Mapping     `yaml:",inline"`
	ingest.IndexLimits `yaml:",inline"`
	Queries            []Query `yaml:"queries"`

	Interval    time.Duration `yaml:"interval"`           // how often to ask; default 15s
	Step        time.Duration `yaml:"step"`               // of the workloads, at least the scrape interval; default the longer of interval and the program's
	Lag         time.Duration `yaml:"lag"`                // how long after its time a sample can be asked for; default 15s
	Backfill    time.Duration `yaml:"backfill"`           // how far to ask backwards at start; default what profiles keep (profile.history), 28d
	Timeout     time.Duration `yaml:"timeout"`            // for one answer; default 30s
	MaxResponse int64         `yaml:"max_response_bytes"` // of one answer; default 128 MiB
}

// Query maps the result of a PromQL expression to a field.
type Query struct {
	Query   string  `yaml:"query"`            // evaluated at the end of each step
	ID      string  `yaml:"id"`               // template of the workload's id: text with ${label}, of the result's labels
	Field   string  `yaml:"field"`            // as in rules
	Counter bool    `yaml:"counter"`          // the result is cumulative: its increments are used
	Scale   float64 `yaml:"scale" unit:"any"` // multiplies the value; 0 means 1
}

// name is what configuration files call this source.
const name = "prometheus"

// Factory offers this source to config files as "prometheus".
var Factory = ingest.Factory{Name: name, New: func(decode func(any) error, env ingest.Env) (ingest.Source, error) {
	cfg := Defaults()
	if env.History > 0 {
		cfg.Backfill = env.History
	}
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

// Defaults are the settings where a file says nothing.
func Defaults() Config {
	return Config{
		Interval: 15 * time.Second, Lag: 15 * time.Second, Backfill: 28 * 24 * time.Hour, Timeout: 30 * time.Second, MaxResponse: 128 << 20,
	}
}

// Source asks a server.
type Source struct {
	cfg   Config
	env   ingest.Env
	api   v1.API
	rules *ingest.Rules
	asks  []ask
}

// New makes a source of the settings. It asks nothing yet, so a server that is away now may come later.
func New(cfg Config, env ingest.Env) (*Source, error) {
	if cfg.Step == 0 {
		cfg.Step = max(env.Step, cfg.Interval)
	}
	if env.Log == nil {
		env.Log = slog.New(slog.DiscardHandler)
	}
	env.Log = env.Log.With("url", cfg.URL)
	rules, asks, err := compile(cfg)
	if err := errors.Join(cfg.check(), cfg.Check(), err); err != nil {
		return nil, err
	}
	client, err := newClient(cfg)
	if err != nil {
		return nil, err
	}
	return &Source{cfg: cfg, env: env, api: v1.NewAPI(client), rules: rules, asks: asks}, nil
}

func (c Config) check() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https":
		check(false, "url must be that of a server, for example http://127.0.0.1:9090")
	case u.User != nil:
		check(false, "url has a user; use username and password_file")
	}
	check(c.Password == "" || c.PasswordFile == "", "password and password_file exclude each other")
	check(c.BearerToken == "" || c.BearerTokenFile == "", "bearer_token and bearer_token_file exclude each other")
	basic, bearer := c.Username != "", c.BearerToken != "" || c.BearerTokenFile != ""
	check(!basic || !bearer, "username (basic authentication) and bearer tokens exclude each other")
	check(basic || c.Password == "" && c.PasswordFile == "", "a password needs a username")
	check(c.Interval >= 100*time.Millisecond, "interval is %s; it must be 100ms or more", c.Interval)
	check(c.Step >= 100*time.Millisecond && c.Step%time.Millisecond == 0, "step is %s; it must be 100ms or more, in whole milliseconds", c.Step)
	check(c.Lag >= 0, "lag is %s; it must not be negative", c.Lag)
	check(c.Backfill >= 0, "backfill is %s; it must not be negative", c.Backfill)
	check(c.Timeout > 0, "timeout is %s; it must be above 0", c.Timeout)
	check(c.MaxResponse >= 1<<10, "max_response_bytes is %d; it must be 1 KiB or more", c.MaxResponse)
	return errors.Join(faults...)
}

// ask is one expression to be asked for.
type ask struct {
	expression string
	name       string // of the series that the results are, for the rules; empty: they have their own
}

// compile makes rules of all the settings that map, and says what to ask for.
func compile(cfg Config) (*ingest.Rules, []ask, error) {
	mapping, faults := cfg.Mapping, []error(nil)
	asks, err := selectors(mapping)
	if err != nil {
		return nil, nil, err
	}
	for i, q := range cfg.Queries {
		if strings.TrimSpace(q.Query) == "" {
			faults = append(faults, fmt.Errorf("queries[%d]: query is empty; write a PromQL expression", i))
		}
		name := fmt.Sprintf("queries[%d]", i)
		rule := ingest.Rule{Metric: name, ID: q.ID, Field: q.Field, Counter: q.Counter, Scale: q.Scale}
		if _, err := ingest.CompileRules([]ingest.Rule{rule}); err != nil {
			faults = append(faults, fmt.Errorf("%s: %w", name, err))
			continue
		}
		mapping.Rules = append(mapping.Rules[:len(mapping.Rules):len(mapping.Rules)], rule)
		asks = append(asks, ask{q.Query, name})
	}
	if err := errors.Join(faults...); err != nil {
		return nil, nil, err
	}
	if len(asks) == 0 {
		return nil, nil, fmt.Errorf("nothing is asked for; name presets (there is: %s), or write rules or queries",
			strings.Join(ingest.PresetNames(), ", "))
	}
	rules, err := mapping.Compile()
	return rules, asks, err
}

// about says how the readings come: a step is pushed when it is complete here, which is some time after its end.
func (s *Source) about() ingest.About {
	return ingest.About{
		Source: name, Step: s.cfg.Step, Lateness: s.cfg.Lag + max(s.cfg.Interval, s.cfg.Step),
	}
}

// Run catches up from where the backfill begins, and then asks for each step as it ends.
func (s *Source) Run(ctx context.Context, sink ingest.Sink) error {
	f := &feed{
		Source: s, done: s.complete(time.Now().Add(-s.cfg.Backfill)),
		index: ingest.NewIndex(ingest.IndexConfig{
			Rules: s.rules, Sink: sink, Drops: s.env.Drops, Limits: s.cfg.IndexLimits, About: s.about(),
		}),
	}
	if s.cfg.Backfill == 0 { // a counter needs a sample before the first step
		f.done = f.done.Add(-s.cfg.Step)
	}
	f.chunk = f.bounded(firstChunk)
	f.began, f.live = f.done, s.cfg.Backfill < time.Hour
	for ctx.Err() == nil {
		wait := f.next(time.Now())
		if wait <= 0 {
			f.advance(ctx)
			continue
		}
		f.caughtUp()
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	return nil
}

// complete is the end of the last step that the server has all samples of at a time.
func (s *Source) complete(now time.Time) time.Time {
	return floor(now.Add(-s.cfg.Lag), s.cfg.Step)
}

// floor gives the end of the last step before a time, counted from the Unix epoch.
func floor(t time.Time, step time.Duration) time.Time {
	ms, length := t.UnixMilli(), step.Milliseconds()
	return time.UnixMilli(ms - ms%length).UTC()
}

// newClient makes a client of the API; the bodies that it answers are those that may be believed.
func newClient(cfg Config) (api.Client, error) {
	transport, err := newTransport(cfg)
	if err != nil {
		return nil, err
	}
	client, err := api.NewClient(api.Config{Address: cfg.URL, Client: transport})
	if err != nil {
		return nil, fmt.Errorf("url: %w", err)
	}
	return whole{client}, nil
}

// Probe says whether the server answers queries, and how many series of each rule's name it has now.
func (s *Source) Probe(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, s.cfg.Timeout)
	defer cancel()
	if _, _, _, err := s.api.Query(ctx, "vector(1)", time.Now()); err != nil {
		return "", fmt.Errorf("ask %s: %w; does it run there, and is what url, tls and tokens say right?", s.cfg.URL, err)
	}
	return "answers queries", nil
}
