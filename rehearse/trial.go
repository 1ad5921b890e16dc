package rehearse

import (
	"math"
	"slices"
)

// trial is a signal, and what it would have cost with each multiple.
type trial struct {
	name string
	wish float64 // the signal now
	// past are the wishes of the last minutes, oldest first, as long as the delay, where changes are free.
	past   []float64
	cost   []float64 // faded, per multiple
	weight float64   // of the minutes in it
	held   []held    // per multiple, where changes are scarce
	plan   *planned  // of a rule that plans
	wanted []float64 // the last wishes of a rule that holds, oldest first
	// queues are what waits, per multiple, in minutes of a unit of capacity; queued says whether anything does.
	queues []float64
	queued bool
}

// held is the amount of a rule whose changes are scarce.
type held struct {
	amount, before float64
	since          int // minute of the change
}

// none says that there was no wish yet. An amount that fell to 0 is held like any other.
func (h *held) none() bool { return h.amount == 0 && h.before == 0 }

func newTrials(s *signals) []trial {
	list := make([]trial, len(s.names))
	for i := range list {
		list[i] = trial{name: s.names[i], cost: make([]float64, len(s.multiples)), queues: make([]float64, len(s.multiples))}
		if s.scarce {
			list[i].held = make([]held, len(s.multiples))
		}
	}
	return list
}

// judge charges each rule for the minute that just ended.
func (r *Rehearsal) judge(need float64) {
	var known charges
	for i := range r.trials {
		t := &r.trials[i]
		switch {
		case t.held != nil:
			r.judgeHeld(t, need)
		case len(t.past) > 0:
			r.judgeFree(t, need, &known)
		}
	}
}

// charges are those of some of the wishes that were met in a minute, per multiple: many rules wish the same.
type charges [32]struct {
	of         wished
	per, works [mostMultiples]float64
}

// wished is what decides a charge: the last wish is billed, it may be a change from the one before, the lowest since the delay works.
type wished struct{ billed, before, works float64 }

func (w wished) place() int {
	const odd = 0x9e3779b97f4a7c15                                                                                      // 2^64 by the golden ratio (Knuth, The Art of Computer Programming, 6.4)
	return int((math.Float64bits(w.billed) ^ math.Float64bits(w.before)>>3 ^ math.Float64bits(w.works)>>5) * odd >> 59) //nolint:gosec // below 32
}

func (r *Rehearsal) judgeFree(t *trial, need float64, known *charges) {
	w := wished{billed: t.past[len(t.past)-1], before: t.past[max(0, len(t.past)-2)], works: slices.Min(t.past)}
	c := &known[w.place()]
	if c.of != w || w.billed == 0 {
		c.of = w
		for k, m := range r.signals.multiples {
			c.per[k], c.works[k] = r.chargeFree(w, m, need)
		}
	}
	t.weight = t.weight*fadeFree + 1
	per := c.per[:len(t.cost)]
	for k := range t.cost {
		t.cost[k] = t.cost[k]*fadeFree + per[k]
	}
	if t.queued || c.works[0] < r.terms.arrives(need) {
		t.queued = false
		for k := range t.cost {
			t.cost[k] += r.queue(t, k, c.works[k], need)
		}
	}
}

func (r *Rehearsal) chargeFree(w wished, multiple, need float64) (charge, works float64) {
	paid := r.terms.fit(multiple * w.billed)
	works = paid
	if w.works < w.billed {
		works = r.terms.fit(multiple * w.works)
	}
	charge = r.charge(paid, works, need)
	if w.before != w.billed {
		charge += changing * math.Abs(paid-r.terms.fit(multiple*w.before))
	}
	return charge, works
}

// patience is for how long a request waits at most, in minutes: longer than half a minute few drivers, file systems and clients do.
const patience = 0.5

