package arima

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Method is how a model is fitted.
type Method uint8

// Methods. All keep the autoregression stationary and the moving average invertible.
const (
	ML  Method = iota // exact Gaussian likelihood, from the better of a conditional fit and zeros
	CSS               // conditional sum of squares
)

// Config says what to fit.
type Config struct {
	Order      Order
	Seasonal   Order
	Period     int // steps in a season; of use only with a seasonal order
	Mean       bool
	Drift      bool
	Regressors []Regressor
	Method     Method

	// Fixed are coefficients that are not estimated, by name (see Spec). With all of them
	// fixed, the fit is an evaluation.
	Fixed map[string]float64

	// PriorVariance replaces the exact diffuse start of a differenced series in what is
	// reported and forecast: the readings before the first have mean 0 and this variance, in
	// units of the variance of the innovations. R has 1e6. 0 is exact: the likelihood of
	// the differenced series.
	PriorVariance float64
}

// Regressor is something that the series depends on linearly. A missing value makes the
// reading missing.
type Regressor struct {
	Name   string
	Values []float64 // as long as the series
}

// Model is a fitted model with its present state. It is plain data; the methods that
// change it must not be called concurrently. Copy it with Clone.
type Model struct {
	Spec     Spec
	Coef     []float64   // in the order of Names
	Cov      [][]float64 // of Coef; 0 for fixed ones, NaN where the likelihood is not curved
	Sigma2   float64     // mean square of the standardised innovations
	Sigma    float64     // its root, also where the square overflows
	State    State
	Residual []float64 // standardised innovations; 0 where nothing is forecast, NaN where missing

	N                      int // readings that count for the likelihood
	LogLik, AIC, AICc, BIC float64

	run *filter // of State, made when it is needed
}

// Names are those of the coefficients, as R has them: ar1, ma1, sar1, sma1, intercept,
// drift, and the regressors.
func (m *Model) Names() []string { return m.Spec.coefficients() }

// SE is the standard errors of the coefficients.
func (m *Model) SE() []float64 {
	se := make([]float64, len(m.Coef))
	for i := range se {
		se[i] = math.Sqrt(m.Cov[i][i])
	}
	return se
}

// Clone copies the model.
func (m *Model) Clone() Model {
	c := *m
	c.Coef, c.Residual, c.State, c.run = slices.Clone(m.Coef), slices.Clone(m.Residual), m.State.clone(), nil
	c.Spec.Names = slices.Clone(m.Spec.Names)
	c.Cov = make([][]float64, len(m.Cov))
	for i, row := range m.Cov {
		c.Cov[i] = slices.Clone(row)
	}
	return c
}

// Fit estimates the model that the configuration names. NaN is a missing reading.
func Fit(y []float64, cfg Config) (Model, error) {
	spec := cfg.spec()
	if err := spec.check(); err != nil {
		return Model{}, err
	}
	x := make([][]float64, len(cfg.Regressors))
	for i, r := range cfg.Regressors {
		x[i] = r.Values
	}
	fixed, err := spec.fixed(cfg.Fixed)
	if err != nil {
		return Model{}, err
	}
	arma := spec.arma()
	p, err := newProblem(y, spec, x, fixed[arma:], cfg.PriorVariance > 0)
	if err != nil {
		return Model{}, err
	}
	if p.constant() {
		return Model{}, fmt.Errorf("arima: %w", ErrConstant)
	}
	p.prior = cfg.PriorVariance
	s := newSearch(p, fixed[:arma])
	s.scattered = 10
	if err := s.fit(cfg.Method); err != nil {
		return Model{}, err
	}
	return s.model(cfg)
}

func (c Config) spec() Spec {
	s := Spec{Order: c.Order, Seasonal: c.Seasonal, Period: c.Period, Mean: c.Mean, Drift: c.Drift}
	for _, r := range c.Regressors {
		s.Names = append(s.Names, r.Name)
	}
	return s
}

