package ets

import (
	"fmt"
	"math"
)

// HoltWintersConfig says which of the classical methods to fit. The zero value of all but Period is R's HoltWinters(x).
type HoltWintersConfig struct {
	Period int       // steps in a season; 0 or 1: none
	Trend  Component // Additive (also when Auto) or None
	Season Component // Additive (also when Auto and there is a period), Multiplicative or None

	// Smoothing parameters that are given, each in 0..1; nil: what minimises the squared errors.
	Alpha, Beta, Gamma *float64
}

// HoltWinters is exponential smoothing as Holt (1957) and Winters (1960) have it: simple, with a trend, and with a season.
//
//	forecast  μ = q,  q + s  or  q·s,   q = l + b
//	level     l' = α a + (1-α) q,       a = y, y - s or y/s
//	trend     b' = β (l' - l) + (1-β) b
//	season    s' = γ t + (1-γ) s,       t = y - l' or y/l'
//
// Unless its season is a factor it is a Model of additive errors, with other names for the parameters: see [HoltWinters.Model]. It is plain data; the
// methods that change it must not be called concurrently.
type HoltWinters struct {
	Spec               Spec    // with additive errors
	Alpha, Beta, Gamma float64 // of level, trend and season, 0..1; not used for what the method does not have
	Initial            State   // before reading First
	First              int     // readings that only the initial state is from
	State              State   // after the last reading
	SSE                float64 // sum of the squared errors of the one-step forecasts
	Sigma              float64 // their standard deviation
}

// FitHoltWinters estimates the parameters that are not given by least squares, starting as R's HoltWinters does: a season and the line of the
// trend from the classical decomposition of the first two periods; without season from the first readings. Those
// must be without gaps; later NaN is a missing reading. A multiplicative season is for readings above 0.
func FitHoltWinters(x []float64, cfg HoltWintersConfig) (HoltWinters, error) {
	m := HoltWinters{Spec: cfg.spec()}
	if err := cfg.check(m.Spec); err != nil {
		return m, err
	}
	facts, err := examine(x)
	if err != nil {
		return m, err
	}
	scaled := make([]float64, len(x)) // to at most 1, so that no square overflows
	for i, y := range x {
		scaled[i] = math.Ldexp(y, -facts.exponent)
	}
	if err := m.begin(scaled, facts); err != nil {
		return m, err
	}
	m.estimate(scaled[m.First:], cfg)
	m.filter(scaled[m.First:])
	m.SSE = math.Ldexp(m.SSE, 2*facts.exponent)
	m.Sigma = math.Ldexp(m.Sigma, facts.exponent)
	m.Initial.scale(m.Spec, facts.exponent)
	m.State.scale(m.Spec, facts.exponent)
	if !m.State.usable(m.Spec) || math.IsNaN(m.Sigma) || math.IsInf(m.Sigma, 0) {
		return m, fmt.Errorf("ets: %w: %v of Holt-Winters has no finite state; its season is too uneven", ErrValues, m.Spec)
	}
	return m, nil
}

// usable tells whether forecasts from s are finite.
func (s *State) usable(spec Spec) bool {
	for _, v := range s.Season {
		if !(math.Abs(v) <= math.MaxFloat64) || spec.Season == Multiplicative && !(v > 1e-100) {
			return false
		}
	}
	return math.Abs(s.Level) <= math.MaxFloat64 && math.Abs(s.Trend) <= math.MaxFloat64
}

func (c *HoltWintersConfig) spec() Spec {
	s := Spec{Error: Additive, Trend: c.Trend, Season: c.Season, Period: c.Period}
	if s.Trend == Auto {
		s.Trend = Additive
	}
	if s.Season == Auto {
		if s.Season = Additive; s.Period <= 1 {
			s.Season = None
		}
	}
	return s
}

