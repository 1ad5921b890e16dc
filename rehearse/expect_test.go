package rehearse

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock/timeseries/forest"
)

// Demand that has come to three times all that was there before is known by ratios at once, by amounts not: those they have never seen.
func TestRatiosKnowANewLevel(t *testing.T) {
	for _, spacing := range []time.Duration{0, 6 * time.Hour} {
		var amount, ratio float64 // means of some draws
		const draws = 4
		for draw := range uint64(draws) {
			e := atNewLevel(spacing, draw)
			amount, ratio = amount+e[0].best/draws, ratio+e[1].best/draws
		}
		if amount > 1200 || ratio < 3100 || ratio > 4500 {
			t.Errorf("with changes every %s, amounts say %.0f and ratios %.0f of 2700 to 3300", spacing, amount, ratio)
		}
	}
}

func atNewLevel(spacing time.Duration, draw uint64) [len(forestNames)]expectation {
	r := New(Terms{Quantum: 10, Min: 10, Delay: time.Minute, Spacing: spacing, Late: 20})
	r.Draws = draw
	rng := rand.New(rand.NewPCG(1, 1))
	at, level := time.Unix(1700000000, 0).Truncate(time.Minute), 1000.0
	minute := func() {
		at = at.Add(time.Minute)
		r.past.add(minute{need: level * (0.9 + 0.2*rng.Float64()), known: true})
		r.end = at
	}
	for range 3 * day {
		minute()
	}
	r.SetForest(r.Grow())
	level *= 3
	for range 10 {
		minute()
	}
	return r.expected()
}

// What is had is kept while nothing is cheaper by more than the share that a change is worth.
func TestKeepsWhatIsNearlyBest(t *testing.T) {
	r := New(Terms{Late: 20})
	// 100 cost 100 + 20·0.02·200 = 180, 200 cost 200, 90 cost 90 + 20·(0.02·200 + 0.98·100) = 2130
	e := r.expectationOf([]forest.Point{{Value: 100, Weight: 0.98}, {Value: 200, Weight: 0.02}})
	if e.best != 100 {
		t.Fatalf("best is %g, not 100", e.best)
	}
	for _, c := range []struct{ have, worth, want float64 }{
		{200, 0.2, 200}, {200, 0.1, 100}, {200, 0, 100}, {90, 0.4, 100}, {250, 0.4, 250}, {260, 0.4, 100}, {0, 0.4, 100},
	} {
		if got := r.keep(c.have, c.worth, &e); got != c.want {
			t.Errorf("of %g, where a change is worth %g, becomes %g, not %g", c.have, c.worth, got, c.want)
		}
	}
	if got := r.keep(200, 0.4, &expectation{best: 100}); got != 100 {
		t.Errorf("with nothing to tell costs by %g is kept", got)
	}
}
