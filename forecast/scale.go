package forecast

import (
	"math"

	"github.com/foreshock-io/foreshock/timeseries/robust"
)

// Scale turns values into those that models see: the identity, or ln(1+x/Unit), nearly linear below Unit and logarithmic above it. Rates
// of storage vary in proportion to their height, which the logarithm makes alike at every height.
type Scale struct {
	Unit        float64 // 0: the identity
	Least, Most float64 // bounds of what is forecast
}

// ScaleOf is a scale for the values of a history. It takes the logarithm when they are never below zero and vary over more than a factor of four; its
// unit is a tenth of the median, so that idle steps, near zero, do not rule. A forecast may go beyond what was seen by as much as what was seen spans, and
// not below zero unless signed.
func ScaleOf(x []float64, signed bool) Scale {
	known := known(x)
	if len(known) == 0 {
		return Scale{}
	}
	q := robust.Quantiles(nil, known, 0, 0.05, 0.5, 0.95, 1)
	span := min(q[4]-q[0], math.MaxFloat64/4)
	s := Scale{Least: q[0] - span, Most: q[4] + span}
	if !signed {
		s.Least = max(0, s.Least)
		s.Most = max(0, s.Most)
	}
	if !signed && q[2] > 0 && q[3] >= 4*q[1] {
		s.Unit = q[2] / 10
	}
	return s
}

// To gives x on the scale.
func (s Scale) To(x float64) float64 {
	if s.Unit == 0 {
		return x
	}
	return math.Log1p(max(0, x) / s.Unit)
}

// From gives the value that is at y on the scale, within the bounds.
func (s Scale) From(y float64) float64 {
	if s.Unit != 0 {
		y = s.Unit * math.Expm1(y)
	}
	return min(s.Most, max(s.Least, y))
}

// known is the values that are there.
func known(x []float64) []float64 {
	list := make([]float64, 0, len(x))
	for _, v := range x {
		if !math.IsNaN(v) {
			list = append(list, v)
		}
	}
	return list
}
