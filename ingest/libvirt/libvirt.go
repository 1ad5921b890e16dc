// Package libvirt reads the disks of the domains that run under a libvirt daemon: IOPS, throughput and latency as the hypervisor sees
// them, the disks' sizes and the limits that are set on them. Nothing is needed in the guests.
//
// Workloads are called "vm/DOMAIN/DISK", as by the preset for the libvirt exporters.
package libvirt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/foreshock-io/foreshock/hypervisor/libvirt"
	"github.com/foreshock-io/foreshock/ingest"
)

const name = "libvirt"

// dropUnread counts readings of the daemon that failed.
const dropUnread ingest.Drop = "unreadable"

// Config is the libvirt block of a configuration file.
type Config struct {
	libvirt.Config `yaml:",inline"`
	Interval       time.Duration `yaml:"interval"` // between reads; default 5s
	Step           time.Duration `yaml:"step"`     // of the workloads, at least the interval; default the program's step
	Timeout        time.Duration `yaml:"timeout"`  // of one read; default 5s
	Include        string        `yaml:"include"`  // an expression that must match all of "DOMAIN/DISK"; default all
}

// Defaults gives the settings of an empty block.
func Defaults(env ingest.Env) Config {
	step := env.Step
	if step <= 0 {
		step = 10 * time.Second
	}
	return Config{Config: libvirt.Defaults(), Interval: 5 * time.Second, Step: step, Timeout: 5 * time.Second}
}

// Factory offers this source to configuration files as "libvirt".
var Factory = ingest.Factory{Name: name, New: func(decode func(any) error, env ingest.Env) (ingest.Source, error) {
	cfg := Defaults(env)
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

// Source reads the domains of a daemon. Use New.
type Source struct {
	cfg     Config
	env     ingest.Env
	include ingest.Names
}

// New checks the settings. It opens nothing: Run does.
func New(cfg Config, env ingest.Env) (*Source, error) {
	faults := []error{cfg.Check()}
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	check(cfg.Interval >= 500*time.Millisecond && cfg.Interval <= time.Hour, "interval must be from 500ms to 1h, not %v", cfg.Interval)
	check(cfg.Step > 0 && cfg.Step <= 24*time.Hour, "step must be above 0 and at most 24h, not %v", cfg.Step)
	check(cfg.Timeout > 0, "timeout must be above 0, not %v", cfg.Timeout)
	s := &Source{cfg: cfg, env: env}
	if s.env.Log == nil {
		s.env.Log = slog.New(slog.DiscardHandler)
	}
	var err error
	s.include, err = ingest.NewNames(cfg.Include, "")
	return s, errors.Join(append(faults, err)...)
}

// Run reads once per interval until ctx ends. A daemon that is away is said once, counted, and asked again.
func (s *Source) Run(ctx context.Context, sink ingest.Sink) error {
	r := &reader{Source: s, sink: sink, disks: map[string]*disk{}}
	defer r.close()
	for {
		batch := r.tryRead(ctx)
		if err := sink.Push(ctx, batch); err != nil && ctx.Err() == nil {
			return fmt.Errorf("push readings of libvirt: %w", err)
		}
		if !ingest.Sleep(ctx, ingest.UntilNext(time.Now(), s.cfg.Interval)) {
			return nil
		}
	}
}

// reader is what one Run remembers between its reads.
type reader struct {
	*Source
	sink    ingest.Sink
	session *libvirt.Session // nil where none is open
	away    bool             // and it was said
	refused bool             // a workload was refused, and it was said
	rescan  time.Time        // when limits are looked at again
	disks   map[string]*disk
	batch   []ingest.Reading
}

// tryRead gives the readings since the last read, valid until the next one; none where the daemon gives no answer.
func (r *reader) tryRead(ctx context.Context) []ingest.Reading {
	r.batch = r.batch[:0]
	limited, cancel := context.WithTimeout(ctx, r.cfg.Timeout)
	defer cancel()
	err := r.read(limited)
	if ctx.Err() != nil {
		return nil
	}
	if err != nil {
		r.close()
		r.env.Drops.Add(name, dropUnread, 1)
		if !r.away {
			r.env.Log.Warn("libvirt gives no answer; tried again", "err", err)
		}
		r.away = true
		return nil
	}
	if r.away {
		r.env.Log.Info("libvirt answers again")
	}
	r.away = false
	return r.batch
}

func (r *reader) close() {
	if r.session != nil {
		r.session.Close()
		r.session = nil
	}
}

// Probe says whether the daemon answers, and how many domains it has.
func (s *Source) Probe(ctx context.Context) (string, error) { return s.cfg.Probe(ctx) }