func (c *HoltWintersConfig) check(s Spec) error {
	switch {
	case s.Trend != None && s.Trend != Additive:
		return fmt.Errorf("ets: Holt-Winters: trend must be None or Additive, not %v", s.Trend)
	case s.Season != None && s.Season != Additive && s.Season != Multiplicative:
		return fmt.Errorf("ets: Holt-Winters: season must be None, Additive or Multiplicative, not %v", s.Season)
	case s.hasSeason() && s.Period < 2:
		return fmt.Errorf("ets: %w: period %d, with a season it must be at least 2", ErrPeriod, s.Period)
	}
	return checkShares(share{"alpha", c.Alpha}, share{"beta", c.Beta}, share{"gamma", c.Gamma})
}

// begin sets the initial state.
func (m *HoltWinters) begin(x []float64, f facts) error {
	first, used := 1, 1 // of simple smoothing
	switch {
	case m.Spec.hasSeason() && m.Spec.Period > len(x)/2:
		return fmt.Errorf("ets: %w: Holt-Winters, %v: %d readings are not two periods of %d", ErrShort, m.Spec, len(x), m.Spec.Period)
	case m.Spec.hasSeason():
		first, used = m.Spec.Period, 2*m.Spec.Period
	case m.Spec.hasTrend():
		first, used = 2, 2
	}
	if len(x) < max(used, first+2) {
		return fmt.Errorf("ets: %w: Holt-Winters, %v: %d readings, %d are needed", ErrShort, m.Spec, len(x), max(used, first+2))
	}
	for i, there := range f.present[:used] {
		if !there {
			return fmt.Errorf("ets: %w: Holt-Winters starts from the first %d readings, and that at %d is missing", ErrValues, used, i)
		}
	}
	if m.Spec.Season == Multiplicative && !f.positive {
		return fmt.Errorf("ets: %w: %v is for values above 0", ErrValues, m.Spec)
	}
	m.First = first
	switch {
	case m.Spec.hasSeason():
		m.Initial = decomposed(m.Spec, x[:used])
	case m.Spec.hasTrend():
		m.Initial = State{Level: x[1], Trend: x[1] - x[0]}
	default:
		m.Initial = State{Level: x[0]}
	}
	return nil
}

// decomposed is the classical decomposition of two periods: the line through their centred moving average, and the season about that.
func decomposed(spec Spec, x []float64) State {
	period := spec.Period
	average := make([]float64, 0, period+1)
	season := make([]float64, period)
	counts := make([]float64, period)
	for i := period / 2; i+period/2 < len(x); i++ {
		a := around(x, i, period)
		average = append(average, a)
		if spec.Season == Multiplicative {
			season[i%period] += x[i] / a
		} else {
			season[i%period] += x[i] - a
		}
		counts[i%period]++
	}
	for i := range season {
		season[i] /= counts[i]
	}
	centreSeason(spec, season)
	value, slope := line(average, len(average))
	s := State{Level: value - slope, Season: season}
	if spec.hasTrend() {
		s.Trend = slope
	}
	return s
}

// parameters are those that the model has, in order; nil for the others.
func (m *HoltWinters) parameters() [3]*float64 {
	p := [3]*float64{&m.Alpha}
	if m.Spec.hasTrend() {
		p[1] = &m.Beta
	}
	if m.Spec.hasSeason() {
		p[2] = &m.Gamma
	}
	return p
}

