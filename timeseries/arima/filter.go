package arima

import (
	"math"
	"slices"
)

// State is what the filter of an ARIMA model knows after some readings. It is plain
// data. The variances are in units of the variance of the innovations.
//
// The first elements are those of the ARMA process w in Harvey's form (Gardner,
// Harvey, Phillips 1980): w_t is the first of them, and
//
//	s_t = T s_(t-1) + R ε_t,  T = φ in the first column and ones above the diagonal,  R = (1, θ_1, …)
//
// Then there is a slot for each lag of the differencing δ, y_t = w_t + Σ δ_l y_(t-l): the
// slot of a reading is its step modulo the longest lag.
type State struct {
	Steps   int       // readings so far, missing ones too
	Start   int       // readings to come of which nothing is forecast: the first ones of a differenced series
	Mean    []float64 // expected w and what follows from it, then the slots: a reading, or what is expected of a missing one
	Missing []bool    // slots whose reading is missing
	Steady  bool      // the covariance has converged to RR'; it is not in Cov then
	Cov     []float64 // by rows: of w the upper triangle, of slots that are missing the whole row
	Diffuse []float64 // infinite part of the covariance of the slots; nil when there is none
}

func (s *State) clone() State {
	c := *s
	c.Mean, c.Missing, c.Cov, c.Diffuse = slices.Clone(s.Mean), slices.Clone(s.Missing), slices.Clone(s.Cov), slices.Clone(s.Diffuse)
	return c
}

// filter is the Kalman filter of an ARIMA model, with gaps.
//
// A reading has no error of its own, so that a past one has a place in the covariance
// only when it is missing. Without gaps this is the filter of the differenced series, at
// r² a step, where a state that holds all past readings takes (r+d+mD)².
//
// The first readings, as many as the longest lag of δ, are known constants, or diffuse
// where missing: their infinite variance is carried apart (Durbin, Koopman 2012, §5.2).
// With a prior variance, as in R, it is the readings before the first that are unknown,
// with that variance.
type filter struct {
	*State
	model
	more [][]float64 // the mean of further columns (regressors), which go through the same filter

	now      []float64 // innovations of this step, of each column
	pz       []float64 // covariance of the state with the reading,
	pzInf    []float64 // and its infinite part, of the slots
	shift    []float64
	active   []int      // slots that are missing
	reading1 [1]float64 // for Update
}

// model is polynomials and their sizes.
type model struct {
	ar, ma, diff lagged
	r, slots     int
}

func newModel(ar, ma, diff lagged) model {
	return model{ar: ar, ma: ma, diff: diff, r: max(ar.degree(), ma.degree()+1), slots: diff.degree()}
}

// newFilter is the filter before the first reading, or nil when the autoregression is
// not stationary. A prior of 0 is the exact diffuse start.
func newFilter(m model, columns int, prior float64) *filter {
	var p process
	if !p.moments(m.ar, m.ma, m.r) {
		return nil
	}
	size := m.r + m.slots
	f := resume(m, &State{Mean: make([]float64, size), Missing: make([]bool, m.slots), Cov: make([]float64, size*size)}, columns)
	copy(f.Cov, p.column)
	f.stationary()
	if prior > 0 {
		for slot := range m.slots {
			f.lose(slot)
			f.Cov[(m.r+slot)*(size+1)] = prior
		}
	} else {
		f.Start = m.slots
	}
	return f
}

// resume is the filter at a state.
func resume(m model, s *State, columns int) *filter {
	size := m.r + m.slots
	f := &filter{
		State: s, model: m, now: make([]float64, columns),
		pz: make([]float64, size), pzInf: make([]float64, m.slots), shift: make([]float64, m.r), active: make([]int, 0, m.slots),
	}
	for c := 1; c < columns; c++ {
		f.more = append(f.more, make([]float64, size))
	}
	for slot, missing := range s.Missing {
		if missing {
			f.active = append(f.active, slot)
		}
	}
	return f
}

// stationary completes the covariance of w from its first row, c = T c T' + RR',
// from the end.
func (f *filter) stationary() {
	size, r := f.r+f.slots, f.r
	first := slices.Clone(f.Cov[:r])
	lag := func(l lagged) []float64 { return l.dense(r) }
	phi, next := lag(f.ar), make([]float64, r)
	copy(next, first[1:])
	noise := make([]float64, r)
	noise[0] = 1
	for _, t := range f.ma {
		noise[t.lag] = t.c
	}
	for i := r - 1; i > 0; i-- {
		for j := i; j < r; j++ {
			sum := noise[i]*noise[j] + phi[i]*next[j] + phi[j]*next[i] + phi[i]*phi[j]*first[0]
			if j+1 < r {
				sum += f.Cov[(i+1)*size+j+1]
			}
			f.Cov[i*size+j] = sum
		}
	}
}

// expected is the forecast of a column's next reading.
func (f *filter) expected(mean []float64) float64 {
	sum := mean[0]
	for _, d := range f.diff {
		sum += d.c * mean[f.r+f.slot(d.lag)]
	}
	return sum
}

// slot is that of the reading a lag before the next one.
func (f *filter) slot(lag int) int { return (f.Steps + f.slots - lag) % f.slots }

// step takes in a reading of each column; the first is NaN when it is missing. It
// returns the variance of the innovations, which are then in now, and whether they
// count for the likelihood.
func (f *filter) step(y []float64) (variance float64, counts bool) {
	missing := y[0] != y[0]
	if f.Start > 0 {
		f.begin(y, missing)
		return 0, false
	}
	for c := range f.now {
		f.now[c] = y[c] - f.expected(f.mean(c))
	}
	if f.Steady && !missing {
		f.steady()
		f.remember(y)
		return 1, true
	}
	if f.Steady {
		f.unsettle()
	}
	variance = max(f.reading(), 1) // the innovation's own part is 1: less is rounding
	infinite := 0.0
	if f.Diffuse != nil {
		infinite = f.infiniteReading()
	}
	switch {
	case missing:
		f.miss(variance, infinite)
		return variance, false
	case infinite > 1e-9:
		f.resolve(variance, infinite)
		f.predict(0)
		f.remember(y)
		return variance, false
	}
	f.learn(variance)
	f.remember(y)
	return variance, true
}

// sound says whether the state can be that of a series of values up to 1. So near to a unit root that the covariance of w is
// large beyond the digits of its differences, it cannot: the innovation's own part, 1, is lost, or a variance is negative,
// and what is expected is far from everything.
func (f *filter) sound() bool {
	const rounding, far = 1e-3, 1e6
	size := f.r + f.slots
	for i, w := range f.Mean[:f.r] {
		if v := f.Cov[i*(size+1)]; !f.Steady && !(v >= -rounding) || !(math.Abs(w) <= far) {
			return false
		}
	}
	for _, a := range f.active {
		if v := f.Cov[(f.r+a)*(size+1)]; !(v >= -rounding) {
			return false
		}
	}
	return f.Steady || f.Cov[0] >= 1-rounding
}

func (f *filter) mean(column int) []float64 {
	if column == 0 {
		return f.Mean
	}
	return f.more[column-1]
}

// begin takes in a reading of the exact start.
func (f *filter) begin(y []float64, missing bool) {
	slot := f.slot(f.slots)
	if missing {
		if f.Diffuse == nil {
			f.Diffuse = make([]float64, f.slots*f.slots)
		}
		f.lose(slot)
		f.Diffuse[slot*(f.slots+1)] = 1
	} else {
		for c := range y {
			f.mean(c)[f.r+slot] = y[c]
		}
	}
	f.Start--
	f.Steps++
}
