package chart

import "github.com/foreshock-io/foreshock"

// Axis writes a metric's values in few letters, for an axis.
func Axis(m foreshock.Metric) func(float64) string {
	switch m {
	case foreshock.Latency:
		return func(x float64) string { return Short(1000*x) + " ms" }
	case foreshock.Throughput:
		return func(x float64) string { return Short(x) + "B/s" }
	}
	return Short
}
