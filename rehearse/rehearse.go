// Package rehearse finds out which rule of capacity is the cheapest for a workload: each of some hundred rules is tried, minute by minute, on the
// demand that came, under the delay and the spacing of changes that the target has, and charged for the capacity that it would have had and for the
// demand that it would have served late. The one that would have cost least gives advice on how much to have now.
//
// A rule takes a signal, and a multiple of it. Signals are the highest demand of the last minutes, of the same time on earlier days, the
// amount that would have been best at the same time on earlier days, and the amount that is best for the distribution of what comes next
// as forests know it from the past ([timeseries/forest]), also kept while another one is hardly better; what a forecast says, and how demand grew after
// anomalies. Each pays for its changes, and but for those of forests each is also tried held for a while. Where changes are scarce there are plans of when to change.
//
// The time base is the minute. A Rehearsal is not safe for concurrent use; it takes 360 to 460 KB, and its forests 1 to 3 MB, after three weeks.
package rehearse

import (
	"math"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/timeseries/forest"
)

// Terms are those of the target and of the policy.
type Terms struct {
	Quantum, Min, Max float64       // amounts are multiples within bounds; 0: none
	Delay             time.Duration // from when a change is asked for until it works
	Spacing           time.Duration // least time between changes; 0: none
	// Late is what a minute's demand costs that finds less capacity than it needs, in the cost of the capacity that would have served it.
	Late float64
	// Utilisation is the share of its capacity at which a volume is in time: a need is what comes, divided by it; 0: 1.
	Utilisation float64
	// Worth is the share by which less must be wanted for a change, where changes are scarce.
	Worth float64
}

// fit is the amount that is had for a wish.
func (t *Terms) fit(want float64) float64 {
	if t.Quantum > 0 {
		want = math.Ceil(want/t.Quantum-1e-9) * t.Quantum
	}
	want = max(want, t.Min)
	if t.Max > 0 {
		want = min(want, t.Max)
	}
	return want
}

// arrives is what comes where so much is needed.
func (t *Terms) arrives(need float64) float64 {
	if t.Utilisation > 0 {
		return need * t.Utilisation
	}
	return need
}

func minutes(d time.Duration) int { return int((d + time.Minute - 1) / time.Minute) }

const (
	day     = 24 * 60 // minutes
	atLeast = 2 * 60  // minutes before advice is given
	// fadeFree is the weight of a minute against the next in a rule's cost: half after two and a half days. Where changes are scarce it is fadeScarce, half after
	// five: rules show what they are worth by a few changes a day.
	fadeFree, fadeScarce = 0.9998, 0.9999
)

// Rehearsal is what is known of one dimension of one workload.
type Rehearsal struct {
	Draws   uint64 // which random draws forests are grown by; for measurements
	terms   Terms
	past    history
	end     time.Time // of the last minute
	pending minute
	signals signals
	trials  []trial
	forests *forests // nil: there are none
	grown   int      // n when the forest was taken into use
	knows   int      // n when it was grown; 0: there is none
	points  []forest.Point
	levels  []level
	growths growths
	ahead   float64  // what the last forecast expected
	planner *planner // where changes are scarce
}

// minute is the one that is being filled.
type minute struct {
	need, score, expected float64
	known                 bool
	hidden                bool // need is at least that
	apart                 deviations
}

// New is a rehearsal that knows nothing yet.
func New(t Terms) *Rehearsal {
	r := &Rehearsal{}
	r.SetTerms(t)
	return r
}

// Clone is a copy to grow a forest from, or to encode, while r goes on.
func (r *Rehearsal) Clone() *Rehearsal {
	c := *r
	c.past, c.trials = r.past.clone(), slices.Clone(r.trials)
	for i := range c.trials {
		t := &c.trials[i]
		t.past, t.cost, t.held, t.wanted = slices.Clone(t.past), slices.Clone(t.cost), slices.Clone(t.held), slices.Clone(t.wanted)
		t.queues = slices.Clone(t.queues)
	}
	if r.planner != nil {
		c.planner = &planner{plans: r.planner.plans, lowest: r.planner.lowest}
	}
	return &c
}

// SetTerms takes what the target and the policy say now; rules tried under other terms of changing begin anew.
func (r *Rehearsal) SetTerms(t Terms) {
	if r.terms == t {
		return
	}
	anew := r.trials == nil || (t.Spacing > 0) != (r.terms.Spacing > 0)
	r.terms = t
	if anew {
		r.signals = signalsFor(t)
		r.trials = newTrials(&r.signals)
		if r.planner = nil; r.signals.scarce {
			r.planner = new(planner)
		}
		r.forests, r.knows, r.grown = nil, 0, 0 // it is due at once
	}
	for i := range r.trials {
		r.trials[i].forget(r.back())
	}
	if r.planner != nil {
		r.planner.first = 0
	}
}

