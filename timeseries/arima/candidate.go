package arima

import (
	"fmt"
	"math"
	"slices"
)

// try fits a model unless that was done, and says whether it is the best so far.
func (c *chooser) try(s Spec) bool {
	if c.stopped || slices.ContainsFunc(c.tried, func(t Candidate) bool { return t.Spec.equal(s) }) {
		return false
	}
	now := Candidate{Spec: s, Exact: c.way == exact, Value: math.Inf(1)}
	var point []float64
	if fitted, err := c.fit(s, c.way, c.nested(s), coarse); err == nil {
		now.Value, point = fitted.criterion(c.cfg.Criterion), fitted.x
		if !fitted.apart() {
			c.near = append(c.near, now)
			now.Value = math.Inf(1)
		}
	}
	c.tried, c.points = append(c.tried, now), append(c.points, point)
	if now.Value < c.best.Value {
		c.best = now
		return true
	}
	return false
}

// nested is where the best model so far stands among those of a spec: with partial
// autocorrelations of 0 added, it is the same model.
func (c *chooser) nested(s Spec) []float64 {
	at := slices.IndexFunc(c.tried, func(t Candidate) bool { return t.Spec.equal(c.best.Spec) })
	if at < 0 || c.points[at] == nil {
		return nil
	}
	x := make([]float64, s.arma())
	parts := func(spec Spec, x []float64) [][]float64 {
		ar, ma, sar, sma := spec.blocks(x)
		return [][]float64{ar, ma, sar, sma}
	}
	from := parts(c.best.Spec, c.points[at])
	for i, part := range parts(s, x) {
		copy(part, from[i])
	}
	return x
}

func (s Spec) equal(t Spec) bool {
	return s.Order == t.Order && s.Seasonal == t.Seasonal && s.Mean == t.Mean && s.Drift == t.Drift
}

// fit looks for the coefficients of a model, from a point when one is given.
func (c *chooser) fit(s Spec, w way, from []float64, tolerance float64) (*search, error) {
	constant := s.Mean || s.Drift
	p := c.problems[constant]
	if p == nil {
		var err error
		bare := c.spec(0, 0, 0, 0, constant)
		bare.Names = nil
		if p, err = c.prepare(bare); err != nil {
			return nil, err
		}
		c.problems[constant] = p
	}
	p.spec, p.prior = s, c.prior
	if err := s.check(); err != nil {
		return nil, err
	}
	if err := p.checkLength(w); err != nil {
		return nil, err
	}
	if p.constant() {
		return nil, fmt.Errorf("arima: %w", ErrConstant)
	}
	free := make([]float64, s.arma())
	for i := range free {
		free[i] = math.NaN()
	}
	f := newSearch(p, free)
	f.x, f.tolerance = slices.Clone(from), tolerance
	if tolerance == coarse {
		f.accept = f.apart
	}
	method := ML
	if w == conditional {
		method = CSS
	}
	if err := f.fit(method); err != nil {
		return nil, err
	}
	if c.cfg.Stop != nil && c.cfg.Stop() {
		c.stopped = true
	}
	return f, nil
}

// criterion of the fit.
func (s *search) criterion(criterion Criterion) float64 {
	if !s.evaluate(s.coef, exact) {
		return math.Inf(1)
	}
	_, variance, ok := s.sums.estimate()
	if !ok {
		return math.Inf(1)
	}
	n, k := float64(s.count-s.diff.degree()), float64(s.free+len(s.problem.free)+1)
	value := n*(math.Log(2*math.Pi*variance)+1+2*float64(s.exponent)*math.Ln2) + s.sums.logDet() + 2*k
	switch {
	case criterion == BIC:
		return value + k*(math.Log(n)-2)
	case criterion == AICc && n > k+1:
		return value + 2*k*(k+1)/(n-k-1)
	case criterion == AICc:
		return math.Inf(1)
	}
	return value
}

// apart says whether all roots are farther than 1 % from the unit circle: nearer ones ask
// for another difference, or for one less.
func (s *search) apart() bool {
	const near = 1.01
	ar, ma, sar, sma := s.spec.blocks(s.coef)
	negative := func(x []float64) []float64 {
		y := make([]float64, len(x))
		for i, v := range x {
			y[i] = -v
		}
		return y
	}
	seasonal := math.Pow(near, float64(s.spec.Period))
	return rootsBeyond(ar, near) && rootsBeyond(negative(ma), near) && rootsBeyond(sar, seasonal) && rootsBeyond(negative(sma), seasonal)
}
