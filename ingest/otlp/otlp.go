// Package otlp receives metrics and traces by the OpenTelemetry protocol, over HTTP (protobuf and JSON) and gRPC. Metrics
// are mapped to workloads by rules, as those of remote write; in traces, the root span of an I/O operation is its
// workload's, and its children are the components of the operation's path.
package otlp

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"
	"golang.org/x/sync/semaphore"

	"github.com/foreshock-io/foreshock/ingest"
)

// Config is the otlp block of a config file.
type Config struct {
	ingest.Mapping     `yaml:",inline"`
	ingest.IndexLimits `yaml:",inline"`

	Traces Traces `yaml:"traces"`
	GRPC   GRPC   `yaml:"grpc"`

	Step     time.Duration `yaml:"step"`     // of the workloads; at least the senders' export interval. Default: the program's
	Lateness time.Duration `yaml:"lateness"` // how long a step stays open for late data; default 5s

	MaxBody     int64         `yaml:"max_body_bytes"` // of one request, decompressed; default 8 MiB
	Memory      int64         `yaml:"memory_bytes"`   // of all requests at once, decoded; default 128 MiB
	ReadTimeout time.Duration `yaml:"read_timeout"`   // for the body of one request; default 10s
	PushTimeout time.Duration `yaml:"push_timeout"`   // for the program to take a request; default 10s
}

// Factory offers this source to config files as "otlp".
var Factory = ingest.Factory{Name: "otlp", New: func(decode func(any) error, env ingest.Env) (ingest.Source, error) {
	cfg := Config{
		Lateness:    5 * time.Second,
		Traces:      Traces{Wait: 10 * time.Second, MaxSpans: 100_000},
		MaxBody:     8 << 20,
		Memory:      128 << 20,
		ReadTimeout: 10 * time.Second,
		PushTimeout: 10 * time.Second,
	}
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

// Receiver receives OTLP.
type Receiver struct {
	cfg    Config
	env    ingest.Env
	rules  *ingest.Rules
	spans  []spanRule
	access *access // to the gRPC listener; nil without one
	memory *semaphore.Weighted

	mu  sync.RWMutex // held for reading by each request
	run *running     // nil while Run does not run
}

// running is what there is while Run runs.
type running struct {
	sink    ingest.Sink
	index   *ingest.Index
	pending *pending
}

// New makes a receiver of the settings.
func New(cfg Config, env ingest.Env) (*Receiver, error) {
	r := &Receiver{cfg: cfg, env: env, rules: new(ingest.Rules)}
	var faults []error
	fault := func(err error) {
		if err != nil {
			faults = append(faults, err)
		}
	}
	var err error
	if len(cfg.Rules)+len(cfg.Presets) > 0 || len(cfg.Traces.Operations) == 0 {
		r.rules, err = cfg.Compile()
		fault(err)
	}
	r.spans, err = cfg.Traces.compile()
	fault(err)
	r.access, err = cfg.GRPC.open()
	fault(err)
	fault(cfg.Check())
	fault(cfg.check())
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	if r.env.Log == nil {
		r.env.Log = slog.New(slog.DiscardHandler)
	}
	r.memory = semaphore.NewWeighted(cfg.Memory)
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
	check(cfg.MaxBody > 0 && cfg.MaxBody < 1<<30, "max_body_bytes is %d; it must be 1 to 1073741823", cfg.MaxBody)
	check(cfg.Memory >= weightPerByte*cfg.MaxBody,
		"memory_bytes is %d; one request may need %d times max_body_bytes, that is %d", cfg.Memory, weightPerByte, weightPerByte*cfg.MaxBody)
	check(cfg.ReadTimeout > 0, "read_timeout is %s; it must be above 0", cfg.ReadTimeout)
	check(cfg.PushTimeout > 0 && cfg.PushTimeout <= 50*time.Second, "push_timeout is %s; it must be above 0 and at most 50s", cfg.PushTimeout)
	return errors.Join(faults...)
}

// Run takes requests until ctx ends, and then waits for those under way.
func (r *Receiver) Run(ctx context.Context, sink ingest.Sink) error {
	run := &running{sink: sink, pending: newPending(r.cfg.Traces), index: ingest.NewIndex(ingest.IndexConfig{
		Rules: r.rules, Sink: sink, Drops: r.env.Drops, About: r.about(), Limits: r.cfg.IndexLimits,
	})}
	r.set(run)
	group, ctx := errgroup.WithContext(ctx)
	group.Go(func() error {
		run.flush(ctx)
		return nil
	})
	if r.access != nil {
		group.Go(func() error { return r.serveGRPC(ctx) })
	}
	err := group.Wait()
	r.set(nil)
	run.offer(run.pending.takeAll())
	return err
}

func (r *Receiver) about() ingest.About {
	return ingest.About{Source: Factory.Name, Step: r.cfg.Step, Lateness: r.cfg.Lateness}
}

func (r *Receiver) set(run *running) {
	r.mu.Lock()
	r.run = run
	r.mu.Unlock()
}

// flush offers operations whose components have had time to come, until ctx ends.
func (run *running) flush(ctx context.Context) {
	tick := time.NewTicker(time.Second)
	defer tick.Stop()
	for {
		select {
		case now := <-tick.C:
			run.offer(run.pending.take(now))
		case <-ctx.Done():
			return
		}
	}
}

func (run *running) offer(operations []ingest.Operation) {
	for _, op := range operations {
		run.sink.Slow(op)
	}
}

// Routes gives the handlers of OTLP over HTTP.
func (r *Receiver) Routes() []ingest.Route {
	return []ingest.Route{
		{Pattern: "POST /v1/metrics", Handler: r.handler(r.metrics)},
		{Pattern: "POST /v1/traces", Handler: r.handler(r.traces)},
	}
}

// handler serves one kind of request over HTTP.
func (r *Receiver) handler(export export) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) { r.serveHTTP(w, req, export) })
}
