// Package lags forecasts by a linear regression on the last values, on those of a season ago, and on anomaly scores.
//
// With the values y less their mean,
//
//	y_t = Σ a_l y_(t-l) + Σ b_j x_(j,t) + ε_t,   l = 1, 2, 3, and m-1, m, m+1, 2m for each season of m steps,
//
// where x are the regressors of [forecast.Anomalies], when anomalies were seen. It is an autoregression in which only the lags that matter are free, in the manner of
// a multiplicative seasonal one (Box, Jenkins 1976, ch. 9), so a week of hours is no harder than a day. Coefficients are those of least squares with a
// slight ridge penalty, by the normal equations: one pass over the history. Forecasts of several steps put forecasts in the place of values; their variance is σ² Σ ψ²,
// with ψ the model's response to a single shock.
package lags

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/foreshock-io/foreshock/forecast"
)

// Factory offers this model to configuration files as "lags".
var Factory = forecast.Factory{Name: "lags", New: func(decode func(any) error) (forecast.Model, error) {
	var cfg struct{}
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return Model{}, nil
}}

// ridge is the penalty on a coefficient, as a share of its regressor's sum of squares.
const ridge = 1e-3

// Model is the regression.
type Model struct{}

// Name is "lags".
func (Model) Name() string { return "lags" }

// Variants implements [forecast.Varied].
func (m Model) Variants(periods []int) []forecast.Model {
	if len(periods) == 1 {
		return []forecast.Model{m, weekly{m}}
	}
	return []forecast.Model{m}
}

// weekly is the regression with the lags of seven seasons besides, though no such season was found: what it has of one is little, and may be of use.
type weekly struct{ Model }

// Name is "lags, weekly".
func (weekly) Name() string { return "lags, weekly" }

// Fit implements [forecast.Model].
func (w weekly) Fit(ctx context.Context, s forecast.Series) (forecast.Fitted, error) {
	return w.Model.Fit(ctx, s.TryWeek())
}

// lagsOf is the lags for seasons in a series of n steps, ascending: those that leave half as many rows as they reach back, and more.
func lagsOf(periods []int, n int) []int {
	lags := []int{1, 2, 3}
	for _, p := range periods {
		for _, l := range []int{p - 1, p, p + 1, 2 * p} {
			if l > 3 && 2*n > 3*l {
				lags = append(lags, l)
			}
		}
	}
	slices.Sort(lags)
	return slices.Compact(lags)
}

// Fit implements [forecast.Model].
func (Model) Fit(_ context.Context, s forecast.Series) (forecast.Fitted, error) {
	f := &fitted{lags: lagsOf(s.Periods, len(s.Values))}
	var columns [][]float64
	if anomalies, ok := forecast.NewAnomalies(s.Anomaly); ok {
		all := forecast.Columns(s.Anomaly)
		f.anomalies, columns = &anomalies, all[:]
	}
	count := 0.0
	for _, x := range s.Values {
		if !math.IsNaN(x) {
			count++
			f.mean += (x - f.mean) / count
		}
	}
	sums := forecast.NewLeastSquares(len(f.lags) + len(columns))
	f.rows(s.Values, columns, sums.Add)
	if sums.Count < 3*(len(f.lags)+len(columns)) {
		return nil, errors.New("too few steps are known")
	}
	coef, _, ok := sums.Solve(ridge)
	if !ok {
		return nil, errors.New("the values do not vary enough")
	}
	f.coef, f.effects = coef[:len(f.lags)], coef[len(f.lags):]
	squares := 0.0
	f.rows(s.Values, columns, func(row []float64, y float64) {
		for i, c := range coef {
			y -= c * row[i]
		}
		squares += y * y
	})
	f.sigma = math.Sqrt(squares / float64(sums.Count))
	f.past = make([]float64, f.lags[len(f.lags)-1])
	for _, x := range s.Values {
		f.take(x - f.mean)
	}
	return f, nil
}

// rows calls use for each step of which all is known.
func (f *fitted) rows(values []float64, columns [][]float64, use func(row []float64, y float64)) {
	row := make([]float64, len(f.lags)+len(columns))
next:
	for t := f.lags[len(f.lags)-1]; t < len(values); t++ {
		y := values[t] - f.mean
		if math.IsNaN(y) {
			continue
		}
		for i, l := range f.lags {
			if row[i] = values[t-l] - f.mean; math.IsNaN(row[i]) {
				continue next
			}
		}
		for i, column := range columns {
			row[len(f.lags)+i] = column[t]
		}
		use(row, y)
	}
}

// fitted is the regression with the values that it reaches back to.
type fitted struct {
	lags      []int
	coef      []float64
	anomalies *forecast.Anomalies // nil: not among the regressors
	effects   []float64
	mean      float64
	sigma     float64
	past      []float64 // values less mean, a ring; what was expected where they are missing
	next      int
	path, psi []float64 // storage of Forecast
}

// Update implements [forecast.Fitted].
func (f *fitted) Update(x, anomaly float64) {
	f.take(x - f.mean)
	if f.anomalies != nil {
		f.anomalies.Update(anomaly)
	}
}

// take takes in a value less the mean.
func (f *fitted) take(y float64) {
	n := len(f.past)
	if math.IsNaN(y) {
		y = f.effect(0)
		for i, l := range f.lags {
			y += f.coef[i] * f.past[(f.next-l+n)%n]
		}
	}
	f.past[f.next] = y
	f.next = (f.next + 1) % n
}

// effect is what the regressors add k steps ahead.
func (f *fitted) effect(k int) (sum float64) {
	if f.anomalies == nil {
		return 0
	}
	for i, x := range f.anomalies.Ahead(k) {
		sum += f.effects[i] * x
	}
	return sum
}

// Forecast implements [forecast.Fitted].
func (f *fitted) Forecast(mean, deviation []float64) {
	n := len(f.past)
	f.path = append(append(f.path[:0], f.past[f.next:]...), f.past[:f.next]...)
	f.psi = f.psi[:0]
	variance := 0.0
	for k := range mean {
		y, psi := f.effect(k), 0.0
		if k == 0 {
			psi = 1
		}
		for i, l := range f.lags {
			y += f.coef[i] * f.path[n+k-l]
			if k >= l {
				psi += f.coef[i] * f.psi[k-l]
			}
		}
		f.path, f.psi = append(f.path, y), append(f.psi, psi)
		variance += psi * psi
		mean[k], deviation[k] = y+f.mean, f.sigma*math.Sqrt(variance)
	}
}
