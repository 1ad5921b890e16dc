package prophet

import "math"

// Priors of Prophet: k, m ~ N(0, 5), σ ~ N(0, 0.5), δ ~ Laplace(0, τ), β ~ N(0, scale of its component).
const trendPrecision = 1.0 / 25

// leastSigma is the least σ, in scaled units. A series that the model can follow exactly has no maximum: the posterior density
// grows without bound as σ falls to 0. Prophet gives this σ to a constant series.
const leastSigma = 1e-9

// problem is a history in scaled units, by time, with all that the posterior depends on.
type problem struct {
	growth  Growth
	t, y    []float64
	ceiling []float64 // cap above floor; logistic growth only
	knots   []float64 // changepoints
	from    []int     // the first row at or after each knot
	x       design

	precision      []float64 // of the prior of each β: 1/scale²
	multiplicative []bool    // by column
	anyProduct     bool      // whether a column is multiplicative
	tau            float64

	// Of the parameters last evaluated, by row.
	trend    []float64 // g(z), scaled
	weight   []float64 // ∂μ/∂z
	residual []float64 // y - μ
	bend     []float64 // -residual·∂²μ/∂z² where that is above 0; nil when μ is linear in z
}

// linear tells whether μ is linear in the parameters.
func (p *problem) linear() bool { return p.growth != Logistic && !p.anyProduct }

// split returns the coefficients of the additive columns and of the multiplicative ones, each with zeros for the others.
func (p *problem) split(beta []float64) (additive, product []float64) {
	if !p.anyProduct {
		return beta, nil
	}
	additive, product = make([]float64, len(beta)), make([]float64, len(beta))
	for j, b := range beta {
		if p.multiplicative[j] {
			product[j] = b
		} else {
			additive[j] = b
		}
	}
	return additive, product
}

// evaluate computes trend, weight and residual of every row and returns the sum of squared residuals.
func (p *problem) evaluate(v Params) float64 {
	additive, product := p.split(v.Beta)
	z := v.path(p.growth, p.knots)
	sum, segment := 0.0, 0
	for i, t := range p.t {
		for segment < len(p.from) && i >= p.from[segment] {
			segment++
		}
		g, slope := z.at(t, segment), 1.0
		bend := 0.0
		if p.growth == Logistic {
			s := logistic(g)
			g, slope = p.ceiling[i]*s, p.ceiling[i]*s*(1-s)
			bend = slope * (2*s - 1)
		}
		factor := 1.0
		if product != nil {
			factor += p.x.dot(i, product)
		}
		r := p.y[i] - (g*factor + p.x.dot(i, additive))
		p.trend[i], p.weight[i], p.residual[i] = g, slope*factor, r
		if p.bend != nil {
			p.bend[i] = max(0, r*factor*bend)
		}
		sum += r * r
	}
	return sum
}

// logPosterior is the log density of the posterior, up to a constant, of parameters with this sum of squared residuals of n readings.
func (p *problem) logPosterior(v Params, n int, squares float64) float64 {
	return p.logPrior(v) - float64(n)*math.Log(v.Sigma) - squares/(2*v.Sigma*v.Sigma)
}

func (p *problem) logPrior(v Params) float64 {
	sum := -trendPrecision/2*(v.K*v.K+v.M*v.M) - 2*v.Sigma*v.Sigma
	for _, d := range v.Delta {
		sum -= math.Abs(d) / p.tau
	}
	for j, b := range v.Beta {
		sum -= p.precision[j] / 2 * b * b
	}
	return sum
}

// bestSigma maximises -2σ² - n log σ - squares/2σ²: 4σ⁴ + nσ² = squares, solved without cancellation.
func bestSigma(n int, squares float64) float64 {
	half := float64(n) / 2
	return max(leastSigma, math.Sqrt(squares/(half+math.Sqrt(half*half+4*squares))))
}
