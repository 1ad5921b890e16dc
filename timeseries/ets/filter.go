package ets

import (
	"math"
	"slices"
)

// Params are the smoothing parameters.
type Params struct {
	Alpha float64 // of the level
	Beta  float64 // of the trend; 0 without
	Gamma float64 // of the season; 0 without
	Phi   float64 // what is left of the trend each step; 1 when not damped
}

// State is where a series is.
type State struct {
	Level  float64
	Trend  float64   // change of the level in a step; 0 without trend
	Season []float64 // one value for each step of the period; empty without season
	Next   int       // index in Season of the next step
}

func (s State) clone() State {
	s.Season = slices.Clone(s.Season)
	return s
}

// expected returns the level q and the forecast of the next step.
func (s *State) expected(spec Spec, p Params) (q, forecast float64) {
	q = s.Level + p.Phi*s.Trend
	switch spec.Season {
	case Additive:
		return q, q + s.Season[s.Next]
	case Multiplicative:
		return q, q * s.Season[s.Next]
	}
	return q, q
}

// update moves on by one step with the reading y, NaN for a missing one, and returns
// what was forecast for it.
func (s *State) update(spec Spec, p Params, y float64) (forecast float64) {
	q, forecast := s.expected(spec, p)
	s.advance(spec, p, y, q)
	return forecast
}

// advance is update with the expected level at hand.
func (s *State) advance(spec Spec, p Params, y, q float64) {
	trend := p.Phi * s.Trend
	if !math.IsNaN(y) {
		d, season := innovation(spec, y, q, s.season())
		q += p.Alpha * d
		trend += p.Beta * d
		if spec.hasSeason() {
			s.Season[s.Next] += p.Gamma * season
		}
	}
	s.Level, s.Trend = q, trend
	if spec.hasSeason() {
		if s.Next++; s.Next == len(s.Season) {
			s.Next = 0
		}
	}
}

func (s *State) season() float64 {
	if len(s.Season) == 0 {
		return 0
	}
	return s.Season[s.Next]
}

// innovation is p - q and t - s of the package comment.
func innovation(spec Spec, y, q, s float64) (level, season float64) {
	switch spec.Season {
	case Additive:
		return y - s - q, y - q - s
	case Multiplicative:
		return y/s - q, y/q - s
	}
	return y - q, 0
}

// Filter runs a model over a series from a given state: the one-step forecasts, the
// state after it, and the log-likelihood of the package comment (without constants).
// The given state is not changed.
func Filter(spec Spec, params Params, from State, x []float64) (fitted []float64, final State, logLik float64) {
	final = from.clone()
	fitted = make([]float64, len(x))
	var squares, logs, n float64
	for i, y := range x {
		mu := final.update(spec, params, y)
		fitted[i] = mu
		if math.IsNaN(y) {
			continue
		}
		n++
		e := y - mu
		if spec.Error == Multiplicative {
			e /= mu
			logs += math.Log(math.Abs(mu))
		}
		squares += e * e
	}
	return fitted, final, -0.5*n*math.Log(squares) - logs
}

// squaredErrors are the mean squared errors of the forecasts one step ahead, and the mean of those for one, two and three.
func squaredErrors(spec Spec, p Params, from State, x []float64) (mse, amse float64) {
	const ahead = 3
	var sums, counts [ahead]float64
	s, later := from.clone(), from.clone()
	for i, y := range x {
		copy(later.Season, s.Season)
		later.Level, later.Trend, later.Next = s.Level, s.Trend, s.Next
		for j := range min(ahead, len(x)-i) {
			if e := x[i+j] - later.update(spec, p, math.NaN()); e == e {
				sums[j] += e * e
				counts[j]++
			}
		}
		s.update(spec, p, y)
	}
	for j, sum := range sums {
		if counts[j] > 0 {
			amse += sum / counts[j] / ahead
		}
	}
	return sums[0] / max(1, counts[0]), amse
}
