package arima

import "math"

// minimiser moves a point to a local minimum of a function by BFGS (Nocedal, Wright 2006,
// algorithm 6.1) with a backtracking line search. Derivatives are central differences;
// the second ones, which come with them, start the estimate of the Hessian.
type minimiser struct {
	f    func(x []float64) float64 // may be +Inf
	stop func() bool               // ends a run when true; may be nil

	x              []float64
	value          float64
	done           bool // it cannot go down any more
	grad, curve    []float64
	inverse        []float64 // estimate of the inverse Hessian, by rows
	direction      []float64
	next, nextGrad []float64
	step, change   []float64
	fresh          bool // inverse is diagonal
}

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
	m.value = m.f(x)
	if m.done = n == 0 || math.IsInf(m.value, 1); !m.done {
		m.derive(x, m.value, m.grad)
		m.reset()
	}
}

// run goes on for some iterations, until a step is expected to gain less than the
// tolerance, or until stop.
func (m *minimiser) run(iterations int, tolerance float64) {
	idle := 0
	for range iterations {
		if m.done || m.stop != nil && m.stop() {
			return
		}
		slope := m.aim()
		if !m.fresh && !(slope < -2*tolerance) { // once more along the gradient, in case the curvature was wrong
			m.reset()
			slope = m.aim()
		}
		if !(slope < -2*tolerance) {
			return
		}
		value, ok := m.search(slope)
		if !ok {
			m.done = m.fresh
			m.reset()
			continue
		}
		m.derive(m.next, value, m.nextGrad)
		for i := range m.x {
			m.step[i], m.change[i] = m.next[i]-m.x[i], m.nextGrad[i]-m.grad[i]
		}
		copy(m.x, m.next)
		copy(m.grad, m.nextGrad)
		m.learn()
		if idle++; m.value-value > tolerance {
			idle = 0
		}
		m.value = value
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

// derive sets the gradient and, in curve, the second derivatives; at the edge of where
// the function is finite, the gradient from one side.
func (m *minimiser) derive(x []float64, value float64, grad []float64) {
	const h = 1e-4
	for i, at := range x {
		x[i] = at + h
		up := m.f(x)
		x[i] = at - h
		down := m.f(x)
		x[i] = at
		m.curve[i] = 0
		switch {
		case math.IsInf(up, 1) && math.IsInf(down, 1):
			grad[i] = 0
		case math.IsInf(up, 1):
			grad[i] = (value - down) / h
		case math.IsInf(down, 1):
			grad[i] = (up - value) / h
		default:
			grad[i] = (up - down) / (2 * h)
			m.curve[i] = (up - 2*value + down) / (h * h)
		}
	}
}

func (m *minimiser) reset() {
	clear(m.inverse)
	for i, c := range m.curve {
		m.inverse[i*len(m.curve)+i] = 1 / max(c, 1)
	}
	m.fresh = true
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
	m.fresh = false
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