// fixed puts given coefficients into their order, NaN for the others.
func (s Spec) fixed(given map[string]float64) ([]float64, error) {
	names := s.coefficients()
	fixed := make([]float64, len(names))
	found := 0
	for i, name := range names {
		v, ok := given[name]
		if !ok {
			fixed[i] = math.NaN()
			continue
		}
		if math.IsInf(v, 0) || v != v {
			return nil, fmt.Errorf("arima: %w: coefficient %s is %g", ErrValues, name, v)
		}
		fixed[i] = v
		found++
	}
	if found < len(given) {
		return nil, fmt.Errorf("arima: %w: fixed coefficients %v; %v has %v", ErrSpec, given, s, names)
	}
	return fixed, nil
}

// constant says whether nothing is left of the series once differenced and regressed.
func (p *problem) constant() bool {
	sum, n := 0.0, 0
	for _, v := range difference(p.columns[0], p.diff) {
		if v == v {
			sum += v * v
			n++
		}
	}
	return n > 0 && sum <= float64(n)*1e-28
}

// search looks for the coefficients of the ARMA part.
type search struct {
	*problem
	blocks []block
	coef   []float64 // as given, or at the point that was evaluated last
	free   int
	x      []float64 // variables of coef, once found

	scattered int         // how many starting points, for models that may have several maxima
	accept    func() bool // whether coef will do: otherwise the next best maximum is looked at; may be nil
}

// block is the coefficients of one polynomial. Without fixed ones they are the
// hyperbolic tangents of the search's variables taken as partial autocorrelations, which
// keeps the roots outside the unit circle; with fixed ones they are the variables.
type block struct {
	from, n int
	sign    float64
	fixed   []bool // nil: none
}

func newSearch(p *problem, fixed []float64) *search {
	s := &search{problem: p, coef: slices.Clone(fixed)}
	o, z := p.spec.Order, p.spec.Seasonal
	from := 0
	for i, n := range []int{o.P, o.Q, z.P, z.Q} {
		b := block{from: from, n: n, sign: 1 - 2*float64(i%2)}
		for j, v := range fixed[from : from+n] {
			if v == v {
				if b.fixed == nil {
					b.fixed = make([]bool, n)
				}
				b.fixed[j] = true
			} else {
				s.free++
			}
		}
		from += n
		s.blocks = append(s.blocks, b)
	}
	return s
}

// point sets coef from the variables of the search.
func (s *search) point(x []float64) {
	for _, b := range s.blocks {
		part := s.coef[b.from : b.from+b.n]
		if b.fixed != nil {
			for i, fixed := range b.fixed {
				if !fixed {
					part[i] = x[0]
					x = x[1:]
				}
			}
			continue
		}
		for i := range part {
			part[i] = math.Tanh(x[i])
		}
		x = x[b.n:]
		fromPartial(part, part)
		for i := range part {
			part[i] *= b.sign
		}
	}
}

// negLogLik is what is minimised, up to constants.
func (s *search) negLogLik(x []float64, w way) float64 {
	s.point(x)
	if !s.evaluate(s.coef, w) {
		return math.Inf(1)
	}
	_, variance, ok := s.sums.estimate()
	if !ok {
		return math.Inf(1)
	}
	value := float64(s.sums.n) * math.Log(variance)
	if w != conditional {
		value += s.sums.logDet()
	}
	if value != value {
		return math.Inf(1)
	}
	return value / 2
}

// fit leaves the best coefficients in coef. It starts at x when that is set.
func (s *search) fit(method Method) error {
	way, explore := exact, exact
	switch {
	case method == CSS:
		way, explore = conditional, conditional
	case s.gaps:
		explore = filled
	}
	starts := [][]float64{make([]float64, s.free)}
	if s.x != nil {
		starts = append(starts, s.x)
	}
	starts, sure := s.tournament(explore, s.scatter(starts, way))
	best := math.Inf(1)
	for i, x := range starts {
		if i >= sure && (s.accept == nil || i > sure+1 || s.accept()) {
			break
		}
		if value := s.minimise(way, x, fine); value < best || s.x == nil || i >= sure {
			best, s.x = value, x
		}
		s.point(s.x)
	}
	if way == exact && s.prior > 0 && s.diff.degree() > 0 && math.Abs(s.negLogLik(s.x, withPrior)-best) > 1e-3 {
		best = s.minimise(withPrior, s.x, fine)
	}
	return s.found(best)
}

