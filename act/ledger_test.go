package act_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
)

var begin = time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)

// book is a ledger that a test writes into.
type book struct {
	*act.Ledger
	seq uint64
}

func newBook() *book { return &book{Ledger: act.NewLedger()} }

func (b *book) apply(at time.Duration, e *foreshock.Event) {
	b.seq++
	e.Seq, e.Time = b.seq, begin.Add(at)
	b.Apply(e)
}

// change takes an action ("workload/policy/resource/id") to a state.
func (b *book) change(at time.Duration, id, policy, resource string, states ...foreshock.ActionState) {
	for _, s := range states {
		b.apply(at, &foreshock.Event{Change: &foreshock.ActionChange{State: s, Action: foreshock.Action{
			ID: id, Workload: foreshock.ID("w-" + resource), Policy: policy, Target: "t", Resource: resource, From: iops(1), To: iops(2), Grant: "g-" + id,
		}}})
	}
}

func (b *book) judge(at time.Duration, id string, v foreshock.Verdict) {
	b.apply(at, &foreshock.Event{Evaluation: &foreshock.Evaluation{Action: id, Verdict: v}})
}

var whole = []foreshock.ActionState{foreshock.Decided, foreshock.Intent, foreshock.Fenced, foreshock.Called, foreshock.Answered, foreshock.Observed, foreshock.Done}

func TestCounts(t *testing.T) {
	b := newBook()
	b.change(0, "old", "p", "r1", whole...)
	b.change(23*time.Hour, "a", "p", "r1", whole...)
	b.change(23*time.Hour+10*time.Minute, "b", "p", "r2", foreshock.Decided, foreshock.Intent, foreshock.Fenced, foreshock.Called)
	b.change(23*time.Hour+20*time.Minute, "c", "q", "r3", foreshock.Decided, foreshock.Intent, foreshock.Called, foreshock.Failed)
	b.change(23*time.Hour+20*time.Minute, "refused", "p", "r4", foreshock.Decided, foreshock.Intent, foreshock.Refused)
	b.change(23*time.Hour+20*time.Minute, "asked", "p", "r5", foreshock.Proposed)
	b.change(23*time.Hour+20*time.Minute, "fresh", "p", "r6", foreshock.Decided)

	f := func(at time.Duration, policy, resource string, want act.Counts) {
		t.Helper()
		got := b.Counts(act.Asked{Policy: policy, Workload: foreshock.ID("w-" + resource), Target: "t", Resource: resource, Now: begin.Add(at)})
		if got != want {
			t.Errorf("after %s for %s, %s:\n%+v, want\n%+v", at, policy, resource, got, want)
		}
	}
	f(23*time.Hour+30*time.Minute, "p", "r1", act.Counts{
		Open: 2, LastHour: 4, LastDay: 5, PolicyResources: 3, PolicyMine: true, PolicyDue: 2, WorkloadLastDay: 2,
	})
	f(23*time.Hour+30*time.Minute, "p", "r3", act.Counts{
		Open: 2, LastHour: 4, LastDay: 5, PolicyResources: 3, PolicyDue: 4, WorkloadLastDay: 1,
	})
	b.change(23*time.Hour+40*time.Minute, "fresh", "p", "r6", foreshock.Expired) // it never began
	f(24*time.Hour, "q", "r3", act.Counts{Open: 1, LastHour: 2, LastDay: 3, PolicyResources: 1, PolicyMine: true, WorkloadLastDay: 1})
	f(48*time.Hour, "p", "r1", act.Counts{Open: 1, PolicyDue: 1})
	// The clock was set back: what is to come counts.
	f(-24*time.Hour, "q", "r3", act.Counts{Open: 1, LastHour: 4, LastDay: 4, PolicyResources: 1, PolicyMine: true, WorkloadLastDay: 1})

	b.judge(24*time.Hour, "a", foreshock.Helped)
	b.judge(24*time.Hour, "a", foreshock.Helped)
	f(24*time.Hour, "p", "r3", act.Counts{Open: 1, LastHour: 2, LastDay: 3, PolicyResources: 1, PolicyJudged: 1, PolicyHelped: true, PolicyDue: 1, WorkloadLastDay: 1})
}

