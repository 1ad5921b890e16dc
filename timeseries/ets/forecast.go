package ets

import "math"

// Forecast is what a model expects of the next steps.
type Forecast struct {
	Mean      []float64
	StdDev    []float64   // of what will be read, parameters taken as known
	Quantiles [][]float64 // for each quantile asked for, in that order
}

// Forecast forecasts h steps, with the given quantiles (0..1) of a normal
// distribution. The model is not changed.
func (m *Model) Forecast(h int, quantiles ...float64) Forecast {
	f := Forecast{Mean: make([]float64, h), StdDev: m.spread(h), Quantiles: make([][]float64, len(quantiles))}
	s := m.State.clone()
	for i := range f.Mean {
		f.Mean[i] = s.update(m.Spec, m.Params, math.NaN())
	}
	for i, q := range quantiles {
		z := math.Sqrt2 * math.Erfinv(2*q-1)
		f.Quantiles[i] = make([]float64, h)
		for j, mean := range f.Mean {
			f.Quantiles[i][j] = mean
			if sd := f.StdDev[j]; sd > 0 && z != 0 {
				f.Quantiles[i][j] += z * sd
			}
		}
	}
	return f
}

// Update takes in one more reading, NaN for a missing one, and returns what was
// forecast for it. Parameters and Sigma stay as they were fitted. A model with
// multiplicative parts takes a reading that is not above 0 as missing.
func (m *Model) Update(y float64) (forecast float64) {
	if multiplicative := m.Spec.Error == Multiplicative || m.Spec.Season == Multiplicative; multiplicative && y <= 0 || math.IsInf(y, 0) {
		y = math.NaN()
	}
	return m.State.update(m.Spec, m.Params, y)
}

// spread returns the standard deviations of the next h steps.
func (m *Model) spread(h int) []float64 {
	if m.Spec.Error == Additive {
		return m.spreadAdditive(h)
	}
	return m.spreadMultiplicative(h)
}

// effects is c_1..c_h: what an error does to the forecast j steps later, relative to
// the error; without the part of the season when that is a factor.
func (m *Model) effects(h int) []float64 {
	c := make([]float64, h+1)
	fading, sum := 1.0, 0.0
	for j := 1; j <= h; j++ {
		fading *= m.Params.Phi
		sum += fading
		c[j] = m.Params.Alpha + m.Params.Beta*sum
		if m.Spec.Season == Additive && j%m.Spec.Period == 0 {
			c[j] += m.Params.Gamma
		}
	}
	return c
}

// spreadAdditive is class 1: v_h = σ²(1 + Σ c_j², j < h).
func (m *Model) spreadAdditive(h int) []float64 {
	sd := make([]float64, h)
	c, sum := m.effects(h), 1.0
	for i := range sd {
		sum += c[i] * c[i]
		sd[i] = m.Sigma * math.Sqrt(sum)
	}
	return sd
}

// spreadMultiplicative is class 2, v_h = (1+σ²)θ_h - μ_h² with θ_h = μ_h² + σ² Σ c_j²
// θ_(h-j), where μ is without a season that is a factor. With one (class 3), an error
// also changes the season of the same step one and more periods later, in proportion
// γ; what it does there adds to c_j before squaring. That is right to first order in
// σ², and exact within a period. Everything is in units of the largest μ.
func (m *Model) spreadMultiplicative(h int) []float64 {
	means, factors := m.partsAhead(h)
	unit := 0.0
	for _, mu := range means {
		unit = max(unit, math.Abs(mu))
	}
	if unit == 0 {
		return make([]float64, h)
	}
	variance := m.Sigma * m.Sigma
	c := m.effects(h)
	theta, sd := make([]float64, h), make([]float64, h)
	for i := range sd {
		mu := means[i] / unit
		level, whole := 0.0, 0.0 // sums of squared effects, without and with the season's
		for j := 1; j <= i; j++ {
			effect := c[j] * math.Sqrt(theta[i-j])
			level += effect * effect
			if m.Spec.Season == Multiplicative && j%m.Spec.Period == 0 {
				effect += m.Params.Gamma * math.Abs(mu)
			}
			whole += effect * effect
		}
		theta[i] = mu*mu + variance*level
		// (1+σ²)(μ²+σ²Σ) - μ², without the difference of nearly equal squares
		v := variance * (whole + mu*mu + variance*whole)
		sd[i] = unit * math.Abs(factors[i]) * math.Sqrt(v)
	}
	return sd
}

// partsAhead returns the forecast of the next h steps as a product: of what a class 2
// model would forecast, and the season where that is a factor.
func (m *Model) partsAhead(h int) (means, factors []float64) {
	means, factors = make([]float64, h), make([]float64, h)
	s := m.State.clone()
	for i := range means {
		factors[i] = 1
		if m.Spec.Season == Multiplicative {
			factors[i] = s.season()
		}
		q, mu := s.expected(m.Spec, m.Params)
		if means[i] = mu; m.Spec.Season == Multiplicative {
			means[i] = q
		}
		s.advance(m.Spec, m.Params, math.NaN(), q)
	}
	return means, factors
}
