// Package naive forecasts that the next season will be as the last one was. It is the yardstick for every other model.
package naive

import (
	"context"
	"errors"
	"math"

	"github.com/foreshock-io/foreshock/forecast"
)

// Factory offers this model to configuration files as "naive".
var Factory = forecast.Factory{Name: forecast.Yardstick, New: func(decode func(any) error) (forecast.Model, error) {
	var cfg struct{}
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return Model{}, nil
}}

// Model is the seasonal naive method of Hyndman and Athanasopoulos, Forecasting: Principles and Practice (3rd ed.), §5.2. With period m, the
// forecast for step h is the last known value of the same phase. Its errors grow with the root of the number of seasons ahead (§5.5). Without
// a season, m is 1; of several, the shortest is used.
type Model struct{}

// Name is "naive".
func (Model) Name() string { return forecast.Yardstick }

// Fit implements [forecast.Model].
func (Model) Fit(_ context.Context, s forecast.Series) (forecast.Fitted, error) {
	m := 1
	if len(s.Periods) > 0 {
		m = s.Periods[0]
	}
	f := &fitted{last: make([]float64, m)}
	for i := range f.last {
		f.last[i] = math.NaN()
	}
	for _, x := range s.Values {
		f.Update(x, 0)
	}
	if f.errors < 2 {
		return nil, errors.New("too few steps are known")
	}
	for _, x := range f.last {
		if math.IsNaN(x) {
			return nil, errors.New("a phase of the season was never seen")
		}
	}
	return f, nil
}

type fitted struct {
	last    []float64 // known value of each phase; NaN until seen
	next    int       // phase of the next step
	squares float64   // mean squared error of one season ahead
	errors  float64   // how many are in it
}

// Update implements [forecast.Fitted].
func (f *fitted) Update(x, _ float64) {
	if !math.IsNaN(x) {
		if e := x - f.last[f.next]; !math.IsNaN(e) {
			f.errors++
			f.squares += (e*e - f.squares) / f.errors
		}
		f.last[f.next] = x
	}
	f.next = (f.next + 1) % len(f.last)
}

// Forecast implements [forecast.Fitted].
func (f *fitted) Forecast(mean, deviation []float64) {
	m := len(f.last)
	for k := range mean {
		mean[k] = f.last[(f.next+k)%m]
		deviation[k] = math.Sqrt(f.squares * float64(k/m+1))
	}
}
