// Package cgroup raises and lowers what a control group may do on a disk of this machine: IOPS and throughput, by io.max of cgroup
// v2 or blkio.throttle of v1.
//
// A limit is an amount that was provisioned; where there is no limit nothing is provisioned, the amount is absent, and nothing can be
// grown. Only limits that are there are changed, so a limit is never brought in.
package cgroup

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
)

// Config is the cgroup block of a configuration file.
type Config struct {
	Root      string           `yaml:"root"`      // default /sys/fs/cgroup
	Device    string           `yaml:"device"`    // of resources that name none: /dev/vda, 254:0, or path:/a/file for the disk that it lies on
	Direction string           `yaml:"direction"` // which limits count: read, write, both; default both
	Resources map[string]Place `yaml:"resources"` // names for groups; others are named GROUP or GROUP@DEVICE
}

// Place is a group on a device.
type Place struct {
	Group  string `yaml:"group"`
	Device string `yaml:"device"` // default: that of the block
}

// Factory offers this target to configuration files as "cgroup".
var Factory = act.Factory{Name: "cgroup", New: func(decode func(any) error, env act.Env) (act.Target, error) {
	cfg := Config{Root: "/sys/fs/cgroup", Direction: "both"}
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

type target struct {
	act.ByRules
	Config
	name  string
	log   *slog.Logger
	write func(file, line string) error
}

// New returns the target.
func New(cfg Config, env act.Env) (act.Target, error) {
	var errs []error
	switch cfg.Direction {
	case "read", "write", "both":
	default:
		errs = append(errs, fmt.Errorf("direction %q is none; there is: read, write, both", cfg.Direction))
	}
	if cfg.Device != "" {
		errs = append(errs, checkDevice(cfg.Device))
	}
	t := &target{Config: cfg, name: env.Name, log: env.Log, write: writeLine}
	if t.log == nil {
		t.log = slog.New(slog.DiscardHandler)
	}
	names := map[Place]string{}
	for _, name := range slices.Sorted(maps.Keys(cfg.Resources)) {
		p, err := t.place(name)
		if first, twice := names[p]; err == nil && twice {
			err = fmt.Errorf("%s and %s are the same group on the same device; give it one name", first, name)
		}
		names[p] = name
		errs = append(errs, err)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return t, nil
}

// Conclusive: what a group may do is true the moment that it is written.
func (t *target) Conclusive() bool { return true }

// place says which group and device a resource is.
func (t *target) place(resource string) (Place, error) {
	p, named := t.Resources[resource]
	if !named {
		p.Group, p.Device, _ = strings.Cut(resource, "@")
	}
	if p.Device == "" {
		p.Device = t.Device
	}
	if p.Device == "" {
		return p, fmt.Errorf("resource %q names no device; write GROUP@DEVICE, or set device", resource)
	}
	if err := errors.Join(checkGroup(p.Group), checkDevice(p.Device)); err != nil {
		return p, fmt.Errorf("resource %q: %w", resource, err)
	}
	return p, nil
}

// open finds the limits of a resource.
func (t *target) open(resource string) (*limits, error) {
	p, err := t.place(resource)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", act.ErrNotFound, err)
	}
	device, err := wholeDisk(p.Device)
	if err != nil {
		return nil, err
	}
	dir, v2, err := findGroup(t.Root, p.Group)
	if err != nil {
		return nil, err
	}
	return &limits{dir: dir, v2: v2, device: device, write: t.write}, nil
}

// dimensions are those that can be changed, with the names of their limits.
var dimensions = map[foreshock.Dimension]struct{ read, write key }{
	foreshock.DimIOPS:       {"riops", "wiops"},
	foreshock.DimThroughput: {"rbps", "wbps"},
}

// keys lists the limits that a dimension means.
func (t *target) keys(d foreshock.Dimension) []key {
	pair := dimensions[d]
	switch t.Direction {
	case "read":
		return []key{pair.read}
	case "write":
		return []key{pair.write}
	}
	return []key{pair.read, pair.write}
}

// allocated gives per dimension the lowest of its limits; it is absent where there is none.
func (t *target) allocated(set map[key]uint64) foreshock.Allocation {
	var a foreshock.Allocation
	for d := range dimensions {
		lowest, limited := uint64(math.MaxUint64), false
		for _, k := range t.keys(d) {
			if x, is := set[k]; is {
				lowest, limited = min(lowest, x), true
			}
		}
		if limited {
			a.Set(d, float64(lowest))
		}
	}
	return a
}

// Rules of the kernel: a limit is a whole number; io.max refuses 1. IOPS fit into 32 bits, of which the highest number stands for no
// limit, and bytes per second into any disk.
var rules = map[foreshock.Dimension]foreshock.Rule{
	foreshock.DimIOPS:       {Min: 2, Max: math.MaxUint32 - 1, Quantum: 1, Down: true},
	foreshock.DimThroughput: {Min: 2, Max: 1 << 50, Quantum: 1, Down: true},
}

func (t *target) Read(_ context.Context, resource string) (foreshock.Resource, error) {
	l, err := t.open(resource)
	if err != nil {
		return foreshock.Resource{}, err
	}
	set, err := l.get()
	if err != nil {
		return foreshock.Resource{}, err
	}
	return foreshock.Resource{Target: t.name, Name: resource, At: time.Now(), Allocated: t.allocated(set), Rules: maps.Clone(rules)}, nil
}

// Apply writes the limits. Of the limits of one dimension that differ, growing lifts only the lower ones and reducing lowers only the
// higher ones, so that none is moved the other way.
func (t *target) Apply(_ context.Context, action foreshock.Action) error {
	l, err := t.open(action.Resource)
	if err != nil {
		return fmt.Errorf("%w: %w", act.ErrRefused, err)
	}
	set, err := l.get()
	if err != nil {
		return fmt.Errorf("%w: %w", act.ErrRefused, err)
	}
	wanted := map[key]uint64{}
	has := t.allocated(set)
	for _, d := range action.To.Dimensions() {
		to, _ := action.To.Get(d)
		from, limited := has.Get(d)
		if _, ours := dimensions[d]; !ours || !limited {
			return fmt.Errorf("%w: %s of %s has no limit that could be moved", act.ErrRefused, d, action.Resource)
		}
		for _, k := range t.keys(d) {
			x, is := set[k]
			if is && (to > from && float64(x) < to || to < from && float64(x) > to) {
				wanted[k] = uint64(to)
			}
		}
	}
	return l.set(wanted)
}

func (t *target) Follow(_ context.Context, action foreshock.Action) (act.Progress, error) {
	l, err := t.open(action.Resource)
	if err != nil {
		return act.Progress{}, err
	}
	set, err := l.get()
	if err != nil {
		return act.Progress{}, err
	}
	p := act.Progress{Observed: t.allocated(set)}
	p.Done = p.Observed.Covers(action.To)
	return p, nil
}

// kind wraps an error of the file system as what it is for a target.
func kind(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("%w: %w", act.ErrNotFound, err)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("%w: %w", act.ErrDenied, err)
	}
	return err
}
