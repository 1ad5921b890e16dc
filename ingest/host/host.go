// Package host reads the I/O of this machine: its block devices (/proc/diskstats), its control groups (io.stat of
// version 2, blkio.throttle.* of version 1) and how long tasks waited for I/O (PSI).
//
// Workloads are called "disk/NAME" and "cgroup/PATH". Everything is read from cumulative counters of the kernel, so a
// read that comes late loses nothing: what it brings covers the time since the read before.
package host

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
)

const name = "host"

// Config is the host block of a configuration file.
type Config struct {
	Interval time.Duration `yaml:"interval"` // between reads; default 1s
	Step     time.Duration `yaml:"step"`     // of the workloads, at least the interval; default the program's step
	Devices  Devices       `yaml:"devices"`
	Cgroups  Cgroups       `yaml:"cgroups"`
	Procfs   string        `yaml:"procfs"` // default /proc
	Sysfs    string        `yaml:"sysfs"`  // default /sys
	Cgroup   string        `yaml:"cgroup"` // where control groups are mounted; default /sys/fs/cgroup
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
	Max     int    `yaml:"max"`     // how many are followed at the most, 0 for none; default 500
}

// Factory offers this source to configuration files as "host".
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
		Interval: time.Second,
		Step:     step,
		Devices:  Devices{Exclude: `ram\d+`},
		Cgroups:  Cgroups{Exclude: `(.*/)?(init\.scope|[^/]*\.(mount|automount|socket|swap))`, Max: 500},
		Procfs:   "/proc",
		Sysfs:    "/sys",
		Cgroup:   "/sys/fs/cgroup",
	}
}

// Source reads this machine. Use New.
type Source struct {
	cfg              Config
	env              ingest.Env
	devices, cgroups ingest.Names
}

// New checks the settings. It reads nothing: Run does.
func New(cfg Config, env ingest.Env) (*Source, error) {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	check(cfg.Interval >= 100*time.Millisecond && cfg.Interval <= time.Hour, "interval must be from 100ms to 1h, not %v", cfg.Interval)
	check(cfg.Step > 0 && cfg.Step <= 24*time.Hour, "step must be above 0 and at most 24h, not %v", cfg.Step)
	check(cfg.Cgroups.Max >= 0 && cfg.Cgroups.Max <= 100_000, "cgroups.max must be from 0 to 100000, not %d", cfg.Cgroups.Max)
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

// Run reads once per interval until ctx ends. A file that cannot be read is counted, logged once, and tried again.
func (s *Source) Run(ctx context.Context, sink ingest.Sink) error {
	r, err := s.newReader(sink)
	if err != nil {
		return err
	}
	for {
		batch := r.read()
		if err := sink.Push(ctx, batch); err != nil && ctx.Err() == nil {
			return fmt.Errorf("push readings of this machine: %w", err)
		}
		if !ingest.Sleep(ctx, ingest.UntilNext(time.Now(), s.cfg.Interval)) {
			return nil
		}
	}
}

// reader is what one Run remembers between its reads.
type reader struct {
	*Source
	sink     ingest.Sink
	faults   faults
	disks    *disks
	groups   *groups
	batch    []ingest.Reading
	rescan   time.Time // when names, limits and kinds are looked at again
	pressure counter   // of the whole machine
}

func (s *Source) newReader(sink ingest.Sink) (*reader, error) {
	r := &reader{Source: s, sink: sink, faults: faults{log: s.env.Log, drops: s.env.Drops}}
	var err error
	if r.disks, err = s.newDisks(); err != nil {
		return nil, err
	}
	r.groups = s.newGroups()
	return r, nil
}

// read gives the readings since the last read. They are valid until the next one.
func (r *reader) read() []ingest.Reading {
	r.batch = r.batch[:0]
	now := time.Now()
	scan := !now.Before(r.rescan)
	if scan {
		r.rescan = now.Add(r.about().Step)
	}
	r.readDisks(scan)
	if r.cfg.Cgroups.Max > 0 {
		r.readGroups(scan)
	}
	return r.batch
}

func (s *Source) about() ingest.About {
	return ingest.About{
		Source:   name,
		Step:     max(s.cfg.Interval, s.cfg.Step),
		Lateness: min(s.cfg.Interval/2, 500*time.Millisecond),
	}
}

// register asks for a workload's handle. What is refused is asked for again at the next scan.
func (r *reader) register(id string) (ingest.Handle, bool) {
	if err := foreshock.ID(id).Check(); err != nil {
		r.faults.report("name a workload", ingest.DropBadID, err)
		return 0, false
	}
	handle, err := r.sink.Register(foreshock.ID(id), r.about())
	if err != nil {
		reason := ingest.DropBadID
		if errors.Is(err, ingest.ErrTooMany) {
			reason = ingest.DropTooMany
		}
		r.faults.report("register "+string(reason), reason, fmt.Errorf("register %s: %w", id, err))
	}
	return handle, err == nil
}

// span is the time of a read and how long ago the one before was.
type span struct {
	at     time.Time
	length time.Duration // by the monotonic clock
}

func (r *reader) add(handle ingest.Handle, field ingest.Field, value float64, s span) {
	ms := min(max(s.length.Round(time.Millisecond).Milliseconds(), 1), math.MaxUint32)
	if !field.Increment() {
		ms = 0
	}
	r.batch = append(r.batch, ingest.Reading{Value: value, Time: s.at.UnixMilli(), Handle: handle, Span: uint32(ms), Field: field})
}

// Probe says whether the kernel's counters can be read, and of how many block devices.
func (s *Source) Probe(context.Context) (string, error) {
	file := filepath.Join(s.cfg.Procfs, "diskstats")
	text, err := os.ReadFile(file)
	if err != nil {
		return "", fmt.Errorf("%w; this source needs Linux; set procfs where it is mounted elsewhere", err)
	}
	return fmt.Sprintf("%d block devices in %s", strings.Count(string(text), "\n"), file), nil
}
