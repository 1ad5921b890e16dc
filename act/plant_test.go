package act_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/act/acttest"
)

func iops(x float64) (a foreshock.Allocation) {
	a.Set(foreshock.DimIOPS, x)
	return a
}

// volume is a target with one volume, "v", whose behaviour a test sets.
type volume struct {
	mu         sync.Mutex
	resource   foreshock.Resource
	readErr    error
	apply      func(ctx context.Context, a foreshock.Action) error
	follow     func() (act.Progress, error)
	calls      int
	conclusive bool
}

func newVolume() *volume {
	return &volume{conclusive: true, resource: foreshock.Resource{
		Name: "v", Allocated: iops(3000), Rules: map[foreshock.Dimension]foreshock.Rule{foreshock.DimIOPS: {Min: 100, Max: 9000, Down: true}},
	}}
}

func (v *volume) Conclusive() bool { return v.conclusive }

func (v *volume) Read(context.Context, string) (foreshock.Resource, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.resource, v.readErr
}

func (v *volume) Validate(foreshock.Resource, foreshock.Action) error { return nil }

func (v *volume) Apply(ctx context.Context, a foreshock.Action) error {
	v.mu.Lock()
	v.calls++
	apply := v.apply
	v.mu.Unlock()
	if apply != nil {
		return apply(ctx, a)
	}
	v.have(a.To)
	return nil
}

func (v *volume) have(a foreshock.Allocation) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.resource.Allocated = v.resource.Allocated.Over(a)
}

func (v *volume) Follow(_ context.Context, a foreshock.Action) (act.Progress, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.follow != nil {
		return v.follow()
	}
	return act.Progress{Observed: v.resource.Allocated, Done: v.resource.Allocated.Covers(a.To)}, nil
}

// plant is an executor on a volume, with a journal and a clock that a test moves.
type plant struct {
	*testing.T
	*act.Executor
	volume  *volume
	journal *acttest.Memory
	now     time.Time
	config  act.Config
	guards  []act.Guard
	heard   []string
}

func newPlant(t *testing.T) *plant {
	p := &plant{T: t, volume: newVolume(), journal: &acttest.Memory{}, now: time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC), config: act.DefaultConfig()}
	p.config.BreakAfter = 0
	p.start()
	return p
}

// start begins anew from the journal, as after a crash.
func (p *plant) start() {
	p.Executor = act.New(act.Options{
		Config: p.config, Targets: map[string]act.Target{"t": p.volume}, Ledger: p.journal.Ledger(), Recorder: p.journal, Guards: p.guards,
		Now: func() time.Time { return p.now },
		Notify: func(e *foreshock.Event) {
			if e.Change != nil {
				p.heard = append(p.heard, e.Change.State.String())
			}
		},
	})
}

func (p *plant) action(id string, to float64) foreshock.Action {
	return foreshock.Action{
		ID: id, Workload: "w", Policy: "p", Target: "t", Resource: "v", From: iops(3000), To: iops(to), Mode: foreshock.Auto,
		Expires: p.now.Add(time.Minute),
	}
}

func (p *plant) submit(a foreshock.Action) {
	p.Helper()
	if err := p.Submit(a); err != nil {
		p.Fatalf("submit: %v", err)
	}
}

// drive does what is due, and what will be due within a time.
func (p *plant) drive(within time.Duration) {
	end := p.now.Add(within)
	for {
		next := p.Drive(p.Context())
		if next.IsZero() || next.After(end) {
			p.now = end
			return
		}
		p.now = next
	}
}

// is checks an action's state, what is said of it, and how often the provider was asked.
func (p *plant) is(id string, state foreshock.ActionState, note string, calls int) {
	p.Helper()
	c, _, _ := p.Ledger.Action(id)
	if c.State != state || !strings.Contains(c.Note, note) || p.volume.calls != calls {
		p.Errorf("%s is %s (%s) after %d calls; want %s (%s), %d", id, c.State, c.Note, p.volume.calls, state, note, calls)
	}
	folded, _, _ := p.journal.Ledger().Action(id)
	if folded.State != c.State {
		p.Errorf("%s is %s, and %s in the journal", id, c.State, folded.State)
	}
}

