package arima

import "math"

// minimiser moves a point to a local minimum of a negative log-likelihood by BFGS
// (Nocedal, Wright 2006, algorithm 6.1) with a backtracking line search. The Hessian
// begins as that of Gauss and Newton, from the derivatives of the residuals: with it few
// iterations are needed. Derivatives are forward differences less what the curvature adds to
// them, and central ones where the search may end.
type minimiser struct {
	f         func(x []float64) float64                           // may be +Inf
	residuals func(x, dst []float64) (value float64, r []float64) // f, and the residuals it comes from
	stop      func() bool                                         // ends a run when true; may be nil

	x              []float64
	value          float64
	done           bool // it cannot go down any more
	fresh          bool // the Hessian is that of Gauss and Newton
	grad, curve    []float64
	inverse        []float64 // estimate of the inverse Hessian, by rows
	direction      []float64
	next, nextGrad []float64
	step, change   []float64
	here, up, down []float64   // residuals
	slopes         [][]float64 // derivatives of the residuals
}

// apart is the distance of differences: at it, the rounding of the likelihood and the
// third derivatives disturb the gradient by about the same.
const apart = 1e-4

// begin starts at x, which the minimiser moves from then on.
func (m *minimiser) begin(x []float64) {
	n := len(x)
	room := make([]float64, 7*n+n*n)
	cut := func(n int) []float64 {
		part := room[:n:n]
		room = room[n:]
		return part
	}
	m.x, m.grad, m.curve, m.direction = x, cut(n), cut(n), cut(n)
	m.next, m.nextGrad, m.step, m.change = cut(n), cut(n), cut(n), cut(n)
	m.inverse = cut(n * n)
	m.slopes = make([][]float64, n)
	m.value, m.here = m.residuals(x, m.here)
	if m.done = n == 0 || math.IsInf(m.value, 1) || m.stopped(); !m.done {
		m.refresh(false)
	}
}

func (m *minimiser) stopped() bool { return m.stop != nil && m.stop() }

// run goes on for some iterations, until a step is expected to gain less than the
// tolerance, or until stop.
func (m *minimiser) run(iterations int, tolerance float64) {
	idle := 0
	for range iterations {
		if m.done || m.stopped() {
			return
		}
		slope := m.aim()
		if !m.fresh && !(slope < -2*tolerance) { // look again, more closely
			m.refresh(tolerance < coarse)
			slope = m.aim()
		}
		if !(slope < -2*tolerance) {
			return
		}
		value, ok := m.search(slope)
		if !ok {
			if m.done = m.fresh; !m.done {
				m.refresh(true)
			}
			continue
		}
		if idle++; m.value-value > tolerance {
			idle = 0
		}
		m.move(value)
		if idle == 3 {
			return
		}
	}
}

// search goes along the direction, and leaves in next a point that is lower enough.
func (m *minimiser) search(slope float64) (value float64, ok bool) {
	const longest = 1.5 // beyond it the function is another one
	size := 0.0
	for _, d := range m.direction {
		size = max(size, math.Abs(d))
	}
	length := min(1, longest/size)
	for range 12 {
		for i, d := range m.direction {
			m.next[i] = m.x[i] + length*d
		}
		value = m.f(m.next)
		if value <= m.value+1e-4*length*slope {
			return value, true
		}
		// to the minimum of the parabola through both values, with the slope
		shrink := 0.5 * slope * length / (slope*length + m.value - value)
		length *= min(0.5, max(0.1, shrink))
		if length*size < 1e-7 {
			break
		}
	}
	return m.value, false
}

// move goes to next.
func (m *minimiser) move(value float64) {
	for i, at := range m.next {
		m.next[i] = at + apart
		up := m.f(m.next)
		m.next[i] = at
		if m.nextGrad[i] = (up-value)/apart - m.curve[i]*apart/2; math.IsInf(up, 1) {
			m.nextGrad[i] = 0
		}
	}
	for i := range m.x {
		m.step[i], m.change[i] = m.next[i]-m.x[i], m.nextGrad[i]-m.grad[i]
	}
	m.value = value
	copy(m.x, m.next)
	copy(m.grad, m.nextGrad)
	m.learn()
	m.fresh = false
}

// refresh takes derivatives anew, central ones if asked to, and the Hessian of Gauss and
// Newton: of ½ n log Σr² it is n/Σr² Σ ∂r ∂r', and the determinant changes little beside it.
func (m *minimiser) refresh(central bool) {
	m.fresh = true
	n := len(m.x)
	if !central {
		m.value, m.here = m.residuals(m.x, m.here)
	}
	for i, at := range m.x {
		m.x[i] = at + apart
		up, upper := m.residuals(m.x, m.up)
		down, lower, wide := m.value, m.here, apart
		if central {
			m.x[i] = at - apart
			down, lower = m.residuals(m.x, m.down)
			m.down, wide = lower, 2*apart
		}
		m.x[i], m.up = at, upper
		if math.IsInf(up, 1) || math.IsInf(down, 1) {
			m.grad[i], m.slopes[i] = 0, m.slopes[i][:0]
			continue
		}
		m.grad[i] = (up - down) / wide
		m.slopes[i] = resize(m.slopes[i], len(upper))
		for t, v := range upper {
			m.slopes[i][t] = (v - lower[t]) / wide
		}
	}
	scale := float64(len(m.up)) / dot(m.up, m.up)
	for i := range n {
		for j := range i + 1 {
			h := 0.0
			if len(m.slopes[i]) == len(m.slopes[j]) {
				h = scale * dot(m.slopes[i], m.slopes[j])
			}
			if i == j {
				m.curve[i] = h
				if !central {
					m.grad[i] -= h * apart / 2
				}
				h++
			}
			m.inverse[i*n+j], m.inverse[j*n+i] = h, h
		}
	}
	invertPositive(m.inverse, n)
}

// invertPositive inverts a positive definite matrix in place, by rows (sweeping).
func invertPositive(a []float64, n int) {
	for k := range n {
		d := 1 / a[k*n+k]
		for i := range n {
			if i == k {
				continue
			}
			by := a[i*n+k] * d
			for j := range n {
				if j != k {
					a[i*n+j] -= by * a[k*n+j]
				}
			}
		}
		for j := range n {
			a[k*n+j] *= d
			a[j*n+k] *= -d
		}
		a[k*n+k] = d
	}
}

// aim sets the direction and returns the slope along it.
func (m *minimiser) aim() (slope float64) {
	n := len(m.grad)
	for i := range m.direction {
		m.direction[i] = -dot(m.inverse[i*n:(i+1)*n], m.grad)
		slope += m.direction[i] * m.grad[i]
	}
	return slope
}

// learn takes in that the gradient changed by change along step.
func (m *minimiser) learn() {
	n := len(m.step)
	curvature, size := dot(m.step, m.change), dot(m.step, m.step)
	if size < 1e-12 || !(curvature > 1e-8*math.Sqrt(size*dot(m.change, m.change))) {
		return
	}
	work := m.direction
	for i := range n {
		work[i] = dot(m.inverse[i*n:(i+1)*n], m.change)
	}
	factor := (1 + dot(m.change, work)/curvature) / curvature
	for i := range n {
		row := m.inverse[i*n : (i+1)*n]
		for j := range row {
			row[j] += factor*m.step[i]*m.step[j] - (work[i]*m.step[j]+m.step[i]*work[j])/curvature
		}
	}
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}
