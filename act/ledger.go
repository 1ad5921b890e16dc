package act

import (
	"slices"
	"sort"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Ledger is what the journal's events come to for acting: which actions are open, what was done lately, what is paused and which
// capacity is held. It is folded from the events at start and then kept up to date with each. It is safe for concurrent use.
type Ledger struct {
	mu        sync.Mutex // guards all
	actions   map[string]*entry
	order     []*entry // as they came
	resources map[resourceKey]*resourceEntry
	counts    uint64   // how often was counted
	recent    []*entry // begun in the last day, oldest first
	coming    []*entry // decided upon and not begun: they wait for their target
	pauses    map[pauseKey]pause
	holds     map[string]*Hold
	judged    map[string]int  // per policy
	helped    map[string]bool // per policy: an action of it was good for something
	notHelped []unhelpful     // in a row, since somebody resumed
	newest    time.Time
	unpruned  int
}

type resourceKey struct{ target, name string }

// resourceEntry is what is known of one resource.
type resourceEntry struct {
	open []*entry // those that hold it: not terminal, or parked
	last *Past

	counted uint64 // the count that has seen it
}

// entry is one action.
type entry struct {
	change foreshock.ActionChange
	on     *resourceEntry
	at     time.Time // of its last change
	begun  time.Time // of the intent; zero when the provider was not and will not be asked
	called time.Time // when the provider was asked
	judged bool
	// recorded says that the journal has the action, and not only this process.
	recorded bool
}

// holds says whether the action keeps others from its resource.
func (e *entry) holds() bool { return !e.change.State.Terminal() || e.change.State == foreshock.Parked }

// Past is an action that took effect.
type Past struct {
	Action  foreshock.Action
	Time    time.Time // when the provider had done it
	Judged  bool
	Verdict foreshock.Verdict
	// Effective is when it works: not before Time, and it may be to come.
	Effective time.Time
}

// Hold is capacity that a planner granted and that was not given back.
type Hold struct {
	Reservation      foreshock.Reservation
	Target, Resource string // of the action that it was granted for; "" when there is none
	From, To         foreshock.Allocation
	State            foreshock.ActionState // of that action
	Committed        bool
}

// Wanted says whether the capacity is in use or about to be; what is not can be given back.
func (h *Hold) Wanted() bool {
	switch {
	case h.Committed:
		return true
	case h.Resource == "":
		return false
	}
	return !h.State.Terminal() || h.State == foreshock.Done || h.State == foreshock.Parked
}

// NewLedger returns an empty ledger.
func NewLedger() *Ledger {
	return &Ledger{
		actions: map[string]*entry{}, resources: map[resourceKey]*resourceEntry{}, pauses: map[pauseKey]pause{},
		holds: map[string]*Hold{}, judged: map[string]int{}, helped: map[string]bool{},
	}
}

// Apply folds an event. Events that say nothing about acting are passed over, and one that comes twice counts once.
func (l *Ledger) Apply(e *foreshock.Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e.Time.After(l.newest) {
		l.newest = e.Time
	}
	switch {
	case e.Change != nil:
		l.changed(e.Change, e.Time, e.Seq > 0)
	case e.Evaluation != nil:
		l.evaluated(e.Evaluation)
	case e.Pause != nil:
		l.paused(e)
	case e.Reservation != nil:
		l.reserved(e.Reservation)
	}
}

func (l *Ledger) changed(c *foreshock.ActionChange, at time.Time, recorded bool) {
	e := l.actions[c.Action.ID]
	switch {
	case e == nil:
		e = &entry{on: l.resource(c.Action.Target, c.Action.Resource)}
		l.actions[c.Action.ID] = e
		l.order = append(l.order, e)
		l.prune()
	case !e.holds():
		return // it is over
	}
	e.change, e.at, e.recorded = *c, at, e.recorded || recorded
	switch c.State {
	case foreshock.Intent:
		if e.begun.IsZero() {
			e.begun = at
			l.recent = append(l.recent, e)
		}
	case foreshock.Called:
		if e.called.IsZero() {
			e.called = at
		}
	case foreshock.Refused, foreshock.Expired:
		e.begun = time.Time{}
	}
	switch at := slices.Index(l.coming, e); {
	case c.State == foreshock.Decided && at < 0:
		l.coming = append(l.coming, e)
	case c.State != foreshock.Decided && at >= 0:
		l.coming = slices.Delete(l.coming, at, at+1)
	}
	e.on.hold(e)
	if c.State == foreshock.Done {
		e.on.last = &Past{Action: c.Action}
		e.on.last.Time, e.on.last.Effective = c.Times(at)
	}
	if h := l.holds[c.Action.Grant]; h != nil {
		h.Target, h.Resource, h.From, h.To, h.State = c.Action.Target, c.Action.Resource, c.Action.From, c.Action.To, c.State
	}
}

func (l *Ledger) resource(target, name string) *resourceEntry {
	key := resourceKey{target, name}
	r := l.resources[key]
	if r == nil {
		r = &resourceEntry{}
		l.resources[key] = r
	}
	return r
}

// hold lists an action with its resource as long as it holds it.
func (r *resourceEntry) hold(e *entry) {
	at := slices.Index(r.open, e)
	switch {
	case e.holds() && at < 0:
		r.open = append(r.open, e)
	case !e.holds() && at >= 0:
		r.open = slices.Delete(r.open, at, at+1)
	}
}

func (l *Ledger) evaluated(v *foreshock.Evaluation) {
	if e := l.actions[v.Action]; e != nil {
		if e.judged {
			return
		}
		e.judged = true
		l.judged[e.change.Action.Policy]++
		if r := e.on; r.last != nil && r.last.Action.ID == v.Action {
			judged := *r.last
			judged.Judged, judged.Verdict = true, v.Verdict
			r.last = &judged
		}
	}
	switch v.Verdict {
	case foreshock.DidNotHelp:
		l.unhelped(v)
	case foreshock.Unclear:
	default:
		l.notHelped = nil
		if e := l.actions[v.Action]; e != nil {
			l.helped[e.change.Action.Policy] = true
		}
	}
}

func (l *Ledger) reserved(r *foreshock.Reservation) {
	switch r.State {
	case "granted", "partial":
		h := &Hold{Reservation: *r}
		if old := l.holds[r.ID]; old != nil {
			h = old
			h.Reservation = *r
		}
		l.holds[r.ID] = h
	case "committed":
		if h := l.holds[r.ID]; h != nil {
			h.Committed = true
			h.Reservation.State = r.State
		}
	case "refused", "released", "expired":
		delete(l.holds, r.ID)
	}
}

// What a ledger remembers of actions that are over.
const (
	rememberAtLeast = 24 * time.Hour // exactly, for the counts
	rememberAtMost  = 7 * 24 * time.Hour
	rememberMany    = 10_000 // older than a day
)

// prune forgets actions that are over and old. The caller holds mu.
func (l *Ledger) prune() {
	if l.unpruned++; l.unpruned < 1000 {
		return
	}
	l.unpruned = 0
	excess := len(l.order) - rememberMany
	kept := l.order[:0]
	for i, e := range l.order {
		age := l.newest.Sub(e.at)
		if !e.holds() && (age > rememberAtMost || age > rememberAtLeast && i < excess) {
			delete(l.actions, e.change.Action.ID)
			continue
		}
		kept = append(kept, e)
	}
	clear(l.order[len(kept):])
	l.order = kept
}

// Open gives the action that holds a resource: the oldest that is not terminal, or parked.
func (l *Ledger) Open(target, resource string) (foreshock.ActionChange, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.resources[resourceKey{target, resource}]
	if r == nil || len(r.open) == 0 {
		return foreshock.ActionChange{}, false
	}
	return r.open[0].change, true
}

// Last gives the last action that took effect on a resource.
func (l *Ledger) Last(target, resource string) (Past, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	r := l.resources[resourceKey{target, resource}]
	if r == nil || r.last == nil {
		return Past{}, false
	}
	return *r.last, true
}

// Action gives an action's last change, and the time of it.
func (l *Ledger) Action(id string) (foreshock.ActionChange, time.Time, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	e := l.actions[id]
	if e == nil {
		return foreshock.ActionChange{}, time.Time{}, false
	}
	return e.change, e.at, true
}

// Called gives when the provider was asked for an action; zero where it was not, or that is not remembered.
func (l *Ledger) Called(id string) (at time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if e := l.actions[id]; e != nil {
		at = e.called
	}
	return at
}

// Actions lists the actions that are remembered, the latest first: all that are open, and those of the last week.
func (l *Ledger) Actions() []foreshock.ActionChange {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]foreshock.ActionChange, 0, len(l.order))
	for i := len(l.order) - 1; i >= 0; i-- {
		list = append(list, l.order[i].change)
	}
	return list
}

// Held lists the capacity that was granted and not given back, by ID.
func (l *Ledger) Held() []Hold {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]Hold, 0, len(l.holds))
	for _, h := range l.holds {
		list = append(list, *h)
	}
	sort.Slice(list, func(i, k int) bool { return list[i].Reservation.ID < list[k].Reservation.ID })
	return list
}

// unfinished lists the actions that are not terminal, as they came, with the time at which the provider was asked.
func (l *Ledger) unfinished() []entry {
	l.mu.Lock()
	defer l.mu.Unlock()
	var list []entry
	for _, e := range l.order {
		if !e.change.State.Terminal() {
			list = append(list, *e)
		}
	}
	return list
}
