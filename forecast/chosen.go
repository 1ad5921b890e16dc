package forecast

import (
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

// member is a model with its share of the forecast.
type member struct {
	fitted Fitted
	weight float64
}

// Dimension is what it forecasts.
func (c *Chosen) Dimension() foreshock.Dimension { return c.told.Dimension }

// At is the end of the last step that it knows.
func (c *Chosen) At() time.Time { return c.told.At }

// Update takes in the next step: its value, NaN when it is missing, and its anomaly score. It takes O(1).
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
	p := paths{make([]float64, c.steps), make([]float64, c.steps)}
	sum := paths{make([]float64, c.steps), make([]float64, c.steps)}
	for _, m := range c.members {
		m.fitted.Forecast(p.mean, p.deviation)
		sum.add(p, m.weight)
	}
	if err := finite(sum.mean, sum.deviation); err != nil {
		f.Reason = err.Error()
		return f
	}
	f.Mean = make([]float64, c.steps)
	for k := range f.Mean {
		f.Mean[k] = c.scale.From(sum.mean[k])
	}
	f.Quantiles = make([][]float64, len(f.Levels))
	for l := range f.Quantiles {
		f.Quantiles[l] = make([]float64, c.steps)
		for k := range f.Quantiles[l] {
			f.Quantiles[l][k] = c.scale.From(c.correction.quantile(l, sum.mean[k], sum.deviation[k]))
		}
	}
	return f
}