func (p *plant) hears(want string) {
	p.Helper()
	if got := strings.Join(p.heard, " "); got != want {
		p.Errorf("heard %q, want %q", got, want)
	}
}

var errAway = errors.New("connection refused")

func auto(p *plant) foreshock.Action { return p.action("a", 4000) }

// case-by-case: what stands in the way at the last look.
func TestLastLook(t *testing.T) {
	f := func(change func(p *plant, a *foreshock.Action), state foreshock.ActionState, note string) {
		t.Helper()
		p := newPlant(t)
		a := auto(p)
		change(p, &a)
		p.start()
		p.submit(a)
		p.drive(time.Second)
		p.is("a", state, note, map[bool]int{true: 1}[state == foreshock.Done])
		if c := p.Ledger.Counts(act.Asked{Policy: "p", Now: p.now}); c.LastDay != p.volume.calls {
			t.Errorf("%s: %d actions count", note, c.LastDay)
		}
	}
	f(func(*plant, *foreshock.Action) {}, foreshock.Done, "")
	f(func(p *plant, _ *foreshock.Action) { p.volume.have(iops(3500)) }, foreshock.Refused, "changed since: it has iops=3500, not iops=3000")
	f(func(p *plant, _ *foreshock.Action) { p.volume.readErr = errAway }, foreshock.Refused, "cannot be read: connection refused")
	f(func(p *plant, _ *foreshock.Action) { p.volume.resource.Busy = true }, foreshock.Refused, "a change is under way")
	f(func(p *plant, _ *foreshock.Action) { p.volume.resource.Owner = "HPA web" }, foreshock.Refused, "HPA web owns")
	f(func(p *plant, _ *foreshock.Action) {
		p.volume.resource.Budget = foreshock.Budget{Limited: true, NextFree: p.now}
	}, foreshock.Refused, "allows no more changes of the resource before 2026-03-04T05:06:07Z")
	f(func(p *plant, _ *foreshock.Action) {
		p.volume.resource.Budget = foreshock.Budget{Limited: true, Left: 1}
	}, foreshock.Done, "")
	f(func(_ *plant, a *foreshock.Action) { a.To = iops(9001) }, foreshock.Refused, "above the most that is allowed, 9000 IOPS")
	f(func(p *plant, a *foreshock.Action) { a.Expires = p.now }, foreshock.Expired, "not begun by 2026-03-04T05:06:07Z")
	f(func(_ *plant, a *foreshock.Action) { a.Expires = time.Time{} }, foreshock.Done, "")
	f(func(p *plant, _ *foreshock.Action) {
		p.guards = []act.Guard{func(now time.Time, a foreshock.Action, r foreshock.Resource) string {
			return fmt.Sprintf("guard: %s %s %s", now.Format(time.TimeOnly), a.ID, r.Name)
		}}
	}, foreshock.Refused, "guard: 05:06:07 a v")
	for scope, stops := range map[string]bool{"*": true, "policy/p": true, "workload/w": true, "policy/q": false, "workload/p": false} {
		state, note := foreshock.Done, ""
		if stops {
			state, note = foreshock.Refused, "paused: "
		}
		f(func(p *plant, _ *foreshock.Action) {
			if err := p.Pause(t.Context(), foreshock.Pause{Scope: scope}, "ops"); err != nil {
				t.Fatal(err)
			}
		}, state, note)
	}
	f(func(p *plant, _ *foreshock.Action) {
		if err := p.Pause(t.Context(), foreshock.Pause{Scope: "*", Until: p.now}, "ops"); err != nil {
			t.Fatal(err)
		}
	}, foreshock.Done, "")
}

// A look that takes longer than the action is valid for ends it.
func TestExpiresWhileLooking(t *testing.T) {
	p := newPlant(t)
	p.guards = []act.Guard{func(time.Time, foreshock.Action, foreshock.Resource) string { p.now = p.now.Add(time.Hour); return "" }}
	p.start()
	p.submit(auto(p))
	p.drive(0)
	p.is("a", foreshock.Expired, "", 0)
}