// estimate sets the parameters. Those that are free are sin²v of an unbounded v, so that 0 and 1 can be reached.
func (m *HoltWinters) estimate(x []float64, cfg HoltWintersConfig) {
	own := m.parameters()
	var free []int
	for i, given := range []*float64{cfg.Alpha, cfg.Beta, cfg.Gamma} {
		switch {
		case own[i] == nil:
		case given != nil:
			*own[i] = *given
		default:
			free = append(free, i)
		}
	}
	if free == nil {
		return
	}
	value := func(v, grad []float64) float64 {
		for i, u := range v {
			*own[free[i]] = math.Sin(u) * math.Sin(u)
		}
		squares, slopes := m.squares(x)
		n := float64(len(x))
		squares += n * 1e-30
		for i, u := range v {
			grad[i] = n * slopes[free[i]] / squares * math.Sin(2*u)
		}
		if f := n * math.Log(squares); f == f {
			return f
		}
		return math.Inf(1)
	}
	least := math.Inf(1)
	var best HoltWinters
	for _, start := range [][3]float64{{0.3, 0.1, 0.1}, {0.1, 0.02, 0.3}, {0.8, 0.02, 0.6}, {0.6, 0.5, 0.9}} {
		v := make([]float64, len(free))
		for i, j := range free {
			v[i] = math.Asin(math.Sqrt(start[j]))
		}
		grad := make([]float64, len(free))
		if math.IsInf(value(v, grad), 0) {
			continue
		}
		if f := minimise(value, v, 200); f < least {
			least = f
			value(v, grad)
			best = *m
		}
	}
	if !math.IsInf(least, 1) {
		*m = best
	}
}

// squares is the sum of squared errors with its derivatives by the three parameters. Those of the state are carried along with it.
func (m *HoltWinters) squares(x []float64) (sum float64, slopes [3]float64) {
	s := m.Initial.clone()
	var level, trend [3]float64
	season := make([][3]float64, max(1, len(s.Season)))
	for _, y := range x {
		q, mu := s.expected(m.Spec, Params{Phi: 1})
		step, at := s.season(), s.Next
		target, toward := m.advance(&s, y, q)
		if y != y {
			for i := range level {
				level[i] += trend[i]
			}
			continue
		}
		muByQ, muByStep, targetByStep, towardByLevel := 1.0, 0.0, 0.0, 0.0
		switch m.Spec.Season {
		case Additive:
			muByStep, targetByStep, towardByLevel = 1, -1, -1
		case Multiplicative:
			muByQ, muByStep, targetByStep, towardByLevel = step, q, -y/(step*step), -y/(s.Level*s.Level)
		}
		e := y - mu
		sum += e * e
		directly := [3]float64{target - q, s.Level - q, toward - step} // by the parameter of each itself
		for i := range slopes {
			dq, dStep := level[i]+trend[i], season[at][i]
			slopes[i] -= 2 * e * (muByQ*dq + muByStep*dStep)
			before := level[i]
			level[i] = m.Alpha*targetByStep*dStep + (1-m.Alpha)*dq
			if i == 0 {
				level[i] += directly[i]
			}
			if m.Spec.hasTrend() {
				trend[i] = m.Beta*(level[i]-before) + (1-m.Beta)*trend[i]
				if i == 1 {
					trend[i] += directly[i]
				}
			}
			season[at][i] = m.Gamma*towardByLevel*level[i] + (1-m.Gamma)*dStep
			if i == 2 {
				season[at][i] += directly[i]
			}
		}
	}
	return sum, slopes
}

// advance moves s on by the reading y, NaN for a missing one, with the level q expected; target and toward are a and t of HoltWinters.
func (m *HoltWinters) advance(s *State, y, q float64) (target, toward float64) {
	level, step := q, s.season()
	if y == y {
		switch target = y; m.Spec.Season {
		case Additive:
			target = y - step
		case Multiplicative:
			target = y / step
		}
		level = m.Alpha*target + (1-m.Alpha)*q
		switch m.Spec.Season {
		case Additive:
			toward = y - level
		case Multiplicative:
			toward = y / level
		}
		if m.Spec.hasTrend() {
			s.Trend = m.Beta*(level-s.Level) + (1-m.Beta)*s.Trend
		}
		if m.Spec.hasSeason() {
			s.Season[s.Next] = m.Gamma*toward + (1-m.Gamma)*step
		}
	}
	s.Level = level
	if m.Spec.hasSeason() {
		s.Next = (s.Next + 1) % len(s.Season)
	}
	return target, toward
}

