package foreshock_test

import (
	"testing"

	"github.com/foreshock-io/foreshock"
)

func TestAnomalyCompared(t *testing.T) {
	f := func(observed float64, want string) {
		t.Helper()
		a := foreshock.Anomaly{Metric: foreshock.Latency, Observed: observed, Expected: 300e-6, Lower: 100e-6, Upper: 500e-6}
		if got := a.Compared(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(0.0159, "15.90 ms, expected 300 µs (100 µs to 500 µs)")
	f(400e-6, "400 µs, expected 300 µs (100 µs to 500 µs, which one step may have and not several)")
}
