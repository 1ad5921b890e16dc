package rehearse

import (
	"math"
	"math/rand/v2"
	"reflect"
	"testing"
	"time"
)

var monday = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// volume is what a followed advice comes to: capacity paid for and demand served late, units × minutes.
type volume struct {
	terms      Terms
	had        []float64
	changed    int
	waits      float64
	paid, late float64
}

// step takes in a minute's need, then the advice.
func (v *volume) step(need float64, r *Rehearsal, score bool) {
	n := len(v.had)
	works := v.had[n-1]
	for back := 1; back <= minutes(v.terms.Delay) && n-1-back >= 0; back++ {
		works = min(works, v.had[n-1-back])
	}
	if score {
		v.paid += v.had[n-1]
		if works < need || v.waits > 0 {
			v.late += need
		}
	}
	v.waits = min(max(0, v.waits+v.terms.arrives(need)-works), patience*works)
	next := v.had[n-1]
	if a, ok := r.Advice(); ok && n-v.changed >= minutes(v.terms.Spacing) {
		if to := v.terms.fit(a.Amount); to > next || to < next*(1-v.terms.Worth) {
			next, v.changed = to, n
		}
	}
	v.had = append(v.had, next)
}

// follow follows the advice for some days of a demand, and gives what was paid and late on the last.
func follow(t Terms, days int, need func(minute int) float64) (paid, late float64, r *Rehearsal) {
	r = New(t)
	v := volume{terms: t, had: []float64{t.fit(need(0))}}
	for i := range days * day {
		x := need(i)
		r.Observe(Need{Time: monday.Add(time.Duration(i+1) * time.Minute), Amount: x, Known: true})
		if r.GrowDue() {
			r.SetForest(r.Grow())
		}
		v.step(x, r, i >= (days-1)*day)
	}
	return v.paid, v.late, r
}

// nightly is a backup of an hour at two o'clock, with some noise.
func nightly(i int) float64 {
	x := 900 + 90*math.Sin(float64(i*7919%104729))
	if m := i % day; m >= 120 && m < 180 {
		x += 6000
	}
	return x
}

func TestIsReadyForWhatRecurs(t *testing.T) {
	for name, terms := range someTerms {
		paid, late, _ := follow(terms, 8, nightly)
		if late > 0 {
			t.Errorf("%s: %.0f were late on the eighth day", name, late)
		}
		if always := 7000.0 * day; paid > 0.5*always {
			t.Errorf("%s: %.0f paid for the day, of %.0f for what is always enough", name, paid, always)
		}
	}
}

// TestLatenessIsWorthItsPrice: the dearer lateness is, the less of it and the more capacity.
func TestLatenessIsWorthItsPrice(t *testing.T) {
	draw := rand.New(rand.NewPCG(1, 2))
	noise := make([]float64, 5*day)
	for i := range noise {
		noise[i] = 1000 * math.Exp(0.5*draw.NormFloat64())
	}
	need := func(i int) float64 { return noise[i] }
	terms := Terms{Quantum: 100, Min: 100, Delay: time.Minute, Late: 2}
	paid, late, _ := follow(terms, 5, need)
	terms.Late = 100
	more, less, _ := follow(terms, 5, need)
	if !(more > paid && less < late/2) {
		t.Errorf("cheap: %.0f paid, %.0f late; dear: %.0f paid, %.0f late", paid, late, more, less)
	}
}

func TestSameDemandSameAdvice(t *testing.T) {
	terms := Terms{Quantum: 500, Min: 500, Delay: time.Minute, Late: 20}
	_, _, a := follow(terms, 2, nightly)
	_, _, b := follow(terms, 2, nightly)
	x, _ := a.Advice()
	if y, ok := b.Advice(); !ok || x != y {
		t.Errorf("%v, then %v", x, y)
	}
}

