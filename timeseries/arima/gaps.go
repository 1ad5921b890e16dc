package arima

import "slices"

// reading sets pz, the covariance of the state with the next reading, and returns the
// variance of that.
func (f *filter) reading() float64 {
	size, r := f.r+f.slots, f.r
	copy(f.pz[:r], f.Cov[:r])
	for _, a := range f.active {
		f.pz[r+a] = f.Cov[(r+a)*size]
	}
	for _, d := range f.diff {
		slot := f.slot(d.lag)
		if !f.Missing[slot] {
			continue
		}
		row := f.Cov[(r+slot)*size:][:size]
		for i, c := range row[:r] {
			f.pz[i] += d.c * c
		}
		for _, a := range f.active {
			f.pz[r+a] += d.c * row[r+a]
		}
	}
	variance := f.pz[0]
	for _, d := range f.diff {
		if slot := f.slot(d.lag); f.Missing[slot] {
			variance += d.c * f.pz[r+slot]
		}
	}
	return variance
}

// infiniteReading is reading for the infinite part.
func (f *filter) infiniteReading() float64 {
	clear(f.pzInf)
	variance := 0.0
	for _, d := range f.diff {
		if slot := f.slot(d.lag); f.Missing[slot] {
			for _, a := range f.active {
				f.pzInf[a] += d.c * f.Diffuse[a*f.slots+slot]
			}
		}
	}
	for _, d := range f.diff {
		if slot := f.slot(d.lag); f.Missing[slot] {
			variance += d.c * f.pzInf[slot]
		}
	}
	return variance
}

// learn moves state and covariance by the innovation, and to the next step.
func (f *filter) learn(variance float64) {
	size, r, weight := f.r+f.slots, f.r, 1/variance
	for c, e := range f.now {
		mean, by := f.mean(c), e*weight
		for i, p := range f.pz[:r] {
			mean[i] += p * by
		}
		for _, a := range f.active {
			mean[r+a] += f.pz[r+a] * by
		}
	}
	for _, a := range f.active {
		row, by := f.Cov[(r+a)*size:][:size], f.pz[r+a]*weight
		for i := range r {
			row[i] -= by * f.pz[i]
		}
		for _, b := range f.active {
			row[r+b] -= by * f.pz[r+b]
		}
	}
	if len(f.active) == 0 && f.Steps&3 == 0 && f.converged(weight) {
		f.settle()
		return
	}
	f.predict(weight)
}

// converged says whether nothing is left to learn about the state: the trace of its
// covariance is below rounding.
func (f *filter) converged(weight float64) bool {
	trace := 0.0
	for i, p := range f.pz[:f.r] {
		trace += f.Cov[i*(f.r+f.slots+1)] - p*p*weight
	}
	return trace < 2e-15
}

func (f *filter) settle() {
	f.Steady = true
	for c := range f.now {
		advance(f.mean(c)[:f.r], f.ar)
	}
}

// unsettle puts the covariance back into its place.
func (f *filter) unsettle() {
	f.Steady = false
	size := f.r + f.slots
	for i := range f.r {
		clear(f.Cov[i*size : i*size+f.r])
	}
	f.noise()
}

// steady is learn with constant gain, R.
func (f *filter) steady() {
	for c, e := range f.now {
		mean := f.mean(c)[:f.r]
		mean[0] += e
		for _, t := range f.ma {
			mean[t.lag] += t.c * e
		}
		advance(mean, f.ar)
	}
}

// predict moves w to the next step, after an innovation that took pz pz'·weight off its
// covariance: T (P - pz pz'·weight) T' + RR'.
func (f *filter) predict(weight float64) {
	size, r := f.r+f.slots, f.r
	for c := range f.now {
		advance(f.mean(c)[:r], f.ar)
	}
	for _, a := range f.active {
		advance(f.Cov[(r+a)*size:][:r], f.ar)
	}
	pz := f.pz[:r]
	first := f.shift[:r] // first row of the covariance
	for j, c := range f.Cov[:r] {
		first[j] = c - pz[0]*weight*pz[j]
	}
	next := pz[1:]
	for i := range r - 1 {
		to, from := f.Cov[i*size+i:i*size+r-1], f.Cov[(i+1)*size+i+1:][:r-1-i]
		by, p := next[i]*weight, next[i:][:len(to)]
		for j, c := range from {
			to[j] = c - by*p[j]
		}
		f.Cov[i*size+r-1] = 0
	}
	f.Cov[(r-1)*size+r-1] = 0
	for _, t := range f.ar {
		i := t.lag - 1
		for j := range r - 1 {
			f.Cov[min(i, j)*size+max(i, j)] += t.c * first[j+1]
		}
		if i < r-1 {
			f.Cov[i*size+i] += t.c * first[i+1]
		}
		for _, u := range f.ar {
			if u.lag >= t.lag {
				f.Cov[i*size+u.lag-1] += t.c * u.c * first[0]
			}
		}
	}
	f.noise()
}

