package ets

import (
	"math"
	"math/rand/v2"
	"slices"
)

// Forecast is what a model expects of the next steps.
type Forecast struct {
	Mean      []float64
	StdDev    []float64   // of what will be read, parameters taken as known
	Quantiles [][]float64 // for each quantile asked for, in that order
}

// Forecast forecasts h steps, with the given quantiles (0..1) of a normal
// distribution. The model is not changed. It panics when h is negative.
func (m *Model) Forecast(h int, quantiles ...float64) Forecast {
	var f Forecast
	switch {
	case m.Spec.Season == Multiplicative:
		f.Mean, f.StdDev = m.momentsOfProducts(h)
	case m.Spec.Error == Multiplicative:
		f.Mean = m.continued(h)
		f.StdDev = m.spreadMultiplicative(f.Mean, m.effects(h))
	default:
		f.Mean, f.StdDev = m.continued(h), m.spreadAdditive(m.effects(h))
	}
	f.Quantiles = normalQuantiles(f.Mean, f.StdDev, quantiles)
	return f
}

// Simulate draws a path of the next h steps, for what quantiles of single steps do not tell: the sum or the peak of a horizon. It uses the storage of
// dst when that suffices. The model is not changed. It panics when h is negative.
func (m *Model) Simulate(rng *rand.Rand, dst []float64, h int) []float64 {
	dst = slices.Grow(dst[:0], h)[:h]
	s := m.State.clone()
	for i := range dst {
		q, mu := s.expected(m.Spec, m.Params)
		e := m.Sigma * rng.NormFloat64()
		if m.Spec.Error == Multiplicative {
			e *= mu
		}
		dst[i] = mu + e
		s.advance(m.Spec, m.Params, dst[i], q)
	}
	return dst
}

// continued is the forecast without further errors.
func (m *Model) continued(h int) []float64 {
	mean := make([]float64, h)
	s := m.State.clone()
	for i := range mean {
		mean[i] = s.update(m.Spec, m.Params, math.NaN())
	}
	return mean
}

func normalQuantiles(mean, sd, quantiles []float64) [][]float64 {
	all := make([][]float64, len(quantiles))
	for i, q := range quantiles {
		z := math.Sqrt2 * math.Erfinv(2*q-1)
		all[i] = make([]float64, len(mean))
		for j := range mean {
			all[i][j] = mean[j]
			if sd[j] > 0 && z != 0 {
				all[i][j] += z * sd[j]
			}
		}
	}
	return all
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

// effects is c_1..c_h: what an error does to the forecast j steps later, relative to
// the error.
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
func (m *Model) spreadAdditive(c []float64) []float64 {
	sd, sum := make([]float64, len(c)-1), 1.0
	for i := range sd {
		sum += c[i] * c[i]
		sd[i] = m.Sigma * math.Sqrt(sum)
	}
	return sd
}

// spreadMultiplicative is class 2: v_h = (1+σ²)θ_h - μ_h² with θ_h = μ_h² + σ² Σ c_j²
// θ_(h-j), in units of the largest μ.
func (m *Model) spreadMultiplicative(means, c []float64) []float64 {
	theta, sd := make([]float64, len(means)), make([]float64, len(means))
	unit := 0.0
	for _, mu := range means {
		unit = max(unit, math.Abs(mu))
	}
	if unit == 0 {
		return sd
	}
	variance := m.Sigma * m.Sigma
	for i := range sd {
		mu, sum := means[i]/unit, 0.0
		for j := 1; j <= i; j++ {
			sum += c[j] * c[j] * theta[i-j]
		}
		theta[i] = mu*mu + variance*sum
		// (1+σ²)(μ²+σ²Σ) - μ², without the difference of nearly equal squares
		sd[i] = unit * math.Sqrt(variance*(sum+mu*mu+variance*sum))
	}
	return sd
}
