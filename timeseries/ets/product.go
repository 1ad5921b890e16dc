package ets

import "math"

// product holds the moments of x·s, for x the level and the trend and s the season of one step of the period: class 3, where the forecast is
// a product of two states that share their errors.
type product struct {
	mean     pair
	variance square
}

type (
	pair   [2]float64
	square [2][2]float64 // symmetric, or a matrix that maps pairs
)

// momentsOfProducts returns mean and standard deviation of the next h steps with a season that is a factor. An error ε takes level and trend to
// (F + εG)x with
//
//	F = 1 φ    G = α αφ
//	    0 φ        β βφ
//
// and the season of its step to (1+γε)s, so that their product goes to (F + εG)xs, or in that step to (F + ε(G+γF) + ε²γG)xs. With
// Eε² = σ², Eε⁴ = 3σ⁴ the moments of the products follow exactly (the book, §6.4.3, in whose matrices only these blocks reach a forecast).
// Everything is in units of the level.
func (m *Model) momentsOfProducts(h int) (mean, sd []float64) {
	mean, sd = make([]float64, h), make([]float64, h)
	p, variance := m.Params, m.Sigma*m.Sigma
	unit := max(math.Abs(m.State.Level), math.Abs(m.State.Trend))
	if unit == 0 {
		return mean, sd
	}
	still := square{{1, p.Phi}, {0, p.Phi}}
	moved := square{{p.Alpha, p.Alpha * p.Phi}, {p.Beta, p.Beta * p.Phi}}
	var own square // of the step that the error is of
	for i := range own {
		for j := range own {
			own[i][j] = moved[i][j] + p.Gamma*still[i][j]
		}
	}
	products := make([]product, len(m.State.Season))
	for j, s := range m.State.Season {
		products[j].mean = pair{m.State.Level / unit * s, m.State.Trend / unit * s}
	}
	for i, next := 0, m.State.Next; i < h; i++ {
		now := &products[next]
		mu := now.mean[0] + p.Phi*now.mean[1]
		v := now.variance[0][0] + 2*p.Phi*now.variance[0][1] + p.Phi*p.Phi*now.variance[1][1]
		mean[i], sd[i] = unit*mu, unit*math.Sqrt(max(0, v+variance*(v+mu*mu)))
		if !(math.Abs(mean[i]) <= math.MaxFloat64 && sd[i] <= math.MaxFloat64) { // of errors so large the moments are beyond numbers
			copy(mean[i:], m.continued(h)[i:])
			for j := i; j < h; j++ {
				sd[j] = math.MaxFloat64
			}
			return mean, sd
		}
		for j := range products {
			if j == next {
				products[j].step(&still, &own, &moved, p.Gamma, variance)
			} else {
				products[j].step(&still, &moved, &moved, 0, variance)
			}
		}
		next = (next + 1) % len(products)
	}
	return mean, sd
}

// step takes the moments through (A + εB + ε²cC): with W = V + mm',
//
//	m ← (A + σ²cC)m
//	V ← AVA' + σ²(AVcC' + cCVA' + BWB') + σ⁴ cC(3V + 2mm')cC'
func (p *product) step(a, b, c *square, factor, variance float64) {
	var whole, third square
	for i := range whole {
		for j := range whole {
			mm := p.mean[i] * p.mean[j]
			whole[i][j] = p.variance[i][j] + mm
			third[i][j] = 3*p.variance[i][j] + 2*mm
		}
	}
	avc, ava := between(a, &p.variance, c), between(a, &p.variance, a)
	bwb, ctc := between(b, &whole, b), between(c, &third, c)
	once, twice := variance*factor, variance*variance*factor*factor
	for i := range ava {
		for j := range ava {
			p.variance[i][j] = ava[i][j] + once*(avc[i][j]+avc[j][i]) + variance*bwb[i][j] + twice*ctc[i][j]
		}
	}
	old := p.mean
	for i := range old {
		p.mean[i] = (a[i][0]+once*c[i][0])*old[0] + (a[i][1]+once*c[i][1])*old[1]
	}
}

// between is A·M·B'.
func between(a, m, b *square) (product square) {
	for i := range product {
		left := pair{a[i][0]*m[0][0] + a[i][1]*m[1][0], a[i][0]*m[0][1] + a[i][1]*m[1][1]}
		for j := range product {
			product[i][j] = left[0]*b[j][0] + left[1]*b[j][1]
		}
	}
	return product
}
