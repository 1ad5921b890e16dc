package ets

import (
	"cmp"
	"errors"
	"fmt"
	"math"
)

// MaxPeriod is the longest season that is fitted: each of its steps is a parameter.
const MaxPeriod = 24

// Errors of series and settings that cannot be fitted, to be matched with errors.Is.
var (
	ErrPeriod = errors.New("period is out of range; adjust longer seasons with stl first and fit the rest without season")
	ErrShort  = errors.New("series has too few readings for the model")
	ErrValues = errors.New("series has values that the model cannot have")
)

// Model is a fitted model with its present state. It is plain data; the methods that
// change it must not be called concurrently.
type Model struct {
	Spec    Spec
	Params  Params
	Initial State   // before the first reading
	State   State   // after the last reading
	Sigma   float64 // standard deviation of the errors; of multiplicative ones it is a share of the forecast

	N                      int     // readings that were there
	LogLik, AIC, AICc, BIC float64 // see the package comment; comparable within this package only
	MSE                    float64 // mean squared error of the one-step forecasts, in the units of the series
	AMSE                   float64 // mean of the mean squared errors one, two and three steps ahead
}

// Fit fits the models that the configuration allows and returns that with the least
// AICc, or what Config.Choose says. NaN is a missing reading. Multiplicative errors and seasons are only for
// series above 0. A model must leave at least two readings more than it has
// parameters, a season at least two periods and a reading of each step. Errors below 1e-10
// of the largest reading are taken for rounding. Of a series that varies by less than a
// millionth of its level, additive models are fitted to what it varies by, so that only the
// rounding of the readings themselves is lost.
func Fit(x []float64, cfg Config) (Model, error) {
	if err := cfg.check(); err != nil {
		return Model{}, err
	}
	candidates, err := cfg.candidates()
	if err != nil {
		return Model{}, err
	}
	facts, err := examine(x)
	if err != nil {
		return Model{}, err
	}
	scaled := make([]float64, len(x)) // to at most 1, so that no square overflows
	for i, y := range x {
		scaled[i] = math.Ldexp(y, -facts.exponent)
	}
	var best Model
	found := false
	varied, about, level := aboutLevel(x, facts)
	for _, spec := range candidates {
		var one Model
		var wrong error
		if level != 0 && spec.Error == Additive && spec.Season != Multiplicative {
			one, wrong = fit(spec, varied, about, cfg)
			one.Initial.Level += level
			one.State.Level += level
		} else {
			one, wrong = fit(spec, scaled, facts, cfg)
		}
		if wrong != nil {
			err = cmp.Or(err, wrong) // that of the simplest model, which asks for the least
			continue
		}
		if !found || cfg.Choose.of(&one) < cfg.Choose.of(&best) {
			best, found = one, true
		}
	}
	if !found {
		return Model{}, err
	}
	best.MSE, best.AMSE = squaredErrors(best.Spec, best.Params, best.Initial, x)
	return best, nil
}

// facts is what decides which models a series can have.
type facts struct {
	present  []bool
	count    int
	positive bool
	exponent int     // 2^exponent is above all readings
	rounding float64 // of the scaled readings, where they were read about a level that is far above them
}

// aboutLevel gives what a series varies by about its level, scaled, where that is less than a millionth of it: there, the squared errors
// of an additive model would be lost in those of the level. Elsewhere the level is 0.
func aboutLevel(x []float64, f facts) (scaled []float64, about facts, level float64) {
	const little = 1e-6
	level = centre(x, len(x))
	if s := spread(x); s == 0 || !(s < little*math.Abs(level)) {
		return nil, f, 0
	}
	varied := make([]float64, len(x))
	for i, y := range x {
		varied[i] = y - level
	}
	about, err := examine(varied)
	if err != nil {
		return nil, f, 0
	}
	about.rounding = math.Ldexp(math.Abs(level), -52-about.exponent)
	for i, y := range varied {
		varied[i] = math.Ldexp(y, -about.exponent)
	}
	return varied, about, level
}

func examine(x []float64) (facts, error) {
	f := facts{present: make([]bool, len(x)), positive: true}
	largest := 0.0
	for i, y := range x {
		if math.IsInf(y, 0) {
			return f, fmt.Errorf("ets: %w: %g at %d", ErrValues, y, i)
		}
		if f.present[i] = y == y; !f.present[i] {
			continue
		}
		f.count++
		f.positive = f.positive && y > 0
		largest = max(largest, math.Abs(y))
	}
	_, f.exponent = math.Frexp(largest)
	return f, nil
}

