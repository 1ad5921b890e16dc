package prophet

import "math"

// maximise finds the parameters of the highest posterior density, starting from the given ones.
//
// Each round takes μ to first order about the present parameters (Gauss-Newton), so that the posterior depends on the history only through
// the moments, and maximises that exactly. A μ that is linear needs one round, and a second one that takes away what rounding left.
// Otherwise a round that overshoots is repeated with damping (Levenberg-Marquardt).
func (p *problem) maximise(from Params) (Params, *Moments) {
	mo := newMoments(2 + p.x.columns + len(p.knots))
	best := p.vector(from)
	v := p.params(best, 0)
	squares := p.evaluate(v)
	v.Sigma = bestSigma(len(p.y), squares)
	value := p.logPosterior(v, squares)
	// σ begins well above its optimum and falls to the first one that it meets: with more parameters than readings there
	// is another at 0, where the series is followed exactly.
	sigma, damping := 1.0, 0.0
	if p.linear() {
		value = math.Inf(-1)
	}
	for round := range 100 {
		gram := round == 0 || !p.linear()
		if gram {
			clear(mo.Gram)
		}
		clear(mo.Cross)
		mo.Rows, mo.Squares = 0, 0
		mo.add(p, v, gram)
		last := value
		for ; ; damping = max(10*damping, 1e-6) {
			next, nextSigma := p.climb(mo, best, sigma, damping)
			w := p.params(next, nextSigma)
			squares := p.evaluate(w)
			w.Sigma = bestSigma(len(p.y), squares)
			if found := p.logPosterior(w, squares); found >= value {
				mo.move(difference(next, best))
				mo.Squares = squares
				best, v, value, sigma = next, w, found, w.Sigma
				break
			}
			if damping > 1e9 || p.linear() {
				return v, mo
			}
		}
		if damping /= 100; damping < 1e-6 {
			damping = 0
		}
		if value-last < 1e-9*math.Max(1, math.Abs(value)*1e-4) && damping == 0 {
			break
		}
	}
	return v, mo
}

// climb maximises the posterior near the parameters x as the moments there have it. With damping, σ stays as it is, and steps are
// shortened.
func (p *problem) climb(mo *Moments, x []float64, sigma, damping float64) (next []float64, nextSigma float64) {
	q := newQuadratic(p, mo, x, damping)
	for range 200 {
		q.solve(sigma)
		if damping > 0 {
			break
		}
		trial := Moments{Gram: mo.Gram, Cross: append([]float64(nil), mo.Cross...), Squares: mo.Squares}
		trial.move(q.step)
		last := sigma
		sigma = bestSigma(mo.Rows, trial.Squares)
		if math.Abs(sigma-last) <= 1e-10*sigma {
			break
		}
	}
	next = make([]float64, len(x))
	for i, v := range x {
		next[i] = v + q.step[i]
	}
	copy(next[q.smooth:], q.changes.x) // 0 is 0
	return next, sigma
}

// quadratic is the negative log posterior for a given σ: quadratic in k, m and β, and in δ with the Laplace prior.
type quadratic struct {
	p             *problem
	mo            *Moments
	x             []float64 // where the moments were taken
	damping       float64
	smooth        int // parameters before δ
	factor        []float64
	mixed         []float64 // L⁻¹ times the part of the Hessian between smooth parameters and δ, a row for each δ
	right         []float64
	step          []float64
	changes       lasso
	prior, result []float64
}

func newQuadratic(p *problem, mo *Moments, x []float64, damping float64) *quadratic {
	smooth := 2 + p.x.columns
	s := len(x) - smooth
	q := &quadratic{p: p, mo: mo, x: x, damping: damping, smooth: smooth}
	q.factor, q.mixed = make([]float64, smooth*smooth), make([]float64, s*smooth)
	q.right, q.step = make([]float64, smooth), make([]float64, len(x))
	q.changes = lasso{
		q: make([]float64, s*s), c: make([]float64, s), x0: x[smooth:], lambda: 1 / p.tau,
		x: append([]float64(nil), x[smooth:]...), sign: make([]float64, s), gradient: make([]float64, s),
		system: make([]float64, s*s), step: make([]float64, s), barred: make([]bool, s),
	}
	q.prior = append([]float64{trendPrecision, trendPrecision}, p.precision...)
	return q
}

// solve computes the step to the maximum. The smooth parameters are eliminated by a Schur complement, which leaves the δ.
func (q *quadratic) solve(sigma float64) {
	n, u := len(q.x), q.smooth
	scale := 1 / (sigma * sigma)
	for i := range u {
		for j := range i + 1 {
			q.factor[i*u+j] = scale * q.mo.Gram[i*n+j]
		}
		q.factor[i*u+i] += q.prior[i] + q.damping*q.factor[i*u+i]
		q.right[i] = scale*q.mo.Cross[i] - q.prior[i]*q.x[i]
	}
	cholesky(q.factor, u)
	forward(q.factor, u, q.right)
	s := n - u
	for j := range s {
		mixed := q.mixed[j*u : (j+1)*u]
		for i := range mixed {
			mixed[i] = scale * q.mo.Gram[(u+j)*n+i]
		}
		forward(q.factor, u, mixed)
		for l := range j + 1 {
			h := scale * q.mo.Gram[(u+j)*n+u+l]
			if l == j {
				h *= 1 + q.damping
			}
			h -= dot(mixed, q.mixed[l*u:(l+1)*u])
			q.changes.q[j*s+l], q.changes.q[l*s+j] = h, h
		}
		q.changes.c[j] = scale*q.mo.Cross[u+j] - dot(mixed, q.right)
	}
	q.changes.solve()
	copy(q.step, q.right)
	for j := range s {
		d := q.changes.x[j] - q.x[u+j]
		q.step[u+j] = d
		if d == 0 {
			continue
		}
		for i, m := range q.mixed[j*u : (j+1)*u] {
			q.step[i] -= d * m
		}
	}
	backward(q.factor, u, q.step[:u])
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, x := range a {
		sum += x * b[i]
	}
	return sum
}

func difference(a, b []float64) []float64 {
	d := make([]float64, len(a))
	for i, x := range a {
		d[i] = x - b[i]
	}
	return d
}

// vector is k, m, β, δ.
func (p *problem) vector(v Params) []float64 {
	x := make([]float64, 2+p.x.columns+len(p.knots))
	x[0], x[1] = v.K, v.M
	copy(x[2:], v.Beta)
	copy(x[2+p.x.columns:], v.Delta)
	return x
}

func (p *problem) params(x []float64, sigma float64) Params {
	k := 2 + p.x.columns
	return Params{K: x[0], M: x[1], Beta: x[2:k:k], Delta: x[k:], Sigma: sigma}
}
