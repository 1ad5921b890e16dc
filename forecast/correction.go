package forecast

import (
	"math"

	"github.com/foreshock-io/foreshock/timeseries/robust"
)

// correction makes quantiles of a middle and a deviation: level l lies shift[l] deviations above the middle. The shifts are the quantiles
// of the errors that the back-test measured, in deviations, so that the share of values below a quantile is its level whatever the model thought of itself.
type correction struct{ shift []float64 }

// newCorrection measures the errors of p.
func newCorrection(t *test, p paths, levels []float64) *correction {
	var errs []float64
	for o := range t.origins {
		for k := range t.reach {
			i := o*t.reach + k
			if y := t.actual(o, k); !math.IsNaN(y) && p.deviation[i] > 0 {
				errs = append(errs, (y-p.mean[i])/p.deviation[i])
			}
		}
	}
	c := &correction{make([]float64, len(levels))}
	for l, level := range levels {
		if c.shift[l] = normalQuantile(level); len(errs) > 0 {
			c.shift[l] = robust.Quantile(errs, level)
		}
	}
	return c
}

// normalQuantile is the standard normal distribution's.
func normalQuantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }
