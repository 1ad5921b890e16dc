package arima

import (
	"fmt"
	"math"
)

// model makes the model at coef: everything that is reported, and the state.
func (s *search) model(method Method) (Model, error) {
	way := exact
	switch {
	case method == CSS:
		way = conditional
	case s.prior > 0 && s.diff.degree() > 0:
		way = withPrior
	}
	arma := s.coef
	if !s.evaluate(arma, way) {
		return Model{}, fmt.Errorf("arima: %w", ErrUnstable)
	}
	b, variance, ok := s.sums.estimate()
	if !ok {
		return Model{}, fmt.Errorf("arima: %w", ErrConstant)
	}
	m := Model{Spec: s.spec, Coef: append(append([]float64{}, arma...), s.coefficients(b)...)}
	m.Cov = s.covariance(b, way)
	m.N = s.count - s.diff.degree()
	logLik := 0.0
	if way == conditional {
		m.Residual = s.conditionalResiduals(b)
		logLik = -0.5 * float64(m.N) * (math.Log(2*math.Pi) + 1 + math.Log(variance))
	}

	// From here on one column: the series less its regression.
	for t := range s.columns[0] {
		for j, c := range b {
			s.columns[0][t] -= c * s.columns[j+1][t]
		}
	}
	s.columns = s.columns[:1]
	s.sums = newMoments(1)
	f := newFilter(s.spec.model(arma), 1, s.prior)
	if f == nil {
		return Model{}, fmt.Errorf("arima: %w", ErrUnstable)
	}
	residual := make([]float64, len(s.columns[0]))
	for t, y := range s.columns[0] {
		v, counts := f.step([]float64{y})
		switch {
		case y != y:
			residual[t] = y
		case v > 0 && (counts || s.prior > 0):
			residual[t] = f.now[0] / math.Sqrt(v)
		}
		if counts && (s.prior == 0 || v < maxGain) {
			s.sums.now[0] = f.now[0]
			s.sums.add(v, 1/v)
		}
	}
	if way != conditional {
		if _, variance, ok = s.sums.estimate(); !ok {
			return Model{}, fmt.Errorf("arima: %w", ErrConstant)
		}
		logLik = s.sums.logLik(variance)
		m.Residual = residual
	}
	if _, n := s.left(); n == 0 && variance <= rounding { // with gaps between all readings only the fit can tell
		return Model{}, fmt.Errorf("arima: %w", ErrConstant)
	}
	if !finite([]float64{logLik, variance}) || !finite(f.Mean) || !f.sound() {
		return Model{}, fmt.Errorf("arima: %w", ErrUnstable)
	}
	s.unscale(&m, f, variance, logLik)
	return m, nil
}

// coefficients are those of all regressors, in their own units.
func (s *search) coefficients(b []float64) []float64 {
	all := append([]float64{}, s.base...)
	for i, c := range s.unmix(b) {
		all[s.problem.free[i]] += c
	}
	for j := range all {
		all[j] = math.Ldexp(all[j], s.exponent-s.sizes[j])
	}
	return all
}

// unscale fills in what depends on the unit of the series.
func (s *search) unscale(m *Model, f *filter, variance, logLik float64) {
	m.Sigma = math.Ldexp(math.Sqrt(variance), s.exponent)
	m.Sigma2 = math.Ldexp(variance, 2*s.exponent)
	for t := range m.Residual {
		m.Residual[t] = math.Ldexp(m.Residual[t], s.exponent)
	}
	m.State = *f.State
	for i := range m.State.Mean {
		if i >= f.r {
			m.State.Mean[i] += s.shift
		}
		m.State.Mean[i] = math.Ldexp(m.State.Mean[i], s.exponent)
	}
	if m.State.Steady {
		clear(m.State.Cov)
	}
	n, k := float64(m.N), float64(s.free+len(s.problem.free)+1)
	m.LogLik = logLik - n*float64(s.exponent)*math.Ln2
	m.AIC = -2*m.LogLik + 2*k
	m.AICc = math.Inf(1)
	if n > k+1 {
		m.AICc = m.AIC + 2*k*(k+1)/(n-k-1)
	}
	m.BIC = -2*m.LogLik + k*math.Log(n)
}

// conditionalResiduals are those of a conditional fit, 0 for the first ones.
func (s *search) conditionalResiduals(b []float64) []float64 {
	e := s.conditionalSum.errors
	all := make([]float64, len(s.columns[0]))
	tail := all[len(all)-len(e[0]):]
	for t := range tail {
		tail[t] = e[0][t]
		for j, c := range b {
			tail[t] -= c * e[j+1][t]
		}
	}
	for t, y := range s.columns[0] {
		if y != y {
			all[t] = y
		}
	}
	return all
}
