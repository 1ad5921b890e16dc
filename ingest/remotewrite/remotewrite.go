// Package remotewrite receives samples by Prometheus remote write, versions 1.0 and 2.0, and maps them to workloads
// by rules. It leaves to others who may send: the program's listener asks for the token.
package remotewrite

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"github.com/foreshock-io/foreshock/ingest"
)

// Config is the remotewrite block of a config file.
type Config struct {
	ingest.Mapping     `yaml:",inline"`
	ingest.IndexLimits `yaml:",inline"`

	Step     time.Duration `yaml:"step"`     // of the workloads; at least the senders' scrape interval. Default: the program's
	Lateness time.Duration `yaml:"lateness"` // how long a step stays open for late samples; default 5s

	MaxBody     int64         `yaml:"max_body_bytes"`    // of one request as sent; default 16 MiB
	MaxDecoded  int64         `yaml:"max_decoded_bytes"` // of one request decompressed; default 32 MiB
	Memory      int64         `yaml:"memory_bytes"`      // of all requests at once; what is above is told to come again. Default 128 MiB
	ReadTimeout time.Duration `yaml:"read_timeout"`      // for the body of one request; default 10s
	PushTimeout time.Duration `yaml:"push_timeout"`      // for the program to take a request; default 10s
}

// Factory offers this source to config files as "remotewrite".
var Factory = ingest.Factory{Name: "remotewrite", New: func(decode func(any) error, env ingest.Env) (ingest.Source, error) {
	cfg := Config{
		Lateness:    5 * time.Second,
		MaxBody:     16 << 20,
		MaxDecoded:  32 << 20,
		Memory:      128 << 20,
		ReadTimeout: 10 * time.Second,
		PushTimeout: 10 * time.Second,
	}
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

// Path is where senders write to.
const Path = "/api/v1/write"

// Receiver receives remote write.
type Receiver struct {
	cfg     Config
	env     ingest.Env
	rules   *ingest.Rules
	memory  *semaphore.Weighted
	buffers sync.Pool

	mu    sync.RWMutex  // held for reading by each request
	index *ingest.Index // nil while Run does not run
}

// New makes a receiver of the settings.
func New(cfg Config, env ingest.Env) (*Receiver, error) {
	rules, err := cfg.Compile()
	if err := errors.Join(err, cfg.Check(), cfg.check()); err != nil {
		return nil, err
	}
	if env.Log == nil {
		env.Log = slog.New(slog.DiscardHandler)
	}
	r := &Receiver{cfg: cfg, env: env, rules: rules, memory: semaphore.NewWeighted(cfg.Memory)}
	r.buffers.New = func() any { return new(buffers) }
	return r, nil
}

func (cfg Config) check() error {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	check(cfg.Step >= 0, "step is %s; it must not be negative", cfg.Step)
	check(cfg.Lateness >= 0, "lateness is %s; it must not be negative", cfg.Lateness)
	check(cfg.MaxBody > 0, "max_body_bytes is %d; it must be above 0", cfg.MaxBody)
	check(cfg.MaxDecoded > 0 && cfg.MaxDecoded < 1<<32, "max_decoded_bytes is %d; it must be 1 to 4294967295", cfg.MaxDecoded)
	check(cfg.Memory >= cfg.MaxBody+cfg.MaxDecoded,
		"memory_bytes is %d; one request may need max_body_bytes + max_decoded_bytes = %d", cfg.Memory, cfg.MaxBody+cfg.MaxDecoded)
	check(cfg.ReadTimeout > 0, "read_timeout is %s; it must be above 0", cfg.ReadTimeout)
	check(cfg.PushTimeout > 0 && cfg.PushTimeout <= 50*time.Second, "push_timeout is %s; it must be above 0 and at most 50s", cfg.PushTimeout)
	return errors.Join(faults...)
}

// Run lets the handlers take requests until ctx ends, and then waits for those under way.
func (r *Receiver) Run(ctx context.Context, sink ingest.Sink) error {
	index := ingest.NewIndex(ingest.IndexConfig{
		Rules: r.rules, Sink: sink, Drops: r.env.Drops, Limits: r.cfg.IndexLimits,
		About: ingest.About{Source: Factory.Name, Step: r.cfg.Step, Lateness: r.cfg.Lateness},
	})
	r.set(index)
	<-ctx.Done()
	r.set(nil)
	return nil
}

func (r *Receiver) set(index *ingest.Index) {
	r.mu.Lock()
	r.index = index
	r.mu.Unlock()
}

// Size says how many series the receiver knows.
func (r *Receiver) Size() ingest.IndexSize {
	r.mu.RLock()
	defer r.mu.RUnlock()
	if r.index == nil {
		return ingest.IndexSize{}
	}
	return r.index.Size()
}

// Routes gives the handler of remote write.
func (r *Receiver) Routes() []ingest.Route {
	return []ingest.Route{{Pattern: "POST " + Path, Handler: http.HandlerFunc(r.serve)}}
}
