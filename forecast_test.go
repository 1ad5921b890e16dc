package foreshock_test

import (
	"math"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Between two levels a peak is where that of a normal forecast is; beyond them it is that of the last.
func TestPeak(t *testing.T) {
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	z := func(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }
	f := &foreshock.Forecast{At: start, Length: time.Hour, Mean: []float64{100, 200, 50}, Levels: []float64{0.5, 0.9, 0.99}}
	for _, level := range f.Levels {
		f.Quantiles = append(f.Quantiles, []float64{100 + 10*z(level), 200 + 5*z(level), 50})
	}
	check := func(level float64, from, to time.Duration, want float64, at time.Duration) {
		t.Helper()
		peak, when, ok := f.Peak(level, start.Add(from), start.Add(to))
		if !ok || math.Abs(peak-want) > 1e-9 || !when.Equal(start.Add(at)) {
			t.Errorf("%g: %g at %s, %t; want %g at %s", level, peak, when, ok, want, at)
		}
	}
	check(0.5, 0, 3*time.Hour, 200, 2*time.Hour)
	check(0.9, 0, 3*time.Hour, 200+5*z(0.9), 2*time.Hour)
	check(0.95, 0, 3*time.Hour, 200+5*z(0.95), 2*time.Hour)
	check(0.95, 0, time.Minute, 100+10*z(0.95), time.Hour)
	check(0.7, 0, time.Minute, 100+10*z(0.7), time.Hour)
	check(0.3, 0, time.Minute, 100, time.Hour)
	check(0.9999, 0, time.Minute, 100+10*z(0.99), time.Hour)
	if _, _, ok := f.Peak(0.9, start.Add(4*time.Hour), start.Add(5*time.Hour)); ok {
		t.Error("it does not reach that far")
	}
}
