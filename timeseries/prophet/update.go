package prophet

import "fmt"

// LogPosterior is the log density of the posterior, up to a constant, of the model's parameters, whatever they were set to, given a history
// in the units of the model.
func (m *Model) LogPosterior(rows Rows, values []float64) (float64, error) {
	p, _, err := m.given(rows, values)
	if err != nil {
		return 0, err
	}
	return p.logPosterior(m.Params, len(p.y), p.evaluate(m.Params)), nil
}

// Update returns a model that has taken in further readings as well. Scales, changepoints and seasonalities stay as they were fitted,
// and the cost does not depend on the length of the history. When growth is linear or flat and all components are additive the parameters are
// exactly those that a fit of all readings with these scales would find; otherwise they are one step of Gauss-Newton away.
func (m *Model) Update(rows Rows, values []float64) (*Model, error) {
	p, use, err := m.given(rows, values)
	if err != nil {
		return nil, err
	}
	x := p.vector(m.Params)
	if m.Moments == nil || len(m.Moments.Cross) != len(x) || len(m.Moments.Gram) != len(x)*len(x) {
		return nil, fmt.Errorf("prophet: %w: the model has no moments to update; fit it anew", ErrConfig)
	}
	if len(use) == 0 {
		return m, nil
	}
	mo := m.Moments.clone()
	p.evaluate(m.Params)
	mo.add(p, true)
	next := p.best(mo, x, 1, 0)
	for damping := 1e-3; p.growth == Logistic && !(next[0]*x[0] > 0) && damping < 1e9; damping *= 10 {
		next = p.best(mo, x, m.Params.Sigma, damping)
	}
	mo.move(difference(next, x))
	updated := *m
	updated.Params, updated.Moments, updated.Readings = p.params(next), mo, mo.Readings
	updated.Params.Sigma = bestSigma(mo.Readings, mo.Squares)
	updated.MaxLogPosterior = p.logPosterior(updated.Params, mo.Readings, mo.Squares)
	if last := rows.Times[use[len(use)-1]]; last.After(m.Last) {
		updated.Last = last
	}
	if err := updated.Valid(); err != nil {
		return nil, err
	}
	return &updated, nil
}

// given makes the problem of a history that comes with a model.
func (m *Model) given(rows Rows, values []float64) (p *problem, use []int, err error) {
	if err := m.Valid(); err != nil {
		return nil, nil, err
	}
	if use, err = rows.readings(values); err != nil {
		return nil, nil, err
	}
	if err := m.check(rows, use); err != nil {
		return nil, nil, err
	}
	p, err = m.problem(rows, values, use)
	return p, use, err
}
