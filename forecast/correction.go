package forecast

import (
	"math"
	"os"
	"strconv"

	"github.com/foreshock-io/foreshock/timeseries/robust"
)

func envf(name string, def float64) float64 {
	if v, err := strconv.ParseFloat(os.Getenv(name), 64); err == nil {
		return v
	}
	return def
}

// correction makes quantiles of a middle and a deviation: level l lies shift[l] deviations above the middle. The shifts are the quantiles of
// the errors that the back-test measured, in deviations, so that the share of values below a quantile is its level whatever a model thinks of itself (split conformal
// prediction: Vovk, Gammerman, Shafer 2005; Lei et al. 2018). The errors of overlapping horizons are not exchangeable, and the weights were chosen on them: as many horizons as
// do not overlap are worth, the shifts are wider.
type correction struct {
	shift []float64
}

// newCorrection measures the errors of p.
func newCorrection(t *test, p paths, levels []float64) *correction {
	var errs []float64
	t.each(func(i, _ int, y float64) {
		if d := p.deviation[i]; d > 0 {
			errs = append(errs, (y-p.mean[i])/d)
		}
	})
	wider := 1 + envf("WIDER", 0)/t.spans()
	c := &correction{shift: make([]float64, len(levels))}
	middle := 0.0
	if len(errs) > 0 {
		middle = robust.Median(errs) * envf("MID", 0)
	}
	for l, level := range levels {
		c.shift[l] = normalQuantile(level)
		if len(errs) > 0 {
			c.shift[l] = robust.Quantile(errs, level)
		}
		if envf("MID", 0) == 0 && level == 0.5 {
			c.shift[l] = 0
		}
		c.shift[l] = middle + (c.shift[l]-middle)*wider
	}
	return c
}

// quantile is that of level l, k steps ahead.
func (c *correction) quantile(l, _ int, middle, deviation float64) float64 {
	return middle + c.shift[l]*deviation
}

// normalQuantile is the standard normal distribution's.
func normalQuantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }
