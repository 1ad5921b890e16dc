package forecast

import (
	"context"
	"math"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Chosen is what a Chooser has settled on: models fitted to all of a history, their weights, and how their quantiles are corrected. It is
// not safe for concurrent use.
type Chosen struct {
	told       foreshock.Forecast // what stays the same until the next choice
	steps      int
	scale      Scale
	members    []member
	correction *correction
}

type member struct {
	fitted Fitted
	weight float64
}

// settle combines the candidates that beat the yardstick, or takes the best alone when it is better so, and fits them to the whole series.
func (c *Chosen) settle(ctx context.Context, t *test, candidates []candidate) {
	levels := c.told.Levels
	yardstick := &candidates[0]
	var used []*candidate
	weights := map[*candidate]float64{}
	for i := range candidates {
		x := &candidates[i]
		if x.err == nil && (yardstick.err != nil || x.loss <= yardstick.loss) {
			used = append(used, x)
		}
	}
	p := t.newPaths()
	sum := 0.0
	for _, x := range used {
		w := 1 / max(x.loss*x.loss, 1e-300)
		weights[x] = w
		sum += w
	}
	for _, x := range used {
		weights[x] /= sum
		for i := range p.mean {
			p.mean[i] += weights[x] * x.paths.mean[i]
			p.deviation[i] += weights[x] * x.paths.deviation[i]
		}
	}
	for i := range candidates {
		x := &candidates[i]
		s := foreshock.ModelScore{Model: x.model.Name(), Pinball: x.loss, Weight: weights[x]}
		if x.err != nil {
			s.Err = x.err.Error()
		}
		c.told.Choice = append(c.told.Choice, s)
	}
	if len(used) == 0 {
		c.told.Reason = "no model could be tried: " + yardstick.err.Error()
		return
	}
	c.correction = newCorrection(t, p, levels)
	loss := t.loss(p, c.correction, levels, c.scale)
	c.told.Model, c.told.Reason = "combination", "least pinball loss in the back-test"
	if len(used) == 1 {
		c.told.Model = used[0].model.Name()
	}
	if yardstick.err == nil && yardstick.loss > 0 {
		c.told.Skill = 1 - loss/yardstick.loss
	}
	c.told.Origins = len(t.origins)
	c.told.Coverage, _ = t.below(p, c.correction, len(levels)-1)
	for _, x := range used {
		fitted, err := x.model.Fit(ctx, t.series)
		if err != nil {
			continue
		}
		c.members = append(c.members, member{fitted, weights[x]})
	}
	if len(c.members) == 0 {
		c.told.Reason = "no model could be fitted"
	}
}

// Dimension is what it forecasts.
func (c *Chosen) Dimension() foreshock.Dimension { return c.told.Dimension }

// At is the end of the last step that it knows.
func (c *Chosen) At() time.Time { return c.told.At }

// Update takes in the next step: its value, NaN when it is missing, and its anomaly score.
func (c *Chosen) Update(value, anomaly float64) {
	c.told.At = c.told.At.Add(c.told.Length)
	y := c.scale.To(value)
	for _, m := range c.members {
		m.fitted.Update(y, anomaly)
	}
}

// Forecast forecasts the steps after the last one that it knows.
func (c *Chosen) Forecast() foreshock.Forecast {
	f := c.told
	if len(c.members) == 0 {
		return f
	}
	middle, deviation := make([]float64, c.steps), make([]float64, c.steps)
	mean, spread := make([]float64, c.steps), make([]float64, c.steps)
	for _, m := range c.members {
		m.fitted.Forecast(middle, deviation)
		for k := range mean {
			mean[k] += m.weight * middle[k]
			spread[k] += m.weight * deviation[k]
		}
	}
	if err := finite(mean, spread); err != nil {
		f.Reason = err.Error()
		return f
	}
	f.Quantiles = make([][]float64, len(f.Levels))
	for l := range f.Levels {
		f.Quantiles[l] = make([]float64, c.steps)
		for k := range f.Quantiles[l] {
			f.Quantiles[l][k] = c.scale.From(mean[k] + c.correction.shift[l]*spread[k])
			if l > 0 {
				f.Quantiles[l][k] = max(f.Quantiles[l][k], f.Quantiles[l-1][k])
			}
		}
	}
	f.Mean = make([]float64, c.steps)
	for k := range mean {
		f.Mean[k] = c.scale.From(mean[k])
		if math.IsInf(f.Mean[k], 0) {
			f.Mean[k] = math.MaxFloat64
		}
	}
	return f
}
