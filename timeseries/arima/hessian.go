package arima

import "math"

// covariance of all coefficients: the inverse of the second derivatives of the negative
// log-likelihood, the variance of the innovations taken out. Those in the coefficients of
// the ARMA part are differences over 1e-3, as in R; the others are exact, or differences
// of exact gradients.
func (s *search) covariance(b []float64, w way) [][]float64 {
	arma := s.freeARMA()
	k, n := len(arma), len(arma)+len(b)
	h := make([][]float64, n)
	for i := range h {
		h[i] = make([]float64, n)
	}
	if s.stop != nil && s.stop() { // this takes as long as a search
		for i := range h {
			for j := range h {
				h[i][j] = math.NaN()
			}
		}
		return s.place(h, arma)
	}
	const step = 1e-3
	center := s.at(b, w)
	at := append([]float64{}, s.coef...)
	moved := func(i int, by float64, j int, and float64) quadratic {
		s.coef[arma[i]] += by
		s.coef[arma[j]] += and
		q := s.at(b, w)
		copy(s.coef, at)
		return q
	}
	for i := range k {
		for j := range i + 1 {
			pp, mm := moved(i, step, j, step), moved(i, -step, j, -step)
			pm, mp := center, center
			if i != j {
				pm, mp = moved(i, step, j, -step), moved(i, -step, j, step)
			}
			h[i][j] = (pp.value - pm.value - mp.value + mm.value) / (4 * step * step)
			h[j][i] = h[i][j]
			if i == j {
				for l := range b {
					h[i][k+l] = (pp.slope[l] - mm.slope[l]) / (4 * step)
					h[k+l][i] = h[i][k+l]
				}
			}
		}
	}
	for l := range b {
		for m := range b {
			h[k+l][k+m] = center.curve[l*len(b)+m]
		}
	}
	s.evaluate(s.coef, w) // leaves sums and errors as they were
	return s.place(invert(h), arma)
}

// quadratic is the negative log-likelihood in the coefficients of the columns, at b.
type quadratic struct {
	value float64
	slope []float64
	curve []float64
}

func (s *search) at(b []float64, w way) quadratic {
	if !s.evaluate(s.coef, w) {
		return quadratic{value: math.NaN(), slope: make([]float64, len(b)), curve: make([]float64, len(b)*len(b))}
	}
	k := len(b) + 1
	cross := func(i, j int) float64 { return s.sums.cross[min(i, j)*k+max(i, j)] }
	n, square := float64(s.sums.n), cross(0, 0)
	if w == conditional { // as R does: what is left out at the start counts too
		n = float64(s.count - s.diff.degree())
	}
	q := quadratic{slope: make([]float64, len(b)), curve: make([]float64, len(b)*len(b))}
	for i, c := range b {
		sum := 0.0
		for j, d := range b {
			sum += cross(i+1, j+1) * d
			q.curve[i*len(b)+j] = cross(i+1, j+1)
		}
		square += c * (sum - 2*cross(0, i+1))
		q.slope[i] = sum - cross(0, i+1)
	}
	variance := square / n
	for i := range q.slope {
		q.slope[i] /= variance
	}
	for i := range q.curve {
		q.curve[i] /= variance
	}
	q.value = n / 2 * math.Log(variance)
	if w != conditional {
		q.value += s.sums.logDet() / 2
	}
	return q
}

// freeARMA are the coefficients of the ARMA part that are not fixed.
func (s *search) freeARMA() []int {
	var list []int
	for _, b := range s.blocks {
		for i := range b.n {
			if b.fixed == nil || !b.fixed[i] {
				list = append(list, b.from+i)
			}
		}
	}
	return list
}

// place turns the covariance of the free coefficients, in the units of the columns,
// into that of all.
func (s *search) place(v [][]float64, arma []int) [][]float64 {
	all := len(s.coef) + len(s.base)
	// rows: coefficient; columns: free one
	jac := make([][]float64, all)
	for i := range jac {
		jac[i] = make([]float64, len(v))
	}
	for i, at := range arma {
		jac[at][i] = 1
	}
	unit := make([]float64, len(s.problem.free))
	for j := range unit {
		clear(unit)
		unit[j] = 1
		for i, c := range s.unmix(unit) {
			at := s.problem.free[i]
			jac[len(s.coef)+at][len(arma)+j] = math.Ldexp(c, s.exponent-s.sizes[at])
		}
	}
	cov := make([][]float64, all)
	for a := range cov {
		cov[a] = make([]float64, all)
		for b := range cov[a] {
			for i, x := range jac[a] {
				if x == 0 {
					continue
				}
				for j, y := range jac[b] {
					if y != 0 {
						cov[a][b] += x * v[i][j] * y
					}
				}
			}
		}
	}
	return cov
}

// invert inverts a symmetric matrix by Gauss and Jordan with pivots; NaN where it is singular.
func invert(a [][]float64) [][]float64 {
	n := len(a)
	inv := make([][]float64, n)
	for i := range inv {
		inv[i] = make([]float64, n)
		inv[i][i] = 1
	}
	for i := range n {
		pivot := i
		for r := i; r < n; r++ {
			if math.Abs(a[r][i]) > math.Abs(a[pivot][i]) {
				pivot = r
			}
		}
		a[i], a[pivot], inv[i], inv[pivot] = a[pivot], a[i], inv[pivot], inv[i]
		scale := 1 / a[i][i]
		for c := range n {
			a[i][c] *= scale
			inv[i][c] *= scale
		}
		for r := range n {
			if r == i {
				continue
			}
			by := a[r][i]
			for c := range n {
				a[r][c] -= by * a[i][c]
				inv[r][c] -= by * inv[i][c]
			}
		}
	}
	return inv
}