func TestNotHelped(t *testing.T) {
	b := newBook()
	f := func(v foreshock.Verdict, want int) {
		t.Helper()
		id := fmt.Sprint(b.seq)
		b.change(0, id, "p", "r", whole...)
		b.judge(0, id, v)
		if got := b.Counts(act.Asked{Now: begin}).NotHelped; got != want {
			t.Errorf("after %q: %d in a row, want %d", v, got, want)
		}
	}
	f(foreshock.DidNotHelp, 1)
	f(foreshock.Unclear, 1)
	f(foreshock.DidNotHelp, 2)
	f(foreshock.TooLittle, 0)
	f(foreshock.DidNotHelp, 1)
	b.apply(0, &foreshock.Event{Pause: &foreshock.Pause{Scope: "policy/q", Lifted: true}})
	b.apply(0, &foreshock.Event{Pause: &foreshock.Pause{Scope: "policy/p", Only: "grow", Lifted: true}})
	f(foreshock.DidNotHelp, 2)
	b.apply(0, &foreshock.Event{Pause: &foreshock.Pause{Scope: "policy/p", Lifted: true}})
	f(foreshock.DidNotHelp, 1)
	b.apply(0, &foreshock.Event{Pause: &foreshock.Pause{Scope: "workload/w-r", Lifted: true}})
	f(foreshock.DidNotHelp, 1)
	b.apply(0, &foreshock.Event{Pause: &foreshock.Pause{Scope: "*", Lifted: true}})
	f(foreshock.DidNotHelp, 1)
}

func TestOpenAndLast(t *testing.T) {
	b := newBook()
	f := func(open, last string, judged bool, verdict foreshock.Verdict) {
		t.Helper()
		c, _ := b.Open("t", "r")
		p, _ := b.Last("t", "r")
		if c.Action.ID != open || p.Action.ID != last || p.Judged != judged || p.Verdict != verdict {
			t.Errorf("open %q, last %q (%t, %s); want %q, %q", c.Action.ID, p.Action.ID, p.Judged, p.Verdict, open, last)
		}
	}
	f("", "", false, 0)
	b.change(0, "a", "p", "r", foreshock.Decided)
	f("a", "", false, 0)
	b.change(0, "a", "p", "r", whole...)
	f("", "a", false, 0)
	b.judge(time.Minute, "a", foreshock.TooMuch)
	f("", "a", true, foreshock.TooMuch)
	b.change(time.Hour, "b", "p", "r", foreshock.Intent, foreshock.Called, foreshock.Unknown, foreshock.Parked)
	f("b", "a", true, foreshock.TooMuch)
	b.change(time.Hour, "b", "p", "r", foreshock.Failed) // settled
	f("", "a", true, foreshock.TooMuch)
	b.change(time.Hour, "b", "p", "r", foreshock.Done) // nothing comes after the end
	f("", "a", true, foreshock.TooMuch)
	b.change(2*time.Hour, "c", "p", "r", whole...)
	f("", "c", false, 0)
	if got := b.Actions(); len(got) != 3 || got[0].Action.ID != "c" || got[2].Action.ID != "a" {
		t.Errorf("%+v", got)
	}
}

// When an action was done and when it works is what the provider says, where it says so.
func TestTimesOfTheLast(t *testing.T) {
	f := func(completed, effective, wantTime, wantEffective time.Duration) {
		t.Helper()
		b := newBook()
		c := &foreshock.ActionChange{State: foreshock.Done, Action: foreshock.Action{ID: "a", Target: "t", Resource: "r"}}
		if completed != 0 {
			c.Completed = begin.Add(completed)
		}
		if effective != 0 {
			c.Effective = begin.Add(effective)
		}
		b.apply(10*time.Minute, &foreshock.Event{Change: c})
		b.judge(11*time.Minute, "a", foreshock.Helped)
		last, known := b.Last("t", "r")
		if !known || !last.Time.Equal(begin.Add(wantTime)) || !last.Effective.Equal(begin.Add(wantEffective)) || !last.Judged {
			t.Errorf("%s and %s: %+v", completed, effective, last)
		}
	}
	const m = time.Minute
	f(0, 0, 10*m, 10*m)
	f(8*m, 0, 8*m, 8*m)
	f(8*m, 14*m, 8*m, 14*m)
	f(0, 14*m, 10*m, 14*m)
	f(12*m, 5*m, 10*m, 10*m) // neither is later than it was told, nor is it at work before
}

