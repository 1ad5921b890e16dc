package chart

import (
	"math"

	"github.com/foreshock-io/foreshock"
)

// Axis writes a metric's values in few letters, for an axis.
func Axis(m foreshock.Metric) func(float64) string {
	switch m {
	case foreshock.Latency:
		return func(x float64) string {
			switch size := math.Abs(x); {
			case size >= 1:
				return Short(x) + " s"
			case size > 0 && size < 1e-3:
				return Short(1e6*x) + " µs"
			}
			return Short(1e3*x) + " ms"
		}
	case foreshock.Throughput:
		return func(x float64) string { return Short(x) + "B/s" }
	}
	return Short
}