// filter runs over the readings from First on: sets State, SSE and Sigma, and returns the one-step forecasts.
func (m *HoltWinters) filter(x []float64) (fitted []float64) {
	m.State = m.Initial.clone()
	fitted = make([]float64, len(x))
	var n, mean, squares float64
	m.SSE = 0
	for i, y := range x {
		fitted[i] = m.update(y)
		if y == y {
			e := y - fitted[i]
			m.SSE += e * e
			n++
			d := e - mean
			mean += d / n
			squares += d * (e - mean)
		}
	}
	m.Sigma = math.Sqrt(squares / max(1, n-1))
	return fitted
}

func (m *HoltWinters) update(y float64) (forecast float64) {
	q, forecast := m.State.expected(m.Spec, Params{Phi: 1})
	m.advance(&m.State, y, q)
	return forecast
}

// Fitted returns the one-step forecasts of the series that was fitted, from reading First on.
func (m *HoltWinters) Fitted(x []float64) []float64 {
	again := *m
	return again.filter(x[min(m.First, len(x)):])
}

// Update takes in one more reading, NaN for a missing one, and returns what was forecast for it. Parameters and Sigma stay as they were
// fitted. With a multiplicative season a reading that is not above 0 counts as missing.
func (m *HoltWinters) Update(y float64) (forecast float64) {
	if m.Spec.Season == Multiplicative && y <= 0 || math.IsInf(y, 0) {
		y = math.NaN()
	}
	return m.update(y)
}

// Forecast forecasts h steps, with the given quantiles (0..1) of a normal distribution. The variance of step h is σ² Σ ψ_j², j from 0 to h-1, with
//
//	ψ_0 = 1,   ψ_j = α(1+jβ) [ + γ(1-α) when j is a multiple of the period ]
//
// and, when the season is a factor, ψ_j times the season of step h over that of step h-j (Yar, Chatfield 1990). It panics when h is negative.
func (m *HoltWinters) Forecast(h int, quantiles ...float64) Forecast {
	f := Forecast{Mean: make([]float64, h), StdDev: make([]float64, h)}
	next := m.State.clone()
	steps := make([]float64, h)
	for i := range f.Mean {
		steps[i] = 1
		if m.Spec.Season == Multiplicative {
			steps[i] = next.season()
		}
		q, mu := next.expected(m.Spec, Params{Phi: 1})
		f.Mean[i] = mu
		m.advance(&next, math.NaN(), q)
	}
	for i := range f.StdDev {
		sum := 1.0
		for j := 1; j <= i; j++ {
			psi := m.Alpha * (1 + float64(j)*m.Beta)
			if m.Spec.hasSeason() && j%m.Spec.Period == 0 {
				psi += m.Gamma * (1 - m.Alpha)
			}
			psi *= steps[i] / steps[i-j]
			sum += psi * psi
		}
		f.StdDev[i] = m.Sigma * math.Sqrt(sum)
	}
	f.Quantiles = normalQuantiles(f.Mean, f.StdDev, quantiles)
	return f
}

// Model is the same as a model of this package, which has the level of the trend and the season in another form: β is αβ there, γ is
// γ(1-α). There is none for a multiplicative season, since Winters divides by the new level and the models by the expected one.
func (m *HoltWinters) Model() (Model, error) {
	if m.Spec.Season == Multiplicative {
		return Model{}, fmt.Errorf("ets: %v of Holt-Winters is no model; fit ETS(M,A,M)", m.Spec)
	}
	return Model{
		Spec:    m.Spec,
		Params:  Params{Alpha: m.Alpha, Beta: m.Alpha * m.Beta, Gamma: m.Gamma * (1 - m.Alpha), Phi: 1},
		Initial: m.Initial.clone(), State: m.State.clone(), Sigma: m.Sigma,
	}, nil
}
