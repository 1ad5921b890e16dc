package ets

import "math"

// objective is twice the negative log-likelihood of a series as a function of a
// vector: the parameters that are not given through a logistic into their bounds, then level, trend and
// season but the last, in units of unit from where they start. When squared errors are
// asked for it is that of additive errors.
type objective struct {
	spec     Spec
	given    Given
	relative bool // squared errors are those relative to the forecast, and the likelihood is asked for
	x        []float64
	start    State
	unit     float64 // of level, trend and an additive season
	floor    float64 // least mean of squared errors, so that a perfect fit has a likelihood

	season, seasonBar []float64
	steps             []step
}

// step is what the way back needs of one step on the way there.
type step struct{ level, trend, season, q, mu float64 }

const (
	leastRate, mostRate = 1e-4, 0.9999
	leastPhi, mostPhi   = 0.8, 0.98
)

func (o *objective) size() int { return o.estimated() - 1 }

// estimated counts what is estimated, σ² included.
func (o *objective) estimated() int { return o.spec.parameters() - o.given.count(o.spec) }

// alphaBounds keeps room for what is given of β ≤ α ≤ 1-γ.
func (o *objective) alphaBounds() (least, most float64) {
	least, most = leastRate, mostRate
	if o.spec.hasTrend() && o.given.Beta != nil {
		least = max(least, *o.given.Beta)
	}
	if o.spec.hasSeason() && o.given.Gamma != nil {
		most = min(most, 1-*o.given.Gamma)
	}
	return least, most
}

// unpack turns a vector into parameters and initial state.
func (o *objective) unpack(v []float64) (Params, State) {
	take := func(given *float64, least, most float64) float64 {
		if given != nil {
			return *given
		}
		value := within(v[0], least, most)
		v = v[1:]
		return value
	}
	p := Params{Phi: 1}
	least, most := o.alphaBounds()
	p.Alpha = take(o.given.Alpha, least, most)
	if o.spec.hasTrend() {
		p.Beta = take(o.given.Beta, leastRate, max(leastRate, p.Alpha))
	}
	if o.spec.hasSeason() {
		p.Gamma = take(o.given.Gamma, leastRate, max(leastRate, 1-p.Alpha))
	}
	if o.spec.Trend == Damped {
		p.Phi = take(o.given.Phi, leastPhi, mostPhi)
	}
	s := State{Level: o.start.Level + o.unit*v[0], Season: o.season}
	v = v[1:]
	if o.spec.hasTrend() {
		s.Trend = o.start.Trend + o.unit*v[0]
		v = v[1:]
	}
	if o.spec.hasSeason() {
		unit, rest := o.seasonScale()
		for i, u := range v {
			s.Season[i] = o.start.Season[i] + unit*u
			rest -= s.Season[i]
		}
		s.Season[len(v)] = rest
	}
	return p, s
}

// seasonScale is the unit of the season and what its values sum to.
func (o *objective) seasonScale() (unit, sum float64) {
	if o.spec.Season == Multiplicative {
		return 0.1, float64(o.spec.Period)
	}
	return o.unit, 0
}

// within maps a number into bounds by the logistic function.
func within(u, least, most float64) float64 { return least + (most-least)*logistic(u) }

func logistic(u float64) float64 { return 1 / (1 + math.Exp(-u)) }

// logit is the inverse of within.
func logit(value, least, most float64) float64 {
	share := min(0.999, max(0.001, (value-least)/(most-least)))
	return math.Log(share / (1 - share))
}

// value returns the objective at v and, when grad is not nil, its gradient there. It
// is infinite where the recursion has no meaning.
func (o *objective) value(v, grad []float64) float64 {
	p, s := o.unpack(v)
	var squares, logs, n float64
	for i, y := range o.x {
		q, mu := s.expected(o.spec, p)
		o.steps[i] = step{s.Level, s.Trend, s.season(), q, mu}
		s.advance(o.spec, p, y, q)
		if y != y {
			continue
		}
		n++
		e := y - mu
		if o.relative {
			if mu <= 0 {
				return math.Inf(1)
			}
			e /= mu
			logs += math.Log(mu)
		}
		squares += e * e
	}
	squares += n * o.floor
	f := n*math.Log(squares) + 2*logs
	if math.IsNaN(f) {
		return math.Inf(1)
	}
	if grad != nil {
		o.gradient(v, p, n/squares, grad)
	}
	return f
}