// TestGapsAndShortSteps: a minute's need is the highest of its steps, a gap judges no rule, and no reading is zero.
func TestGapsAndShortSteps(t *testing.T) {
	r := New(Terms{Delay: time.Minute, Late: 20})
	for i := range 6 {
		r.Observe(Need{Time: monday.Add(time.Duration(i+1) * 10 * time.Second), Amount: float64(i % 3), Known: true})
		if ended := r.past.n == 1; ended != (i == 5) {
			t.Errorf("after %d s: ended %v", 10*(i+1), ended)
		}
	}
	if r.past.n != 1 || r.past.at(0) != 2 {
		t.Errorf("%d minutes, the first needed %g", r.past.n, r.past.at(0))
	}
	r.Observe(Need{Time: monday.Add(time.Hour), Amount: math.NaN(), Score: math.NaN()})
	if r.past.n != 60 || r.past.at(59) != 2 || r.past.is(59, known) {
		t.Errorf("%d minutes, the last needs %g, known %v", r.past.n, r.past.at(59), r.past.is(59, known))
	}
	r.Observe(Need{Time: monday.Add(365 * 24 * time.Hour), Amount: 5, Known: true})
	if r.past.at(r.past.n-1) != 5 {
		t.Errorf("after a year's gap %g", r.past.at(r.past.n-1))
	}
	n := r.past.n
	if r.Observe(Need{Time: monday, Amount: 7, Known: true}); r.past.n != n {
		t.Error("a step from before ended a minute")
	}
}

func TestAdviceTakesTime(t *testing.T) {
	r := New(Terms{Delay: time.Minute, Late: 20})
	for i := range atLeast {
		if _, ok := r.Advice(); ok {
			t.Fatalf("advice after %d minutes", i)
		}
		r.Observe(Need{Time: monday.Add(time.Duration(i+1) * time.Minute), Amount: 100, Known: true})
	}
	if a, ok := r.Advice(); !ok || a.Amount < 100 || a.Amount > 200 {
		t.Errorf("%+v, %v", a, ok)
	}
}

// TestHiddenNeed: of a need that a limit hides at least as much is taken to be there as there was above it at that time of earlier days.
func TestHiddenNeed(t *testing.T) {
	r := New(Terms{Delay: time.Minute, Late: 20})
	at := monday
	observe := func(amount float64, hidden bool) float64 {
		at = at.Add(time.Minute)
		r.Observe(Need{Time: at, Amount: amount, Known: true, Hidden: hidden})
		return r.past.at(r.past.n - 1)
	}
	if got := observe(50, true); got != 50 {
		t.Errorf("%g, and nothing is known of what is above 50", got)
	}
	for i := range 2*day + 300 {
		observe(nightly(i), false)
	}
	if got := observe(500, true); math.Abs(got-900) > 20 {
		t.Errorf("%g above 500 at five o'clock, want the 900 of that time", got)
	}
	for range day - 180 {
		observe(900, false)
	}
	if got := observe(2000, true); math.Abs(got-6900) > 100 {
		t.Errorf("%g above 2000 at two o'clock, want the backup's 6900", got)
	}
	if got := observe(2000, true); math.Abs(got-6900) > 100 {
		t.Errorf("%g after another hidden one", got)
	}
	if got := observe(8000, true); got != 8000 {
		t.Errorf("%g, and nothing was above 8000", got)
	}
}

// TestChangesWhatItPaysToChange: demand that comes and goes within minutes is not followed, that which stays for an hour is.
func TestChangesWhatItPaysToChange(t *testing.T) {
	terms := Terms{Quantum: 100, Min: 100, Delay: time.Minute, Late: 20}
	for _, c := range []struct{ minutes, least, most int }{{5, 0, 40}, {60, 20, 60}} {
		r := New(terms)
		before, changes := 0.0, 0
		for i := range 3 * day {
			need := 2000.0
			if i/c.minutes%2 == 1 {
				need = 3000
			}
			r.Observe(Need{Time: monday.Add(time.Duration(i+1) * time.Minute), Amount: need, Known: true})
			if r.GrowDue() {
				r.SetForest(r.Grow())
			}
			a, _ := r.Advice()
			if to := terms.fit(a.Amount); i >= 2*day && to != before {
				before = to
				changes++
			}
		}
		if changes < c.least || changes > c.most {
			t.Errorf("every %d minutes: %d changes on the third day, want %d to %d", c.minutes, changes, c.least, c.most)
		}
	}
}

