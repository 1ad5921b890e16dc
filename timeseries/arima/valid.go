package arima

import "fmt"

// Valid returns an error that tells what is wrong with a model read from outside, and nil
// for one that Fit or Choose returned. The zero model is not valid. The methods of a model
// that is not valid may panic.
func (m *Model) Valid() error {
	if err := m.Spec.check(); err != nil {
		return err
	}
	if want := len(m.Spec.coefficients()); len(m.Coef) != want {
		return fmt.Errorf("arima: %v has %d coefficients, not %d", m.Spec, len(m.Coef), want)
	}
	if !finite(m.Coef) || !finite([]float64{m.Sigma}) || m.Sigma < 0 {
		return fmt.Errorf("arima: %v has coefficients %g and sigma %g", m.Spec, m.Coef, m.Sigma)
	}
	if len(m.Cov) != len(m.Coef) {
		return fmt.Errorf("arima: %v has a covariance of %d coefficients, not %d", m.Spec, len(m.Cov), len(m.Coef))
	}
	for i, row := range m.Cov {
		if len(row) != len(m.Coef) {
			return fmt.Errorf("arima: %v has %d covariances of coefficient %d, not %d", m.Spec, len(row), i, len(m.Coef))
		}
	}
	p, s := m.polynomials(), &m.State
	size := p.r + p.slots
	if len(s.Mean) != size || len(s.Missing) != p.slots || len(s.Cov) != size*size {
		return fmt.Errorf("arima: %v has a state of %d, %d and %d numbers, not %d, %d and %d",
			m.Spec, len(s.Mean), len(s.Missing), len(s.Cov), size, p.slots, size*size)
	}
	if s.Diffuse != nil && len(s.Diffuse) != p.slots*p.slots {
		return fmt.Errorf("arima: %v has a diffuse state of %d numbers, not %d", m.Spec, len(s.Diffuse), p.slots*p.slots)
	}
	if s.Steps < 0 || s.Start < 0 || s.Start > p.slots {
		return fmt.Errorf("arima: %v is at step %d with %d readings to come", m.Spec, s.Steps, s.Start)
	}
	if !finite(s.Mean) || !finite(s.Cov) || !finite(s.Diffuse) {
		return fmt.Errorf("arima: %v has a state that is not finite", m.Spec)
	}
	return nil
}
