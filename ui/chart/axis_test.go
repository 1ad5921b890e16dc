package chart

import (
	"testing"

	"github.com/foreshock-io/foreshock"
)

// Latencies are told in the unit that has few letters: nobody reads 30k ms as half a minute.
func TestAxisOfLatency(t *testing.T) {
	of := Axis(foreshock.Latency)
	f := func(seconds float64, want string) {
		t.Helper()
		if got := of(seconds); got != want {
			t.Errorf("%g s is %q, want %q", seconds, got, want)
		}
	}
	f(0, "0 ms")
	f(0.00025, "250 µs")
	f(0.0005, "500 µs")
	f(0.001, "1 ms")
	f(0.02, "20 ms")
	f(0.5, "500 ms")
	f(1, "1 s")
	f(30, "30 s")
	f(2000, "2k s")
}
