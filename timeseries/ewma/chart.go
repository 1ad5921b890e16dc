package ewma

import (
	"fmt"
	"math"
)

// Chart is an EWMA control chart of standardised readings, (x-μ)/σ with μ and σ
// the usual mean and spread, which the caller keeps. Make one with NewChart or
// set Lambda.
type Chart struct {
	Lambda float64 // weight of the newest reading, above 0 and at most 1; often 0.05–0.3
	Z      float64 // the charted average
	Weight float64 // sum of the weights, 1-(1-λ)^i, from 0 towards 1
}

// NewChart returns an empty chart. It panics when lambda is not above 0 and at
// most 1.
func NewChart(lambda float64) Chart {
	checkRate("lambda", lambda)
	return Chart{Lambda: lambda}
}

// Update takes in a standardised reading; NaN is skipped.
func (c *Chart) Update(e float64) {
	if math.IsNaN(e) {
		return
	}
	c.Z += c.Lambda * (clamp(e) - c.Z)
	c.Weight += c.Lambda * (1 - c.Weight)
}

// Deviation tells how far the chart would be from its centre if e were the next
// reading: with sign, in standard deviations of the charted average. The chart is
// not changed.
func (c *Chart) Deviation(e float64) float64 {
	next := *c
	next.Update(e)
	if next.Weight == 0 {
		return 0
	}
	return next.Z / next.Sigma()
}

// Sigma is the standard deviation of the charted average after the readings so
// far, in units of that of a reading: √(λ/(2-λ)·(1-(1-λ)^(2i))), 0 before the
// first. The limits are ±L times Sigma; in units of readings, μ ± L·σ·Sigma.
func (c *Chart) Sigma() float64 {
	return math.Sqrt(c.Lambda / (2 - c.Lambda) * c.Weight * (2 - c.Weight))
}

// Valid returns an error that tells what is wrong with a chart read from outside.
func (c *Chart) Valid() error {
	switch {
	case !(c.Lambda > 0 && c.Lambda <= 1):
		return fmt.Errorf("ewma: lambda %g is not above 0 and at most 1", c.Lambda)
	case !(math.Abs(c.Z) <= limit):
		return fmt.Errorf("ewma: charted average %g is not within ±%g", c.Z, limit)
	case !(c.Weight >= 0 && c.Weight <= 1):
		return fmt.Errorf("ewma: weight %g is not in 0..1", c.Weight)
	}
	return nil
}
