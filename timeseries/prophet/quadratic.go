package prophet

import (
	"math"
	"slices"
)

// best maximises the posterior near the parameters x as the moments there have it. Without damping, σ, which begins as given, is
// maximised too, in turn with the others. With damping it stays, and the step is shortened.
func (p *problem) best(mo *Moments, x []float64, sigma, damping float64) []float64 {
	q := newQuadratic(p, mo, x, damping)
	for range 200 {
		q.solve(sigma)
		last := sigma
		if sigma = bestSigma(mo.Readings, mo.squaresAt(q.step)); damping > 0 || math.Abs(sigma-last) <= 1e-8*sigma {
			break
		}
	}
	next := make([]float64, len(x))
	for i, v := range x {
		next[i] = v + q.step[i]
	}
	copy(next[q.smooth:], q.changes.x) // where the sum above would not be quite 0
	return next
}

// ridge is the share by which diagonal elements of the Hessian are increased, well above rounding, so that it stays positive definite when
// columns depend on one another. The gradient is exact, so this shortens steps along such directions and leaves the optimum where it is.
const ridge = 1e-11

// quadratic is the negative log posterior for a given σ, quadratic in k, m and β, and in δ but for the Laplace prior.
type quadratic struct {
	mo        *Moments
	x         []float64 // where the moments were taken
	damping   float64
	smooth    int       // parameters before δ
	precision []float64 // of the priors of the smooth parameters
	slope     []float64 // gradient of these priors at x
	shared    float64   // in their Hessian, between k and m

	factor  []float64 // Cholesky factor L of the smooth parameters' Hessian
	mixed   []float64 // L⁻¹ times the part of the Hessian between them and δ, a row for each δ
	right   []float64
	changes lasso
	step    []float64
}

func newQuadratic(p *problem, mo *Moments, x []float64, damping float64) *quadratic {
	u := 2 + p.x.columns
	q := &quadratic{mo: mo, x: x, damping: damping, smooth: u}
	q.factor, q.mixed = make([]float64, u*u), make([]float64, len(p.knots)*u)
	q.right, q.step = make([]float64, u), make([]float64, len(x))
	q.changes = newLasso(x[u:], 1/p.tau)
	q.precision = slices.Concat([]float64{trendPrecision, trendPrecision}, p.precision)
	q.slope = make([]float64, u)
	for i, a := range q.precision {
		q.slope[i] = a * x[i]
	}
	if p.growth == Logistic {
		q.logisticPrior()
	}
	return q
}

// logisticPrior is that of k and c = -km: k² + c²/k², times half the precision. The Hessian of the second part is
//
//	3m²/k²  2m/k²
//	2m/k²   1/k²
//
// which is made positive by 4/3k² in the corner; what the history says of c is much more.
func (q *quadratic) logisticPrior() {
	k := q.x[0]
	m := -q.x[1] / k
	q.slope[0] = trendPrecision * (k - m*m/k)
	q.slope[1] = -trendPrecision * m / k
	q.precision[0] = trendPrecision * (1 + 3*m*m/(k*k))
	q.precision[1] = trendPrecision * 4 / (3 * k * k)
	q.shared = trendPrecision * 2 * m / (k * k)
}

// solve computes the step to the maximum. The smooth parameters are eliminated by a Schur complement, which leaves δ.
func (q *quadratic) solve(sigma float64) {
	n, u := len(q.x), q.smooth
	s := n - u
	scale := 1 / (sigma * sigma)
	for i := range u {
		for j, g := range q.mo.Gram[i*n : i*n+i+1] {
			q.factor[i*u+j] = scale * g
		}
		q.factor[i*u+i] *= 1 + q.damping + ridge
		q.factor[i*u+i] += q.precision[i]
		q.right[i] = scale*q.mo.Cross[i] - q.slope[i]
	}
	q.factor[u] += q.shared
	cholesky(q.factor, u)
	forward(q.factor, u, q.right)
	for j := range s {
		mixed := q.mixed[j*u : (j+1)*u]
		for i, g := range q.mo.Gram[(u+j)*n : (u+j)*n+u] {
			mixed[i] = scale * g
		}
		forward(q.factor, u, mixed)
		for l := range j + 1 {
			g := scale * q.mo.Gram[(u+j)*n+u+l]
			h := g - dot(mixed, q.mixed[l*u:(l+1)*u])
			if l == j {
				h += (q.damping + ridge) * g
			}
			q.changes.q[j*s+l], q.changes.q[l*s+j] = h, h
		}
		q.changes.c[j] = scale*q.mo.Cross[u+j] - dot(mixed, q.right)
	}
	q.changes.solve()
	copy(q.step, q.right)
	for j := range s {
		d := q.changes.x[j] - q.x[u+j]
		q.step[u+j] = d
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