// Need is the capacity that the demand of a step needed.
type Need struct {
	Time   time.Time // end of the step
	Amount float64
	Known  bool    // false where nothing was read
	Hidden bool    // a limit hides the demand: Amount is a guess that may be far too low
	Score  float64 // of the step's anomaly
	// Latency and Size are how far the latency of the step and the mean size of its requests are from what is expected: (x-expected)/(x+expected), from -1 to 1,
	// for three times as much 0.5; 0 where that is not known. They tell of what the demand does not. The score says how rare a step is: what comes each day
	// before a surge has none.
	Latency, Size float64
	Expected      float64 // what a forecast says is needed at the most until a change made now works; 0: there is none
}

// Observe takes the need of a step; steps come in order, and what is of a minute that has ended changes nothing. A step that reaches into a minute counts for that.
func (r *Rehearsal) Observe(n Need) {
	end := n.Time.Truncate(time.Minute)
	if end.Before(n.Time) {
		end = end.Add(time.Minute)
	}
	if r.end.IsZero() {
		r.end = end.Add(-time.Minute)
	}
	if !end.After(r.end) {
		return
	}
	r.endBefore(end)
	r.pending.take(&n)
	if n.Time.Equal(end) {
		r.endPending()
	}
}

// endBefore ends the minutes that are over when a step of the one with that end has come.
func (r *Rehearsal) endBefore(end time.Time) {
	if over := end.Sub(r.end) > time.Minute; over && r.pending.known {
		r.endPending()
	}
	missing := min(int(end.Sub(r.end)/time.Minute)-1, kept)
	r.end = end.Add(-time.Duration(missing+1) * time.Minute)
	for ; missing > 0; missing-- {
		r.gap(missing + 1)
	}
}

func (r *Rehearsal) endPending() {
	m := r.pending
	r.pending = minute{}
	r.close(m)
}

// take takes a step into the minute: the highest of what was needed counts.
func (m *minute) take(n *Need) {
	if !n.Known || !(n.Amount >= 0) || math.IsInf(n.Amount, 0) {
		return
	}
	m.need, m.known, m.hidden = max(m.need, n.Amount), true, m.hidden || n.Hidden
	if n.Score > 0 { // not NaN
		m.score = max(m.score, n.Score)
	}
	m.apart.take(n)
	if n.Expected > 0 && !math.IsInf(n.Expected, 0) {
		m.expected = max(m.expected, n.Expected)
	}
}

// longGap is so many minutes that the rules' work for more would hold up the workload's owner for a second.
const longGap = 7 * day

// gap ends a minute in which nothing was read, so many minutes ago. What rules wished in a gap of more than a week is of no use.
func (r *Rehearsal) gap(ago int) {
	if ago > longGap {
		r.add(minute{})
		return
	}
	r.close(minute{})
}

// close ends a minute; in a gap the need stays as it was.
func (r *Rehearsal) close(m minute) {
	r.add(m)
	r.ended(m)
}

func (r *Rehearsal) add(m minute) {
	r.past.add(m)
	r.end = r.end.Add(time.Minute)
}

// ended lets each rule answer for the minute that the history has got, and wish anew.
func (r *Rehearsal) ended(m minute) {
	r.growths.learn(r)
	if m.known {
		r.ahead = m.expected
		r.judge(r.past.at(r.past.n - 1))
	}
	r.wish()
}

// horizon is how far a change must see, in minutes: from when it works until the next one could.
func (r *Rehearsal) horizon() (from, to int) {
	delay := minutes(r.terms.Delay)
	return delay + 1, delay + max(1, minutes(r.terms.Spacing))
}

// Advice gives the wish of the rule that would have cost least; ok is false while too little was seen.
func (r *Rehearsal) Advice() (foreshock.Advice, bool) {
	if r.past.n < atLeast {
		return foreshock.Advice{}, false
	}
	t, k := cheapest(r.trials)
	if t == nil {
		return foreshock.Advice{}, false
	}
	m := r.signals.multiples[k]
	amount := t.wish * m
	from, to := amount, amount
	if t.plan != nil {
		from, to = t.plan.from*m, t.plan.to*m
	}
	if least := r.leap(); least > amount {
		amount, from, to = least, least, max(least, to)
	}
	return foreshock.Advice{
		Amount: amount, Lower: from, Upper: to, Rule: t.wish * m, Signal: t.name, Multiple: m,
		Cost: t.cost[k] / t.weight, Over: time.Duration(min(r.past.n, kept)) * time.Minute, Scarce: r.signals.scarce,
	}, true
}

// leap is the least to have where changes are scarce and a limit hides what is needed: the next change is far off, so that to learn the need
// by small steps is dearer than to have too much until then. 0 elsewhere.
func (r *Rehearsal) leap() float64 {
	last := r.past.n - 1
	if !r.signals.scarce || !r.past.is(last, known) || r.past.is(last, told) {
		return 0
	}
	return hiddenLeap * r.past.at(last)
}

// hiddenLeap is how many times a hidden need is had.
const hiddenLeap = 1.5
