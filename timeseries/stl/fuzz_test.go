package stl

import (
	"math"
	"testing"

	"github.com/foreshock-io/foreshock/timeseries/referencetest"
)

// Of any series and settings there is an error, or parts that are finite and sum to the whole; again when the series moves on.
func FuzzDecompose(f *testing.F) {
	f.Add([]byte{1, 0, 2, 0, 3, 0, 1, 0, 2, 0, 3, 0, 9, 0}, 3, 7, 5, 0, 1, 2, true, 1)
	f.Add([]byte{1, 127, 2, 127, 128, 0, 1, 128, 2, 0}, 2, 0, 0, 3, 0, 0, false, 2)
	f.Add([]byte{}, 0, -1, 0, 0, 0, 0, false, 0)
	f.Fuzz(func(t *testing.T, data []byte, period, seasonal, trend, lowPass, jump, degree int, robust bool, steps int) {
		if len(data) > 600 || max(seasonal, trend, lowPass, jump) > 1<<20 {
			return
		}
		x := referencetest.Readings(data)
		cfg := Config{
			Period: period, SeasonalWindow: seasonal, TrendWindow: trend, LowPassWindow: lowPass,
			SeasonalJump: jump, TrendJump: jump, TrendDegree: Degree(degree & 3), Robust: robust,
		}
		var w Workspace
		var r Result
		if w.Decompose(&r, x, cfg) != nil {
			return
		}
		finiteParts(t, x, r)
		steps = max(0, min(steps, len(x)-2*period-1))
		if w.Renew(&r, x[steps:], 0, cfg) == nil {
			finiteParts(t, x[steps:], r)
		}
		FindPeriod(x, period)
		FindPeriod(x)
	})
}

func finiteParts(t *testing.T, x []float64, r Result) {
	t.Helper()
	size := referencetest.Size(x)
	for i, v := range x {
		smooth := r.Trend[i] + r.Seasonal[i]
		switch {
		case math.IsNaN(smooth) || math.IsInf(smooth, 0):
			t.Fatalf("at %d trend %g and season %g", i, r.Trend[i], r.Seasonal[i])
		case v == v && !(math.Abs(smooth+r.Remainder[i]-v) <= 1e-12*(size+math.Abs(smooth))):
			t.Fatalf("at %d the parts sum to %g, not %g", i, smooth+r.Remainder[i], v)
		}
	}
}
