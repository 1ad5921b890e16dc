// Package acttest is the kit for targets: what every target must do, tried with the real executor, and a provider that keeps its
// rules, has moods and judges what it was sent.
//
// A target's test is a line: acttest.Run(t, newSubject).
package acttest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
)

// Subject is a target with something to change, fresh for one test.
type Subject struct {
	Target   act.Target
	Resource string
	Missing  string               // a resource that there is not; "" where every name is one
	To       foreshock.Allocation // a change of Resource that the rules allow
	// CallTimeout bounds each call, where the provider needs more than Quick gives.
	CallTimeout time.Duration
	// Calls counts the changes that the provider was asked for, right or wrong.
	Calls func() int
	// Others is all that no change may touch, as text; nil where there is nothing else.
	Others func() string
	// Fault lets the next changes go wrong; it says whether the provider can do that. Nil: it cannot.
	Fault func(Mood) bool
}

// boundaries are those of act.FailPoints at which it matters to a target that the process dies: the provider was not asked, may have been asked, has
// done it, and was heard. What lies between them is the executor's alone, and tried at each boundary with this package's provider.
var boundaries = []string{"fenced", "called", "applied", "followed"}

// Run tries a target. A new subject is made for each part.
func Run(t *testing.T, newSubject func(t *testing.T) Subject) {
	t.Run("read", func(t *testing.T) { testRead(t, newSubject(t)) })
	t.Run("rules", func(t *testing.T) { testRules(t, newSubject(t)) })
	t.Run("once", func(t *testing.T) { testOnce(t, newSubject(t)) })
	t.Run("back", func(t *testing.T) { testBack(t, newSubject(t)) })
	t.Run("changed since", func(t *testing.T) { testChangedSince(t, newSubject(t)) })
	for _, name := range boundaries {
		t.Run("crash after "+name, func(t *testing.T) { testCrash(t, newSubject(t), name) })
	}
	for _, mood := range []Mood{Slow, Erring, TimingOut, Resetting, Throttling, FailingLater, Lost, Denying, InConflict, AcceptsOnly} {
		t.Run("provider "+string(mood), func(t *testing.T) { testMood(t, newSubject(t), mood) })
	}
}

// Quick are an executor's settings for tests: real time, short waits.
func Quick() act.Config {
	c := act.DefaultConfig()
	c.CallTimeout, c.Settle, c.Patience = 400*time.Millisecond, 600*time.Millisecond, 20*time.Second
	c.FollowEvery, c.FollowAtMost, c.CallsPerSecond, c.Burst, c.BreakAfter = 5*time.Millisecond, 50*time.Millisecond, 1000, 1000, 0
	return c
}

// Memory is a journal in memory, which passes events through their written form.
type Memory struct {
	mu    sync.Mutex
	lines [][]byte
	fails error
}

// Fail lets every Append from now on fail, or with nil succeed again.
func (m *Memory) Fail(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.fails = err
}

// Append keeps events.
func (m *Memory) Append(_ context.Context, events ...*foreshock.Event) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.fails != nil {
		return m.fails
	}
	for _, e := range events {
		e.Seq = uint64(len(m.lines) + 1)
		line, err := json.Marshal(e)
		if err != nil {
			return err
		}
		m.lines = append(m.lines, line)
	}
	return nil
}

// Events gives what was kept.
func (m *Memory) Events() []*foreshock.Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []*foreshock.Event
	for _, line := range m.lines {
		e := new(foreshock.Event)
		if err := json.Unmarshal(line, e); err != nil {
			panic(err) // it was written by Append
		}
		list = append(list, e)
	}
	return list
}

// Ledger folds what was kept.
func (m *Memory) Ledger() *act.Ledger {
	l := act.NewLedger()
	for _, e := range m.Events() {
		l.Apply(e)
	}
	return l
}

// States lists the states that an action went through.
func (m *Memory) States(id string) []foreshock.ActionState {
	var list []foreshock.ActionState
	for _, e := range m.Events() {
		if e.Change != nil && e.Change.Action.ID == id {
			list = append(list, e.Change.State)
		}
	}
	return list
}

// name is what the kit calls the target.
const name = "subject"

func (s *Subject) executor(m *Memory, point func(string)) *act.Executor {
	c := Quick()
	if s.CallTimeout > 0 {
		c.CallTimeout, c.Settle = s.CallTimeout, s.CallTimeout*3/2
	}
	return act.New(act.Options{
		Config: c, Targets: map[string]act.Target{name: s.Target}, Ledger: m.Ledger(), Recorder: m, FailPoint: point,
	})
}

// action is the subject's change as an action.
func (s *Subject) action(t *testing.T, to foreshock.Allocation) foreshock.Action {
	t.Helper()
	now, err := s.Target.Read(t.Context(), s.Resource)
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	return foreshock.Action{
		ID: fmt.Sprintf("%s %s to %s", t.Name(), now.Allocated, to), Workload: "w", Policy: "p", Target: name, Resource: s.Resource,
		From: now.Allocated, To: to, Mode: foreshock.Auto, Expires: time.Now().Add(time.Hour),
	}
}

