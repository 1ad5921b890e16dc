package prophet

import "math"

// tiny stands in for a pivot of 0.
const tiny = 1e-300

// cholesky replaces the lower triangle of the n×n matrix a, positive definite, by that of L, a = LLᵀ. A row of zeros stays one.
func cholesky(a []float64, n int) {
	for j := range n {
		rj := a[j*n : j*n+j+1]
		pivot := rj[j]
		for _, x := range rj[:j] {
			pivot -= x * x
		}
		pivot = math.Sqrt(max(pivot, tiny))
		rj[j] = pivot
		for i := j + 1; i < n; i++ {
			ri := a[i*n : i*n+j+1]
			sum := ri[j]
			for l, x := range rj[:j] {
				sum -= ri[l] * x
			}
			ri[j] = sum / pivot
		}
	}
}

// forward replaces b by L⁻¹b.
func forward(l []float64, n int, b []float64) {
	for i := range n {
		sum := b[i]
		for j, x := range l[i*n : i*n+i] {
			sum -= x * b[j]
		}
		b[i] = sum / l[i*n+i]
	}
}

// backward replaces b by L⁻ᵀb.
func backward(l []float64, n int, b []float64) {
	for i := n - 1; i >= 0; i-- {
		b[i] /= l[i*n+i]
		for j, x := range l[i*n : i*n+i] {
			b[j] -= x * b[i]
		}
	}
}
