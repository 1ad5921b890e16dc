package stl

import (
	"fmt"
	"slices"
)

// MultiConfig says how to decompose a series with several seasons. The zero value
// of all but Periods are the defaults of forecast::mstl.
type MultiConfig struct {
	Periods         []int  // steps of each season, at least 2; those not below half the series are left out
	SeasonalWindows []int  // for each period used, ascending; the last serves the rest; nil: 11, 15, 19, …
	Iterations      int    // rounds over all periods; 0: 2; a single period needs only 1
	Base            Config // all other settings; its Period and SeasonalWindow are ignored
}

// MultiResult is a decomposition with several seasons:
//
//	x = Trend + Seasonal[0] + Seasonal[1] + … + Remainder
type MultiResult struct {
	Periods   []int       // the periods used, ascending
	Seasonal  [][]float64 // the season of each
	Trend     []float64
	Remainder []float64 // NaN where the reading is missing
	Weights   []float64 // as in Result, of the last decomposition
}

// DecomposeMulti splits x by decomposing it for each period in turn, shortest first,
// without the seasons found for the others, several times over. ErrShort means that
// no period is below half the series.
func DecomposeMulti(x []float64, cfg MultiConfig) (MultiResult, error) {
	var r MultiResult
	err := new(MultiWorkspace).Decompose(&r, x, cfg)
	return r, err
}

// MultiWorkspace is what a Workspace is, for several seasons.
type MultiWorkspace struct {
	one  []Workspace // for each period
	rest []float64   // x without the seasons found so far
}

// Decompose is DecomposeMulti, with the result written into dst, whose slices are used when they are large enough. After an error
// dst is of no use.
func (w *MultiWorkspace) Decompose(dst *MultiResult, x []float64, cfg MultiConfig) error {
	periods, err := w.begin(x, cfg)
	if err != nil {
		return err
	}
	rounds := or(cfg.Iterations, 2)
	if len(periods) == 1 {
		rounds = 1
	}
	dst.Periods = append(dst.Periods[:0], periods...)
	dst.Seasonal = slices.Grow(dst.Seasonal[:0], len(periods))[:len(periods)]
	for i := range periods {
		dst.Seasonal[i] = resize(dst.Seasonal[i], len(x))
		clear(dst.Seasonal[i])
	}
	for range rounds {
		if err := w.round(dst, cfg, (*Workspace).Decompose); err != nil {
			return err
		}
	}
	return nil
}

// Renew is to Decompose what [Workspace.Renew] is to [Workspace.Decompose]: a single round over the periods.
func (w *MultiWorkspace) Renew(dst *MultiResult, x []float64, steps int, cfg MultiConfig) error {
	periods, err := w.begin(x, cfg)
	if err != nil {
		return err
	}
	if !slices.Equal(periods, dst.Periods) || len(dst.Seasonal) != len(periods) {
		return w.Decompose(dst, x, cfg)
	}
	for i, period := range periods {
		before := Result{Period: period, Trend: dst.Trend, Seasonal: dst.Seasonal[i]}
		if !before.precedes(len(x), steps) || max(largest(dst.Trend), largest(dst.Seasonal[i])) > outgrown*largest(x) {
			return w.Decompose(dst, x, cfg)
		}
	}
	first := len(dst.Trend) + steps - len(x)
	dst.Trend = follow(dst.Trend, first, len(x), steps, 1)
	for i, period := range periods {
		dst.Seasonal[i] = follow(dst.Seasonal[i], first, len(x), steps, period)
		add(w.rest, dst.Seasonal[i], -1)
	}
	return w.round(dst, cfg, func(one *Workspace, part *Result, rest []float64, cfg Config) error {
		return one.Renew(part, rest, 0, cfg)
	})
}

// begin checks the settings, takes the series and returns the periods that fit.
func (w *MultiWorkspace) begin(x []float64, cfg MultiConfig) ([]int, error) {
	for _, p := range cfg.Periods {
		if p < 2 {
			return nil, fmt.Errorf("stl: periods must be at least 2, not %d", p)
		}
	}
	periods := fitting(cfg.Periods, len(x))
	if len(periods) == 0 {
		return nil, fmt.Errorf("stl: %w: %d readings, periods %v", ErrShort, len(x), cfg.Periods)
	}
	if cfg.Iterations < 0 {
		return nil, fmt.Errorf("stl: iterations must not be negative, but are %d", cfg.Iterations)
	}
	w.rest = append(w.rest[:0], x...)
	if len(w.one) < len(periods) {
		w.one = make([]Workspace, len(periods))
	}
	return periods, nil
}

// round decomposes the rest for each period in turn.
func (w *MultiWorkspace) round(
	dst *MultiResult, cfg MultiConfig, decompose func(one *Workspace, part *Result, rest []float64, cfg Config) error,
) error {
	for i, period := range dst.Periods {
		add(w.rest, dst.Seasonal[i], 1)
		one := cfg.Base
		one.Period, one.SeasonalWindow = period, cfg.window(i)
		part := Result{Period: period, Trend: dst.Trend, Seasonal: dst.Seasonal[i], Remainder: dst.Remainder, Weights: dst.Weights}
		if err := decompose(&w.one[i], &part, w.rest, one); err != nil {
			return err
		}
		dst.Trend, dst.Seasonal[i], dst.Remainder, dst.Weights = part.Trend, part.Seasonal, part.Remainder, part.Weights
		add(w.rest, dst.Seasonal[i], -1)
	}
	for i, v := range w.rest {
		dst.Remainder[i] = v - dst.Trend[i]
	}
	return nil
}

// fitting returns the periods of which a series of n readings has more than two.
func fitting(periods []int, n int) []int {
	fit := slices.DeleteFunc(slices.Clone(periods), func(p int) bool { return p < 2 || n-p <= p })
	slices.Sort(fit)
	return slices.Compact(fit)
}

func (c MultiConfig) window(i int) int {
	if n := len(c.SeasonalWindows); n > 0 {
		return c.SeasonalWindows[min(i, n-1)]
	}
	return 11 + 4*i
}

func add(x, y []float64, sign float64) {
	for i, v := range y {
		x[i] += sign * v
	}
}
