package foreshock_test

import (
	"testing"

	"github.com/foreshock-io/foreshock"
)

func TestAnomalyCompared(t *testing.T) {
	f := func(observed float64, want string, parts ...foreshock.Part) {
		t.Helper()
		a := foreshock.Anomaly{Parts: parts, Metric: foreshock.Latency, Observed: observed, Expected: 300e-6, Lower: 100e-6, Upper: 500e-6}
		if got := a.Compared(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(0.0159, "15.90 ms, expected 300 µs (100 µs to 500 µs)")
	f(400e-6, "400 µs, expected 300 µs (100 µs to 500 µs, which one step may have and not several)")

	up := foreshock.Part{Ready: true, Score: 2, Deviation: 3}
	down := foreshock.Part{Ready: true, Score: 1, Deviation: -3}
	f(50e-6, "50 µs, expected 300 µs (100 µs to 500 µs; more unusual is a rise over several steps)", down, up)
	f(50e-6, "50 µs, expected 300 µs (100 µs to 500 µs)", down)
	f(0.0159, "15.90 ms, expected 300 µs (100 µs to 500 µs)", up, down)
	f(0.0159, "15.90 ms, expected 300 µs (100 µs to 500 µs; more unusual is a fall over several steps)", down)
	f(400e-6, "400 µs, expected 300 µs (100 µs to 500 µs, which one step may have and not several)", up)
	f(400e-6, "400 µs, expected 300 µs (100 µs to 500 µs, but what is unusual is a fall over several steps)", down)
}