func TestPauses(t *testing.T) {
	b := newBook()
	f := func(at time.Duration, policy string, workload foreshock.ID, want string) {
		t.Helper()
		if got := b.Paused(policy, workload, foreshock.Grow, begin.Add(at)); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(0, "p", "w", "")
	b.apply(0, &foreshock.Event{Actor: "ann", Pause: &foreshock.Pause{Scope: "policy/p", Until: begin.Add(time.Hour), Reason: "migration"}})
	f(0, "p", "w", "policy/p since 2026-03-04T05:00:00Z by ann until 2026-03-04T06:00:00Z (migration)")
	f(0, "q", "w", "")
	f(time.Hour, "p", "w", "")
	f(-time.Hour, "p", "w", "policy/p since 2026-03-04T05:00:00Z by ann until 2026-03-04T06:00:00Z (migration)")
	b.apply(0, &foreshock.Event{Pause: &foreshock.Pause{Scope: "workload/w"}})
	f(99*time.Hour, "q", "w", "workload/w since 2026-03-04T05:00:00Z")
	b.apply(0, &foreshock.Event{Pause: &foreshock.Pause{Scope: "*"}})
	if got := fmt.Sprint(b.Pauses(begin)); got != fmt.Sprint([]foreshock.Pause{{Scope: "*"}, {Scope: "policy/p", Until: begin.Add(time.Hour), Reason: "migration"}, {Scope: "workload/w"}}) {
		t.Error(got)
	}
	b.apply(0, &foreshock.Event{Pause: &foreshock.Pause{Scope: "*", Lifted: true}})
	f(0, "q", "x", "")
	f(0, "q", "w", "workload/w since 2026-03-04T05:00:00Z")
	if got := b.Pauses(begin.Add(2 * time.Hour)); len(got) != 1 {
		t.Errorf("%+v", got)
	}
}

func TestHeld(t *testing.T) {
	b := newBook()
	reserve := func(id, state string) {
		b.apply(0, &foreshock.Event{Reservation: &foreshock.Reservation{ID: id, State: state, Granted: iops(2)}})
	}
	f := func(want string) {
		t.Helper()
		got := ""
		for _, h := range b.Held() {
			got += fmt.Sprintf("%s %s %t %t;", h.Reservation.ID, h.Resource, h.Committed, h.Wanted())
		}
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	reserve("g-a", "granted")
	reserve("g-b", "partial")
	reserve("g-c", "refused")
	f("g-a  false false;g-b  false false;")
	b.change(0, "a", "p", "r", foreshock.Decided)
	f("g-a r false true;g-b  false false;")
	b.change(0, "a", "p", "r", whole...)
	f("g-a r false true;g-b  false false;")
	reserve("g-a", "committed")
	reserve("g-b", "expired")
	f("g-a r true true;")
	reserve("g-d", "granted")
	b.change(0, "d", "p", "r", foreshock.Decided, foreshock.Refused)
	f("g-a r true true;g-d r false false;")
	reserve("g-a", "released")
	reserve("g-d", "released")
	f("")
}

// What is long over is forgotten; what is open, and the counts of the last day, are not.
func TestForgets(t *testing.T) {
	b := newBook()
	b.change(0, "parked", "p", "r", foreshock.Intent, foreshock.Called, foreshock.Parked)
	b.change(0, "first", "p", "s", whole...)
	for i := range 40_000 {
		b.change(time.Duration(i)*time.Minute, fmt.Sprint(i), "p", fmt.Sprint("r", i%100), foreshock.Decided, foreshock.Intent, foreshock.Called, foreshock.Failed)
	}
	if n := len(b.Actions()); n < 10_000 || n > 12_000 {
		t.Errorf("%d actions are remembered", n)
	}
	if _, open := b.Open("t", "r"); !open {
		t.Error("the parked action is forgotten")
	}
	if p, _ := b.Last("t", "s"); p.Action.ID != "first" {
		t.Error("what took effect last is forgotten")
	}
	c := b.Counts(act.Asked{Policy: "p", Now: begin.Add(39_999 * time.Minute)})
	if c.LastDay != 1440 || c.LastHour != 60 {
		t.Errorf("%+v", c)
	}
}

func BenchmarkCounts(b *testing.B) {
	for _, n := range []int{100, 5000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			k := newBook()
			for i := range n {
				k.change(time.Duration(i)*time.Second, fmt.Sprint(i), "p", fmt.Sprint("r", i), whole...)
			}
			q := act.Asked{Policy: "p", Workload: "w-r1", Target: "t", Resource: "r1", Now: begin.Add(time.Hour)}
			b.ReportAllocs()
			for b.Loop() {
				k.Counts(q)
			}
		})
	}
}