// admits returns an error when the series is not for the model.
func (f facts) admits(s Spec, estimated int) error {
	if need := estimated + 2; f.count < need {
		return fmt.Errorf("ets: %w: %v has %d, %d are needed", ErrShort, s, f.count, need)
	}
	if !f.positive && (s.Error == Multiplicative || s.Season == Multiplicative) {
		return fmt.Errorf("ets: %w: %v is for values above 0", ErrValues, s)
	}
	if !s.hasSeason() {
		return nil
	}
	if len(f.present) < 2*s.Period {
		return fmt.Errorf("ets: %w: %v needs two periods of %d", ErrShort, s, s.Period)
	}
	for step := range s.Period {
		seen := false
		for i := step; i < len(f.present) && !seen; i += s.Period {
			seen = f.present[i]
		}
		if !seen {
			return fmt.Errorf("ets: %w: %v has no reading of step %d of the season", ErrShort, s, step)
		}
	}
	return nil
}

// fit estimates one model.
func fit(spec Spec, x []float64, f facts, cfg Config) (Model, error) {
	if err := f.admits(spec, spec.parameters()-cfg.Given.count(spec)); err != nil {
		return Model{}, err
	}
	o := newObjective(spec, x, cfg)
	o.floor = max(o.floor, f.rounding*f.rounding)
	var best []float64
	least := math.Inf(1)
	for _, v := range o.starts(2) {
		if value := minimise(o.value, v, 500); value < least {
			best, least = v, value
		}
	}
	if best == nil {
		return Model{}, fmt.Errorf("ets: %w: %v gives no likelihood", ErrValues, spec)
	}
	if spec.Error == Multiplicative {
		o.leastRelativeSquares()
	}
	m := o.model(best, o.value(best, nil), f)
	for _, mu := range m.continued(max(2, spec.Period)) {
		if math.IsInf(mu, 0) || math.IsNaN(mu) {
			return Model{}, fmt.Errorf("ets: %w: %v forecasts %g", ErrValues, spec, mu)
		}
	}
	return m, nil
}

// model turns the optimum into a model in the units of the series.
func (o *objective) model(v []float64, value float64, f facts) Model {
	params, initial := o.unpack(v)
	m := Model{Spec: o.spec, Params: params, Initial: initial.clone(), N: f.count}
	fitted, final, _ := Filter(o.spec, params, m.Initial, o.x)
	m.State = final
	k, n := float64(o.estimated()), float64(f.count)
	squares := 0.0
	for i, mu := range fitted {
		if !f.present[i] {
			continue
		}
		e := o.x[i] - mu
		if o.spec.Error == Multiplicative {
			e /= mu
		}
		squares += e * e
	}
	m.Sigma = math.Sqrt(squares / (n - (k - 1)))
	if o.spec.Error == Additive {
		m.Sigma = math.Ldexp(m.Sigma, f.exponent)
	}
	m.Initial.scale(o.spec, f.exponent)
	m.State.scale(o.spec, f.exponent)
	// Scaling the series by c adds n·log c to -log L, with either kind of error.
	m.LogLik = -0.5*value - n*float64(f.exponent)*math.Ln2
	m.AIC = -2*m.LogLik + 2*k
	m.AICc = m.AIC + 2*k*(k+1)/(n-k-1)
	m.BIC = -2*m.LogLik + k*math.Log(n)
	return m
}

// scale multiplies what is in units of the series by 2^exponent.
func (s *State) scale(spec Spec, exponent int) {
	s.Level, s.Trend = math.Ldexp(s.Level, exponent), math.Ldexp(s.Trend, exponent)
	if spec.Season == Additive {
		for i, v := range s.Season {
			s.Season[i] = math.Ldexp(v, exponent)
		}
	}
}

// Valid returns an error that tells what is wrong with a model read from outside. The
// methods of a model that is not valid may panic.
func (m *Model) Valid() error {
	if err := m.Spec.check(); err != nil {
		return err
	}
	steps := 0
	if m.Spec.hasSeason() {
		steps = m.Spec.Period
	}
	numbers := []float64{m.Params.Alpha, m.Params.Beta, m.Params.Gamma, m.Params.Phi, m.Sigma}
	for _, s := range []State{m.Initial, m.State} {
		if len(s.Season) != steps || s.Next < 0 || s.Next > 0 && s.Next >= steps {
			return fmt.Errorf("ets: %v has %d steps of season, at %d", m.Spec, len(s.Season), s.Next)
		}
		numbers = append(append(numbers, s.Level, s.Trend), s.Season...)
	}
	for _, v := range numbers {
		if math.IsNaN(v) || math.IsInf(v, 0) {
			return fmt.Errorf("ets: %v has the number %g", m.Spec, v)
		}
	}
	if m.Sigma < 0 {
		return fmt.Errorf("ets: %v has a negative sigma, %g", m.Spec, m.Sigma)
	}
	return nil
}
