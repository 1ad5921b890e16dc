package forecast

import "math"

// LeastSquares is a linear regression by its normal equations, A c = b, with A = Σ xx' and b = Σ xy. Make one with NewLeastSquares.
type LeastSquares struct {
	Count  int       // rows
	square []float64 // A, its lower triangle, by rows
	cross  []float64 // b
	total  float64   // Σ y²
}

// NewLeastSquares is a regression on n regressors.
func NewLeastSquares(n int) *LeastSquares {
	return &LeastSquares{square: make([]float64, n*n), cross: make([]float64, n)}
}

// Add adds a row.
func (e *LeastSquares) Add(x []float64, y float64) {
	n := len(e.cross)
	e.Count++
	e.total += y * y
	for i, v := range x {
		e.cross[i] += v * y
		row := e.square[i*n : i*n+i+1]
		for j := range row {
			row[j] += v * x[j]
		}
	}
}

// Solve gives the coefficients, by Cholesky's factors, and Σ (y-x'c)². ridge is the penalty on a coefficient, as a share of its regressor's sum of squares. A regressor
// that is always 0 has the coefficient 0; ok is false when the others are not independent. It can be called once.
func (e *LeastSquares) Solve(ridge float64) (c []float64, squares float64, ok bool) {
	n := len(e.cross)
	a := e.square
	c = append(c, e.cross...)
	for i := range n {
		if a[i*n+i] == 0 {
			a[i*n+i] = 1
		}
		a[i*n+i] *= 1 + ridge
	}
	for j := range n {
		for i := j; i < n; i++ {
			for k := range j {
				a[i*n+j] -= a[i*n+k] * a[j*n+k]
			}
			if i > j {
				a[i*n+j] /= a[j*n+j]
				continue
			}
			if !(a[j*n+j] > 0) || math.IsInf(a[j*n+j], 0) {
				return nil, 0, false
			}
			a[j*n+j] = math.Sqrt(a[j*n+j])
		}
	}
	squares = e.total
	for i := range n {
		for k := range i {
			c[i] -= a[i*n+k] * c[k]
		}
		c[i] /= a[i*n+i]
		squares -= c[i] * c[i]
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			c[i] -= a[k*n+i] * c[k]
		}
		c[i] /= a[i*n+i]
	}
	return c, max(0, squares), true
}
