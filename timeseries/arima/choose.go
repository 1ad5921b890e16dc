package arima

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Criterion is what a model should have the least of.
type Criterion uint8

// Criteria.
const (
	AICc Criterion = iota
	AIC
	BIC
)

// ChooseConfig says among which models to choose. The zero value is among those without
// season.
type ChooseConfig struct {
	Period     int // steps in a season; 0 or 1: none
	Regressors []Regressor
	Criterion  Criterion

	Max         Order // highest orders; 0: 5, 2, 5
	SeasonalMax Order // 0: 2, 1, 2
	MaxTerms    int   // highest p+q+P+Q in an exhaustive search; 0: 5
	Stationary  bool  // no differences
	NoConstant  bool  // neither mean nor drift
	Exhaustive  bool  // all models up to MaxTerms; otherwise stepwise
	Exact       bool  // compare exact likelihoods also where that takes long; see the package comment

	PriorVariance float64 // for the model chosen, as in Config; candidates are compared by the exact likelihood

	// Stop ends the search when it returns true; it is asked at each step of each fit. The
	// best model so far is returned, after two or three more evaluations of its likelihood,
	// without standard errors (NaN). Nil: never.
	Stop func() bool
}

// Choice is the model chosen.
type Choice struct {
	Model
	Stopped bool        // the search was ended by Stop
	Tried   []Candidate // in order
}

// Candidate is a model that was tried.
type Candidate struct {
	Spec  Spec
	Value float64 // the criterion; +Inf when it could not be fitted or has a root within 1 % of the unit circle
	Exact bool    // by the likelihood, otherwise by the conditional sum of squares
}

// Choose chooses a model by the algorithm of Hyndman, Khandakar (2008); see the package
// comment. NaN is a missing reading; the model, its Residual and its State.Steps begin with
// the first reading that is there.
func Choose(y []float64, cfg ChooseConfig) (Choice, error) {
	c, err := newChooser(y, cfg)
	if err != nil {
		return Choice{}, err
	}
	if cfg.Exhaustive {
		c.all()
	} else {
		c.stepwise()
	}
	return c.choice()
}

type chooser struct {
	cfg         ChooseConfig
	y           []float64
	d, seasonal int
	way         way
	problems    map[bool]*problem // with and without a constant
	tried       []Candidate
	points      [][]float64 // where the search for each ended
	near        []Candidate // not taken for a root near the unit circle, with the criterion all the same
	best        Candidate
	stopped     bool
	prior       float64 // of the last fit
}

func (c *ChooseConfig) check() error {
	m, s := c.Max, c.SeasonalMax
	switch {
	case min(m.P, m.D, m.Q, s.P, s.D, s.Q, c.MaxTerms) < 0:
		return fmt.Errorf("arima: %w: highest orders %v and %v with %d terms must not be negative; 0 is the default", ErrSpec, m, s, c.MaxTerms)
	case c.Criterion > BIC:
		return fmt.Errorf("arima: %w: criterion must be AICc, AIC or BIC, not %d", ErrSpec, c.Criterion)
	}
	return checkPrior(c.PriorVariance)
}

func newChooser(y []float64, cfg ChooseConfig) (*chooser, error) {
	if err := cfg.check(); err != nil {
		return nil, err
	}
	cfg.Period = max(cfg.Period, 1)
	c := &chooser{cfg: cfg, problems: map[bool]*problem{}, best: Candidate{Value: math.Inf(1)}}
	first := slices.IndexFunc(y, func(v float64) bool { return v == v })
	if first < 0 {
		return nil, fmt.Errorf("arima: %w: all are missing", ErrShort)
	}
	c.y = y[first:]
	c.cfg.Regressors = nil
	for _, r := range cfg.Regressors {
		if len(r.Values) != len(y) {
			return nil, fmt.Errorf("arima: %w: %q has %d values, the series %d", ErrRegressors, r.Name, len(r.Values), len(y))
		}
		c.cfg.Regressors = append(c.cfg.Regressors, Regressor{r.Name, r.Values[first:]})
	}
	c.limit()
	if c.way = conditional; cfg.Exact || c.affordable() {
		c.way = exact
	}
	return c, c.difference()
}

// affordable says whether candidates are compared by their exact likelihood: its time is
// that of the readings times the reach of the model, with gaps times its square. Long series
// without season gain little by it.
func (c *chooser) affordable() bool {
	const most = 5e5
	count, m := len(present(c.y)), c.cfg.Period
	if m == 1 || count <= 150 && m <= 12 {
		return count <= 150
	}
	reach := 1 + max(c.cfg.Max.P+c.cfg.SeasonalMax.P*m, c.cfg.Max.Q+c.cfg.SeasonalMax.Q*m)
	steps := len(c.y) * reach
	if count < len(c.y) {
		steps *= reach
	}
	return steps <= most
}

