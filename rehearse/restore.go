package rehearse

import (
	"fmt"
	"math"
	"time"
)

// retried is for how long other rules are tried again on what was needed: nearly three half-lives of their costs.
const retried = 7 * day

// retry tries the rules that there are now on the last minutes, as if they came one by one.
func (c *record) retry(r *Rehearsal) {
	before := max(0, c.count()-retried)
	c.fill(r, before)
	for k := before; k < c.count(); k++ {
		r.past.push(gather(c.Needs, k), gather(c.Scores, k), c.deviationsAt(k), mark(c.Marks[k]))
		r.end = r.end.Add(time.Minute)
		r.ended(minute{known: r.past.is(r.past.n-1, known)})
		if r.GrowDue() {
			r.SetForest(r.Grow())
		}
	}
}

// Follow takes in what another rehearsal of the same demand has seen since r's last minute.
func (r *Rehearsal) Follow(other *Rehearsal) {
	missed := int(other.end.Sub(r.end) / time.Minute)
	if r.end.IsZero() || missed <= 0 {
		return
	}
	h := &other.past
	for i := h.n - min(missed, kept); i < h.n; i++ {
		if h.has(i) {
			r.past.push(h.need[i%kept], h.score[i%kept], h.apart[i%kept], h.marks[i%kept])
			r.end = other.end.Add(-time.Duration(h.n-1-i) * time.Minute)
			r.ended(minute{known: h.is(i, known), expected: other.ahead})
		} else {
			r.end = other.end.Add(-time.Duration(h.n-i) * time.Minute)
			r.gap(h.n - i)
		}
	}
	r.pending = other.pending
}

// Seen says how many minutes are known.
func (r *Rehearsal) Seen() int { return r.past.n }

// End is the end of the last minute that is known, the zero time while there is none.
func (r *Rehearsal) End() time.Time { return r.end }

// valid says what is wrong with a record; nil: nothing is.
func (c *record) valid() error {
	n, count := c.Minutes, c.count()
	fits := n >= 0 && n < math.MaxInt32 && (n <= kept && count == n || n > kept && count <= kept && count > kept-block && (n-count)%block == 0)
	t := &c.Terms
	for _, rule := range []struct {
		ok   bool
		what string
	}{
		{fits && len(c.Needs) == 4*count && len(c.Scores) == 4*count && (len(c.Apart) == 0 || len(c.Apart) == len(deviations{})*count), "of its minutes some are missing"},
		{amounts(t.Quantum, t.Min, t.Max, t.Late, t.Utilisation, t.Worth) && t.Late > 0, "its terms are no amounts"},
		{t.Delay >= 0 && t.Delay <= LongestDelay && t.Spacing >= 0 && t.Spacing <= 31*24*time.Hour, "its lead time is above a day, or changes are further apart than a month"},
		{c.End%60 == 0 && c.End >= 0 && c.End < math.MaxInt32*60, "its end is no minute"},
		{amounts(c.Sum, c.Ahead, c.Pending.Need, c.Pending.Score, c.Pending.Expected) && amounts(c.Growths[:]...), "its last minute is no amount"},
		{c.Grown >= 0 && c.Grown <= n && c.Knows >= 0 && c.Knows <= n, "its forest is of the future"},
		{c.Lowest > -mostRung && c.Lowest < mostRung && len(c.Plans) <= len(outlooks), "its plans are none"},
	} {
		if !rule.ok {
			return fmt.Errorf("%s", rule.what)
		}
	}
	for k := range count {
		if !amounts(float64(gather(c.Needs, k)), float64(gather(c.Scores, k))) || c.Marks[k] > byte(known|told) {
			return fmt.Errorf("minute %d of %d is no amount", k, count)
		}
	}
	for _, p := range c.Plans {
		if !amounts(p[:]...) {
			return fmt.Errorf("a plan is no amount")
		}
	}
	for _, q := range c.Queues {
		if q.Rule < 0 || q.Rule >= len(c.Trials) || !amounts(q.Waits...) {
			return fmt.Errorf("a queue is no amount, or of no rule")
		}
	}
	for i := range c.Trials {
		if !c.Trials[i].valid(n, minutes(t.Delay)+1) {
			return fmt.Errorf("rule %d is no amount, or of the future", i)
		}
	}
	return nil
}

// LongestDelay is that of terms that are kept: each rule remembers its wishes of so many minutes. It is what a learned lead time is at most.
const LongestDelay = 24 * time.Hour

const mostRung = 1 << 14 // above that of any number

func (t *trialRecord) valid(minutes, back int) bool {
	for _, h := range t.Held {
		if !amounts(h[0], h[1]) || !(h[2] <= float64(minutes) && h[2] >= -math.MaxInt32) {
			return false
		}
	}
	return len(t.Past) <= back && len(t.Wanted) <= hold && amounts(t.Wish, t.Weight) && amounts(t.Past...) && amounts(t.Cost...) && amounts(t.Wanted...)
}

// amounts says whether all are finite and not negative.
func amounts(list ...float64) bool {
	for _, x := range list {
		if !(x >= 0) || math.IsInf(x, 1) {
			return false
		}
	}
	return true
}
