package forecast

import (
	"context"
	"errors"
	"math"
)

// test is where a back-test begins and what it asks: models are fitted to the first `fit` steps, and forecast `reach` steps from each origin.
type test struct {
	series  Series
	fit     int
	origins []int // steps known at each, ascending from fit
	reach   int
}

// newTest spreads the origins over the second half of a series.
func newTest(s Series, steps, origins int) (*test, error) {
	n := len(s.Values)
	reach := min(steps, max(1, n/4))
	t := &test{series: s, fit: n / 2, reach: reach}
	last := n - reach
	if t.fit < 4 || last < t.fit {
		return nil, errors.New("too little history for a back-test")
	}
	origins = min(origins, last-t.fit+1)
	for i := range origins {
		t.origins = append(t.origins, t.fit+(last-t.fit)*i/max(1, origins-1))
	}
	return t, nil
}

// actual is what came k steps after origin o.
func (t *test) actual(o, k int) float64 { return t.series.Values[t.origins[o]+k] }

// paths are forecasts from each origin: reach steps of the first, then of the second …
type paths struct{ mean, deviation []float64 }

func (t *test) newPaths() paths {
	n := len(t.origins) * t.reach
	return paths{make([]float64, n), make([]float64, n)}
}

// run takes a model through the test. It knows nothing of what comes after an origin when it forecasts from there.
func (t *test) run(ctx context.Context, m Model) (paths, error) {
	p := t.newPaths()
	fitted, err := m.Fit(ctx, t.series.first(t.fit))
	if err != nil {
		return p, err
	}
	at := t.fit
	for o, origin := range t.origins {
		for ; at < origin; at++ {
			fitted.Update(t.series.Values[at], t.series.Anomaly[at])
		}
		mean, deviation := p.mean[o*t.reach:(o+1)*t.reach], p.deviation[o*t.reach:(o+1)*t.reach]
		fitted.Forecast(mean, deviation)
		if err := finite(mean, deviation); err != nil {
			return p, err
		}
		if err := ctx.Err(); err != nil {
			return p, err
		}
	}
	return p, nil
}

// finite refuses forecasts that are no numbers.
func finite(mean, deviation []float64) error {
	for k := range mean {
		if math.IsNaN(mean[k]) || math.IsInf(mean[k], 0) || !(deviation[k] >= 0) || math.IsInf(deviation[k], 0) {
			return errors.New("the forecast is not finite")
		}
	}
	return nil
}

// loss is the mean pinball loss of paths whose quantiles are as the correction says, in the unit of the values.
func (t *test) loss(p paths, c *correction, levels []float64, scale Scale) (loss float64) {
	terms := 0
	for o := range t.origins {
		for k := range t.reach {
			y := t.actual(o, k)
			if math.IsNaN(y) {
				continue
			}
			y = scale.From(y)
			i := o*t.reach + k
			for l, level := range levels {
				d := y - scale.From(p.mean[i]+c.shift[l]*p.deviation[i])
				loss += max(level*d, (level-1)*d)
				terms++
			}
		}
	}
	return loss / float64(max(1, terms))
}

// below is the share of values at or below the quantile of index l, and how many values there were.
func (t *test) below(p paths, c *correction, l int) (share float64, values int) {
	under := 0
	for o := range t.origins {
		for k := range t.reach {
			i := o*t.reach + k
			if y := t.actual(o, k); !math.IsNaN(y) {
				values++
				if y <= p.mean[i]+c.shift[l]*p.deviation[i] {
					under++
				}
			}
		}
	}
	return float64(under) / float64(max(1, values)), values
}
