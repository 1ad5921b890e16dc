package robust

import (
	"math"
	"testing"

	"github.com/foreshock-io/foreshock/timeseries/referencetest"
)

// Of any sample with a value, every statistic is a number, and a location is within the sample.
func FuzzStatistics(f *testing.F) {
	f.Add([]byte{1, 0, 2, 0, 128, 0, 4, 0}, 0.3)
	f.Add([]byte{1, 127, 2, 128, 1, 127, 255, 127}, 1.0)
	f.Fuzz(func(t *testing.T, data []byte, q float64) {
		x := referencetest.Readings(data)
		low, high := math.Inf(1), math.Inf(-1)
		for _, v := range x {
			if v == v {
				low, high = min(low, v), max(high, v)
			}
		}
		if low > high || !(q >= 0 && q <= 1) {
			return
		}
		slack := 1e-9 * max(math.Abs(low), math.Abs(high))
		for i, v := range []float64{
			Median(x), Quantile(x, q), TrimmedMean(x, q/2), Huber(x, DefaultHuber),
			InverseECDF.Quantile(x, q), Weibull.Quantile(x, q), MedianUnbiased.Quantile(x, q), Hinges(x)[1],
		} {
			if !(v >= low-slack && v <= high+slack) {
				t.Fatalf("location %d is %g, not within %g..%g", i, v, low, high)
			}
		}
		lower, upper := SkewFences(x)
		if m := Medcouple(x); !(m >= -1 && m <= 1) || !(MAD(x) >= 0) || !(lower <= upper) {
			t.Fatalf("medcouple %g, MAD %g, fences %g to %g", m, MAD(x), lower, upper)
		}
	})
}
