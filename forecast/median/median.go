// Package median forecasts each phase of the season by the median of what it was in the last cycles.
//
// Machines keep a level and jump off it for jobs that come by the clock, and by chance. A job that comes each day is in the median, one that came once is not, and neither
// moves what is said of the hours around it, as it would with a mean, a smoothing or a regression. How many cycles serve best differs from
// workload to workload, and whether the level of the last steps is to be kept, so the model comes in variants.
package median

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/foreshock-io/foreshock/forecast"
	"github.com/foreshock-io/foreshock/timeseries/robust"
)

// Config is the median block of a configuration file.
type Config struct {
	Cycles []int `yaml:"cycles"` // numbers of cycles of the shortest season of which the median is taken; default 3, 7, 14
	Weeks  int   `yaml:"weeks"`  // cycles of a longer season; default 3
}

// Factory offers this model to configuration files as "median".
var Factory = forecast.Factory{Name: "median", New: func(decode func(any) error) (forecast.Model, error) {
	cfg := Config{Cycles: []int{3, 7, 14}, Weeks: 3}
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	if len(cfg.Cycles) == 0 {
		return nil, errors.New("cycles: none are given; for example [3, 7, 14]")
	}
	for _, n := range append([]int{cfg.Weeks}, cfg.Cycles...) {
		if n < 1 || n > mostCycles {
			return nil, fmt.Errorf("%d cycles: between 1 and %d are expected", n, mostCycles)
		}
	}
	return Model{cfg}, nil
}}

const (
	mostCycles = 100
	levelSteps = 24  // of which the level is the median
	smoothFrom = 200 // a season of as many steps is smoothed over the steps beside
)

// Model is the family of medians.
type Model struct{ cfg Config }

// Name is "median".
func (Model) Name() string { return "median" }

// Variants implements [forecast.Varied]. Where no week was found, the same hours of the last weeks are tried all the same: of one week more than that cannot be known.
func (m Model) Variants(periods []int) []forecast.Model {
	var list []forecast.Model
	for _, n := range m.cfg.Cycles {
		list = append(list, forecast.WithAnomalies(variant{cycles: n}), forecast.WithAnomalies(variant{cycles: n, levelled: true}))
	}
	if len(periods) > 0 {
		weeks := variant{cycles: m.cfg.Weeks, season: 1}
		levelled := weeks
		levelled.levelled = true
		list = append(list, forecast.WithAnomalies(weeks), forecast.WithAnomalies(levelled))
	}
	return list
}

// Fit fits the first of the variants.
func (m Model) Fit(ctx context.Context, s forecast.Series) (forecast.Fitted, error) {
	return m.Variants(s.Periods)[0].Fit(ctx, s)
}

// variant is one of them.
type variant struct {
	cycles   int
	season   int  // index of the period
	levelled bool // moved to the level of the last steps
}

// Name says which one it is.
func (v variant) Name() string {
	name := fmt.Sprintf("median of %d", v.cycles)
	if v.season > 0 {
		name += " weeks"
	}
	if v.levelled {
		name += ", levelled"
	}
	return name
}

// Fit implements [forecast.Model].
func (v variant) Fit(_ context.Context, s forecast.Series) (forecast.Fitted, error) {
	period := 1
	switch seasons := s.TryWeek().Periods; {
	case v.season < len(seasons):
		period = seasons[v.season]
	case v.season > 0:
		return nil, errors.New("the longer season was not seen")
	}
	f := &fitted{variant: v, period: period, around: period / smoothFrom}
	f.past = make([]float64, period*v.cycles+f.around)
	for i := range f.past {
		f.past[i] = math.NaN()
	}
	var off []float64
	for i, x := range s.Values {
		if i >= period && !math.IsNaN(x-s.Values[i-period]) {
			off = append(off, math.Abs(x-s.Values[i-period]))
		}
		if i >= len(s.Values)-levelSteps {
			f.Update(x, 0)
		} else {
			f.add(x)
		}
	}
	if len(off) == 0 {
		return nil, errors.New("too few steps are known")
	}
	f.usual, f.middle = average(off), robust.Median(s.Values)
	return f, nil
}

// fitted is the last cycles.
type fitted struct {
	variant
	period, around int
	past           []float64 // the last steps, a ring
	next           int
	off            [levelSteps]float64 // how far the last steps were from what was typical of them, a ring; 0 where missing
	nextOff        int
	usual          float64 // mean change from one cycle to the next
	middle         float64 // of all values: what is said of a phase that was not seen lately, when nothing was
	sample         []float64
	robust         robust.Workspace
}

func (f *fitted) add(x float64) {
	f.past[f.next] = x
	f.next = (f.next + 1) % len(f.past)
}

// gather collects the values of the phase of the step k ahead.
func (f *fitted) gather(k int) []float64 {
	f.sample = f.sample[:0]
	n := len(f.past)
	for cycle := 1; cycle <= f.cycles; cycle++ {
		for beside := -f.around; beside <= f.around; beside++ {
			back := cycle*f.period - k%f.period + beside // 1 is the last step
			if back < 1 || back > n {
				continue
			}
			if x := f.past[(f.next-back+n)%n]; !math.IsNaN(x) {
				f.sample = append(f.sample, x)
			}
		}
	}
	return f.sample
}

// typical is the median of the phase of the step k ahead; NaN when it was not seen.
func (f *fitted) typical(k int) float64 { return f.robust.Median(f.gather(k)) }

// Update implements [forecast.Fitted].
func (f *fitted) Update(x, _ float64) {
	if f.levelled {
		off := x - f.typical(0)
		if math.IsNaN(off) {
			off = 0
		}
		f.off[f.nextOff] = off
		f.nextOff = (f.nextOff + 1) % levelSteps
	}
	f.add(x)
}

// Forecast implements [forecast.Fitted].
func (f *fitted) Forecast(mean, deviation []float64) {
	level := 0.0
	if f.levelled {
		level = f.robust.Median(f.off[:])
	}
	last := f.robust.Median(f.past)
	if math.IsNaN(last) {
		last = f.middle
	}
	for k := range mean {
		sample := f.gather(k)
		if len(sample) > 0 {
			last = f.robust.Median(sample)
		}
		spread := 0.0
		for _, x := range sample {
			spread += math.Abs(x-last) / float64(len(sample))
		}
		mean[k], deviation[k] = last+level, (f.usual+spread)/2
	}
}

func average(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(max(1, len(x)))
}