// TestChangesAreCharged: a rule that changes pays for the change, and one that holds wishes for the highest of its last wishes.
func TestChangesAreCharged(t *testing.T) {
	r := New(Terms{Quantum: 100, Min: 100, Delay: time.Minute, Late: 20})
	cost := func(wishes ...float64) float64 {
		one := newTrials(&r.signals)[0]
		one.past = wishes
		r.judgeFree(&one, 0, new(charges))
		return one.cost[0]
	}
	m := r.signals.multiples[0]
	if got, want := cost(1000, 2000)-cost(2000, 2000), changing*m*1000; math.Abs(got-want) > 1e-9 {
		t.Errorf("the change costs %g, want %g", got, want)
	}
	var holds trial
	holds.hold(5)
	for range hold - 1 {
		if holds.hold(1); holds.wish != 5 {
			t.Fatalf("it wishes for %g", holds.wish)
		}
	}
	if holds.hold(1); holds.wish != 1 {
		t.Errorf("after %d minutes it wishes for %g", hold, holds.wish)
	}
}

// TestWaits: what finds no capacity waits, for half a minute at most, and makes late what comes until it is served.
func TestWaits(t *testing.T) {
	r := New(Terms{Quantum: 100, Min: 100, Delay: time.Minute, Late: 20, Utilisation: 0.9})
	one := newTrials(&r.signals)[0]
	m := r.signals.multiples[0]
	one.past = []float64{1000 / m, 1000 / m} // 1000 are there
	before := 0.0
	for i, c := range []struct {
		need float64
		late bool
	}{
		{800, false},
		{1050, true},  // 945 come: they are served, but not in time
		{900, false},  // so that nobody waits
		{5000, true},  // 4500 come, and 500 wait on
		{1000, true},  // 900 come, and 400 wait on
		{300, true},   // 270 come: all are served
		{1000, false}, // in time again
	} {
		r.judgeFree(&one, c.need, new(charges))
		want := before*fadeFree + 1000
		if c.late {
			want += r.terms.Late * c.need
		}
		if before = one.cost[0]; math.Abs(before-want) > 1e-6 {
			t.Errorf("minute %d: the rule has cost %g, want %g", i, before, want)
		}
	}
}

// TestLeap: where changes are scarce, a hidden need is had with much to spare; where they are not, the next minute tells.
func TestLeap(t *testing.T) {
	for _, c := range []struct {
		spacing time.Duration
		hidden  bool
		least   float64
		most    float64
	}{{6 * time.Hour, true, hiddenLeap * 1000, 1e9}, {6 * time.Hour, false, 900, 1400}, {0, true, 900, 1400}} {
		r := New(Terms{Quantum: 100, Min: 100, Delay: time.Minute, Spacing: c.spacing, Late: 20, Worth: 0.15})
		for i := range day {
			r.Observe(Need{Time: monday.Add(time.Duration(i+1) * time.Minute), Amount: 1000, Known: true, Hidden: c.hidden && i == day-1})
		}
		if a, ok := r.Advice(); !ok || a.Amount < c.least || a.Amount > c.most || a.Lower > a.Amount || a.Upper < a.Amount {
			t.Errorf("%+v: %+v", c, a)
		}
	}
}

