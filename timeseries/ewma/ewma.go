// Package ewma keeps exponentially weighted averages, and control charts made of
// them, in a few numbers per series.
//
// # Average
//
// After n readings, reading i has the weight α(1-α)^(n-i). The weights sum to
// W = 1-(1-α)^n, not to 1, and [Average] divides by that sum: the start is not
// biased to zero or to the first reading. With d = x - m and g = α/W,
//
//	W ← W + α(1-W),   m ← m + g d,   v ← (1-g)(v + g d²)
//
// (Finch 2009, "Incremental calculation of weighted mean and variance"; the
// same as pandas' ewm(alpha, adjust=True, ignore_na=True).) The sum of squared
// weights needs no state of its own, it follows from W:
//
//	r = Σw²/(Σw)² = α/(2-α) · (2-W)/W
//
// so the unbiased variance is σ² = v/(1-r), and m itself has the variance rσ².
// The next reading is then expected within m ± L σ √(1+r). These limits are wide
// at the start and settle as Roberts' do, whose factor is the same r without the
// division by W.
//
// # Chart
//
// [Chart] is the control chart of Roberts (1959), "Control Chart Tests Based on
// Geometric Moving Averages", Technometrics 1(3): for readings e in units of the
// usual spread from the usual mean,
//
//	z_i = λ e_i + (1-λ) z_(i-1),   z_0 = 0
//	limits ± L √( λ/(2-λ) · (1-(1-λ)^(2i)) )
//
// It finds shifts that are small and last, which single deviations do not show.
//
// # Decayed
//
// [Decayed] is the same average for readings at irregular times.
//
// State is plain data; zero values are empty but for the rate. Missing readings
// (NaN) change nothing. Readings beyond ±1e150 count as ±1e150, so that no
// square overflows. Nothing here is safe for concurrent use.
package ewma

import (
	"fmt"
	"math"
)

// limit is where readings are cut off: its square still has room to be summed.
const limit = 1e150

// Alpha is the weight of the newest reading with which a reading loses half its
// weight in halfLife readings, above 0: 1 - 2^(-1/halfLife).
func Alpha(halfLife float64) float64 { return -math.Expm1(-math.Ln2 / halfLife) }

// HalfLife is the inverse of Alpha: the readings in which a weight is halved.
func HalfLife(alpha float64) float64 { return -math.Ln2 / math.Log1p(-alpha) }

// Average is an exponentially weighted mean and variance. Make one with New or
// set Alpha.
type Average struct {
	Alpha    float64 // weight of the newest reading, above 0 and at most 1
	Mean     float64 // weighted mean
	Variance float64 // weighted variance about Mean, biased; see StdDev
	Weight   float64 // sum of the weights, from 0 towards 1
}

// New returns an empty average. It panics when alpha is not above 0 and at most
// 1; see Alpha for one by half-life.
func New(alpha float64) Average {
	checkRate("alpha", alpha)
	return Average{Alpha: alpha}
}

func checkRate(name string, rate float64) {
	if !(rate > 0 && rate <= 1) {
		panic(fmt.Sprintf("ewma: %s must be above 0 and at most 1, not %g", name, rate))
	}
}

// Update takes in a reading; NaN is skipped.
func (a *Average) Update(x float64) {
	if math.IsNaN(x) {
		return
	}
	d := clamp(x) - a.Mean
	a.Weight += a.Alpha * (1 - a.Weight)
	gain := a.Alpha / a.Weight
	a.Mean += gain * d
	a.Variance = (1 - gain) * (a.Variance + gain*d*d)
}

// StdDev is the standard deviation of the readings, corrected for the degrees of
// freedom that unequal weights leave: NaN when there are none, 0 for a single
// one.
func (a *Average) StdDev() float64 {
	if a.Weight == 0 {
		return math.NaN()
	}
	if freedom := 1 - a.share(); freedom > 0 {
		return math.Sqrt(a.Variance / freedom)
	}
	return 0
}

// share is r of the package comment: the variance of Mean in units of that of a
// reading; its inverse is the effective number of readings.
func (a *Average) share() float64 {
	return min(1, a.Alpha/(2-a.Alpha)*(2-a.Weight)/a.Weight)
}

// spread is the standard deviation of the next reading about Mean.
func (a *Average) spread(floor float64) float64 {
	return max(a.StdDev(), floor) * math.Sqrt(1+a.share())
}

// Deviation tells how far a reading, not yet taken in, is from what the average
// expects: with sign, in standard deviations of the next reading. The standard
// deviation is taken as at least floor; when both are 0, any difference is an
// infinite deviation. Before the first reading every deviation is 0; that of NaN is
// NaN.
func (a *Average) Deviation(x, floor float64) float64 {
	d := clamp(x) - a.Mean
	if a.Weight == 0 && d == d || d == 0 {
		return 0
	}
	return d / a.spread(floor)
}

// Limits returns the bounds within which the next reading is expected: sigmas
// standard deviations about the mean. The standard deviation is taken as at least
// floor. Before the first reading they are infinite.
func (a *Average) Limits(sigmas, floor float64) (lower, upper float64) {
	if a.Weight == 0 {
		return math.Inf(-1), math.Inf(1)
	}
	half := sigmas * a.spread(floor)
	return a.Mean - half, a.Mean + half
}

// Valid returns an error that tells what is wrong with an average read from
// outside.
func (a *Average) Valid() error {
	switch {
	case !(a.Alpha > 0 && a.Alpha <= 1):
		return fmt.Errorf("ewma: alpha %g is not above 0 and at most 1", a.Alpha)
	case !(math.Abs(a.Mean) <= limit):
		return fmt.Errorf("ewma: mean %g is not within ±%g", a.Mean, limit)
	case !(a.Variance >= 0 && a.Variance <= 4*limit*limit):
		return fmt.Errorf("ewma: variance %g is not a square of readings", a.Variance)
	case !(a.Weight >= 0 && a.Weight <= 1):
		return fmt.Errorf("ewma: weight %g is not in 0..1", a.Weight)
	case a.Weight == 0 && (a.Mean != 0 || a.Variance != 0):
		return fmt.Errorf("ewma: mean %g and variance %g of no readings", a.Mean, a.Variance)
	}
	return nil
}

func clamp(x float64) float64 { return max(-limit, min(limit, x)) }