func TestSubmit(t *testing.T) {
	p := newPlant(t)
	f := func(change func(a *foreshock.Action), want error, text string) {
		t.Helper()
		a := auto(p)
		change(&a)
		err := p.Submit(a)
		if err == nil || want != nil && !errors.Is(err, want) || !strings.Contains(err.Error(), text) {
			t.Errorf("%v, want %s", err, text)
		}
	}
	f(func(a *foreshock.Action) { a.ID = "" }, nil, "no ID")
	f(func(a *foreshock.Action) { a.Mode = foreshock.Observe }, nil, "mode is observe")
	f(func(a *foreshock.Action) { a.Target = "x" }, act.ErrNotFound, `target "x"`)
	p.submit(auto(p))
	p.submit(auto(p)) // known: passed over
	f(func(a *foreshock.Action) { a.ID = "b" }, act.ErrConflict, "action a holds the resource (decided)")
	p.drive(time.Second)
	p.is("a", foreshock.Done, "", 1)
	p.hears("decided intent fenced called answered observed done")
	p.submit(auto(p))
	p.drive(time.Second)
	p.is("a", foreshock.Done, "", 1)
}

// What the provider says, and what it comes to.
func TestAnswers(t *testing.T) {
	f := func(answer error, state foreshock.ActionState, note string) {
		t.Helper()
		p := newPlant(t)
		p.volume.apply = func(context.Context, foreshock.Action) error { return answer }
		p.submit(auto(p))
		p.drive(5 * time.Minute)
		p.is("a", state, note, 1)
	}
	wrap := func(kind error) error { return fmt.Errorf("resize v: %w", kind) }
	f(wrap(act.ErrRefused), foreshock.Failed, "refused by the provider")
	f(wrap(act.ErrThrottled), foreshock.Failed, "throttled")
	f(wrap(act.ErrDenied), foreshock.Failed, "permission denied")
	f(wrap(act.ErrNotFound), foreshock.Failed, "not found")
	f(wrap(act.ErrRule), foreshock.Failed, "breaks a rule")
	f(wrap(act.ErrConflict), foreshock.Failed, "not in effect 3") // unknown at first
	f(errAway, foreshock.Failed, "not in effect 3")
	f(context.DeadlineExceeded, foreshock.Failed, "not in effect 3")
	f(nil, foreshock.Failed, "not in effect 3")
}

func TestPanicIsUnknown(t *testing.T) {
	p := newPlant(t)
	p.volume.apply = func(_ context.Context, a foreshock.Action) error { p.volume.have(a.To); panic("nil map") }
	p.submit(auto(p))
	p.drive(time.Second)
	p.is("a", foreshock.Done, "", 1)
	p.hears("decided intent fenced called unknown observed done")
}

// What is read after the call, and what it comes to.
func TestFollow(t *testing.T) {
	f := func(apply error, conclusive bool, follow func(p *plant) (act.Progress, error), state foreshock.ActionState, note string) {
		t.Helper()
		p := newPlant(t)
		p.volume.conclusive = conclusive
		p.volume.apply = func(context.Context, foreshock.Action) error { return apply }
		p.volume.follow = func() (act.Progress, error) { return follow(p) }
		p.submit(auto(p))
		p.drive(25 * time.Hour)
		p.is("a", state, note, 1)
	}
	since := func(p *plant) time.Duration { return p.now.Sub(time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)) }
	nothing := func(*plant) (act.Progress, error) { return act.Progress{Observed: iops(3000)}, nil }
	away := func(*plant) (act.Progress, error) { return act.Progress{}, errAway }

	f(errAway, true, nothing, foreshock.Failed, "not in effect")
	f(errAway, false, nothing, foreshock.Parked, "the provider's answer is not known, and nothing is to be seen")
	f(nil, false, nothing, foreshock.Parked, "the provider had accepted, and nothing is to be seen")
	f(errAway, true, away, foreshock.Parked, "cannot be read: connection refused")
	f(nil, true, away, foreshock.Parked, "cannot be read: connection refused")
	f(errAway, true, func(*plant) (act.Progress, error) { return act.Progress{Observed: iops(3500)}, nil }, foreshock.Parked, "neither what it had nor what was asked for")
	f(errAway, true, func(*plant) (act.Progress, error) { return act.Progress{Observed: iops(4000)}, nil }, foreshock.Done, "")
	f(nil, true, func(*plant) (act.Progress, error) { return act.Progress{Failed: true, Note: "no room"}, nil }, foreshock.Failed, "no room")
	f(nil, true, func(*plant) (act.Progress, error) { return act.Progress{Observed: iops(3000), UnderWay: true}, nil }, foreshock.Parked, "still under way after 24h")
	f(nil, true, func(p *plant) (act.Progress, error) { // hours
		return act.Progress{Observed: iops(3000), UnderWay: true, Done: since(p) > 6*time.Hour}, nil
	}, foreshock.Done, "")
	f(errAway, true, func(p *plant) (act.Progress, error) { // late, but within the settle time
		if since(p) < 20*time.Second {
			return act.Progress{Observed: iops(3000)}, nil
		}
		return act.Progress{Observed: iops(4000), Done: true}, nil
	}, foreshock.Done, "")
	f(nil, true, func(p *plant) (act.Progress, error) { // the provider cannot be asked for ten minutes
		if since(p) < 10*time.Minute {
			return act.Progress{}, errAway
		}
		return act.Progress{Observed: iops(4000), Done: true}, nil
	}, foreshock.Done, "")
}