// Other draws grow other forests, the same ones equal forests.
func TestDraws(t *testing.T) {
	grown := func(draws uint64) *Grown {
		r := New(Terms{Quantum: 1, Min: 1, Max: 16000, Delay: time.Minute, Late: 20})
		r.Draws = draws
		for i := range day {
			r.Observe(Need{Time: monday.Add(time.Duration(i+1) * time.Minute), Amount: float64(1000 + i*i%977), Known: true})
		}
		return r.Grow()
	}
	if !reflect.DeepEqual(grown(1), grown(1)) || reflect.DeepEqual(grown(1), grown(2)) {
		t.Error("what is drawn does not depend on what is to be drawn")
	}
}

// TestNothingIsHeld: where changes are scarce and there is no least amount, a rule that came down to nothing is late when demand is back, and waits for its next change.
func TestNothingIsHeld(t *testing.T) {
	r := New(Terms{Delay: 5 * time.Minute, Spacing: 6 * time.Hour, Late: 20})
	need := func(i int) float64 {
		if i >= 10*60 && i < 15*60 {
			return 0
		}
		return 1000
	}
	last := &r.trials[0] // of the last hour
	for i := range 15*60 + 30 {
		before := last.weight
		r.Observe(Need{Time: monday.Add(time.Duration(i+1) * time.Minute), Amount: need(i), Known: true})
		if i > 10 && last.weight == before {
			t.Fatalf("minute %d is not charged", i)
		}
		if i == 14*60+59 && last.held[0].amount != 0 {
			t.Fatalf("%g is held of nothing", last.held[0].amount)
		}
		if i == 15*60+20 && last.held[0].amount != 0 {
			t.Fatalf("%g is had within %d min of a change", last.held[0].amount, r.past.n-last.held[0].since)
		}
	}
}

// TestMinutesOfUnevenSteps: a minute ends with the first step of a later one too, and what was read of it stays its own.
func TestMinutesOfUnevenSteps(t *testing.T) {
	f := func(step time.Duration, skip int, want ...float64) {
		t.Helper()
		r := New(Terms{Delay: time.Minute, Late: 20})
		r.Observe(Need{Time: monday})
		for i := range 100 {
			at := time.Duration(i+1) * step
			if at > time.Duration(len(want))*time.Minute {
				break
			}
			if i != skip {
				r.Observe(Need{Time: monday.Add(at), Amount: float64(i + 1), Known: true})
			}
		}
		if r.past.n != 1+len(want) {
			t.Fatalf("steps of %v: %d minutes, want %d", step, r.past.n, 1+len(want))
		}
		for i, x := range want {
			if r.past.is(1+i, known) != (x > 0) || x > 0 && r.past.at(1+i) != x {
				t.Errorf("steps of %v: minute %d needed %g, known %v; want %g", step, i, r.past.at(1+i), r.past.is(1+i, known), x)
			}
		}
	}
	f(20*time.Second, -1, 3, 6, 9)
	f(20*time.Second, 2, 2, 6, 9) // the last step of a minute was not read
	f(45*time.Second, -1, 1, 2, 4)
	f(40*time.Second, -1, 1, 3)
	f(90*time.Second, -1, 0, 1, 2)
	f(2*time.Minute, -1, 0, 1, 0, 2)
	f(25*time.Second, -1, 2, 4, 7, 9, 12)
}

// TestAsksForNow: what forests are asked when a minute ends is of that minute's time of day, whatever the steps.
func TestAsksForNow(t *testing.T) {
	for _, step := range []int{1, 5, 60} {
		r := New(Terms{Delay: time.Minute, Late: 20})
		for at := step; at <= 4*day; at += step {
			r.Observe(Need{Time: monday.Add(time.Duration(at) * time.Minute), Amount: nightly(at), Known: true})
			if r.GrowDue() {
				r.SetForest(r.Grow())
				continue // it is asked from the next minute on
			}
			wished := r.trials[r.signals.held].wish
			if expects := r.expected()[0].best; wished != expects {
				t.Fatalf("steps of %d min: at minute %d a rule wishes %g, its forest expects %g", step, at, wished, expects)
			}
		}
	}
}
