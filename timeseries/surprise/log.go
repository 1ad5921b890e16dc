package surprise

import "math"

const (
	logCells = 256
	mantissa = 1<<52 - 1
	bias     = 1023
	log10Of2 = math.Ln2 / math.Ln10
	// logError is within what logarithms of the same number may differ when they are found in different ways.
	logError = 1e-10
)

// logs has, of every cell of mantissas in [1,2), the logarithm of its middle and the inverse of that.
var logs = func() (t [logCells]struct{ log, inverse float64 }) {
	for i := range t {
		middle := 1 + (float64(i)+0.5)/logCells
		t[i].log, t[i].inverse = math.Log2(middle), 1/middle
	}
	return t
}()

// Log10 is math.Log10 of an x above 0, within 3e-12 of it.
func Log10(x float64) float64 { return log10Of2 * log2(x) }

// log2 is math.Log2 of an x above 0, in a third of the time: what the middle of a cell leaves, |r| ≤ 1/512, is ln(1+r) = r - r²/2 + r³/3 with an error
// below 4e-12. What is not normal is taken for about 2^-1023 or 2^1024.
func log2(x float64) float64 {
	bits := math.Float64bits(x)
	cell := &logs[bits>>44&(logCells-1)]
	r := math.Float64frombits(bits&mantissa|bias<<52)*cell.inverse - 1
	return float64(int(bits>>52)-bias) + cell.log + (r-r*r*(1./2-r*(1./3)))*(1/math.Ln2)
}
