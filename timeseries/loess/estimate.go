package loess

import "fmt"

// Smooth returns the smoothed series. weights are those of the readings, at least
// 0, or nil for all 1; y must be finite also where they are 0. A position without
// any weight in its window keeps its reading. It uses the storage of dst when that
// suffices; what dst held is overwritten. dst must not be y. It panics when a
// length is not that of the plan.
func (p *Plan) Smooth(dst, y, weights []float64) []float64 {
	p.check(y, weights)
	dst = resize(dst, p.n)
	p.smooth(dst, y, weights)
	return dst
}

// SmoothExtended is Smooth with one more position at either end: element 0 is the
// position before the first reading, element n+1 the one after the last.
func (p *Plan) SmoothExtended(dst, y, weights []float64) []float64 {
	p.check(y, weights)
	dst = resize(dst, p.n+2)
	if p.n == 0 {
		clear(dst)
		return dst
	}
	inner := dst[1 : p.n+1]
	p.smooth(inner, y, weights)
	var ok bool
	if dst[0], ok = p.estimate(&p.ends[0], y, weights); !ok {
		dst[0] = inner[0]
	}
	if dst[p.n+1], ok = p.estimate(&p.ends[1], y, weights); !ok {
		dst[p.n+1] = inner[p.n-1]
	}
	return dst
}

func (p *Plan) check(y, weights []float64) {
	if len(y) != p.n || weights != nil && len(weights) != p.n {
		panic(fmt.Sprintf("loess: %d readings and %d weights for a plan of %d", len(y), len(weights), p.n))
	}
}

func resize(dst []float64, n int) []float64 {
	if cap(dst) < n {
		return make([]float64, n)
	}
	return dst[:n]
}

func (p *Plan) smooth(dst, y, weights []float64) {
	if p.n < 2 {
		copy(dst, y)
		return
	}
	before := 0
	for i := range p.points {
		q := &p.points[i]
		value, ok := p.estimate(q, y, weights)
		if !ok {
			value = y[q.x]
		}
		dst[q.x] = value
		interpolate(dst[before : q.x+1])
		before = q.x
	}
}

// interpolate fills what is between the first and the last value.
func interpolate(x []float64) {
	n := len(x) - 1
	if n < 2 {
		return
	}
	step := (x[n] - x[0]) / float64(n)
	for i := 1; i < n; i++ {
		x[i] = x[0] + step*float64(i)
	}
}

// estimate is the fit at one point; not ok when no reading has weight there.
func (p *Plan) estimate(q *point, y, weights []float64) (value float64, ok bool) {
	y = y[q.left : q.right+1]
	switch {
	case weights != nil && p.degree == 0:
		return constant(p.kernelOf(q), y, weights[q.left:q.right+1])
	case weights != nil:
		return p.line(q, p.kernelOf(q), y, weights[q.left:q.right+1])
	case q.operator != nil:
		return dot(q.operator, y), true
	default:
		kernel := p.kernelOf(q)
		operator := p.scratch[len(kernel) : 2*len(kernel)]
		p.solve(q, kernel, operator)
		return dot(operator, y), true
	}
}

// constant is the weighted mean.
func constant(kernel, y, weights []float64) (value float64, ok bool) {
	y, weights = y[:len(kernel)], weights[:len(kernel)]
	var s0, t0 float64
	for i, k := range kernel {
		w := k * weights[i]
		s0 += w
		t0 += w * y[i]
	}
	if s0 <= 0 {
		return 0, false
	}
	return t0 / s0, true
}

// line is the weighted least-squares line at the point: with distances d from it,
// m their weighted mean and v their weighted variance, the mean of y plus -m times
// cov(d, y)/v.
func (p *Plan) line(q *point, kernel, y, weights []float64) (value float64, ok bool) {
	y, weights = y[:len(kernel)], weights[:len(kernel)]
	var s0, s1, s2, t0, t1 float64
	d := float64(q.left - q.x)
	for i, k := range kernel {
		w := k * weights[i]
		wd, wy := w*d, w*y[i]
		s0 += w
		s1 += wd
		s2 += wd * d
		t0 += wy
		t1 += wy * d
		d++
	}
	if s0 <= 0 {
		return 0, false
	}
	mean, slope := p.slope(s0, s1, s2)
	return (t0 + slope*(t1-mean*t0)) / s0, true
}

// dot has four sums, since one would wait for each addition before the next.
func dot(a, b []float64) float64 {
	var s0, s1, s2, s3 float64
	b = b[:len(a)]
	for len(a) >= 4 && len(b) >= 4 {
		s0 += a[0] * b[0]
		s1 += a[1] * b[1]
		s2 += a[2] * b[2]
		s3 += a[3] * b[3]
		a, b = a[4:], b[4:]
	}
	for i, v := range a {
		s0 += v * b[i]
	}
	return (s0 + s1) + (s2 + s3)
}
