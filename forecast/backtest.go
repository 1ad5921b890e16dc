package forecast

import (
	"context"
	"errors"
	"math"
	"slices"
)

// folds is how many times a model is fitted in a back-test: what it learned of half the history would not tell how it will do with all of it.
const folds = 3

// test is what a back-test asks: `reach` steps from each origin.
type test struct {
	series  Series
	origins []int // steps known at each, ascending
	reach   int
}

// newTest spreads the origins over the second half of a series.
func newTest(s Series, steps, origins int) (*test, error) {
	n := len(s.Values)
	t := &test{series: s, reach: min(steps, max(1, n/4))}
	first, last := n/2, n-t.reach
	if first < 4 || last < first {
		return nil, errors.New("too little history for a back-test")
	}
	origins = min(origins, last-first+1)
	for i := range origins {
		t.origins = append(t.origins, last-(last-first)*(origins-1-i)/max(1, origins-1))
	}
	return t, nil
}

// fold is the part of the test that an origin is in.
func (t *test) fold(origin int) int { return origin * folds / len(t.origins) }

// spans is how many horizons do not overlap in the test: what the errors of all its origins are worth.
func (t *test) spans() float64 {
	return max(1, float64(len(t.series.Values)-t.origins[0])/float64(t.reach))
}

// actual is what came k steps after an origin.
func (t *test) actual(origin, k int) float64 { return t.series.Values[t.origins[origin]+k] }

// paths are forecasts from each origin: reach steps of the first, then of the second …
type paths struct{ mean, deviation []float64 }

func (t *test) newPaths() paths {
	n := len(t.origins) * t.reach
	return paths{make([]float64, n), make([]float64, n)}
}

// add adds another's forecasts with a weight.
func (p paths) add(q paths, weight float64) {
	for i := range p.mean {
		p.mean[i] += weight * q.mean[i]
		p.deviation[i] += weight * q.deviation[i]
	}
}

// run takes a model through the test. It is fitted at the first origin of each fold and goes on from there by updates; it knows nothing of what
// comes after an origin when it forecasts from there.
func (t *test) run(ctx context.Context, m Model) (paths, error) {
	p := t.newPaths()
	var fitted Fitted
	at := 0
	for o, origin := range t.origins {
		if err := ctx.Err(); err != nil {
			return p, err
		}
		if o == 0 || t.fold(o) != t.fold(o-1) {
			next, err := m.Fit(ctx, t.series.first(origin))
			if err != nil {
				return p, err
			}
			fitted, at = next, origin
		}
		for ; at < origin; at++ {
			fitted.Update(t.series.Values[at], t.series.Anomaly[at])
		}
		mean, deviation := p.mean[o*t.reach:(o+1)*t.reach], p.deviation[o*t.reach:(o+1)*t.reach]
		fitted.Forecast(mean, deviation)
		if err := finite(mean, deviation); err != nil {
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

// loss is the mean pinball loss, in the unit of the values, of paths whose quantiles are as the correction says. The middle counts too when it is not among the levels: which
// models are chosen should not depend on that.
func (t *test) loss(p paths, c *correction, levels []float64, scale Scale) float64 {
	const middle = 0.5
	apart := !slices.Contains(levels, middle)
	var sum mean
	t.each(func(i int, y float64) {
		y = scale.From(y)
		if apart {
			sum.add(middle * math.Abs(y-scale.From(p.mean[i])))
		}
		for l, level := range levels {
			d := y - scale.From(c.quantile(l, p.mean[i], p.deviation[i]))
			sum.add(max(level*d, (level-1)*d))
		}
	})
	return sum.value
}

// below is the share of values at or below the quantile of index l.
func (t *test) below(p paths, c *correction, l int) float64 {
	var share mean
	t.each(func(i int, y float64) {
		under := 0.0
		if y <= c.quantile(l, p.mean[i], p.deviation[i]) {
			under = 1
		}
		share.add(under)
	})
	return share.value
}

// each calls f for each value that is known, with its place in paths.
func (t *test) each(f func(i int, y float64)) {
	for o := range t.origins {
		for k := range t.reach {
			if y := t.actual(o, k); !math.IsNaN(y) {
				f(o*t.reach+k, y)
			}
		}
	}
}

// mean is a running mean.
type mean struct{ value, count float64 }

func (m *mean) add(x float64) {
	m.count++
	m.value += (x - m.value) / m.count
}
