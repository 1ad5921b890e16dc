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
	Exact       bool  // compare exact likelihoods also for more than 150 readings or 12 steps in a season

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

// Choose chooses a model by the algorithm of Hyndman, Khandakar (2008). See the package
// comment.
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
	best        Candidate
	stopped     bool
	prior       float64 // of the last fit
}

func newChooser(y []float64, cfg ChooseConfig) (*chooser, error) {
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
	count := len(present(c.y))
	if c.way = conditional; cfg.Exact || count <= 150 && cfg.Period <= 12 {
		c.way = exact
	}
	return c, c.difference()
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

// try fits a model unless that was done, and says whether it is the best so far.
func (c *chooser) try(s Spec) bool {
	if c.stopped || slices.ContainsFunc(c.tried, func(t Candidate) bool { return t.Spec.equal(s) }) {
		return false
	}
	now := Candidate{Spec: s, Exact: c.way == exact, Value: math.Inf(1)}
	var point []float64
	if fitted, err := c.fit(s, c.way, c.nested(s), coarse); err == nil {
		now.Value, point = fitted.criterion(c.cfg.Criterion, exact), fitted.x
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

// criterion of the fit; +Inf with a root near the unit circle.
func (s *search) criterion(criterion Criterion, w way) float64 {
	if !s.apart() {
		return math.Inf(1)
	}
	if !s.evaluate(s.coef, w) {
		return math.Inf(1)
	}
	_, variance, ok := s.sums.estimate()
	if !ok {
		return math.Inf(1)
	}
	n, k := float64(s.count-s.diff.degree()), float64(s.free+len(s.problem.free)+1)
	value := n*(math.Log(2*math.Pi*variance)+1+2*float64(s.exponent)*math.Ln2) + 2*k
	if w != conditional {
		value += s.sums.logDet()
	}
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

// stepwise starts from four models and goes to the first better one next to the best,
// until there is none. Beyond Hyndman and Khandakar it then looks at the longest
// autoregression and moving average, and at some between them, from where there may be a way on.
func (c *chooser) stepwise() {
	m, s, constant := c.cfg.Max, c.cfg.SeasonalMax, c.allowsConstant()
	start := func(p, q, sp, sq int, constant bool) {
		c.try(c.spec(min(p, m.P), min(q, m.Q), min(sp, s.P), min(sq, s.Q), constant))
	}
	start(2, 2, 1, 1, constant)
	start(0, 0, 0, 0, constant)
	start(1, 0, 1, 0, constant)
	start(0, 1, 0, 1, constant)
	if constant {
		start(0, 0, 0, 0, false)
	}
	for {
		for c.step() {
		}
		at, found := c.best.Spec, false
		for _, far := range [][2]int{{5, 0}, {4, 2}, {3, 3}, {2, 4}, {0, 5}} {
			far = [2]int{far[0] * m.P / 5, far[1] * m.Q / 5}
			if c.try(c.spec(far[0], far[1], at.Seasonal.P, at.Seasonal.Q, at.Mean || at.Drift)) {
				found = true
			}
		}
		if !found {
			return
		}
	}
}

// step tries what is next to the best model: seasonal orders first, then the others,
// each by one, and then the constant.
func (c *chooser) step() bool {
	at := c.best.Spec
	if math.IsInf(c.best.Value, 1) {
		return false
	}
	m, s := c.cfg.Max, c.cfg.SeasonalMax
	constant := at.Mean || at.Drift
	moves := [][2]int{{-1, 0}, {0, -1}, {1, 0}, {0, 1}, {-1, -1}, {-1, 1}, {1, -1}, {1, 1}}
	for _, by := range moves {
		p, q := at.Seasonal.P+by[0], at.Seasonal.Q+by[1]
		if min(p, q) >= 0 && p <= s.P && q <= s.Q && c.try(c.spec(at.Order.P, at.Order.Q, p, q, constant)) {
			return true
		}
	}
	for _, by := range moves {
		p, q := at.Order.P+by[0], at.Order.Q+by[1]
		if min(p, q) >= 0 && p <= m.P && q <= m.Q && c.try(c.spec(p, q, at.Seasonal.P, at.Seasonal.Q, constant)) {
			return true
		}
	}
	return c.allowsConstant() && c.try(c.spec(at.Order.P, at.Order.Q, at.Seasonal.P, at.Seasonal.Q, !constant))
}

// all tries every model with at most MaxTerms coefficients, simple ones first.
func (c *chooser) all() {
	m, s := c.cfg.Max, c.cfg.SeasonalMax
	for terms := 0; terms <= c.cfg.MaxTerms; terms++ {
		for sp := 0; sp <= min(s.P, terms); sp++ {
			for sq := 0; sq <= min(s.Q, terms-sp); sq++ {
				for p := 0; p <= min(m.P, terms-sp-sq); p++ {
					q := terms - sp - sq - p
					if q > m.Q {
						continue
					}
					if c.allowsConstant() {
						c.try(c.spec(p, q, sp, sq, true))
					}
					c.try(c.spec(p, q, sp, sq, false))
				}
			}
		}
	}
}

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
			one.Value, point = fitted.criterion(c.cfg.Criterion, exact), fitted.x
			if math.IsInf(one.Value, 1) {
				break
			}
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
