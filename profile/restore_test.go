package profile

import (
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
)

// What was taught is kept whichever profile has seen more, and never over what was taught since.
func TestRestore(t *testing.T) {
	made := func(steps int64, lead time.Duration, bias float64) *foreshock.Profile {
		p := New("a", "s", time.Minute)
		p.Steps, p.Threshold = steps, foreshock.Threshold{Value: 1.1, Bias: bias}
		p.Learn(foreshock.DimIOPS, foreshock.Learned{LeadTime: lead})
		return p
	}
	f := func(stored, live *foreshock.Profile, want string, lead time.Duration, bias float64) {
		t.Helper()
		got := Restore(stored, live)
		which := map[*foreshock.Profile]string{nil: "none", stored: "stored", live: "live"}[got]
		if which != want {
			t.Errorf("%s was chosen, want %s", which, want)
			return
		}
		if got != nil && (got.LearnedOf(foreshock.DimIOPS).LeadTime != lead || got.Threshold.Bias != bias) {
			t.Errorf("lead time %s, bias %g; want %s, %g", got.LearnedOf(foreshock.DimIOPS).LeadTime, got.Threshold.Bias, lead, bias)
		}
	}
	f(made(9, time.Minute, 1.2), made(3, 0, 0), "stored", time.Minute, 1.2)
	f(made(3, time.Minute, 1.2), made(9, 0, 0), "live", time.Minute, 1.2)
	f(made(3, time.Minute, 0), made(9, time.Hour, 1.3), "none", 0, 0)
	f(made(3, time.Minute, 1.2), made(9, time.Hour, 0), "live", time.Hour, 1.2)
	f(made(9, time.Minute, 0), made(3, 0, 1.3), "stored", time.Minute, 1.3)
	f(made(9, time.Minute, 1.2), made(3, time.Hour, 1.3), "stored", time.Hour, 1.3)
	f(made(3, 0, 0), made(9, 0, 0), "none", 0, 0)
	follows := func(stored, live *foreshock.Trial, want *foreshock.Trial) {
		t.Helper()
		for _, steps := range []int64{3, 9} {
			p, q := made(6, 0, 0), made(steps, 0, 0)
			p.Try(foreshock.DimIOPS, stored)
			q.Try(foreshock.DimIOPS, live)
			if got := Restore(p, q); got == nil && want != live || got != nil && got.TrialOf(foreshock.DimIOPS) != want {
				t.Errorf("of %p and, after %d steps for 6, %p not %p goes on", stored, steps, live, want)
			}
		}
	}
	trial, later := new(foreshock.Trial), new(foreshock.Trial)
	later.Headroom = 1
	follows(trial, nil, trial)
	follows(nil, later, later)
	other := made(9, time.Minute, 1.2)
	other.Length = time.Second
	f(other, made(3, 0, 0), "none", 0, 0)
}
