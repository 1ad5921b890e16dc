package act_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
)

func proposal(p *plant) foreshock.Action {
	a := p.action("a", 4000)
	a.Mode = foreshock.Approve
	a.Expires = p.now.Add(time.Hour)
	return a
}

func TestApprove(t *testing.T) {
	p := newPlant(t)
	p.submit(proposal(p))
	p.drive(10 * time.Minute)
	p.is("a", foreshock.Proposed, "", 0)
	if err := p.Approve(t.Context(), "b", "ann"); !errors.Is(err, act.ErrNotFound) {
		t.Errorf("approve what is not there: %v", err)
	}
	p.start() // the proposal survives
	p.drive(10 * time.Minute)
	p.is("a", foreshock.Proposed, "", 0)
	if err := p.Approve(t.Context(), "a", "ann"); err != nil {
		t.Fatal(err)
	}
	p.drive(time.Second)
	p.is("a", foreshock.Done, "", 1)
	if err := p.Approve(t.Context(), "a", "ann"); !errors.Is(err, act.ErrConflict) {
		t.Errorf("approve again: %v", err)
	}
	p.hears("proposed decided intent fenced called answered observed done")
	for _, e := range p.journal.Events() {
		if (e.Change.State == foreshock.Decided) != (e.Actor == "ann" && e.Change.Actor == "ann") {
			t.Errorf("%s by %q", e.Change.State, e.Actor)
		}
	}
}

func TestProposalExpires(t *testing.T) {
	p := newPlant(t)
	p.submit(proposal(p))
	p.drive(59 * time.Minute)
	p.is("a", foreshock.Proposed, "", 0)
	p.now = p.now.Add(2 * time.Minute)
	if err := p.Approve(t.Context(), "a", "ann"); !errors.Is(err, act.ErrConflict) || !strings.Contains(err.Error(), "it is expired") {
		t.Errorf("approve what is too old: %v", err)
	}
	p.drive(time.Second)
	p.is("a", foreshock.Expired, "", 0)

	p.submit(func() foreshock.Action { a := proposal(p); a.ID = "b"; return a }())
	p.drive(2 * time.Hour)
	p.is("b", foreshock.Expired, "", 0)
}

func TestRefuse(t *testing.T) {
	p := newPlant(t)
	p.submit(proposal(p))
	p.drive(0)
	if err := p.Refuse(t.Context(), "a", "ann", "not today"); err != nil {
		t.Fatal(err)
	}
	p.drive(time.Second)
	p.is("a", foreshock.Refused, "not today", 0)
	if err := p.Refuse(t.Context(), "a", "ann", ""); !errors.Is(err, act.ErrConflict) {
		t.Errorf("refuse again: %v", err)
	}

	b := p.action("b", 4000)
	p.volume.apply = func(context.Context, foreshock.Action) error {
		if err := p.Refuse(t.Context(), "b", "ann", ""); !errors.Is(err, act.ErrConflict) {
			t.Errorf("refuse while the provider is asked: %v", err)
		}
		p.volume.have(b.To)
		return nil
	}
	p.submit(b)
	p.drive(time.Second)
	p.is("b", foreshock.Done, "", 1)
}

func TestSettle(t *testing.T) {
	f := func(inEffect bool, state foreshock.ActionState) {
		t.Helper()
		p := newPlant(t)
		p.volume.conclusive = false
		p.volume.apply = func(context.Context, foreshock.Action) error { return errAway }
		p.submit(auto(p))
		if err := p.Settle(t.Context(), "a", "ann", inEffect, ""); !errors.Is(err, act.ErrConflict) {
			t.Errorf("settle what is under way: %v", err)
		}
		p.drive(time.Minute)
		p.is("a", foreshock.Parked, "", 1)
		if err := p.Submit(p.action("b", 5000)); !errors.Is(err, act.ErrConflict) {
			t.Errorf("a parked action does not hold its resource: %v", err)
		}
		p.start()
		if err := p.Settle(t.Context(), "x", "ann", inEffect, ""); !errors.Is(err, act.ErrNotFound) {
			t.Errorf("settle what is not there: %v", err)
		}
		if err := p.Settle(t.Context(), "a", "ann", inEffect, "looked"); err != nil {
			t.Fatal(err)
		}
		p.is("a", state, "looked", 1)
		if err := p.Settle(t.Context(), "a", "ann", inEffect, ""); !errors.Is(err, act.ErrConflict) {
			t.Errorf("settle again: %v", err)
		}
		if _, open := p.Ledger.Open("t", "v"); open {
			t.Error("the resource is still held")
		}
	}
	f(true, foreshock.Done)
	f(false, foreshock.Failed)
}

