package arima

import (
	"fmt"
	"math"
)

// Forecast is what a model expects of the next steps.
type Forecast struct {
	Mean      []float64
	StdDev    []float64   // of what will be read, coefficients taken as known; +Inf where nothing tells the level
	Quantiles [][]float64 // for each quantile asked for, in that order
}

// Forecast forecasts h steps, with the given quantiles (0..1) of a normal distribution.
// x has, for each regressor, its values at these steps. The model is not changed. The error
// is of h below 0, or [ErrRegressors].
func (m *Model) Forecast(h int, x [][]float64, quantiles ...float64) (Forecast, error) {
	if h < 0 {
		return Forecast{}, fmt.Errorf("arima: cannot forecast %d steps", h)
	}
	if len(x) != len(m.Spec.Names) {
		return Forecast{}, fmt.Errorf("arima: %w: %d given for the forecast, the model has %d: %q", ErrRegressors, len(x), len(m.Spec.Names), m.Spec.Names)
	}
	for i, column := range x {
		if len(column) < h || !finite(column[:h]) {
			return Forecast{}, fmt.Errorf("arima: %w: %q needs %d finite values for the forecast", ErrRegressors, m.Spec.Names[i], h)
		}
	}
	out := Forecast{Mean: make([]float64, h), StdDev: make([]float64, h), Quantiles: make([][]float64, len(quantiles))}
	state := m.State.clone()
	f := resume(m.polynomials(), &state, 1)
	values := make([]float64, len(x))
	missing := []float64{math.NaN()}
	for i := range out.Mean {
		for j, column := range x {
			values[j] = column[i]
		}
		out.Mean[i] = f.expected(f.Mean) + m.regression(f.Steps, values)
		out.StdDev[i] = math.Inf(1)
		if v, known := f.ahead(missing); known {
			out.StdDev[i] = m.Sigma * math.Sqrt(v)
		}
	}
	for i, q := range quantiles {
		z := math.Sqrt2 * math.Erfinv(2*q-1)
		out.Quantiles[i] = make([]float64, h)
		for j, mean := range out.Mean {
			out.Quantiles[i][j] = mean
			if z != 0 {
				out.Quantiles[i][j] += z * out.StdDev[j]
			}
		}
	}
	return out, nil
}

// ahead goes on a step without a reading. It returns the variance of what would be
// read, and whether it is finite.
func (f *filter) ahead(missing []float64) (variance float64, known bool) {
	if f.Start > 0 || f.Diffuse != nil && f.infiniteReading() > 1e-9 {
		f.step(missing)
		return 0, false
	}
	variance, _ = f.step(missing)
	return variance, true
}

// regression is what the regressors contribute at a step.
func (m *Model) regression(step int, x []float64) float64 {
	sum, b := 0.0, m.Coef[m.Spec.arma():]
	if m.Spec.Mean {
		sum += b[0]
		b = b[1:]
	}
	if m.Spec.Drift {
		sum += b[0] * float64(step+1)
		b = b[1:]
	}
	for i, v := range x {
		sum += b[i] * v
	}
	return sum
}

func (m *Model) polynomials() model { return m.Spec.model(m.Coef[:m.Spec.arma()]) }

// Update takes in one more reading, NaN for a missing one, with the values of the
// regressors at its step, and returns what was forecast for it. Coefficients and Sigma
// stay as they were fitted. The time does not depend on how many readings there were,
// and after the first call nothing is allocated. It panics when x has not a value for
// each regressor.
func (m *Model) Update(y float64, x ...float64) (forecast float64) {
	if len(x) != len(m.Spec.Names) {
		panic(fmt.Sprintf("arima: Update with %d values for the regressors %q", len(x), m.Spec.Names))
	}
	if m.run == nil || m.run.State != &m.State {
		m.run = resume(m.polynomials(), &m.State, 1)
	}
	effect := m.regression(m.State.Steps, x)
	forecast = m.run.expected(m.State.Mean) + effect
	if y -= effect; math.IsInf(y, 0) {
		y = math.NaN()
	}
	m.run.reading1[0] = y
	m.run.step(m.run.reading1[:])
	return forecast
}
