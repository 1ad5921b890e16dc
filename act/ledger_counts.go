package act

import (
	"time"

	"github.com/foreshock-io/foreshock"
)

// Asked is whom the counts are for.
type Asked struct {
	Policy           string
	Workload         foreshock.ID
	Target, Resource string
	Now              time.Time
	Before           string // count only what was begun before the action of this ID; "" counts all, and what is about to begin
}

// Counts is what was done lately. An action counts from its intent on, for others that are decided upon from its own decision on, unless it ended
// before the provider was asked: else each that would like the last free place decided to take it, to be refused at the last look.
type Counts struct {
	Open              int  // fleet-wide, under way; what waits for a person or is parked is not
	LastHour, LastDay int  // fleet-wide, begun
	PolicyResources   int  // distinct resources of the policy changed in the last hour
	PolicyMine        bool // this resource is one of them
	PolicyJudged      int  // actions of the policy that were ever judged
	PolicyDue         int  // actions of the policy, on other resources, that are under way or, in the last day, not judged yet
	PolicyHelped      bool // an action of the policy was ever judged to be good for something
	WorkloadLastDay   int
	Spend             float64 // what the growth begun in the last hour adds to the cost of an hour, fleet-wide
	PolicySpend       float64 // of it, the policy's
	NotHelped         int     // judgements "did not help" in a row, fleet-wide, without those whose policy or workload somebody resumed since
}

// Counts counts what was done lately. Times to come, as after the clock was set back, count as now.
func (l *Ledger) Counts(q Asked) Counts {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := Counts{PolicyJudged: l.judged[q.Policy], PolicyHelped: l.helped[q.Policy], NotHelped: len(l.notHelped)}
	l.forgetOld(q.Now)
	l.counts++
	mine := l.resources[resourceKey{q.Target, q.Resource}] // nil: never changed
	for _, e := range l.recent {
		if q.Before != "" && e.change.Action.ID == q.Before {
			return c
		}
		if !e.begun.IsZero() {
			l.count(&c, &q, e, mine, q.Now.Sub(e.begun))
		}
	}
	if q.Before == "" {
		for _, e := range l.coming {
			l.count(&c, &q, e, mine, 0)
		}
	}
	return c
}

// count takes an action in that was begun so long ago. The caller holds mu.
func (l *Ledger) count(c *Counts, q *Asked, e *entry, mine *resourceEntry, age time.Duration) {
	a := &e.change.Action
	ours := a.Policy == q.Policy
	if !e.change.State.Terminal() {
		c.Open++
	}
	if ours && e.on != mine && (!e.change.State.Terminal() || e.change.State == foreshock.Done && !e.judged && age < rememberAtLeast) {
		c.PolicyDue++
	}
	if age >= 24*time.Hour {
		return
	}
	c.LastDay++
	if a.Workload == q.Workload {
		c.WorkloadLastDay++
	}
	if age >= time.Hour {
		return
	}
	c.LastHour++
	c.Spend += a.Spend
	if ours {
		c.PolicySpend += a.Spend
		c.PolicyMine = c.PolicyMine || e.on == mine
		if e.on.counted != l.counts {
			e.on.counted = l.counts
			c.PolicyResources++
		}
	}
}

// forgetOld drops what was begun more than a day ago and is over. The caller holds mu.
func (l *Ledger) forgetOld(now time.Time) {
	old := func(e *entry) bool {
		return e.begun.IsZero() || e.change.State.Terminal() && now.Sub(e.begun) >= 25*time.Hour && l.newest.Sub(e.begun) >= 25*time.Hour
	}
	if len(l.recent) == 0 || !old(l.recent[0]) {
		return
	}
	kept := l.recent[:0]
	for _, e := range l.recent {
		if !old(e) {
			kept = append(kept, e)
		}
	}
	clear(l.recent[len(kept):])
	l.recent = kept
}
