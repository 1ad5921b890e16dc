package chart

import (
	"math"

	"github.com/foreshock-io/foreshock"
)

// Measure makes the axis that of a metric: its unit, with values in few letters.
func (c *Chart) Measure(m foreshock.Metric) {
	c.Format, c.Binary = axis(m), m == foreshock.Throughput
}

// Score makes the axis that of anomaly scores over their threshold, drawn at [Bounded], with a rule of the class at the boundary.
func (c *Chart) Score(class string) {
	c.Include = []float64{0, 1}
	c.Rules = []Rule{{At: Bounded(1), Class: class}}
	c.Ticks = []float64{Bounded(0), Bounded(1), Bounded(2)}
	c.Format = func(y float64) string { return Short(-math.Log2(1-y) + 0) } // -0 is 0
}

// Bounded is where a score over its threshold is drawn, so that a giant leaves room for the others: 1 - 2^-ratio, which is ½ at the boundary.
func Bounded(ratio float64) float64 { return -math.Expm1(-math.Ln2 * ratio) }

// axis writes a metric's values in few letters.
func axis(m foreshock.Metric) func(float64) string {
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
	case foreshock.Throughput: // in the units that texts have
		return func(x float64) string {
			unit := math.Exp2(50)
			for _, name := range []string{"PiB/s", "TiB/s", "GiB/s", "MiB/s", "KiB/s"} {
				if hundredths := 100 * x / unit; math.Abs(x) >= 0.1*unit && math.Abs(hundredths-math.Round(hundredths)) < 1e-6 {
					return Short(math.Round(hundredths)/100) + " " + name
				}
				unit /= 1024
			}
			return foreshock.FormatMetric(m, x)
		}
	}
	return Short
}