// Drive lets an executor work, in real time, until nothing is left to do.
func Drive(t *testing.T, e *act.Executor) {
	t.Helper()
	deadline := time.Now().Add(30 * time.Second)
	for {
		next := e.Drive(t.Context())
		switch {
		case next.IsZero():
			return
		case next.After(deadline):
			t.Fatalf("there is still something to do at %s", next)
		}
		time.Sleep(time.Until(next))
	}
}

// do takes an action to its end and gives its last change.
func (s *Subject) do(t *testing.T, a foreshock.Action) foreshock.ActionChange {
	t.Helper()
	m := &Memory{}
	e := s.executor(m, nil)
	if err := e.Submit(a); err != nil {
		t.Fatalf("submit: %v", err)
	}
	Drive(t, e)
	c, _, _ := e.Ledger.Action(a.ID)
	return c
}

func testRead(t *testing.T, s Subject) {
	r, err := s.Target.Read(t.Context(), s.Resource)
	if err != nil {
		t.Fatal(err)
	}
	if r.Name != s.Resource || r.At.IsZero() || len(r.Rules) == 0 {
		t.Errorf("read: %+v", r)
	}
	for _, d := range s.To.Dimensions() {
		if _, ruled := r.Rules[d]; !ruled || !r.Allocated.Has(d) {
			t.Errorf("%s is to be changed, but has no rule or no amount: %+v", d, r)
		}
	}
	if s.Missing != "" {
		if _, err := s.Target.Read(t.Context(), s.Missing); !errors.Is(err, act.ErrNotFound) {
			t.Errorf("read of what is not there: %v, want ErrNotFound", err)
		}
	}
	if err := s.Target.Validate(r, foreshock.Action{Resource: s.Resource, From: r.Allocated, To: s.To}); err != nil {
		t.Errorf("validate what the rules allow: %v", err)
	}
	if n := s.Calls(); n != 0 {
		t.Errorf("%d changes were asked for by reading", n)
	}
}

// broken lists changes that each break one rule.
func broken(r foreshock.Resource) map[string]foreshock.Allocation {
	list := map[string]foreshock.Allocation{"nothing changes": r.Allocated, "no amount": {}}
	one := func(d foreshock.Dimension, x float64) (a foreshock.Allocation) {
		a.Set(d, x)
		return a
	}
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		rule, ruled := r.Rules[d]
		has, _ := r.Allocated.Get(d)
		if !ruled {
			list[d.String()+" cannot be changed"] = one(d, 2)
			continue
		}
		list[d.String()+" is negative"] = one(d, -1)
		if rule.Min > 0 {
			list[d.String()+" below the least"] = one(d, rule.Min-max(rule.Quantum, rule.Min/2))
		}
		if rule.Max > 0 {
			list[d.String()+" above the most"] = one(d, rule.Max+max(rule.Quantum, 1))
		}
		if rule.Quantum > 0 {
			list[d.String()+" between multiples"] = one(d, has+1.5*rule.Quantum)
		}
		if !rule.Down {
			list[d.String()+" down"] = one(d, has-max(rule.Quantum, 1))
		}
	}
	return list
}

func testRules(t *testing.T, s Subject) {
	r, err := s.Target.Read(t.Context(), s.Resource)
	if err != nil {
		t.Fatal(err)
	}
	for what, to := range broken(r) {
		a := s.action(t, to)
		a.ID += what
		if err := s.Target.Validate(r, a); !errors.Is(err, act.ErrRule) {
			t.Errorf("%s: validate says %v, want ErrRule", what, err)
		}
		if c := s.do(t, a); c.State != foreshock.Refused {
			t.Errorf("%s: %s (%s), want refused", what, c.State, c.Note)
		}
	}
	if n := s.Calls(); n != 0 {
		t.Errorf("%d changes were asked for that break a rule", n)
	}
}

// An action takes effect once, however often it is handed in, and touches nothing else.
func testOnce(t *testing.T, s Subject) {
	others := ""
	if s.Others != nil {
		others = s.Others()
	}
	m := &Memory{}
	e := s.executor(m, nil)
	a := s.action(t, s.To)
	for range 3 {
		if err := e.Submit(a); err != nil {
			t.Fatalf("submit: %v", err)
		}
	}
	Drive(t, e)
	c, _, _ := e.Ledger.Action(a.ID)
	if c.State != foreshock.Done || !c.Observed.Covers(s.To) {
		t.Fatalf("%s (%s), observed %s, want done", c.State, c.Note, c.Observed)
	}
	for range 2 { // again, also after a restart
		if err := e.Submit(a); err != nil {
			t.Errorf("submit again: %v", err)
		}
		Drive(t, e)
		e = s.executor(m, nil)
	}
	if n := s.Calls(); n != 1 {
		t.Errorf("%d changes were asked for, want 1", n)
	}
	if r, err := s.Target.Read(t.Context(), s.Resource); err != nil || !r.Allocated.Covers(s.To) {
		t.Errorf("then there is %s (%v), want %s", r.Allocated, err, s.To)
	}
	if s.Others != nil && s.Others() != others {
		t.Errorf("something else was changed, from\n%s\nto\n%s", others, s.Others())
	}
	states := fmt.Sprint(m.States(a.ID))
	if want := "[decided intent fenced called answered observed done]"; states != want {
		t.Errorf("states %s, want %s", states, want)
	}
}

