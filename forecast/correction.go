package forecast

import (
	"math"

	"github.com/foreshock-io/foreshock/timeseries/robust"
)

// correction makes quantiles of a middle and a deviation: level l lies shift[l] deviations above the middle.
//
// The shifts are the quantiles of the errors that the back-test measured, in deviations, so that the share of values below a quantile is its level whatever a model
// thinks of itself (split conformal prediction: Vovk, Gammerman, Shafer 2005; Lei et al. 2018). That holds when errors to come are exchangeable with those measured. They
// are not quite, so the shifts are wider
//   - by 1 + 1/s: the errors of horizons that overlap are alike, s horizons that do not are in the test, and the weights were chosen on the same errors;
//   - by how much calmer the part of the history was that was forecast in the test than all of it.
//
// The middle is left where it is: that it lay too high in the last week says little of the next.
type correction struct{ shift []float64 }

// newCorrection measures the errors of p.
func newCorrection(t *test, p paths, levels []float64) *correction {
	var errs []float64
	t.each(func(i int, y float64) {
		if d := p.deviation[i]; d > 0 {
			errs = append(errs, (y-p.mean[i])/d)
		}
	})
	wider := (1 + 1/t.spans()) * t.calmer()
	c := &correction{robust.Quantiles(nil, errs, levels...)}
	for l, level := range levels {
		if len(errs) == 0 {
			c.shift[l] = normalQuantile(level)
		}
		if (level-0.5)*c.shift[l] <= 0 {
			c.shift[l] = 0
		}
		c.shift[l] *= wider
	}
	return c
}

// quantile is that of level l.
func (c *correction) quantile(l int, middle, deviation float64) float64 {
	return middle + c.shift[l]*deviation
}

// normalQuantile is the standard normal distribution's.
func normalQuantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }

// calmer is the ratio, 1 to 2, of large changes from season to season in the whole series to those in the part that is forecast in the test.
func (t *test) calmer() float64 {
	season := 1
	if len(t.series.Periods) > 0 {
		season = t.series.Periods[0]
	}
	var all, tested []float64
	x := t.series.Values
	for i := season; i < len(x); i++ {
		change := math.Abs(x[i] - x[i-season])
		if math.IsNaN(change) {
			continue
		}
		all = append(all, change)
		if i >= t.origins[0] {
			tested = append(tested, change)
		}
	}
	ratio := robust.Quantile(all, 0.95) / robust.Quantile(tested, 0.95)
	if !(ratio > 1) { // NaN where there is nothing to compare
		return 1
	}
	return min(2, ratio)
}