// noise adds RR'.
func (f *filter) noise() {
	size := f.r + f.slots
	f.Cov[0]++
	for i, t := range f.ma {
		f.Cov[t.lag] += t.c
		for _, u := range f.ma[i:] {
			f.Cov[t.lag*size+u.lag] += t.c * u.c
		}
	}
}

// advance is T s.
func advance(s []float64, ar lagged) {
	first := s[0]
	copy(s, s[1:])
	s[len(s)-1] = 0
	for _, t := range ar {
		s[t.lag-1] += t.c * first
	}
}

// remember puts the reading into its slot and goes on to the next step.
func (f *filter) remember(y []float64) {
	if f.slots > 0 {
		slot := f.slot(f.slots)
		f.find(slot)
		for c := range f.now {
			f.mean(c)[f.r+slot] = y[c]
		}
	}
	f.Steps++
}

// miss makes the reading a part of the state, in the slot of the oldest one.
func (f *filter) miss(variance, infinite float64) {
	if f.slots > 0 {
		size, r, slot := f.r+f.slots, f.r, f.slot(f.slots)
		for c := range f.now {
			mean := f.mean(c)
			mean[r+slot] = f.expected(mean)
		}
		f.lose(slot)
		row := f.Cov[(r+slot)*size:][:size]
		copy(row, f.pz[:r])
		for _, a := range f.active {
			row[r+a], f.Cov[(r+a)*size+r+slot] = f.pz[r+a], f.pz[r+a]
		}
		row[r+slot] = variance
		if f.Diffuse != nil {
			for _, a := range f.active {
				f.Diffuse[slot*f.slots+a], f.Diffuse[a*f.slots+slot] = f.pzInf[a], f.pzInf[a]
			}
			f.Diffuse[slot*f.slots+slot] = infinite
		}
	}
	f.predict(0)
	f.Steps++
}

// resolve takes in a reading on which infinite variance falls: it says where the state
// is, but nothing about the likelihood.
func (f *filter) resolve(variance, infinite float64) {
	size, r := f.r+f.slots, f.r
	for c, e := range f.now {
		mean := f.mean(c)
		for _, a := range f.active {
			mean[r+a] += f.pzInf[a] / infinite * e
		}
	}
	for _, a := range f.active {
		k := f.pzInf[a] / infinite
		row := f.Cov[(r+a)*size:][:size]
		for i := range r {
			row[i] -= k * f.pz[i]
		}
		for _, b := range f.active {
			l := f.pzInf[b] / infinite
			row[r+b] += k*l*variance - k*f.pz[r+b] - l*f.pz[r+a]
			f.Diffuse[a*f.slots+b] -= k * f.pzInf[b]
		}
	}
	left := 0.0
	for _, a := range f.active {
		left += f.Diffuse[a*(f.slots+1)]
	}
	if left < 1e-9 {
		f.Diffuse = nil
	}
}

// lose makes a slot part of the state, without variance yet.
func (f *filter) lose(slot int) {
	size := f.r + f.slots
	clear(f.Cov[(f.r+slot)*size:][:size])
	for _, a := range f.active {
		f.Cov[(f.r+a)*size+f.r+slot] = 0
	}
	if !f.Missing[slot] {
		f.Missing[slot] = true
		f.active = append(f.active, slot)
	}
}

// find takes a slot out of the state.
func (f *filter) find(slot int) {
	if f.Missing[slot] {
		f.Missing[slot] = false
		f.active = slices.DeleteFunc(f.active, func(a int) bool { return a == slot })
		if f.Diffuse != nil {
			for a := range f.slots {
				f.Diffuse[a*f.slots+slot], f.Diffuse[slot*f.slots+a] = 0, 0
			}
		}
	}
}
