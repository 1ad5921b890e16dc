package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/foreshock-io/foreshock/timeseries/prophet"
)

const (
	day  = 24 * time.Hour
	year = day * 1461 / 4
)

// stepOf is the step of series without times by their season, where it is no day.
var stepOf = map[int]time.Duration{4: year / 4, 7: day, 12: year / 12, 52: 7 * day, 365: day}

// rows are times in regular steps: those of the file, or made up.
func (f *forecasting) rows(s *series) (prophet.Rows, time.Duration, error) {
	start, step := s.start, s.step
	if step == 0 {
		var err error
		if start, err = time.Parse(time.RFC3339, f.start); err != nil {
			return prophet.Rows{}, 0, usageError{fmt.Errorf("--start %s: a time such as 2026-01-02T15:00:00Z is expected", f.start)}
		}
		step = f.step
	} else if f.step > 0 {
		return prophet.Rows{}, 0, usageError{errors.New("--step is for files without times; this one has some")}
	}
	if step == 0 {
		period := f.period()
		if step = stepOf[period]; step == 0 {
			step = day / time.Duration(period)
		}
	}
	if step <= 0 {
		return prophet.Rows{}, 0, usageError{fmt.Errorf("--step %s is no step; for example 5m", f.step)}
	}
	if most := math.MaxInt64 / 2 / step; time.Duration(len(s.values)) > most {
		return prophet.Rows{}, 0, fmt.Errorf("%d steps of %s are more than time has", len(s.values), step)
	}
	return prophet.Every(start, step, len(s.values)), step, nil
}

// additive is Prophet with its defaults.
func additive(_ context.Context, f *forecasting, s *series, h int) (predicted, error) {
	rows, step, err := f.rows(s)
	if err != nil {
		return predicted{}, err
	}
	var cfg prophet.Config
	for _, period := range f.periods.list {
		length := time.Duration(period) * step
		if length != day && length != 7*day && (length-year).Abs() > 2*day {
			cfg.Seasonalities = append(cfg.Seasonalities, prophet.Seasonality{Name: fmt.Sprintf("period%d", period), Period: length, Order: min(4, period/2)})
		}
	}
	m, err := prophet.Fit(rows, s.values, cfg)
	if err != nil {
		return predicted{}, err
	}
	last := rows.Times[len(rows.Times)-1]
	ahead, err := m.Predict(prophet.Every(last.Add(step), step, h), prophet.Simulation{Quantiles: f.quantiles(), Seed: f.seed})
	if err != nil {
		return predicted{}, err
	}
	p := predicted{
		mean: ahead.Mean, parts: object{{"trend", numbers(ahead.Trend)}},
		fit: object{
			{"model", "prophet"},
			{"step_seconds", step.Seconds()},
			{"log_posterior", m.MaxLogPosterior},
			{"params", object{
				{"k", m.Params.K},
				{"m", m.Params.M},
				{"sigma_obs", m.Params.Sigma},
				{"delta", numbers(m.Params.Delta)},
				{"beta", numbers(m.Params.Beta)},
			}},
			{"sigma2", m.Params.Sigma * m.Params.Sigma * m.Scale * m.Scale},
			{"nobs", m.Readings},
		},
	}
	for _, c := range ahead.Components {
		p.parts = append(p.parts, field{c.Name, numbers(c.Values)})
	}
	p.intervals(ahead.Quantiles)
	return p, nil
}