// A pause survives, is lifted by a person only, and wins over whatever is between decision and call.
func TestPause(t *testing.T) {
	for _, at := range []string{"decided", "intent", "read", "fenced", "called"} {
		p := newPlant(t)
		p.Executor = act.New(act.Options{
			Config: p.config, Targets: map[string]act.Target{"t": p.volume}, Ledger: act.NewLedger(), Recorder: p.journal, Now: func() time.Time { return p.now },
			FailPoint: func(name string) {
				if name == at {
					if err := p.Pause(t.Context(), foreshock.Pause{Scope: "*", Reason: "migration"}, "ann"); err != nil {
						t.Fatal(err)
					}
				}
			},
		})
		p.submit(auto(p))
		p.drive(time.Second)
		p.is("a", foreshock.Refused, "paused: everything since 2026-03-04T05:06:07Z by ann (migration)", 0)
		if c := p.Ledger.Counts(act.Asked{Now: p.now}); c.LastDay != 0 || c.Open != 0 {
			t.Errorf("at %s: %+v", at, c)
		}

		p.start()
		p.submit(p.action("b", 4000))
		p.drive(time.Second)
		p.is("b", foreshock.Refused, "paused", 0)
		if err := p.Pause(t.Context(), foreshock.Pause{Scope: "*", Lifted: true}, "ann"); err != nil {
			t.Fatal(err)
		}
		p.start()
		p.submit(p.action("c", 4000))
		p.drive(time.Second)
		p.is("c", foreshock.Done, "", 1)
	}
}

// A pause that cannot be recorded is in effect, and says so; one that cannot be lifted durably holds.
func TestPauseNotRecorded(t *testing.T) {
	p := newPlant(t)
	p.journal.Fail(errors.New("input/output error"))
	if err := p.Pause(t.Context(), foreshock.Pause{Scope: "*"}, "ann"); err == nil || !strings.Contains(err.Error(), "in effect, but not recorded") {
		t.Errorf("pause: %v", err)
	}
	if p.Ledger.Paused("p", "w", foreshock.Grow, p.now) == "" {
		t.Error("it is not in effect")
	}
	p.journal.Fail(nil)
	if err := p.Pause(t.Context(), foreshock.Pause{Scope: "*"}, "ann"); err != nil {
		t.Fatal(err)
	}
	p.journal.Fail(errors.New("input/output error"))
	if err := p.Pause(t.Context(), foreshock.Pause{Scope: "*", Lifted: true}, "ann"); err == nil || p.Ledger.Paused("p", "w", foreshock.Grow, p.now) == "" {
		t.Errorf("resume: %v", err)
	}
}

// Pause returns when the call under way has come back, or after a second; none begins after that.
func TestPauseWaits(t *testing.T) {
	f := func(call, want time.Duration) {
		t.Helper()
		synctest.Test(t, func(t *testing.T) {
			p := newPlant(t)
			p.now = time.Now()
			asked := make(chan struct{})
			p.volume.apply = func(_ context.Context, a foreshock.Action) error {
				close(asked)
				time.Sleep(call)
				p.volume.have(a.To)
				return nil
			}
			ctx, cancel := context.WithCancel(t.Context())
			e := act.New(act.Options{Config: p.config, Targets: map[string]act.Target{"t": p.volume}, Ledger: act.NewLedger(), Recorder: p.journal})
			ended := make(chan error)
			go func() { ended <- e.Run(ctx) }()
			if err := e.Submit(auto(p)); err != nil {
				t.Fatal(err)
			}
			<-asked
			begun := time.Now()
			if err := e.Pause(ctx, foreshock.Pause{Scope: "policy/p"}, "ann"); err != nil {
				t.Fatal(err)
			}
			if took := time.Since(begun); took != want {
				t.Errorf("a call of %s: the pause took %s, want %s", call, took, want)
			}
			cancel()
			if err := <-ended; err != nil {
				t.Error(err)
			}
		})
	}
	f(300*time.Millisecond, 300*time.Millisecond)
	f(4*time.Second, time.Second)
}

// What is paused is not even looked at, and nothing is said to be called.
func TestPausedBefore(t *testing.T) {
	p := newPlant(t)
	p.volume.readErr = errAway
	if err := p.Pause(t.Context(), foreshock.Pause{Scope: "*"}, "ann"); err != nil {
		t.Fatal(err)
	}
	p.submit(auto(p))
	p.drive(time.Second)
	p.is("a", foreshock.Refused, "paused", 0)
	p.hears("decided intent refused")
}

// What the provider has accepted cannot be refused any more.
func TestRefuseTooLate(t *testing.T) {
	p := newPlant(t)
	p.volume.follow = func() (act.Progress, error) { return act.Progress{Observed: iops(3000), UnderWay: true}, nil }
	p.submit(auto(p))
	p.drive(time.Minute)
	if err := p.Refuse(t.Context(), "a", "ann", ""); !errors.Is(err, act.ErrConflict) || !strings.Contains(err.Error(), "it is answered") {
		t.Errorf("refuse what was accepted: %v", err)
	}
	p.is("a", foreshock.Answered, "", 1)
}
