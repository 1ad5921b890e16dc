// Package ebpf measures each request of this machine's block devices in the kernel, from the block tracepoints, and
// pushes latency percentiles: of disks, for the same workloads as the host source, and of control groups.
//
// A [Tracer] works by itself: [Open] attaches two small programs, Read gives what each series gained. The programs
// are in bpf/, their compiled form is embedded.
package ebpf

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"math"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
)

const name = "ebpf"

// Config is the ebpf block of a configuration file.
type Config struct {
	Interval  time.Duration `yaml:"interval"` // over which percentiles are taken; default the step
	Step      time.Duration `yaml:"step"`     // of the workloads, as in the host block; default the program's step
	Replace   bool          `yaml:"replace"`  // also the mean latency of disks, in place of the one from the host's counters
	Counters  bool          `yaml:"counters"` // also requests, bytes and time; only where no other source counts for the same workloads
	Devices   Devices       `yaml:"devices"`
	Cgroups   Cgroups       `yaml:"cgroups"`
	MaxMemory int           `yaml:"max_memory" unit:"bytes"` // bytes that the histograms may take in the kernel; default 64 MiB
	Sysfs     string        `yaml:"sysfs"`                   // default /sys
	Cgroup    string        `yaml:"cgroup"`                  // where control groups are mounted; default /sys/fs/cgroup
}

// Devices chooses block devices. The expressions must match all of a device's name.
type Devices struct {
	Include string `yaml:"include"` // default all
	Exclude string `yaml:"exclude"` // default RAM disks
}

// Cgroups chooses control groups. The expressions must match all of the path below the mount, for example "system.slice/nginx.service".
type Cgroups struct {
	Include string `yaml:"include"` // default all
	Exclude string `yaml:"exclude"` // default what systemd keeps for mounts, sockets and swap
	Max     int    `yaml:"max"`     // how many are followed at the most; default 0: they are not told apart
}

