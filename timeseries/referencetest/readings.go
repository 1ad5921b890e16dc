package referencetest

import "math"

// Readings makes a series of the bytes of a fuzz target, two for each reading: a small mantissa and an exponent, so that equal, huge and tiny
// readings, zeros and gaps (NaN) all come up soon. None is beyond ±2^900.
func Readings(data []byte) []float64 {
	x := make([]float64, len(data)/2)
	for i := range x {
		mantissa, exponent := int8(data[2*i]), int(int8(data[2*i+1]))
		if x[i] = float64(mantissa); mantissa == -128 {
			x[i] = math.NaN()
		}
		if exponent < -64 || exponent > 63 {
			x[i] = math.Ldexp(x[i], exponent*7)
		}
	}
	return x
}
