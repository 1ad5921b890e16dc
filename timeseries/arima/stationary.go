package arima

import "math"

// process is the moments of a stationary ARMA process with innovations of variance 1.
// Its slices are reused from one set of coefficients to the next.
type process struct {
	lower  [][]float64 // autoregressions of order 0..p with the same start of the autocovariances
	ar     []float64   // autocovariances of the autoregression alone
	spread []float64   // those of the moving average alone
	cov    []float64   // those of the process, lag 0..r
	psi    []float64   // weights of the innovations, lag 0..q
	column []float64   // covariance of the state with its first element
}

func resize(s []float64, n int) []float64 {
	if cap(s) < n {
		return make([]float64, n)
	}
	return s[:n]
}

// moments sets cov up to lag r, psi and column. It returns false when the
// autoregression is not stationary.
func (p *process) moments(ar, ma lagged, r int) bool {
	q := ma.degree()
	if !p.autoregression(ar, r+q) {
		return false
	}
	p.spread = resize(p.spread, q+1)
	clear(p.spread)
	p.spread[0] = 1
	for i, a := range ma {
		p.spread[a.lag] += a.c
		for _, b := range ma[:i+1] {
			p.spread[a.lag-b.lag] += a.c * b.c
		}
	}
	// γ(k) = Σ g(l) γ_AR(k-l), l = -q..q
	p.cov = resize(p.cov, r+1)
	for k := range p.cov {
		p.cov[k] = p.spread[0] * p.ar[k]
	}
	for l := 1; l <= q; l++ {
		g := p.spread[l]
		if g == 0 {
			continue
		}
		for k := range p.cov {
			p.cov[k] += g * (p.ar[k+l] + p.ar[max(k-l, l-k)])
		}
	}
	p.weights(ar, ma)
	p.firstColumn(ar, ma, r)
	return true
}

// autoregression sets ar up to lag n: backwards to the partial autocorrelations, and
// forwards from the variance, 1/Π(1-r²).
func (p *process) autoregression(ar lagged, n int) bool {
	order := ar.degree()
	p.ar = resize(p.ar, n+1)
	clear(p.ar)
	if order == 0 {
		p.ar[0] = 1
		return true
	}
	if len(p.lower) < order+1 {
		p.lower = make([][]float64, order+1)
		for k := range p.lower {
			p.lower[k] = make([]float64, k)
		}
	}
	top := p.lower[order]
	clear(top)
	for _, t := range ar {
		top[t.lag-1] = t.c
	}
	variance := 1.0
	for k := order; k > 0; k-- {
		from, to := p.lower[k], p.lower[k-1]
		last := from[k-1]
		if !(math.Abs(last) < 1) {
			return false
		}
		rest := (1 - last) * (1 + last)
		variance /= rest
		if last == 0 {
			copy(to, from)
			continue
		}
		for j := range to {
			to[j] = (from[j] + last*from[k-2-j]) / rest
		}
	}
	if math.IsInf(variance, 0) || math.IsNaN(variance) {
		return false
	}
	p.ar[0] = variance
	for k := 1; k <= min(order, n); k++ {
		last := p.lower[k][k-1]
		sum := last * variance
		for j, c := range p.lower[k-1] {
			sum += c * p.ar[k-1-j]
		}
		p.ar[k] = sum
		variance *= (1 - last) * (1 + last)
	}
	for k := order + 1; k <= n; k++ {
		sum := 0.0
		for _, t := range ar {
			sum += t.c * p.ar[k-t.lag]
		}
		p.ar[k] = sum
	}
	return true
}

// weights sets psi, of w_t = Σ ψ_j ε_(t-j).
func (p *process) weights(ar, ma lagged) {
	p.psi = resize(p.psi, ma.degree()+1)
	clear(p.psi)
	p.psi[0] = 1
	for _, t := range ma {
		p.psi[t.lag] = t.c
	}
	for j := range p.psi {
		for _, t := range ar {
			if t.lag > j {
				break
			}
			p.psi[j] += t.c * p.psi[j-t.lag]
		}
	}
}

// firstColumn sets column: the i-th element of the state (see filter) is
// Σ φ_j w_(t-1-j+i) + θ_(j-1) ε_(t-j+i) over j ≥ i, the first is w_t.
func (p *process) firstColumn(ar, ma lagged, r int) {
	p.column = resize(p.column, r)
	clear(p.column)
	for _, t := range ar {
		for i := range t.lag {
			p.column[i] += t.c * p.cov[t.lag-i]
		}
	}
	for _, t := range ma {
		for i := range t.lag + 1 {
			p.column[i] += t.c * p.psi[t.lag-i]
		}
	}
	p.column[0] = p.cov[0]
}
