// Package dryrun is a target that goes through everything but the change: it reads a real target, or declared amounts, keeps the rules,
// and then only pretends.
//
// What it pretends it remembers until the program ends or the real amounts change, so that a policy is seen to act as it would, and
// not to ask for the same change again and again. Of the target that it reads it holds no way to change anything.
package dryrun

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
)

// Config is the dryrun block of a configuration file: either of, or resources with rules.
type Config struct {
	Of        string                                     `yaml:"of"`        // a target that stands before this one in the file
	Resources map[string]map[foreshock.Dimension]float64 `yaml:"resources"` // declared amounts; the name "*" stands for all others
	Rules     map[foreshock.Dimension]Rule               `yaml:"rules"`     // of declared resources; default: any amount above 0, up and down
	LeadTime  time.Duration                              `yaml:"lead_time"` // how long a change pretends to take; default 0
}

// Rule is what may be done with a dimension.
type Rule struct {
	Min     float64 `yaml:"min"`
	Max     float64 `yaml:"max"`     // 0: none
	Quantum float64 `yaml:"quantum"` // 0: any amount
	UpOnly  bool    `yaml:"up_only"` // it cannot be reduced
}

// Factory offers this target to configuration files as "dryrun".
var Factory = act.Factory{Name: "dryrun", New: func(decode func(any) error, env act.Env) (act.Target, error) {
	var cfg Config
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

// reader is all that is held of the target that is read.
type reader interface {
	Read(ctx context.Context, resource string) (foreshock.Resource, error)
	Validate(now foreshock.Resource, action foreshock.Action) error
}

// Target pretends.
type Target struct {
	real     reader
	log      *slog.Logger
	leadTime time.Duration

	mu      sync.Mutex // guards what follows
	pretend map[string]pretence
	asked   int
}

// pretence is a change that was not made.
type pretence struct {
	real  foreshock.Allocation // what there was then
	to    foreshock.Allocation
	ready time.Time
}

// New returns the target of a configuration.
func New(cfg Config, env act.Env) (*Target, error) {
	switch {
	case cfg.Of != "" && cfg.Resources != nil:
		return nil, errors.New("of and resources exclude each other: read a target, or declare the amounts")
	case cfg.Of != "":
		inner, known := act.Target(nil), false
		if env.Target != nil {
			inner, known = env.Target(cfg.Of)
		}
		if !known {
			return nil, fmt.Errorf("of: no target before this one is called %q", cfg.Of)
		}
		return Of(inner, cfg.LeadTime, env.Log), nil
	case len(cfg.Resources) == 0:
		return nil, errors.New("nothing to read: name a target with of, or declare resources")
	}
	d, err := declare(cfg, env.Name)
	if err != nil {
		return nil, err
	}
	return pretender(d, cfg.LeadTime, env.Log), nil
}

// Of returns a target that reads t and changes nothing. A change pretends to take the lead time.
func Of(t act.Target, leadTime time.Duration, log *slog.Logger) *Target { return pretender(t, leadTime, log) }

func pretender(r reader, leadTime time.Duration, log *slog.Logger) *Target {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return &Target{real: r, log: log, leadTime: leadTime, pretend: map[string]pretence{}}
}

// Asked is how many changes were asked for, and not made.
func (t *Target) Asked() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.asked
}

// Conclusive: a pretence that is not there was never made, or forgotten.
func (t *Target) Conclusive() bool { return true }

// Read reads the real resource and lays what was pretended over it.
func (t *Target) Read(ctx context.Context, resource string) (foreshock.Resource, error) {
	r, err := t.real.Read(ctx, resource)
	if err != nil {
		return r, err
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	p, pretended := t.pretend[resource]
	switch {
	case !pretended:
	case !r.Allocated.Covers(p.real):
		delete(t.pretend, resource)
	case time.Now().Before(p.ready):
		r.Busy = true
	default:
		r.Allocated = r.Allocated.Over(p.to)
	}
	return r, nil
}

// Validate keeps the real target's rules.
func (t *Target) Validate(now foreshock.Resource, action foreshock.Action) error {
	return t.real.Validate(now, action)
}

// Apply remembers the change, and makes none.
func (t *Target) Apply(ctx context.Context, action foreshock.Action) error {
	r, err := t.real.Read(ctx, action.Resource)
	if err != nil {
		return fmt.Errorf("%w: %w", act.ErrRefused, err)
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.asked++
	to := action.To
	if p, pretended := t.pretend[action.Resource]; pretended {
		to = p.to.Over(to)
	}
	t.pretend[action.Resource] = pretence{real: r.Allocated, to: to, ready: time.Now().Add(t.leadTime)}
	t.log.Info("dry run: nothing is changed", "workload", action.Workload, "action", action.ID, "resource", action.Resource, "to", action.To.String())
	return nil
}

// Follow says of what was pretended that it is done.
func (t *Target) Follow(ctx context.Context, action foreshock.Action) (act.Progress, error) {
	r, err := t.Read(ctx, action.Resource)
	if err != nil {
		return act.Progress{}, err
	}
	p := act.Progress{Observed: r.Allocated, UnderWay: r.Busy, Done: !r.Busy && r.Allocated.Covers(action.To)}
	if p.Done {
		p.Note = "dry run: nothing was changed"
	}
	return p, nil
}