// Nothing is called that cannot be recorded, and nothing that was called is forgotten.
// When a change was done and when it works is what the target says, as far as that can be: not before it was asked for, nor longer ahead than
// the executor has patience.
func TestTimesOfDone(t *testing.T) {
	f := func(since, works, wantTime, wantEffective time.Duration) {
		t.Helper()
		p := newPlant(t)
		asked := p.now
		p.volume.follow = func() (act.Progress, error) {
			told := act.Progress{Observed: iops(4000), Done: p.now.After(asked.Add(time.Minute)), UnderWay: true}
			told.Since, told.Works = asked.Add(since), asked.Add(works)
			return told, nil
		}
		p.config.Patience = time.Hour
		p.start()
		p.submit(p.action("a", 4000))
		p.drive(61 * time.Second)
		p.drive(time.Minute)
		last, known := p.Ledger.Last("t", "v")
		if !known {
			t.Fatalf("it is not done: %v", p.heard)
		}
		near := func(got time.Time, want time.Duration) bool { return got.Sub(asked.Add(want)).Abs() < time.Minute }
		if !near(last.Time, wantTime) || !near(last.Effective, wantEffective) {
			t.Errorf("%s and %s: done at %s, works at %s, asked at %s", since, works, last.Time, last.Effective, asked)
		}
	}
	const m = time.Minute
	f(0, 0, 0, 0)
	f(0, 10*m, 0, 10*m)
	f(-10*m, 10*m, m, 10*m) // it cannot be done before it was asked for
	f(0, 300*m, 0, 61*m)
}

func TestJournalFails(t *testing.T) {
	full := errors.New("no space left on device")
	order := []string{"decided", "intent", "fenced", "called", "answered", "observed", "done"}
	for i, state := range order {
		p := newPlant(t)
		begun := false
		recorder := act.RecorderFunc(func(ctx context.Context, events ...*foreshock.Event) error {
			begun = begun || events[0].Change.State.String() == state
			if begun && p.now.Before(time.Date(2026, 3, 4, 5, 6, 20, 0, time.UTC)) {
				return full
			}
			return p.journal.Append(ctx, events...)
		})
		p.Executor = act.New(act.Options{
			Config: p.config, Targets: map[string]act.Target{"t": p.volume}, Ledger: act.NewLedger(), Recorder: recorder, Now: func() time.Time { return p.now },
		})
		p.submit(auto(p))
		p.Drive(t.Context())
		if !strings.Contains(p.Sick(), "no space left") {
			t.Errorf("%s: sick: %q", state, p.Sick())
		}
		c, _, _ := p.Ledger.Action("a")
		if before := i <= slices.Index(order, "called"); before {
			if c.State != foreshock.Refused || !strings.Contains(c.Note, "cannot be recorded") || p.volume.calls != 0 {
				t.Errorf("%s: %s (%s) after %d calls", state, c.State, c.Note, p.volume.calls)
			}
			if _, open := p.Ledger.Open("t", "v"); open {
				t.Errorf("%s: the resource is still held", state)
			}
			continue
		}
		if c.State.Terminal() || p.volume.calls != 1 {
			t.Errorf("%s: %s after %d calls, and the outcome is not recorded", state, c.State, p.volume.calls)
		}
		p.drive(time.Minute) // there is room again
		p.is("a", foreshock.Done, "", 1)
		if p.Sick() != "" {
			t.Errorf("%s: still sick: %s", state, p.Sick())
		}
	}
}

