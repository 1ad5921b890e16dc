package loess

import (
	"fmt"
	"math"
)

// Plan smooths series of one length with one configuration. It holds storage of
// its own: it is not safe for concurrent use.
type Plan struct {
	n, window, degree int
	reach             float64  // squared; infinite for no bound
	points            []point  // the fitted positions, rising
	ends              [2]point // one position before the first reading, one after the last
	scratch           []float64
}

// point is a fitted position with what its fit needs.
type point struct {
	x, left, right int       // the position; the first and last reading of its window
	kernel         []float64 // tricube weights of the window; nil when not kept
	operator       []float64 // the fit without further weights, as a weighted sum; nil when not kept
}

// kept bounds the weights that a plan keeps, in numbers; what is beyond is
// computed each time. Positions away from the ends share one set of weights.
const kept = 1 << 19

// NewPlan prepares the smoothing of series of n readings.
func NewPlan(n int, cfg Config) (*Plan, error) {
	switch {
	case n < 0:
		return nil, fmt.Errorf("loess: readings must not be fewer than 0, but are %d", n)
	case cfg.Window < 1:
		return nil, fmt.Errorf("loess: window must be at least 1, not %d", cfg.Window)
	case cfg.Degree < 0 || cfg.Degree > 1:
		return nil, fmt.Errorf("loess: degree must be 0 or 1, not %d", cfg.Degree)
	case cfg.Jump < 0:
		return nil, fmt.Errorf("loess: jump must not be negative, but is %d", cfg.Jump)
	case !(cfg.Reach >= 0):
		return nil, fmt.Errorf("loess: reach must not be negative, but is %g", cfg.Reach)
	}
	p := &Plan{n: n, window: max(3, cfg.Window|1), degree: cfg.Degree, reach: cfg.Reach * cfg.Reach}
	if p.reach == 0 {
		p.reach = math.Inf(1)
	}
	if n == 0 {
		return p, nil
	}
	p.place(max(1, min(cfg.Jump, n-1)))
	p.prepare()
	return p, nil
}

// place chooses the positions to fit and their windows.
func (p *Plan) place(jump int) {
	width := min(p.window, p.n)
	before := (p.window+1)/2 - 1 // readings before the position, away from the ends
	for x := 0; x < p.n; x += jump {
		left := 0
		if p.window < p.n {
			left = min(max(0, x-before), p.n-p.window)
		}
		p.points = append(p.points, point{x: x, left: left, right: left + width - 1})
	}
	// The last position is fitted to the window of the last regular one, as the
	// authors' program does.
	if last := p.points[len(p.points)-1]; last.x != p.n-1 {
		last.x = p.n - 1
		p.points = append(p.points, last)
	}
	p.ends[0] = point{x: -1, left: 0, right: width - 1}
	p.ends[1] = point{x: p.n, left: p.n - width, right: p.n - 1}
}

// prepare computes the weights of all points while they fit into the bound.
func (p *Plan) prepare() {
	width := min(p.window, p.n)
	p.scratch = make([]float64, 2*width)
	var central *point
	room := kept
	prepare := func(q *point) {
		isCentral := p.window <= p.n && q.x-q.left == q.right-q.x
		if isCentral && central != nil {
			q.kernel, q.operator = central.kernel, central.operator
			return
		}
		if room -= 2 * width; room < 0 && !isCentral {
			return
		}
		weights := make([]float64, 2*width)
		q.kernel, q.operator = weights[:width:width], weights[width:]
		p.fill(q, q.kernel)
		p.solve(q, q.kernel, q.operator)
		if isCentral {
			central = q
		}
	}
	prepare(&p.ends[0])
	prepare(&p.ends[1])
	for i := range p.points {
		prepare(&p.points[i])
	}
}

// fill computes the tricube weights of a point. The program of 1990 takes weights
// within 0.1 % of the centre as 1 and within 0.1 % of the edge as 0; so does this.
func (p *Plan) fill(q *point, kernel []float64) {
	h := max(q.x-q.left, q.right-q.x)
	if p.window > p.n {
		h += (p.window - p.n) / 2
	}
	bandwidth := float64(h)
	for i := range kernel {
		switch r := math.Abs(float64(q.left + i - q.x)); {
		case r <= 0.001*bandwidth:
			kernel[i] = 1
		case r <= 0.999*bandwidth:
			u := r / bandwidth
			v := 1 - u*u*u
			kernel[i] = v * v * v
		default:
			kernel[i] = 0
		}
	}
}

func (p *Plan) kernelOf(q *point) []float64 {
	if q.kernel != nil {
		return q.kernel
	}
	kernel := p.scratch[:q.right-q.left+1]
	p.fill(q, kernel)
	return kernel
}

// solve writes the fit at a point as a weighted sum of its window.
func (p *Plan) solve(q *point, kernel, operator []float64) {
	var s0, s1, s2 float64
	for i, k := range kernel {
		d := float64(q.left + i - q.x)
		s0 += k
		s1 += k * d
		s2 += k * d * d
	}
	mean, slope := p.slope(s0, s1, s2)
	for i, k := range kernel {
		d := float64(q.left + i - q.x)
		operator[i] = k / s0 * (1 + slope*(d-mean))
	}
}

// slope returns the weighted mean of the distances from the position and the
// factor by which the fit at the position depends on the slope of the readings, 0
// for a local constant: also when the readings with weight hardly spread or are too far.
func (p *Plan) slope(s0, s1, s2 float64) (mean, factor float64) {
	if p.degree == 0 {
		return 0, 0
	}
	mean = s1 / s0
	variance := s2/s0 - mean*mean
	spread := 0.001 * float64(p.n-1)
	if variance > spread*spread && mean*mean <= p.reach*variance {
		factor = -mean / variance
	}
	return mean, factor
}
