package rehearse

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

// TestPlanWaits: a change that must last six hours is not made so early that it ends within a peak of three hours, and is made in time.
func TestPlanWaits(t *testing.T) {
	const low, high = 1000.0, 7000.0
	r := New(someTerms["scarce"])
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

// A plan that goes on from the one a slot before is to the bit the plan that is made anew, also where the ladder of amounts has moved between.
func TestPlansGoOn(t *testing.T) {
	draw := rand.New(rand.NewPCG(3, 1))
	r := New(Terms{Quantum: 100, Min: 100, Delay: time.Minute, Spacing: 6 * time.Hour, Late: 20, Worth: 0.15})
	compared := 0
	for i := range 9 * day {
		grown := 1 + float64(i/(4*day))
		r.Observe(Need{Time: monday.Add(time.Duration(i+1) * time.Minute), Amount: grown * (500 + 100*draw.ExpFloat64()), Known: i%100 != 0})
		if i < day || r.past.n%r.slot() != 0 || i%7 != 0 {
			continue
		}
		compared++
		var anew planner
		if anew.renew(r); anew.late != r.planner.late || anew.plans != r.planner.plans {
			t.Fatalf("minute %d: %v, made anew %v", i, r.planner.plans, anew.plans)
		}
	}
	if compared < 50 {
		t.Errorf("only %d plans are compared", compared)
	}
}

// TestPlansAreRenewed: plans are made anew with each of their slots, also where those are no multiple of the minutes between readings.
func TestPlansAreRenewed(t *testing.T) {
	for _, spacing := range []time.Duration{time.Hour, 4 * time.Hour, 390 * time.Minute, 6 * time.Hour} {
		r := New(Terms{Min: 100, Delay: 6 * time.Minute, Spacing: spacing, Late: 20})
		most, since := 0, 0
		for i := range 2 * day {
			before := r.planner.first
			if r.Observe(noisy(i)); r.planner.first != before {
				since = i
			}
			most = max(most, i-since)
		}
		if bound := r.slot() + r.signals.every; most > bound {
			t.Errorf("changes %v apart: plans are up to %d min old, want at most %d", spacing, most, bound)
		}
	}
}

// TestWeeklyJobIsExpected: a job of each Sunday that is too long and too high to wait for finds its capacity from the fourth week on.
func TestWeeklyJobIsExpected(t *testing.T) {
	const low, high = 1000.0, 7000.0
	r, draw := New(someTerms["scarce"]), rand.New(rand.NewPCG(1, 2))
	for i := range 35 * day {
		need, m := low, i%(7*day)-(6*day+60)
		if m >= 0 && m < 240 {
			need = high
		}
		need *= math.Exp(0.1 * draw.NormFloat64())
		r.Observe(Need{Time: monday.Add(time.Duration(i+1) * time.Minute), Amount: need, Known: true})
		if r.GrowDue() {
			r.SetForest(r.Grow())
		}
		if a, ok := r.Advice(); i >= 21*day && m == -minutes(r.terms.Delay)-1 && !(ok && a.Amount >= high) {
			t.Errorf("in week %d, before the job begins, it advises %.0f by %s", 1+i/(7*day), a.Amount, a.Signal)
		}
	}
}
