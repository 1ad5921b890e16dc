// Package robust describes a sample by statistics that a few wild values cannot
// move: median, MAD, quantiles, trimmed mean, Huber's location.
//
//   - Quantile: R's type 7 (Hyndman and Fan 1996), at position q(n-1) of the
//     ordered sample, linear between neighbours. The median is q = 1/2.
//   - MAD: 1.4826 · median|x - median(x)|; the factor makes it the standard
//     deviation of a normal sample (R's mad).
//   - TrimmedMean: the mean without the ⌊trim·n⌋ smallest and largest (R's
//     mean(x, trim)).
//   - Huber: the location m that solves Σ ψ((x-m)/s) = 0 with ψ(u) = u cut off at
//     ±k and s = MAD (Huber 1964, Ann. Math. Stat. 35(1)), by iterated
//     winsorising (as MASS's huber).
//
// NaN is a missing value and left out; of an empty sample everything is NaN. No
// input is changed. The package functions allocate a copy of the sample; the
// methods of a [Workspace] reuse theirs.
package robust

import "math"

// NormalMAD makes the median absolute deviation of a normal sample its standard
// deviation: 1/Φ⁻¹(3/4), to the digits that R uses.
const NormalMAD = 1.4826

// DefaultHuber is the usual bend of Huber's ψ, in sigmas: 95 % efficiency at the
// normal distribution.
const DefaultHuber = 1.345

// Median is the middle of the sample.
func Median(x []float64) float64 { return new(Workspace).Median(x) }

// MAD is the median absolute deviation from the median, times NormalMAD. It is 0
// when more than half of the sample is one value.
func MAD(x []float64) float64 { return new(Workspace).MAD(x) }

// Quantile is the q-quantile of the sample; NaN when q is not in 0..1.
func Quantile(x []float64, q float64) float64 { return new(Workspace).Quantile(x, q) }

// Quantiles returns one quantile for each q. It uses the storage of dst when that
// suffices; what dst held is overwritten.
func Quantiles(dst, x []float64, qs ...float64) []float64 {
	return new(Workspace).Quantiles(dst, x, qs...)
}

// TrimmedMean is the mean without the share trim (0 to 0.5) at each end; the
// median when nothing would be left, NaN when trim is not in 0..0.5.
func TrimmedMean(x []float64, trim float64) float64 { return new(Workspace).TrimmedMean(x, trim) }

// Huber is the location of the sample with the given bend in sigmas (see
// DefaultHuber), which must be above 0. When the MAD is 0 it is the median.
func Huber(x []float64, bend float64) float64 { return new(Workspace).Huber(x, bend) }

// deviations returns |x - centre| for each value. It uses the storage of dst when
// that suffices; what dst held is overwritten. dst may be x.
func deviations(dst, x []float64, centre float64) []float64 {
	dst = resize(dst, len(x))
	for i, v := range x {
		dst[i] = math.Abs(v - centre)
	}
	return dst
}

func resize(dst []float64, n int) []float64 {
	if cap(dst) < n {
		return make([]float64, n)
	}
	return dst[:n]
}
