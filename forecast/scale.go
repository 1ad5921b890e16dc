package forecast

import (
	"math"

	"github.com/foreshock-io/foreshock/timeseries/robust"
)

// Scale turns values into those that models see: the identity, or ln(1+x/Unit), nearly linear below Unit and logarithmic above it. Rates
// of storage vary in proportion to their height, which the logarithm makes alike at every height.
type Scale struct {
	Unit   float64 // 0: the identity
	Signed bool    // values may be below zero
}

// ScaleOf takes the logarithm when the values are never below zero and vary over more than a factor of four; its unit is a tenth of the
// median, so that idle steps, near zero, do not rule.
func ScaleOf(x []float64, signed bool) Scale {
	known := known(x)
	if len(known) == 0 || signed {
		return Scale{Signed: signed}
	}
	q := robust.Quantiles(nil, known, 0.05, 0.5, 0.95)
	if q[1] <= 0 || q[2] < 4*q[0] {
		return Scale{}
	}
	return Scale{Unit: q[1] / 10}
}

// To gives x on the scale.
func (s Scale) To(x float64) float64 {
	if s.Unit == 0 {
		return x
	}
	return math.Log1p(x / s.Unit)
}

// From gives the value that is at y on the scale.
func (s Scale) From(y float64) float64 {
	if s.Unit != 0 {
		y = s.Unit * math.Expm1(min(y, 60))
	}
	if !s.Signed {
		y = max(0, y)
	}
	return y
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
