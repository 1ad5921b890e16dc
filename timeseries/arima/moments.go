package arima

import "math"

// moments sums what a likelihood needs: the products of the innovations of the series
// (column 0) and the regressors, weighted by their variance, and its logarithm.
type moments struct {
	n       int
	now     []float64 // innovations of this step
	cross   []float64 // k×k, upper triangle
	log     float64   // Σ log f, without
	product float64   // this factor: a logarithm at each step would cost more than the filter

	keep bool
	kept []float64 // standardised innovations of all columns, step by step, when keep is set
}

func newMoments(columns int) *moments {
	return &moments{now: make([]float64, columns), cross: make([]float64, columns*columns), product: 1}
}

func (s *moments) reset() {
	s.n, s.log, s.product = 0, 0, 1
	clear(s.cross)
	s.kept = s.kept[:0]
}

func (s *moments) add(f, weight float64) {
	s.n++
	if f != 1 {
		s.product *= f
		if s.product > 1e100 || s.product < 1e-100 {
			s.log += math.Log(s.product)
			s.product = 1
		}
	}
	if s.keep {
		scale := math.Sqrt(weight)
		for _, v := range s.now {
			s.kept = append(s.kept, v*scale)
		}
	}
	k := len(s.now)
	for i, a := range s.now {
		a *= weight
		for j, b := range s.now[i:] {
			s.cross[i*k+i+j] += a * b
		}
	}
}

// addAll adds steps of equal variance: the innovations of each column.
func (s *moments) addAll(e [][]float64, f float64) {
	k, n := len(e), len(e[0])
	s.n += n
	if f != 1 {
		s.log += float64(n) * math.Log(f)
	}
	for i := range k {
		for j := i; j < k; j++ {
			s.cross[i*k+j] += dot(e[i], e[j]) / f
		}
	}
	if s.keep {
		scale := 1 / math.Sqrt(f)
		for t := range n {
			for c := range k {
				s.kept = append(s.kept, e[c][t]*scale)
			}
		}
	}
}

func (s *moments) logDet() float64 { return s.log + math.Log(s.product) }

// estimate is what follows from sums: the coefficients of the columns by generalised
// least squares, and the variance of the innovations with these.
func (s *moments) estimate() (b []float64, variance float64, ok bool) {
	k := len(s.now) - 1
	variance = s.cross[0]
	if k > 0 {
		l := make([]float64, k*k) // Cholesky factor
		b = make([]float64, k)
		for i := range k {
			sum := s.cross[i+1]
			for j := range i + 1 {
				c := s.cross[(j+1)*(k+1)+i+1]
				for m := range j {
					c -= l[i*k+m] * l[j*k+m]
				}
				if i == j {
					if !(c > 0) {
						return nil, 0, false
					}
					l[i*k+i] = math.Sqrt(c)
					continue
				}
				l[i*k+j] = c / l[j*k+j]
				sum -= l[i*k+j] * b[j]
			}
			b[i] = sum / l[i*k+i]
			variance -= b[i] * b[i]
		}
		for i := k - 1; i >= 0; i-- {
			for j := i + 1; j < k; j++ {
				b[i] -= l[j*k+i] * b[j]
			}
			b[i] /= l[i*k+i]
		}
	}
	variance /= float64(s.n)
	return b, variance, variance > 0 && s.n > 0
}

// residuals are the standardised innovations that were kept, less their regression.
func (s *moments) residuals(dst []float64) []float64 {
	k := len(s.now)
	dst = resize(dst, len(s.kept)/k)
	b, _, ok := s.estimate()
	for t := range dst {
		row := s.kept[t*k:][:k]
		dst[t] = row[0]
		for j, c := range b {
			if ok {
				dst[t] -= c * row[j+1]
			}
		}
	}
	return dst
}

// logLik is the log-likelihood at a variance of the innovations that is their mean square.
func (s *moments) logLik(variance float64) float64 {
	n := float64(s.n)
	return -0.5 * (n*(math.Log(2*math.Pi)+1+math.Log(variance)) + s.logDet())
}
