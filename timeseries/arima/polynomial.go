package arima

import "math"

// term is c·B^lag of a polynomial in the backshift B.
type term struct {
	lag int
	c   float64
}

// lagged are the terms of a polynomial 1 ± Σ c B^lag without the 1, by lag. The
// product of a short polynomial and a seasonal one has few terms over many lags, and
// the recursions of this package take time by terms.
type lagged []term

func (l lagged) degree() int {
	if len(l) == 0 {
		return 0
	}
	return l[len(l)-1].lag
}

// dense are the coefficients of lag 1..n.
func (l lagged) dense(n int) []float64 {
	d := make([]float64, n)
	for _, t := range l {
		d[t.lag-1] = t.c
	}
	return d
}

// multiplier multiplies a polynomial by a seasonal one, without allocating again.
type multiplier struct {
	sum []float64
	out lagged
}

// product is (1 + sign·Σ a_i B^i)(1 + sign·Σ b_j B^(jm)) less 1, times sign. It is
// valid until the next call.
func (m *multiplier) product(a, b []float64, period int, sign float64) lagged {
	n := len(a) + len(b)*period + 1
	if cap(m.sum) < n {
		m.sum = make([]float64, n)
	}
	sum := m.sum[:n]
	clear(sum)
	for i, x := range a {
		sum[i+1] += x
	}
	for j, y := range b {
		at := (j + 1) * period
		sum[at] += y
		for i, x := range a {
			sum[at+i+1] += sign * x * y
		}
	}
	m.out = m.out[:0]
	for lag, c := range sum {
		if c != 0 {
			m.out = append(m.out, term{lag, c})
		}
	}
	return m.out
}

// differences are the terms δ of 1 - Σ δ B^lag = (1-B)^d (1-B^m)^D.
func differences(d, seasonal, period int) lagged {
	poly := make([]float64, d+seasonal*period+1)
	poly[0] = 1
	times := func(lag int) {
		for i := len(poly) - 1; i >= lag; i-- {
			poly[i] -= poly[i-lag]
		}
	}
	for range d {
		times(1)
	}
	for range seasonal {
		times(period)
	}
	var l lagged
	for lag, c := range poly[1:] {
		if c != 0 {
			l = append(l, term{lag + 1, -c})
		}
	}
	return l
}

// fromPartial turns partial autocorrelations r into the coefficients of the
// stationary autoregression that has them: Durbin-Levinson (Barndorff-Nielsen, Schou
// 1973; Monahan 1984). dst and r may be the same.
func fromPartial(dst, r []float64) {
	copy(dst, r)
	for k := 1; k < len(dst); k++ {
		last := dst[k]
		for i, j := 0, k-1; i <= j; i, j = i+1, j-1 {
			a, b := dst[i], dst[j]
			dst[i], dst[j] = a-last*b, b-last*a
		}
	}
}

// toPartial is the inverse of fromPartial, in place. It returns false, and leaves r
// undefined, when the autoregression is not stationary.
func toPartial(r []float64) bool {
	for k := len(r) - 1; k >= 0; k-- {
		last := r[k]
		if !(math.Abs(last) < 1) {
			return false
		}
		scale := 1 / ((1 - last) * (1 + last))
		for i, j := 0, k-1; i <= j; i, j = i+1, j-1 {
			a, b := r[i], r[j]
			r[i], r[j] = (a+last*b)*scale, (b+last*a)*scale
		}
	}
	return true
}

// rootsBeyond says whether all roots of 1 - Σ coef_i B^i are farther from 0 than
// radius: scaling B by it, the polynomial is then that of a stationary process.
func rootsBeyond(coef []float64, radius float64) bool {
	scaled := make([]float64, len(coef))
	power := 1.0
	for i, c := range coef {
		power *= radius
		scaled[i] = c * power
	}
	return toPartial(scaled)
}
