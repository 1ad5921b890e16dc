// Package limits is a planner that hands out pools of capacity with fixed totals, as they stand in the configuration.
package limits

import (
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/capacity"
)

// Config is the limits block of a configuration file.
type Config struct {
	Hold  time.Duration `yaml:"hold"` // the longest time for which a grant waits to be committed; default 15m
	Pools []Pool        `yaml:"pools"`
}

// Pool is an amount of one dimension that several workloads share.
type Pool struct {
	Name      string  `yaml:"name"`
	Dimension string  `yaml:"dimension"`             // iops, throughput, size, vcpu, memory, replicas
	Total     float64 `yaml:"total"`                 // in the dimension's unit: 1/s, bytes/s, bytes, processors, bytes, count
	InUse     float64 `yaml:"in_use"`                // of it, by what was not granted here; default 0
	Reserve   float64 `yaml:"reserve" unit:"number"` // share of the total (0-1) that is never granted; default 0
	Quantum   float64 `yaml:"quantum"`               // a part grant is a multiple of it; default 0: any amount; 1 for replicas
	Draws     []Draw  `yaml:"draws"`                 // who draws on it: what any of them matches
}

// Draw says what draws on a pool: what all of its globs match. A glob that is left out matches anything. In globs, * is any
// text without a slash, ** any text, and ? one character but the slash.
type Draw struct {
	Target   string `yaml:"target"`
	Resource string `yaml:"resource"`
	Workload string `yaml:"workload"`
}

// Factory offers this planner to configuration files as "limits".
var Factory = capacity.Factory{Name: "limits", New: func(decode func(any) error, env capacity.Env) (capacity.Planner, error) {
	cfg := Defaults()
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

// Defaults are the settings where a file says nothing.
func Defaults() Config { return Config{Hold: 15 * time.Minute} }

// New makes a planner of the settings. Its error holds all that is wrong with them.
func New(cfg Config, env capacity.Env) (*Limits, error) {
	var faults []error
	if cfg.Hold <= 0 {
		faults = append(faults, fmt.Errorf("hold must be above 0, not %s", cfg.Hold))
	}
	if len(cfg.Pools) == 0 {
		faults = append(faults, errors.New("pools is empty: nothing would be limited; describe a pool, or remove the planner"))
	}
	l := &Limits{log: env.Log}
	l.Grants = &capacity.Grants[[]*pool]{Hold: cfg.Hold, Find: l.find, Give: l.give, Count: l.count}
	if l.log == nil {
		l.log = slog.New(slog.DiscardHandler)
	}
	names := map[string]bool{}
	for i, c := range cfg.Pools {
		p, err := newPool(c)
		if names[c.Name] {
			err = errors.Join(err, fmt.Errorf("the name %q is taken by another pool", c.Name))
		}
		names[c.Name] = true
		for _, e := range split(err) {
			faults = append(faults, fmt.Errorf("pools[%d]: %w", i, e))
		}
		l.pools = append(l.pools, p)
	}
	if err := errors.Join(faults...); err != nil {
		return nil, err
	}
	return l, nil
}

// newPool checks the settings of a pool.
func newPool(c Pool) (*pool, error) {
	var faults []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			faults = append(faults, fmt.Errorf(format, args...))
		}
	}
	p := &pool{Pool: c}
	amount := func(x float64) bool { return x >= 0 && !math.IsInf(x, 0) }
	err := p.dimension.UnmarshalText([]byte(c.Dimension))
	check(err == nil, "dimension: %w", err)
	check(c.Name != "", "name is missing; it stands in the reasons of decisions")
	check(amount(c.Total) && c.Total > 0, "total must be a number above 0, not %g", c.Total)
	check(amount(c.InUse), "in_use must be a number of at least 0, not %g", c.InUse)
	check(c.Reserve >= 0 && c.Reserve < 1, "reserve is a share of the total: at least 0 and below 1, not %g", c.Reserve)
	check(amount(c.Quantum), "quantum must be a number of at least 0, not %g", c.Quantum)
	check(len(c.Draws) > 0, `draws is missing: nothing draws on the pool; for all write draws: [{workload: "**"}]`)
	if p.dimension == foreshock.DimReplicas && p.Quantum == 0 {
		p.Quantum = 1
	}
	for i, d := range c.Draws {
		m, err := newMatch(d)
		check(err == nil, "draws[%d]: %w", i, err)
		p.draws = append(p.draws, m)
	}
	return p, errors.Join(faults...)
}

func split(err error) []error {
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		var list []error
		for _, e := range joined.Unwrap() {
			list = append(list, split(e)...)
		}
		return list
	}
	if err == nil {
		return nil
	}
	return []error{err}
}