// limit sets the highest orders: at most a third of the series is looked back at.
func (c *chooser) limit() {
	or := func(n *int, normal int) {
		if *n == 0 {
			*n = normal
		}
	}
	m, s := &c.cfg.Max, &c.cfg.SeasonalMax
	or(&m.P, 5)
	or(&m.D, 2)
	or(&m.Q, 5)
	or(&s.P, 2)
	or(&s.D, 1)
	or(&s.Q, 2)
	or(&c.cfg.MaxTerms, 5)
	third := len(present(c.y)) / 3
	m.P, m.Q = min(m.P, third), min(m.Q, third)
	if c.cfg.Period == 1 {
		*s = Order{}
	}
	most := min(third, MaxReach-m.P-m.Q) / c.cfg.Period
	s.P, s.Q = min(s.P, most), min(s.Q, most)
}

// difference decides on d and D, from the series less its regression.
func (c *chooser) difference() error {
	rest, err := c.rest()
	if err != nil {
		return err
	}
	if c.cfg.Stationary {
		return nil
	}
	if c.cfg.SeasonalMax.D > 0 && SeasonalStrength(rest, c.cfg.Period) > seasonalThreshold {
		c.seasonal = 1
	}
	c.d = differencesNeeded(difference(rest, differences(0, c.seasonal, c.cfg.Period)), c.cfg.Max.D)
	return nil
}

// rest is the series less its regression, scaled.
func (c *chooser) rest() ([]float64, error) {
	p, err := c.prepare(Spec{Period: c.cfg.Period, Mean: true})
	if err != nil {
		return nil, err
	}
	if p.constant() {
		return nil, fmt.Errorf("arima: %w", ErrConstant)
	}
	return p.columns[0], nil
}

func (c *chooser) prepare(spec Spec) (*problem, error) {
	x := make([][]float64, len(c.cfg.Regressors))
	for i, r := range c.cfg.Regressors {
		x[i] = r.Values
		spec.Names = append(spec.Names, r.Name)
	}
	if err := spec.check(); err != nil {
		return nil, err
	}
	fixed := make([]float64, len(spec.regressors()))
	for i := range fixed {
		fixed[i] = math.NaN()
	}
	p, err := newProblem(c.y, spec, x, fixed, c.cfg.PriorVariance > 0)
	if p != nil {
		p.stop = c.cfg.Stop
	}
	return p, err
}

// spec is the model of some orders at the differences decided on.
func (c *chooser) spec(p, q, sp, sq int, constant bool) Spec {
	s := Spec{Order: Order{p, c.d, q}, Seasonal: Order{sp, c.seasonal, sq}, Period: c.cfg.Period}
	s.Mean, s.Drift = constant && c.d+c.seasonal == 0, constant && c.d+c.seasonal == 1
	for _, r := range c.cfg.Regressors {
		s.Names = append(s.Names, r.Name)
	}
	return s
}

func (c *chooser) allowsConstant() bool { return !c.cfg.NoConstant && c.d+c.seasonal <= 1 }

// refits is how many of the best models by the conditional sum of squares are compared by
// their likelihood.
const refits = 3

// choice makes the model of the best candidate. When none could be fitted it is one
// without coefficients, whose level is that of the last readings or of all.
func (c *chooser) choice() (Choice, error) {
	spec, from, ok := c.winner()
	if !ok {
		spec, from = c.spec(0, 0, 0, 0, c.allowsConstant()), nil
	}
	c.prior = c.cfg.PriorVariance
	fitted, err := c.fit(spec, exact, from, fine)
	if err != nil {
		return Choice{}, err
	}
	m, err := fitted.model(ML)
	return Choice{Model: m, Stopped: c.stopped, Tried: c.tried}, err
}

// winner is the candidate with the least of the criterion, and where its search ended. The
// best ones are looked at again, at the maximum of their likelihood: whether they still
// keep away from the unit circle there, and, when they were compared at conditional
// estimates, which is the best.
func (c *chooser) winner() (spec Spec, at []float64, ok bool) {
	list := make([]int, len(c.tried))
	for i := range list {
		list[i] = i
	}
	slices.SortStableFunc(list, func(a, b int) int { return cmp.Compare(c.tried[a].Value, c.tried[b].Value) })
	least, left := math.Inf(1), refits
	if c.way == exact {
		left = 1
	}
	for _, i := range list {
		one, point := c.tried[i], c.points[i]
		if math.IsInf(one.Value, 1) || left == 0 {
			break
		}
		if c.stopped {
			if !ok {
				spec, at, ok = one.Spec, point, true
			}
			break
		}
		one.Exact, one.Value = true, math.Inf(1)
		for _, tolerance := range []float64{coarse, fine} {
			fitted, err := c.fit(one.Spec, exact, point, tolerance)
			if err != nil {
				break
			}
			if !fitted.apart() {
				one.Value = math.Inf(1)
				break
			}
			one.Value, point = fitted.criterion(c.cfg.Criterion), fitted.x
		}
		c.tried = append(c.tried, one)
		if !math.IsInf(one.Value, 1) {
			left--
		}
		if one.Value < least {
			least, spec, at, ok = one.Value, one.Spec, point, true
		}
	}
	return spec, at, ok
}