// After a crash, by the last state in the journal.
func TestRecovery(t *testing.T) {
	f := func(last foreshock.ActionState, prepare func(p *plant), state foreshock.ActionState, note string, calls int) {
		t.Helper()
		p := newPlant(t)
		for s := foreshock.Decided; s <= last; s++ {
			if s == foreshock.Unknown && last != foreshock.Unknown || s == foreshock.Answered && last == foreshock.Unknown {
				continue
			}
			e := &foreshock.Event{Time: p.now, Type: foreshock.EventAction, Change: &foreshock.ActionChange{Action: auto(p), State: s}}
			if err := p.journal.Append(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
		prepare(p)
		p.start()
		p.drive(61 * time.Second)
		p.is("a", state, note, calls)
	}
	nothing := func(*plant) {}
	applied := func(p *plant) { p.volume.have(iops(4000)) }
	late := func(p *plant) { p.now = p.now.Add(time.Hour) }
	lateApplied := func(p *plant) { late(p); applied(p) }
	for _, s := range []foreshock.ActionState{foreshock.Decided, foreshock.Intent, foreshock.Fenced} {
		f(s, nothing, foreshock.Done, "", 1)
		f(s, late, foreshock.Expired, "", 0)
		f(s, applied, foreshock.Refused, "changed since", 0)
	}
	for _, s := range []foreshock.ActionState{foreshock.Called, foreshock.Answered, foreshock.Unknown, foreshock.Observed} {
		f(s, nothing, foreshock.Failed, "not in effect", 0)
		f(s, applied, foreshock.Done, "", 0)
		f(s, lateApplied, foreshock.Done, "", 0)
		f(s, func(p *plant) { p.volume.conclusive = false }, foreshock.Parked, "", 0)
		f(s, func(p *plant) { p.volume.have(iops(5000)) }, foreshock.Parked, "neither", 0)
	}
	f(foreshock.Called, func(p *plant) { p.volume.follow = func() (act.Progress, error) { return act.Progress{}, errAway } }, foreshock.Parked, "cannot be read", 0)
	f(foreshock.Done, nothing, foreshock.Done, "", 0)
}

// A target that is not configured any more cannot be asked.
func TestTargetGone(t *testing.T) {
	f := func(last, want foreshock.ActionState) {
		t.Helper()
		p := newPlant(t)
		a := auto(p)
		a.Target = "gone"
		e := &foreshock.Event{Time: p.now, Type: foreshock.EventAction, Change: &foreshock.ActionChange{Action: a, State: last}}
		if err := p.journal.Append(t.Context(), e); err != nil {
			t.Fatal(err)
		}
		p.start()
		p.drive(time.Minute)
		p.is("a", want, `no target is called "gone"`, 0)
	}
	f(foreshock.Fenced, foreshock.Refused)
	f(foreshock.Called, foreshock.Parked)
}

// Of two actions that a journal shows as open on one resource, the later one gives way.
func TestTwoOpen(t *testing.T) {
	f := func(first foreshock.ActionState, note string) {
		t.Helper()
		p := newPlant(t)
		p.volume.conclusive = false
		b := p.action("b", 5000)
		for _, c := range []foreshock.ActionChange{{Action: auto(p), State: first}, {Action: b, State: foreshock.Decided}} {
			if err := p.journal.Append(t.Context(), &foreshock.Event{Time: p.now, Type: foreshock.EventAction, Change: &c}); err != nil {
				t.Fatal(err)
			}
		}
		p.start()
		p.drive(time.Minute)
		p.is("b", foreshock.Refused, note, 0)
	}
	f(foreshock.Parked, "action a holds the resource (parked)")
	f(foreshock.Called, "action a holds the resource (unknown)")
}
