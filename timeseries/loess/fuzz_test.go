package loess

import (
	"math"
	"testing"

	"github.com/foreshock-io/foreshock/timeseries/referencetest"
)

// Of any series and settings there is an error or a smooth series, with gaps only where there are no readings.
func FuzzSmooth(f *testing.F) {
	f.Add([]byte{1, 0, 2, 0, 128, 0, 4, 0}, 3, 1, 1, 0.0)
	f.Add([]byte{1, 127, 2, 128}, 9, 0, 3, 4.0)
	f.Fuzz(func(t *testing.T, data []byte, window, degree, jump int, reach float64) {
		if len(data) > 600 || window > 1<<20 {
			return
		}
		y := referencetest.Readings(data)
		smooth, err := Smooth(y, Config{Window: window, Degree: degree, Jump: jump, Reach: reach})
		if err != nil {
			return
		}
		gaps := false
		for _, v := range y {
			gaps = gaps || v != v
		}
		for i, v := range smooth {
			if math.IsInf(v, 0) || v != v && !gaps {
				t.Fatalf("position %d is %g", i, v)
			}
		}
	})
}
