// Package simulatetest has demand for tests of whatever a simulated volume drives.
package simulatetest

import (
	"math"

	"github.com/foreshock-io/foreshock/simulate"
)

// Surges is a load with a daily rhythm and a surge every six hours, from start (Unix seconds) for so many steps; from missing up to
// measured nothing was measured.
func Surges(start int64, steps, missing, measured int) *simulate.Trace {
	t := &simulate.Trace{Start: start}
	for i := range steps {
		x := 1500 + 900*math.Sin(2*math.Pi*float64(i)/1440) + 40*math.Sin(float64(i*i))
		if i%360 > 300 {
			x += 2500
		}
		t.Demand, t.Bytes = append(t.Demand, x), append(t.Bytes, 16384*x)
		t.Missing = append(t.Missing, i >= missing && i < measured)
	}
	return t
}