// What can be reduced is reduced again.
func testBack(t *testing.T, s Subject) {
	before, err := s.Target.Read(t.Context(), s.Resource)
	if err != nil {
		t.Fatal(err)
	}
	var back foreshock.Allocation
	for _, d := range s.To.Dimensions() {
		x, _ := before.Allocated.Get(d)
		if y, _ := s.To.Get(d); y < x || before.Rules[d].Down {
			back.Set(d, x)
		}
	}
	if back.Empty() || before.Budget.Limited && before.Budget.Left < 2 {
		t.Skip("the rules of this target allow no way back")
	}
	if c := s.do(t, s.action(t, s.To)); c.State != foreshock.Done {
		t.Fatalf("there: %s (%s)", c.State, c.Note)
	}
	if c := s.do(t, s.action(t, back)); c.State != foreshock.Done {
		t.Fatalf("and back: %s (%s)", c.State, c.Note)
	}
	if r, err := s.Target.Read(t.Context(), s.Resource); err != nil || !r.Allocated.Covers(back) {
		t.Errorf("then there is %s (%v), want %s", r.Allocated, err, back)
	}
}

// A plan that was made upon something else dies.
func testChangedSince(t *testing.T, s Subject) {
	a := s.action(t, s.To)
	for _, d := range s.To.Dimensions() {
		x, _ := a.From.Get(d)
		a.From.Set(d, x*2+1)
	}
	if c := s.do(t, a); c.State != foreshock.Refused || s.Calls() != 0 {
		t.Errorf("%s (%s) after %d calls, want refused without any", c.State, c.Note, s.Calls())
	}
}

// died is what a fail point panics with.
type died struct{}

// The process dies at a fail point; the one after it asks for nothing that may have been asked for before.
func testCrash(t *testing.T, s Subject, at string) {
	m := &Memory{}
	a := s.action(t, s.To)
	passed := false
	func() {
		defer func() {
			if r := recover(); r != nil {
				if _, ok := r.(died); !ok {
					panic(r)
				}
				passed = true
			}
		}()
		e := s.executor(m, func(point string) {
			if point == at {
				panic(died{})
			}
		})
		if err := e.Submit(a); err != nil {
			t.Fatal(err)
		}
		Drive(t, e)
	}()
	if !passed {
		t.Fatalf("no action passed %q", at)
	}
	e := s.executor(m, nil)
	Drive(t, e)
	c, _, known := e.Ledger.Action(a.ID)
	switch {
	case s.Calls() > 1:
		t.Errorf("%d changes were asked for", s.Calls())
	case known && !c.State.Terminal():
		t.Errorf("it is still %s", c.State)
	case !known:
		t.Error("the action is lost")
	}
	r, err := s.Target.Read(t.Context(), s.Resource)
	if err != nil {
		t.Fatal(err)
	}
	if inEffect := r.Allocated.Covers(s.To); c.State == foreshock.Done && !inEffect || c.State == foreshock.Failed && inEffect {
		t.Errorf("it is %s (%s), and the resource has %s", c.State, c.Note, r.Allocated)
	}
	if again := s.action(t, s.To); at == "called" && c.State == foreshock.Failed && !r.Busy {
		// It was not sent, and another one can be.
		again.ID += " again"
		if c := s.do(t, again); c.State != foreshock.Done {
			t.Errorf("another one then: %s (%s)", c.State, c.Note)
		}
	}
}

// What goes wrong is told as what it is.
func testMood(t *testing.T, s Subject, mood Mood) {
	if s.Fault == nil || !s.Fault(mood) {
		t.Skipf("this provider cannot be made to behave like that (%s)", mood)
	}
	c := s.do(t, s.action(t, s.To))
	r, err := s.Target.Read(t.Context(), s.Resource)
	if err != nil {
		t.Fatal(err)
	}
	inEffect := r.Allocated.Covers(s.To)
	f := func(wantEffect bool, states ...foreshock.ActionState) {
		t.Helper()
		for _, want := range states {
			if c.State == want && inEffect == wantEffect {
				return
			}
		}
		t.Errorf("%s (%s), in effect %t; want one of %v, %t", c.State, c.Note, inEffect, states, wantEffect)
	}
	switch mood {
	case Slow, TimingOut, Resetting:
		f(true, foreshock.Done)
	case Throttling, Denying, InConflict, FailingLater:
		f(false, foreshock.Failed)
	default:
		f(false, foreshock.Failed, foreshock.Parked)
	}
	if n := s.Calls(); n != 1 {
		t.Errorf("%d changes were asked for, want 1", n)
	}
}
