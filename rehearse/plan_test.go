package rehearse

import (
	"testing"
	"time"
)

// TestPlanWaits: a change that must last six hours is not made so early that it ends within a peak of three hours, and is made in time.
func TestPlanWaits(t *testing.T) {
	const low, high = 1000.0, 7000.0
	r := New(Terms{Quantum: 100, Min: 100, Max: 16000, Delay: 6 * time.Minute, Spacing: 6 * time.Hour, Late: 20, Worth: 0.15})
	for i := range 4*day + 50 {
		need := low
		if m := i % day; m >= 60 && m < 240 {
			need = high
		}
		r.Observe(Need{Time: monday.Add(time.Duration(i+1) * time.Minute), Amount: need, Known: true})
		if i < 3*day {
			continue
		}
		switch r.planner.renew(r); i {
		case 4*day - 4*60 - 15: // a quarter past seven in the evening
			for k, p := range r.planner.plans {
				if p.from > low*1.1 || p.to < low*1.1 {
					t.Errorf("%s: in the evening it keeps %.0f to %.0f, not the %.0f that are enough until one", outlooks[k].name(), p.from, p.to, low)
				}
			}
		case 4*day + 49: // ten to one
			for k, p := range r.planner.plans {
				if p.wish < high || p.from <= low*1.2 {
					t.Errorf("%s: before the peak it wishes for %.0f and keeps %.0f to %.0f", outlooks[k].name(), p.wish, p.from, p.to)
				}
			}
		}
	}
}

// Amounts of the ladder are at least the need.
func TestRungs(t *testing.T) {
	for _, need := range []float64{0, 1, 1.5, 700, 16000} {
		var l ladder
		p := planner{lowest: rung(16000) - planLevels + 1}
		for k := range p.amounts {
			p.amounts[k] = rungAmount(p.lowest + k)
		}
		p.put(&l, rung(need), 1)
		for k, x := range l {
			if x > 0 && p.amounts[k] < need*(1-1e-9) {
				t.Errorf("a need of %g is on the rung of %g", need, p.amounts[k])
			}
		}
	}
}
