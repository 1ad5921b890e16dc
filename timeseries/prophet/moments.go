package prophet

import "slices"

// Moments are sums over the rows of a history: what the posterior near the fitted parameters depends on. J is the derivative of μ by the
// parameters, in the order k, m (logistic: -km), β, δ, and r the residual, in scaled units.
type Moments struct {
	Readings int
	Gram     []float64 // JᵀJ, row by row; with the convex part of -r ∂²μ/∂z² for the logistic curve
	Cross    []float64 // Jᵀr
	Squares  float64   // rᵀr
}

func newMoments(parameters int) *Moments {
	return &Moments{Gram: make([]float64, parameters*parameters), Cross: make([]float64, parameters)}
}

func (mo *Moments) clone() *Moments {
	return &Moments{mo.Readings, slices.Clone(mo.Gram), slices.Clone(mo.Cross), mo.Squares}
}

// renew makes them the sums over the rows of the problem.
func (mo *Moments) renew(p *problem, gram bool) {
	if gram {
		clear(mo.Gram)
	}
	clear(mo.Cross)
	mo.Readings, mo.Squares = 0, 0
	mo.add(p, gram)
}

// squaresAt is rᵀr after a step, to first order in μ.
func (mo *Moments) squaresAt(step []float64) float64 {
	n, sum := len(step), mo.Squares
	for i, d := range step {
		if d != 0 {
			sum += d * (dot(mo.Gram[i*n:(i+1)*n], step) - 2*mo.Cross[i])
		}
	}
	return max(0, sum)
}

// move takes a step, to first order in μ.
func (mo *Moments) move(step []float64) {
	mo.Squares = mo.squaresAt(step)
	n := len(step)
	for i := range mo.Cross {
		mo.Cross[i] -= dot(mo.Gram[i*n:(i+1)*n], step)
	}
}