// Expected gains of log-likelihood at which a search ends: where it still has to be
// compared with others, and at its end.
const (
	coarse = 1e-2
	fine   = 1e-7
)

func (s *search) minimiser(w way) minimiser {
	f := func(x []float64) float64 { return s.negLogLik(x, w) }
	residuals := func(x, dst []float64) (float64, []float64) {
		s.sums.keep = true
		value := f(x)
		s.sums.keep = false
		return value, s.sums.residuals(dst)
	}
	return minimiser{f: f, residuals: residuals, stop: s.stop}
}

// minimise moves x to a minimum near it.
func (s *search) minimise(w way, x []float64, tolerance float64) float64 {
	m := s.minimiser(w)
	m.begin(x)
	m.run(100, tolerance)
	return m.value
}

// scatter adds starting points: where the conditional sum of squares is least, and, for
// models whose likelihood may have several maxima, points of an additive recurrence with
// the roots of x^(k+1) = x + 1 (Roberts 2018).
func (s *search) scatter(starts [][]float64, w way) [][]float64 {
	if w != conditional && s.conditions()+s.diff.degree()+len(s.coef)+len(s.columns) < s.count && s.free > 0 {
		x := slices.Clone(starts[len(starts)-1])
		s.minimise(conditional, x, coarse)
		starts = append(starts, x)
	}
	if !s.severalMaxima() {
		return starts
	}
	if x := s.linear(); x != nil {
		starts = append(starts, x)
	}
	root := 2.0
	for range 30 {
		root = math.Pow(1+root, 1/float64(s.free+1))
	}
	for i := range s.scattered {
		x := make([]float64, s.free)
		for j := range x {
			_, part := math.Modf(0.5 + float64(i+1)*math.Pow(root, -float64(j+1)))
			x[j] = 3*part - 1.5
		}
		starts = append(starts, x)
	}
	return starts
}

// severalMaxima: a pure autoregression has one, and so, as a rule, have single moving
// averages.
func (s *search) severalMaxima() bool {
	o, z := s.spec.Order, s.spec.Seasonal
	return max(o.Q, z.Q) > 1 || o.P+z.P > 0 && o.Q+z.Q > 0
}

// tournament lets all starting points move, and halves their number again and again. It
// returns them with the best ones first, and how many of these should be followed to the
// end: with gaps, over which the tournament is held by interpolation, it may be wrong.
func (s *search) tournament(w way, starts [][]float64) (ordered [][]float64, sure int) {
	sure = 1
	if w == filled {
		sure = 2
	}
	entrants := make([]minimiser, len(starts))
	for i, x := range starts {
		entrants[i] = s.minimiser(w)
		entrants[i].begin(x)
	}
	byValue := func(a, b minimiser) int { return cmp.Compare(a.value, b.value) }
	slices.SortStableFunc(entrants, byValue)
	if s.severalMaxima() {
		all := entrants
		for rounds := 8; len(entrants) > sure; rounds *= 2 {
			for i := range entrants {
				entrants[i].run(rounds, coarse)
			}
			slices.SortStableFunc(entrants, byValue)
			entrants = distinct(entrants)
			entrants = entrants[:(len(entrants)+1)/2]
		}
		slices.SortStableFunc(all, byValue)
		entrants = distinct(all)
	}
	for _, m := range entrants {
		ordered = append(ordered, m.x)
	}
	return ordered, min(sure, len(ordered))
}

// distinct leaves out those that came to the point of a better one.
func distinct(all []minimiser) []minimiser {
	var kept []minimiser
	for _, m := range all {
		same := func(k minimiser) bool {
			for i := range k.x {
				if math.Abs(k.x[i]-m.x[i]) > 0.05 {
					return false
				}
			}
			return true
		}
		if !slices.ContainsFunc(kept, same) {
			kept = append(kept, m)
		}
	}
	return kept
}

// found sets coef to the point found.
func (s *search) found(value float64) error {
	s.point(s.x)
	if math.IsInf(value, 0) || value != value {
		return fmt.Errorf("arima: %w", ErrUnstable)
	}
	return nil
}