// queue takes what comes in a minute behind what waits already, and gives what is late for that alone: with capacity enough for what comes, but not
// for what waits as well.
func (r *Rehearsal) queue(t *trial, multiple int, works, need float64) (late float64) {
	q := &t.queues[multiple]
	if *q > 0 && works >= need {
		late = r.terms.Late * need
	}
	*q = min(max(0, *q+r.terms.arrives(need)-works), patience*works)
	t.queued = t.queued || *q > 0
	return late
}

// changing is what a change costs a rule, in minutes of what is changed: with no price at all, rules that change their mind each minute are as
// good as those that do not.
const changing = 2

func (r *Rehearsal) charge(billed, works, need float64) float64 {
	if works < need {
		return billed + r.terms.Late*need
	}
	return billed
}

// judgeHeld: a rise works after the delay, a reduction at once.
func (r *Rehearsal) judgeHeld(t *trial, need float64) {
	if t.held[0].none() {
		return
	}
	delay := minutes(r.terms.Delay)
	t.weight, t.queued = t.weight*fadeScarce+1, false
	for k := range t.held {
		h := &t.held[k]
		works := h.amount
		if r.past.n-1-h.since < delay {
			works = min(works, h.before)
		}
		t.cost[k] = t.cost[k]*fadeScarce + r.charge(h.amount, works, need) + r.queue(t, k, works, need)
	}
}

// wish renews the signals, and lets each rule change what it would have.
func (r *Rehearsal) wish() {
	if r.signals.scarce && r.past.n%r.signals.every != 0 {
		return
	}
	wishes := r.signals.read(r)
	back := r.back()
	for i := range r.trials {
		t := &r.trials[i]
		if i < r.signals.base {
			t.wish = wishes[i]
		} else {
			t.hold(wishes[i-r.signals.base])
		}
		t.plan = r.planOf(i)
		if t.held != nil {
			r.changeHeld(t)
			continue
		}
		t.past = append(t.past, t.wish)
		t.forget(back)
	}
}

// back is of how many minutes rules remember their wishes.
func (r *Rehearsal) back() int { return minutes(r.terms.Delay) + 1 }

// forget drops the wishes before the last ones.
func (t *trial) forget(last int) {
	if len(t.past) > last {
		t.past = slices.Delete(t.past, 0, len(t.past)-last)
	}
}

// planOf is the plan that a rule follows; nil where it follows none.
func (r *Rehearsal) planOf(rule int) *planned {
	if k := rule - r.signals.plans; r.signals.scarce && k >= 0 && k < len(outlooks) {
		return &r.planner.plans[k]
	}
	return nil
}

// hold wishes for the highest wish of the last minutes.
func (t *trial) hold(wish float64) {
	left := 0.0
	if t.wanted = append(t.wanted, wish); len(t.wanted) > hold {
		left = t.wanted[0]
		t.wanted = slices.Delete(t.wanted, 0, len(t.wanted)-hold)
	}
	if t.wish = max(t.wish, wish); left == t.wish {
		t.wish = slices.Max(t.wanted)
	}
}

func (r *Rehearsal) changeHeld(t *trial) {
	spacing := minutes(r.terms.Spacing)
	for k, m := range r.signals.multiples {
		h := &t.held[k]
		to := r.terms.fit(m * t.wish)
		switch {
		case h.none():
			*h = held{to, to, r.past.n - spacing}
		case r.past.n-h.since < spacing, t.plan != nil && h.amount >= t.plan.from*m && h.amount <= t.plan.to*m:
		case to > h.amount, to < h.amount*(1-r.terms.Worth):
			*h = held{to, h.amount, r.past.n}
		}
	}
}

// cheapest is the rule that would have cost least, and its multiple's index.
func cheapest(trials []trial) (best *trial, multiple int) {
	least := math.Inf(1)
	for i := range trials {
		t := &trials[i]
		limit := least * t.weight
		for k, c := range t.cost {
			if c < limit && t.weight > 0 {
				limit, least, best, multiple = c, c/t.weight, t, k
			}
		}
	}
	return best, multiple
}
