package arima

import "math"

// innovations runs the Kalman filter over complete series of a stationary ARMA
// process by the Chandrasekhar recursions (Morf, Sidhu, Kailath 1974): the covariance
// of the state changes from step to step by a matrix of rank one, x l l', as it starts
// at its stationary value. With the gain m (not yet divided by the variance f of the
// innovation) a step costs O(r), where the covariance itself takes r²:
//
//	h = l_1, f' = f + x h², m' = m + x h T l, l' = T l - (h/f) m, x' = x f/f'
//
// When the change is below rounding, the filter is the plain recursion
// ε_t = w_t - Σ φ w_(t-i) - Σ θ ε_(t-j).
type innovations struct {
	process process
	gain    []float64
	low     []float64
	state   [][]float64
	errors  [][]float64 // innovations of the columns with constant gain
}

// negligible is the relative change of the innovation's variance from which on the
// filter is taken as steady.
const negligible = 1e-14

// run filters the columns (series and regressors, of equal length) and adds the
// products of their innovations to sums. It returns false when the autoregression is
// not stationary.
func (in *innovations) run(ar, ma lagged, columns [][]float64, sums *moments) bool {
	r := max(ar.degree(), ma.degree()+1)
	if !in.process.moments(ar, ma, r) {
		return false
	}
	in.start(ar, r, len(columns))
	n := len(columns[0])
	f := in.process.cov[0]
	x := -1 / f
	steady := n // first step from which the gain is constant
	for t := range n {
		weight := 1 / f
		for c, column := range columns {
			sums.now[c] = column[t] - in.state[c][0]
		}
		sums.add(f, weight)
		h := in.low[0]
		for c := 1; c < len(columns); c++ {
			advanceBy(in.state[c], in.gain, ar, sums.now[c]*weight)
		}
		in.step(ar, in.state[0], sums.now[0]*weight, h*weight, x*h)
		next := max(f+x*h*h, 1) // the innovation's own part is 1: less is rounding
		x *= f / next
		f = next
		if t&7 == 7 && in.settled(x) {
			steady = t + 1
			break
		}
	}
	if steady < n {
		in.rest(ar, ma, columns, sums, steady, f)
	}
	return true
}

// start makes room and sets gain and low to T times the first column.
func (in *innovations) start(ar lagged, r, columns int) {
	in.gain, in.low = resize(in.gain, r), resize(in.low, r)
	first := in.process.column
	copy(in.gain, first[1:])
	in.gain[r-1] = 0
	for _, t := range ar {
		in.gain[t.lag-1] += t.c * first[0]
	}
	copy(in.low, in.gain)
	for len(in.state) < columns {
		in.state = append(in.state, nil)
	}
	for c := range columns {
		in.state[c] = resize(in.state[c], r)
		clear(in.state[c])
	}
}

// step moves the state by the innovation, and gain and low to the next step, in one
// pass: it is the inner loop of every exact fit.
func (in *innovations) step(ar lagged, state []float64, innovation, hf, xh float64) {
	r := len(state)
	gain, low := in.gain[:r], in.low[:r]
	l0, s0 := low[0], state[0]
	last := r - 1
	for i := 0; i < last; i++ {
		u, m := low[i+1], gain[i]
		state[i] = state[i+1] + innovation*m
		low[i] = u - hf*m
		gain[i] = m + xh*u
	}
	m := gain[last]
	state[last] = innovation * m
	low[last] = -hf * m
	for _, t := range ar {
		u := t.c * l0
		low[t.lag-1] += u
		gain[t.lag-1] += xh * u
		state[t.lag-1] += t.c * s0
	}
}

// advanceBy is T s + gain·innovation.
func advanceBy(state, gain []float64, ar lagged, innovation float64) {
	r := len(state)
	gain = gain[:r]
	s0 := state[0]
	for i := 0; i < r-1; i++ {
		state[i] = state[i+1] + innovation*gain[i]
	}
	state[r-1] = innovation * gain[r-1]
	for _, t := range ar {
		state[t.lag-1] += t.c * s0
	}
}

func (in *innovations) settled(x float64) bool {
	sum := 0.0
	for _, l := range in.low {
		sum += l * l
	}
	return -x*sum < negligible
}

// rest filters from a step on with constant gain and variance f: with the state for as
// long as terms reach back before it, and then without.
func (in *innovations) rest(ar, ma lagged, columns [][]float64, sums *moments, from int, f float64) {
	n := len(columns[0])
	plain := n
	if math.Abs(f-1) < 1e-8 { // else the moving average is not invertible: φ + θ is not the limit
		f = 1
		plain = min(n, from+max(ar.degree(), ma.degree()))
		clear(in.gain)
		for _, l := range []lagged{ar, ma} {
			for _, t := range l {
				in.gain[t.lag-1] += t.c
			}
		}
	}
	in.errors = rows(in.errors, len(columns))
	for c, column := range columns {
		in.errors[c] = resize(in.errors[c], n-from)
		errors := in.errors[c]
		for t := from; t < plain; t++ {
			e := column[t] - in.state[c][0]
			advanceBy(in.state[c], in.gain, ar, e/f)
			errors[t-from] = e
		}
		if plain < n {
			copy(errors[plain-from:], column[plain:])
			autoregress(errors[plain-from:], column, plain, ar)
			moving(errors, plain-from, ma)
		}
	}
	sums.addAll(in.errors[:len(columns)], f)
}
