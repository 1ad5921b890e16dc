// Package naive forecasts that the next season will be as the last one was. It is the yardstick for every other model.
package naive

import (
	"context"
	"errors"
	"math"

	"github.com/foreshock-io/foreshock/forecast"
	"github.com/foreshock-io/foreshock/timeseries/robust"
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
// forecast for step h is the last known value of the same phase. The quantiles are those of the past errors of the same method, which grow with the root of the
// number of seasons ahead (§5.5). Without a season, m is 1. The longest period is used that was seen twice.
type Model struct{}

// Name is "naive".
func (Model) Name() string { return forecast.Yardstick }

// Predict implements [forecast.Model].
func (Model) Predict(_ context.Context, h forecast.History, steps int, levels []float64) ([]float64, [][]float64, error) {
	m := 1
	for _, p := range h.Periods {
		if p > 0 && len(h.Values) >= 2*p {
			m = p
		}
	}
	var errs []float64
	for i := m; i < len(h.Values); i++ {
		if e := h.Values[i] - h.Values[i-m]; !math.IsNaN(e) {
			errs = append(errs, e)
		}
	}
	if len(errs) < 2 {
		return nil, nil, errors.New("too few steps are known")
	}
	mean := make([]float64, steps)
	for k := range mean {
		x, ok := lastOfPhase(h.Values, m, k)
		if !ok {
			return nil, nil, errors.New("a phase of the season was never seen")
		}
		mean[k] = x
	}
	quantiles := make([][]float64, len(levels))
	for i, level := range levels {
		quantiles[i] = make([]float64, steps)
		e := robust.Quantile(errs, level)
		for k := range steps {
			quantiles[i][k] = max(0, mean[k]+e*math.Sqrt(float64(k/m+1)))
		}
	}
	return mean, quantiles, nil
}

// lastOfPhase is the last known value of the phase of step k after the end.
func lastOfPhase(x []float64, m, k int) (float64, bool) {
	for i := len(x) + k%m - m; i >= 0; i -= m {
		if !math.IsNaN(x[i]) {
			return x[i], true
		}
	}
	return 0, false
}
