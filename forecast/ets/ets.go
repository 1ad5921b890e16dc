// Package ets forecasts by exponential smoothing, the season taken out by STL first.
//
// A season of more than 24 steps is beyond exponential smoothing, whose state has a value for each step of it, so
// the season is that of an STL decomposition (several seasons: MSTL), continued as it last was, and the seasonally adjusted series
// gets a model without season (Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd ed., §13.1).
package ets

import (
	"context"

	"github.com/foreshock-io/foreshock/forecast"
	"github.com/foreshock-io/foreshock/timeseries/ets"
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
	return forecast.WithAnomalies(Model{cfg}), nil
}}

// Model is STL with exponential smoothing.
type Model struct{ cfg Config }

// Name is "ets".
func (Model) Name() string { return "ets" }

// mostFitted is how many steps the smoothing is fitted on: what is older than that it has forgotten.
const mostFitted = 250

// Fit implements [forecast.Model].
func (m Model) Fit(ctx context.Context, s forecast.Series) (forecast.Fitted, error) {
	rest, seasons, err := forecast.Deseason(s)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	rest = rest[max(0, len(rest)-mostFitted):]
	smooth, err := m.smooth(rest)
	if err != nil {
		return nil, err
	}
	return &fitted{smooth, seasons}, nil
}

// smooth fits a level, and a level with a trend, and takes the better.
func (m Model) smooth(y []float64) (ets.Model, error) {
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

type fitted struct {
	smooth  ets.Model
	seasons forecast.Seasons
}

// Update implements [forecast.Fitted].
func (f *fitted) Update(x, _ float64) {
	f.smooth.Update(x - f.seasons.Ahead(0))
	f.seasons.Step()
}

// Forecast implements [forecast.Fitted].
func (f *fitted) Forecast(mean, deviation []float64) {
	ahead := f.smooth.Forecast(len(mean))
	copy(deviation, ahead.StdDev)
	for k := range mean {
		mean[k] = ahead.Mean[k] + f.seasons.Ahead(k)
	}
}
