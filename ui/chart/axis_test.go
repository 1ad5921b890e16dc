package chart

import (
	"slices"
	"testing"

	"github.com/foreshock-io/foreshock"
)

// Latencies are told in the unit that has few letters: nobody reads 30k ms as half a minute.
func TestAxisOfLatency(t *testing.T) {
	of := axis(foreshock.Latency)
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

// Throughput is told in the units that texts have, at values that are round in them.
func TestAxisOfThroughput(t *testing.T) {
	f := func(low, high float64, want ...string) {
		t.Helper()
		v := canvas{Chart: &Chart{}, low: low, high: high, height: 200}
		v.Measure(foreshock.Throughput)
		var got []string
		for _, x := range v.ticks() {
			got = append(got, v.format(x))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%g to %g: %q, want %q", low, high, got, want)
		}
	}
	f(0, 180e6, "0 B/s", "50 MiB/s", "100 MiB/s", "150 MiB/s")
	f(0, 1.6e6, "0 B/s", "0.5 MiB/s", "1 MiB/s", "1.5 MiB/s")
	f(0, 1.1*(1<<30), "0 B/s", "0.2 GiB/s", "0.4 GiB/s", "0.6 GiB/s", "0.8 GiB/s", "1 GiB/s")
	f(0, 900, "0 B/s", "200 B/s", "400 B/s", "600 B/s", "800 B/s")
}

// The axis of scores has the scores that texts have, not where they are drawn.
func TestAxisOfScores(t *testing.T) {
	v := canvas{Chart: &Chart{}, height: 80}
	v.Score("limit")
	var got []string
	for _, y := range v.ticks() {
		got = append(got, v.format(y))
	}
	if want := []string{"0", "1", "2"}; !slices.Equal(got, want) || v.Rules[0].At != 0.5 {
		t.Errorf("%q with a rule at %g, want %q", got, v.Rules[0].At, want)
	}
}