// adjoint holds derivatives of the objective.
type adjoint struct {
	level, trend            float64
	alpha, beta, gamma, phi float64
}

// gradient goes back through the steps that value has left; weight is n/Σε².
func (o *objective) gradient(v []float64, p Params, weight float64, grad []float64) {
	var a adjoint
	clear(o.seasonBar)
	m := max(1, len(o.seasonBar))
	for i := len(o.x) - 1; i >= 0; i-- {
		bar := 0.0
		if len(o.seasonBar) > 0 {
			bar = o.seasonBar[i%m]
		}
		bar = o.back(&a, p, o.steps[i], o.x[i], weight, bar)
		if len(o.seasonBar) > 0 {
			o.seasonBar[i%m] = bar
		}
	}
	o.chain(v, p, a, grad)
}

// back takes the derivatives through one step and returns that of its season.
func (o *objective) back(a *adjoint, p Params, s step, y, weight, seasonBar float64) float64 {
	qBar := a.level // of l = q + αd
	if y == y {
		d, t := innovation(o.spec, y, s.q, s.season)
		a.alpha += a.level * d
		a.beta += a.trend * d
		dBar := p.Alpha*a.level + p.Beta*a.trend
		qBar -= dBar
		muBar := 2 * weight * (s.mu - y)
		if o.relative {
			muBar = 2*weight*(y/s.mu-1)*(-y/(s.mu*s.mu)) + 2/s.mu
		}
		switch o.spec.Season {
		case Additive: // d = y-s-q, t-s = y-q-s, μ = q+s
			a.gamma += seasonBar * t
			qBar += muBar - p.Gamma*seasonBar
			seasonBar += muBar - dBar - p.Gamma*seasonBar
		case Multiplicative: // d = y/s-q, t-s = y/q-s, μ = qs
			a.gamma += seasonBar * t
			qBar += muBar*s.season - p.Gamma*seasonBar*y/(s.q*s.q)
			seasonBar += muBar*s.q - dBar*y/(s.season*s.season) - p.Gamma*seasonBar
		default:
			qBar += muBar
		}
	}
	a.phi += (a.trend + qBar) * s.trend // b' = φb + βd, q = l + φb
	a.trend = p.Phi * (a.trend + qBar)
	a.level = qBar
	return seasonBar
}

// chain turns derivatives by parameters and initial state into those by v.
func (o *objective) chain(v []float64, p Params, a adjoint, grad []float64) {
	slope := func(u float64) float64 { l := logistic(u); return l * (1 - l) }
	i := 0
	if o.given.Alpha == nil {
		i = 1
	}
	alpha := a.alpha
	if o.spec.hasTrend() && o.given.Beta == nil {
		grad[i] = 0
		if room := p.Alpha - leastRate; room > 0 {
			alpha += a.beta * logistic(v[i])
			grad[i] = a.beta * room * slope(v[i])
		}
		i++
	}
	if o.spec.hasSeason() && o.given.Gamma == nil {
		grad[i] = 0
		if room := 1 - p.Alpha - leastRate; room > 0 {
			alpha -= a.gamma * logistic(v[i])
			grad[i] = a.gamma * room * slope(v[i])
		}
		i++
	}
	if o.spec.Trend == Damped && o.given.Phi == nil {
		grad[i] = a.phi * (mostPhi - leastPhi) * slope(v[i])
		i++
	}
	if o.given.Alpha == nil {
		least, most := o.alphaBounds()
		grad[0] = alpha * (most - least) * slope(v[0])
	}
	grad[i] = a.level * o.unit
	i++
	if o.spec.hasTrend() {
		grad[i] = a.trend * o.unit
		i++
	}
	if o.spec.hasSeason() {
		unit, _ := o.seasonScale()
		last := o.seasonBar[len(o.seasonBar)-1]
		for j := range grad[i:] {
			grad[i+j] = (o.seasonBar[j] - last) * unit
		}
	}
}
