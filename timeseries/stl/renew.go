package stl

import (
	"math"
	"slices"
)

// outgrown is by what factor parts may be larger than the series, that their rounding counts for nothing.
const outgrown = 1e4

// Renew decomposes x, the series that dst holds the decomposition of, moved on by the given number of steps: as many new readings at the end,
// and as many fewer at the start as its length says. One round with one inner pass starts from the parts in dst, where Decompose starts from nothing
// and takes 2 passes, or 16 when robust. While trend and season go on, the parts come as near to those of Decompose as the README says.
//
// Decompose does the work, instead, when dst holds nothing that x could follow, when more than a period is new, when the parts are so much larger
// than x that their rounding would stay, as after a reading that was wild and is gone, and when most readings of the newest half period are
// outliers: then the level may have shifted, and a trend that knows the past would be slow to believe it.
func (w *Workspace) Renew(dst *Result, x []float64, steps int, cfg Config) error {
	if dst.Period != cfg.Period || !dst.precedes(len(x), steps) {
		return w.Decompose(dst, x, cfg)
	}
	if err := w.begin(x, cfg); err != nil {
		return err
	}
	first := len(dst.Trend) + steps - len(x)
	dst.Trend = follow(dst.Trend, first, len(x), steps, 1)
	dst.Seasonal = follow(dst.Seasonal, first, len(x), steps, cfg.Period)
	dst.Remainder, dst.Weights = resize(dst.Remainder, len(x)), resize(dst.Weights, len(x))
	if max(largest(dst.Trend), largest(dst.Seasonal)) > outgrown*largest(x) {
		return w.Decompose(dst, x, cfg)
	}
	if w.settings.outerPasses > 0 {
		w.reweigh(dst.Trend, dst.Seasonal)
		if w.shifted() {
			return w.Decompose(dst, x, cfg)
		}
	}
	w.inner(dst.Trend, dst.Seasonal)
	w.finish(dst, x)
	return nil
}

// precedes tells whether r can be the decomposition of what a series of n readings was, steps ago.
func (r *Result) precedes(n, steps int) bool {
	m := len(r.Trend)
	return 0 <= steps && steps <= r.Period && 2*r.Period < m && 2*r.Period < n && n <= m+steps && len(r.Seasonal) == m
}

// follow moves what is from first on to the start of x and makes that n long, with the last period repeated in the newest steps.
func follow(x []float64, first, n, steps, period int) []float64 {
	kept := n - steps
	copy(x, x[first:])
	x = slices.Grow(x[:kept], steps)[:n]
	for i := kept; i < n; i++ {
		x[i] = x[i-period]
	}
	return x
}

// largest is the largest |x| that is there.
func largest(x []float64) float64 {
	size := 0.0
	for _, v := range x {
		if a := math.Abs(v); a > size {
			size = a
		}
	}
	return size
}

// shifted tells whether most readings of the newest half period are outliers.
func (w *Workspace) shifted() bool {
	outliers, readings := 0, 0
	for i := w.n - max(1, w.settings.period/2); i < w.n; i++ {
		if w.present[i] > 0 {
			readings++
			if w.weights[i] == 0 {
				outliers++
			}
		}
	}
	return 2*outliers > readings
}
