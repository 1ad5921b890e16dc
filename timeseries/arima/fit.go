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
	s := newSearch(p, fixed[:arma])
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
func (s *search) negLogLik(x []float64, exact bool) float64 {
	s.point(x)
	if !s.evaluate(s.coef, exact) {
		return math.Inf(1)
	}
	_, variance, ok := s.sums.estimate()
	if !ok {
		return math.Inf(1)
	}
	value := float64(s.sums.n) * math.Log(variance)
	if exact {
		value += s.sums.logDet()
	}
	if value != value {
		return math.Inf(1)
	}
	return value / 2
}

// fit leaves the best coefficients in coef. It starts at x when that is set.
func (s *search) fit(method Method) error {
	exact := func(x []float64) float64 { return s.negLogLik(x, true) }
	conditional := func(x []float64) float64 { return s.negLogLik(x, false) }
	if method == CSS {
		if s.x == nil {
			s.x = make([]float64, s.free)
		}
		return s.found(s.minimise(conditional, s.x, fine))
	}
	starts := [][]float64{make([]float64, s.free)}
	if s.x != nil {
		starts = append(starts, s.x)
	}
	if s.conditions()+s.diff.degree()+len(s.coef)+len(s.columns) < s.count {
		for _, x := range s.scatter() {
			s.minimise(conditional, x, coarse)
			starts = append(starts, x)
		}
	}
	s.x = s.tournament(exact, starts)
	return s.found(s.minimise(exact, s.x, fine))
}

// Expected gains of log-likelihood at which a search ends: where it still has to be
// compared with others, and at its end.
const (
	coarse = 1e-2
	fine   = 1e-7
)

func (s *search) minimise(f func([]float64) float64, x []float64, tolerance float64) float64 {
	return minimise(f, x, float64(s.count), tolerance, 100, s.stop)
}

// scatter is where the search by the conditional sum of squares begins: at zeros, and
// for models that may have several maxima (three coefficients or more) elsewhere too, by
// an additive recurrence with the roots of x^(k+1) = x + 1 (Roberts 2018).
func (s *search) scatter() [][]float64 {
	starts := [][]float64{make([]float64, s.free)}
	if s.free < 3 {
		return starts
	}
	root := 2.0
	for range 30 {
		root = math.Pow(1+root, 1/float64(s.free+1))
	}
	for i := range scattered {
		x := make([]float64, s.free)
		for j := range x {
			_, part := math.Modf(0.5 + float64(i+1)*math.Pow(root, -float64(j+1)))
			x[j] = 2.4*part - 1.2
		}
		starts = append(starts, x)
	}
	return starts
}

const scattered = 6

// tournament returns the best of some points, after the most promising have moved on.
func (s *search) tournament(f func([]float64) float64, starts [][]float64) []float64 {
	values := make([]float64, len(starts))
	order := make([]int, len(starts))
	for i, x := range starts {
		values[i], order[i] = f(x), i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(values[a], values[b]) })
	best := order[0]
	entered := []int{}
	for _, i := range order {
		if len(entered) == entrants || math.IsInf(values[i], 1) {
			break
		}
		if slices.ContainsFunc(entered, func(j int) bool { return near(starts[i], starts[j]) }) {
			continue
		}
		entered = append(entered, i)
	}
	if len(entered) > 1 {
		for _, i := range entered {
			starts[i] = slices.Clone(starts[i])
			if values[i] = s.minimise(f, starts[i], coarse); values[i] < values[best] {
				best = i
			}
		}
	}
	return starts[best]
}

const entrants = 3

func near(x, y []float64) bool {
	for i := range x {
		if math.Abs(x[i]-y[i]) > 0.1 {
			return false
		}
	}
	return true
}

// found sets coef to the point found.
func (s *search) found(value float64) error {
	s.point(s.x)
	if math.IsInf(value, 0) || value != value {
		return fmt.Errorf("arima: %w", ErrUnstable)
	}
	return nil
}
