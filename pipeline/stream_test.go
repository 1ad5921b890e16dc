package pipeline_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock/app"
	"github.com/foreshock-io/foreshock/config"
)

// Where clocks are put back an hour comes twice. The second time its rows are judged as any other: the hour brings no alarm, and an
// incident in it is found.
func TestAnHourThatComesTwiceIsJudged(t *testing.T) {
	f := func(incident bool) (found bool) {
		t.Helper()
		s, err := app.NewStream(config.Default(), time.Minute, 1)
		if err != nil {
			t.Fatal(err)
		}
		rng := rand.New(rand.NewPCG(1, 1))
		at := time.Date(2026, 10, 20, 0, 0, 0, 0, time.UTC)
		row := func(x float64) float64 {
			at = at.Add(time.Minute)
			return s.Observe(at, []float64{x + rng.NormFloat64()}).Score
		}
		for range 3000 {
			row(100)
		}
		at = at.Add(-time.Hour)
		for i := range 60 {
			x := 100.0
			if incident && i >= 30 {
				x = 200
			}
			found = row(x) >= 1.5 || found
		}
		return found
	}
	if f(false) {
		t.Error("the hour is an anomaly")
	}
	if !f(true) {
		t.Error("an incident in the hour is not found")
	}
}
