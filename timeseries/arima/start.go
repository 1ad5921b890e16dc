package arima

import "math"

// linear starts from the regression of Hannan, Rissanen (1982): the innovations of a long
// autoregression (Yule-Walker, by Durbin-Levinson) stand in for those of the model, and
// w_t is regressed on its own lags and on theirs. The cross terms of a seasonal model are
// left out. It returns variables of the search, or nil where there is no such regression.
func (s *search) linear() []float64 {
	if s.free < len(s.coef) || s.free == 0 {
		return nil
	}
	w := s.differenced[0]
	o, z, m := s.spec.Order, s.spec.Seasonal, s.spec.Period
	reach := max(o.P, o.Q)
	if z.P+z.Q > 0 {
		reach += max(z.P, z.Q) * m
	}
	if s.long == nil {
		s.long = longInnovations(w, m)
	}
	from := reach + s.longOrder()
	if len(w)-from < 2*s.free+10 {
		return nil
	}
	var columns [][]float64
	for _, part := range []struct {
		series []float64
		n, lag int
	}{{w, o.P, 1}, {s.long, o.Q, 1}, {w, z.P, m}, {s.long, z.Q, m}} {
		for i := range part.n {
			at := from - (i+1)*part.lag
			columns = append(columns, part.series[at:at+len(w)-from])
		}
	}
	coef := regress(w[from:], columns)
	if coef == nil {
		return nil
	}
	return s.variables(coef)
}

// longOrder is the order of the long autoregression: it has a season and a bit.
func (s *search) longOrder() int { return longOrder(len(s.differenced[0]), s.spec.Period) }

func longOrder(n, period int) int {
	order := int(10 * math.Log10(float64(n)))
	if period > 1 {
		order = max(order, period+period/4+2)
	}
	return min(order, n/4)
}

// longInnovations are the innovations of an autoregression of longOrder.
func longInnovations(w []float64, period int) []float64 {
	order := longOrder(len(w), period)
	cov := make([]float64, order+1)
	for l := range cov {
		cov[l] = dot(w[l:], w[:len(w)-l])
	}
	ar, previous := make([]float64, order), make([]float64, order)
	variance := cov[0]
	for k := range order {
		if variance <= 1e-12*cov[0] {
			break
		}
		sum := cov[k+1]
		for j := range k {
			sum -= ar[j] * cov[k-j]
		}
		last := sum / variance
		copy(previous, ar[:k])
		for j := range k {
			ar[j] -= last * previous[k-1-j]
		}
		ar[k] = last
		variance *= 1 - last*last
	}
	e := make([]float64, len(w))
	for t := order; t < len(w); t++ {
		sum := w[t]
		for j, c := range ar {
			sum -= c * w[t-1-j]
		}
		e[t] = sum
	}
	return e
}

// regress is least squares by the normal equations, slightly ridged; nil where they cannot
// be solved.
func regress(y []float64, columns [][]float64) []float64 {
	k := len(columns)
	cross := make([]float64, k*k)
	for i, a := range columns {
		for j := range i + 1 {
			cross[i*k+j] = dot(a, columns[j])
			cross[j*k+i] = cross[i*k+j]
		}
	}
	for i := range k {
		cross[i*k+i] *= 1 + 1e-6
		if !(cross[i*k+i] > 0) {
			return nil
		}
	}
	invertPositive(cross, k)
	coef := make([]float64, k)
	for i := range k {
		for j, b := range columns {
			coef[i] += cross[i*k+j] * dot(b, y)
		}
	}
	if !finite(coef) {
		return nil
	}
	return coef
}

// variables are those of the search at coefficients, which are drawn towards 0 until they
// are stationary and invertible.
func (s *search) variables(coef []float64) []float64 {
	x := make([]float64, 0, len(coef))
	for _, b := range s.blocks {
		part := make([]float64, b.n)
		for shrink := 1.0; ; shrink *= 0.95 {
			power := b.sign
			for i := range part {
				power *= shrink
				part[i] = coef[b.from+i] * power
			}
			if toPartial(part) {
				break
			}
		}
		for _, r := range part {
			x = append(x, math.Atanh(max(-0.98, min(0.98, r))))
		}
	}
	return x
}