// Factory offers this source to configuration files as "ebpf".
var Factory = ingest.Factory{Name: name, New: func(decode func(any) error, env ingest.Env) (ingest.Source, error) {
	cfg := Defaults(env)
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

// Defaults gives the settings of an empty block.
func Defaults(env ingest.Env) Config {
	step := env.Step
	if step <= 0 {
		step = 10 * time.Second
	}
	return Config{
		Step:      step,
		Devices:   Devices{Exclude: `ram\d+`},
		Cgroups:   Cgroups{Exclude: `(.*/)?(init\.scope|[^/]*\.(mount|automount|socket|swap))`},
		MaxMemory: defaultMemory,
		Sysfs:     "/sys",
		Cgroup:    "/sys/fs/cgroup",
	}
}

// Source pushes the latency percentiles of disks and control groups. Use New.
type Source struct {
	cfg              Config
	env              ingest.Env
	devices, cgroups ingest.Names
}

// New checks the settings. It does not touch the kernel: Run does.
func New(cfg Config, env ingest.Env) (*Source, error) {
	if cfg.Interval == 0 {
		cfg.Interval = cfg.Step
	}
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	check(cfg.Interval >= 100*time.Millisecond && cfg.Interval <= time.Hour, "interval must be from 100ms to 1h, not %v", cfg.Interval)
	check(cfg.Step > 0 && cfg.Step <= 24*time.Hour, "step must be above 0 and at most 24h, not %v", cfg.Step)
	check(cfg.Cgroups.Max >= 0 && cfg.Cgroups.Max <= 100_000, "cgroups.max must be from 0 to 100000, not %d", cfg.Cgroups.Max)
	check(cfg.MaxMemory >= 1<<20 && cfg.MaxMemory <= 1<<30, "max_memory must be from 1048576 (1 MiB) to 1073741824 (1 GiB), not %d", cfg.MaxMemory)
	s := &Source{cfg: cfg, env: env}
	if s.env.Log == nil {
		s.env.Log = slog.New(slog.DiscardHandler)
	}
	var err error
	s.devices, err = ingest.NewNames(cfg.Devices.Include, cfg.Devices.Exclude)
	check(err == nil, "devices.%w", err)
	s.cgroups, err = ingest.NewNames(cfg.Cgroups.Include, cfg.Cgroups.Exclude)
	check(err == nil, "cgroups.%w", err)
	return s, errors.Join(faults...)
}

// Run measures until ctx ends. Where that cannot be done, the reason is logged once and nothing is pushed: the other
// sources of the same workloads go on.
func (s *Source) Run(ctx context.Context, sink ingest.Sink) error {
	log := s.env.Log
	tracer, err := Open(Options{Cgroups: s.cfg.Cgroups.Max > 0, MaxMemory: s.cfg.MaxMemory})
	if err != nil {
		log.Warn("continuing without latency percentiles", "reason", err)
		<-ctx.Done()
		return nil
	}
	defer tracer.Close()
	r := &reader{Source: s, tracer: tracer, sink: sink, log: log, read: time.Now()}
	r.names = newNames(s)
	return r.follow(ctx)
}

// reader is what one Run remembers between its reads.
type reader struct {
	*Source
	tracer *Tracer
	sink   ingest.Sink
	log    *slog.Logger
	names  *names
	read   time.Time // last
	said   map[string]bool
}

// follow reads shortly before the end of each interval of the wall clock: where interval and step are the same, a
// reading covers the step that it falls into.
func (r *reader) follow(ctx context.Context) error {
	margin := min(r.cfg.Interval/20, 100*time.Millisecond)
	for {
		end := time.Now().Add(margin).Truncate(r.cfg.Interval).Add(r.cfg.Interval)
		if !ingest.Sleep(ctx, end.Sub(time.Now().Round(0))-margin) {
			return nil
		}
		reading, err := r.tracer.Read()
		if err != nil {
			r.once("cannot read latency histograms", err)
			continue
		}
		now := time.Now()
		over := window{at: earlier(now, end), length: now.Sub(r.read)}
		r.read = now
		r.report(reading)
		if err := r.sink.Push(ctx, r.batch(r.group(reading.Deltas), over)); err != nil && ctx.Err() == nil {
			return fmt.Errorf("push latency percentiles: %w", err)
		}
	}
}

// earlier keeps a reading that came a little late in the interval that it is about.
func earlier(now, end time.Time) time.Time {
	if last := end.Add(-time.Millisecond); now.After(last) {
		return last
	}
	return now
}

// once says a cause if it was not said before. The cause is one of a fixed few texts.
func (r *reader) once(cause string, reason any) {
	if r.said == nil {
		r.said = map[string]bool{}
	}
	if !r.said[cause] {
		r.said[cause] = true
		r.log.Warn(cause, "reason", reason)
	}
}

func (r *reader) report(reading Reading) {
	if reading.Unmeasured > 0 {
		r.env.Drops.Add(name, ingest.DropTooMany, int(reading.Unmeasured))
		r.once("not every request is measured", "there are more disks and control groups than there is room for "+
			"(raise max_memory or set cgroups.max to 0), or completions came in the middle of others")
	}
}

// window is the time that a reading is about.
type window struct {
	at     time.Time
	length time.Duration // by the monotonic clock
}

// batch makes readings for the sink, in the order of the workloads' names.
func (r *reader) batch(found map[foreshock.ID]*gain, over window) []ingest.Reading {
	var batch []ingest.Reading
	for _, id := range slices.Sorted(maps.Keys(found)) {
		handle, ok := r.register(id)
		if !ok {
			continue
		}
		for _, reading := range r.readings(found[id], over) {
			reading.Handle = handle
			reading.Time = over.at.UnixMilli()
			batch = append(batch, reading)
		}
	}
	return batch
}

func (r *reader) register(id foreshock.ID) (ingest.Handle, bool) {
	if err := id.Check(); err != nil {
		r.env.Drops.Add(name, ingest.DropBadID, 1)
		r.once("cannot name a workload", err)
		return 0, false
	}
	handle, err := r.sink.Register(id, ingest.About{
		Source:   name,
		Step:     max(r.cfg.Interval, r.cfg.Step),
		Lateness: min(r.cfg.Interval/2, 500*time.Millisecond), // as the host source says of the same workloads
	})
	if err != nil {
		r.env.Drops.Add(name, ingest.DropTooMany, 1)
		r.once("workload refused", fmt.Errorf("register %s: %w", id, err))
	}
	return handle, err == nil
}

// readings tells of one workload what no other source knows and, when asked to, what others know too.
func (s *Source) readings(g *gain, over window) []ingest.Reading {
	var list []ingest.Reading
	gauge := func(field ingest.Field, value float64) {
		list = append(list, ingest.Reading{Field: field, Value: value})
	}
	if g.Ops > 0 {
		gauge(ingest.LatencyP50, g.Latency.Quantile(0.50))
		gauge(ingest.LatencyP95, g.Latency.Quantile(0.95))
		gauge(ingest.LatencyP99, g.Latency.Quantile(0.99))
		// Nothing else tells the latency of a control group.
		if !s.cfg.Counters && (s.cfg.Replace || g.cgroup) {
			gauge(ingest.Latency, g.Mean())
		}
	}
	if !s.cfg.Counters {
		return list
	}
	ms := min(max(over.length.Round(time.Millisecond).Milliseconds(), 1), math.MaxUint32)
	increment := func(field ingest.Field, value float64) {
		list = append(list, ingest.Reading{Field: field, Value: value, Span: uint32(ms)})
	}
	increment(ingest.Ops, float64(g.Ops))
	increment(ingest.Bytes, float64(g.Bytes))
	increment(ingest.OpSeconds, g.LatencySum.Seconds())
	gauge(ingest.QueueDepth, float64(g.InFlight))
	return list
}

// Probe says whether this kernel and these rights allow it to measure. That they do not is no error: the other sources of the same workloads go on.
func (s *Source) Probe(context.Context) (string, error) {
	tracer, err := Open(Options{Cgroups: s.cfg.Cgroups.Max > 0, MaxMemory: s.cfg.MaxMemory})
	if err != nil {
		return "no latency percentiles: " + err.Error(), nil
	}
	return "measures every request", tracer.Close()
}
