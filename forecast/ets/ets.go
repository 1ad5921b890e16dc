// Package ets forecasts by exponential smoothing, the season taken out by STL first.
//
// A season of more than 24 steps is beyond exponential smoothing, whose state has a value for each step of it, so
// the season is that of an STL decomposition (several seasons: MSTL), continued as it last was, and the seasonally adjusted series
// gets a model without season (Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., §13.1). All of it is done on log(1+x) of the demand, since
// rates of storage vary in proportion to their level, unless the data say otherwise.
package ets

import (
	"context"
	"math"

	"github.com/foreshock-io/foreshock/forecast"
	"github.com/foreshock-io/foreshock/timeseries/ets"
	"github.com/foreshock-io/foreshock/timeseries/robust"
	"github.com/foreshock-io/foreshock/timeseries/stl"
)

// Config is the ets block of a configuration file.
type Config struct {
	Damped bool `yaml:"damped"` // a trend fades; default true, since no demand grows for ever
}

// Factory offers this model to configuration files as "ets".
var Factory = forecast.Factory{Name: "ets", New: func(decode func(any) error) (forecast.Model, error) {
	cfg := Config{Damped: true}
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return Model{cfg}, nil
}}

// Model is STL with exponential smoothing.
type Model struct{ cfg Config }

// Name is "ets".
func (Model) Name() string { return "ets" }

// mostFitted is how many steps the smoothing is fitted on: what is older than that it has forgotten.
const mostFitted = 250

// Predict implements [forecast.Model].
func (m Model) Predict(ctx context.Context, h forecast.History, steps int, levels []float64) ([]float64, [][]float64, error) {
	onto := scaleOf(h.Values)
	y := make([]float64, len(h.Values))
	for i, x := range h.Values {
		y[i] = onto.to(x)
	}
	ahead, err := deseason(y, h.Periods, steps)
	if err != nil {
		return nil, nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, nil, err
	}
	y = y[max(0, len(y)-mostFitted):]
	fitted, err := m.fit(y)
	if err != nil {
		return nil, nil, err
	}
	f := fitted.Forecast(steps, levels...)
	mean := make([]float64, steps)
	for k := range mean {
		mean[k] = max(0, onto.from(f.Mean[k]+ahead[k]))
	}
	quantiles := make([][]float64, len(levels))
	for i := range levels {
		quantiles[i] = make([]float64, steps)
		for k := range steps {
			quantiles[i][k] = max(0, onto.from(f.Quantiles[i][k]+ahead[k]))
		}
	}
	return mean, quantiles, nil
}

// fit fits a level, and a level with a trend, and takes the better.
func (m Model) fit(y []float64) (ets.Model, error) {
	trend := ets.Additive
	if m.cfg.Damped {
		trend = ets.Damped
	}
	level, err := ets.Fit(y, ets.Config{Error: ets.Additive, Trend: ets.None, Season: ets.None})
	if err != nil {
		return level, err
	}
	if trending, err := ets.Fit(y, ets.Config{Error: ets.Additive, Trend: trend, Season: ets.None}); err == nil && trending.AICc < level.AICc {
		return trending, nil
	}
	return level, nil
}

// deseason takes the seasons out of y and gives their continuation.
func deseason(y []float64, periods []int, steps int) ([]float64, error) {
	var seen []int
	for _, p := range periods {
		if p > 1 && len(y) > 2*p {
			seen = append(seen, p)
		}
	}
	if seen == nil {
		return make([]float64, steps), nil
	}
	r, err := stl.DecomposeMulti(y, stl.MultiConfig{Periods: seen, Base: stl.Config{Robust: true, Outer: 3}})
	if err != nil {
		return nil, err
	}
	for _, seasonal := range r.Seasonal {
		for i := range y {
			y[i] -= seasonal[i]
		}
	}
	return r.SeasonAhead(nil, steps), nil
}

// scale is the identity, or log(1+x/unit).
type scale struct{ unit float64 }

// scaleOf takes the logarithm when the demand varies over more than a factor of four; its unit is a tenth of the median, so
// that idle steps, near zero, do not rule.
func scaleOf(x []float64) scale {
	known := make([]float64, 0, len(x))
	for _, v := range x {
		if !math.IsNaN(v) {
			known = append(known, v)
		}
	}
	if len(known) == 0 {
		return scale{}
	}
	q := robust.Quantiles(nil, known, 0.05, 0.5, 0.95)
	if q[1] <= 0 || q[2] < 4*q[0] {
		return scale{}
	}
	return scale{unit: q[1] / 10}
}

func (s scale) to(x float64) float64 {
	if s.unit == 0 {
		return x
	}
	return math.Log1p(x / s.unit)
}

func (s scale) from(y float64) float64 {
	if s.unit == 0 {
		return y
	}
	return s.unit * math.Expm1(min(y, 60))
}
