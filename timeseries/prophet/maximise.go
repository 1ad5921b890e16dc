package prophet

import (
	"math"
	"slices"
)

// tolerance is the gain of log posterior that ends the search.
const tolerance = 1e-9

// maximise finds the parameters of the highest posterior density.
func (p *problem) maximise() (v Params, mo *Moments, value float64) {
	from := start(p.growth, p.y, p.ceiling)
	if p.growth != Logistic && slices.Min(p.y) == slices.Max(p.y) {
		return p.level(from)
	}
	if v, mo, value = p.climb(from); p.growth != Logistic {
		return v, mo, value
	}
	// k keeps its sign on the way, as the prior of m = -c/k has a pole at 0. The other way begins at the same level c.
	from.K, from.M = -from.K, -from.M
	if w, other, found := p.climb(from); found > value {
		return w, other, found
	}
	return v, mo, value
}

// level takes the start as it is: through a constant series, as Prophet does.
func (p *problem) level(from Params) (v Params, mo *Moments, value float64) {
	x := p.vector(from)
	v, squares := p.complete(x)
	mo = newMoments(len(x))
	mo.renew(p, true)
	return v, mo, p.logPosterior(v, len(p.y), squares)
}

// climb goes up to a maximum.
//
// Each round takes μ to first order about the present parameters (Gauss-Newton; the logistic curve to second order where it bends the way that would
// make steps too long), so that the posterior depends on the history only through the moments, and maximises that exactly. A μ that is
// linear needs one round, and a second one that takes away what rounding left. Otherwise a round that overshoots is repeated with damping
// (Levenberg-Marquardt).
func (p *problem) climb(from Params) (v Params, mo *Moments, value float64) {
	x := p.vector(from)
	mo = newMoments(len(x))
	v, squares := p.complete(x)
	if value = math.Inf(-1); !p.linear() {
		value = p.logPosterior(v, len(p.y), squares)
	}
	// σ begins well above its optimum and falls to the first one that it meets: with more parameters than readings there
	// is another at 0, where the series is followed exactly.
	sigma, damping := 1.0, 0.0
	for round, idle := 0, 0; round < 100 && idle < 3; round++ {
		mo.renew(p, round == 0 || !p.linear())
		next := p.best(mo, x, sigma, damping)
		w, squares := p.complete(next)
		found := p.logPosterior(w, len(p.y), squares)
		for !(found >= value-tolerance) {
			if damping = max(10*damping, 1e-6); damping > 1e9 {
				return v, mo, value
			}
			next = p.best(mo, x, sigma, damping)
			w, squares = p.complete(next)
			found = p.logPosterior(w, len(p.y), squares)
		}
		if idle++; found-value > tolerance {
			idle = 0
		}
		if found > value {
			mo.move(difference(next, x))
			mo.Squares = squares
			x, v, value, sigma = next, w, found, w.Sigma
		}
		if idle > 0 && damping == 0 {
			break
		}
		if damping /= 100; damping < 1e-6 {
			damping = 0
		}
	}
	return v, mo, value
}

// complete makes x parameters with the best σ for them, and evaluates them.
func (p *problem) complete(x []float64) (Params, float64) {
	v := p.params(x)
	squares := p.evaluate(v)
	v.Sigma = bestSigma(len(p.y), squares)
	return v, squares
}

// vector is k, m, β, δ, with c = -km in the place of m when growth is logistic: in it μ is much nearer to linear.
func (p *problem) vector(v Params) []float64 {
	x := make([]float64, 2+p.x.columns+len(p.knots))
	x[0], x[1] = v.K, v.M
	if p.growth == Logistic {
		x[1] = -v.K * v.M
	}
	copy(x[2:], v.Beta)
	copy(x[2+p.x.columns:], v.Delta)
	return x
}

func (p *problem) params(x []float64) Params {
	k := 2 + p.x.columns
	v := Params{K: x[0], M: x[1], Beta: x[2:k:k], Delta: x[k:]}
	if p.growth == Logistic {
		v.M = -x[1] / x[0]
	}
	return v
}

func difference(a, b []float64) []float64 {
	d := make([]float64, len(a))
	for i, x := range a {
		d[i] = x - b[i]
	}
	return d
}
