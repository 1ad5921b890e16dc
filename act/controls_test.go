package act_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
)

// A pause of one direction stands beside that of the other and of both; lifting without a direction ends all of the scope.
func TestPauseOneDirection(t *testing.T) {
	b := newBook()
	pause := func(p foreshock.Pause) { b.apply(0, &foreshock.Event{Pause: &p}) }
	f := func(grow, shrink bool) {
		t.Helper()
		g, s := b.Paused("p", "w", foreshock.Grow, begin), b.Paused("p", "w", foreshock.Shrink, begin)
		if (g != "") != grow || (s != "") != shrink {
			t.Errorf("growth %q, reductions %q; want paused: %t, %t", g, s, grow, shrink)
		}
	}
	f(false, false)
	pause(foreshock.Pause{Scope: "policy/p", Only: "shrink"})
	f(false, true)
	pause(foreshock.Pause{Scope: "policy/p", Only: "grow"})
	f(true, true)
	pause(foreshock.Pause{Scope: "policy/p", Only: "shrink", Lifted: true})
	f(true, false)
	pause(foreshock.Pause{Scope: "policy/p"})
	pause(foreshock.Pause{Scope: "policy/p", Only: "grow", Lifted: true})
	f(true, true)
	pause(foreshock.Pause{Scope: "policy/p", Only: "grow"})
	pause(foreshock.Pause{Scope: "*", Lifted: true}) // another scope
	f(true, true)
	pause(foreshock.Pause{Scope: "policy/p", Lifted: true})
	f(false, false)
	pause(foreshock.Pause{Scope: "*", StopAll: true})
	pause(foreshock.Pause{Scope: "*", Only: "shrink", Until: begin.Add(time.Hour)})
	pause(foreshock.Pause{Scope: "*", Lifted: true})
	f(true, true)
	if got := b.Pauses(begin); len(got) != 1 || !got[0].StopAll {
		t.Errorf("%+v", got)
	}
	pause(foreshock.Pause{Scope: "*", StopAll: true, Lifted: true})
	f(false, false)
}

// The last look asks for the direction: reductions go on while growth is paused, and the other way round.
func TestPauseAtTheLastLook(t *testing.T) {
	f := func(only string, iops float64, want foreshock.ActionState, note string, calls int) {
		t.Helper()
		p := newPlant(t)
		if err := p.Pause(t.Context(), foreshock.Pause{Scope: "workload/w", Only: only}, "ann"); err != nil {
			t.Fatal(err)
		}
		p.submit(p.action("a", iops))
		p.drive(time.Second)
		p.is("a", want, note, calls)
	}
	f("grow", 4000, foreshock.Refused, "paused: grow of workload/w since", 0)
	f("shrink", 4000, foreshock.Done, "", 1)
	f("grow", 2000, foreshock.Done, "", 1)
	f("shrink", 2000, foreshock.Refused, "paused: shrink of workload/w since", 0)
}

// The kill switch ends what is planned, holds over a restart and a resume, and is lifted by name.
func TestStopAll(t *testing.T) {
	stop := foreshock.Pause{Scope: "*", StopAll: true, Reason: "runaway"}
	for _, at := range []string{"decided", "intent", "read", "fenced", "called"} {
		p := newPlant(t)
		p.Executor = act.New(act.Options{
			Config: p.config, Targets: map[string]act.Target{"t": p.volume}, Ledger: act.NewLedger(), Recorder: p.journal, Now: func() time.Time { return p.now },
			FailPoint: func(name string) {
				if name == at {
					if err := p.Pause(t.Context(), stop, "ann"); err != nil {
						t.Fatal(err)
					}
				}
			},
		})
		p.submit(auto(p))
		p.drive(time.Second)
		p.is("a", foreshock.Refused, "stop-all since 2026-03-04T05:06:07Z by ann (runaway)", 0)
	}

	p := newPlant(t)
	proposal := p.action("asked", 4000)
	proposal.Mode = foreshock.Approve
	p.submit(proposal)
	p.drive(time.Second)
	p.is("asked", foreshock.Proposed, "", 0)
	if err := p.Pause(t.Context(), stop, "ann"); err != nil {
		t.Fatal(err)
	}
	p.drive(time.Second)
	p.is("asked", foreshock.Refused, "stop-all", 0)

	p.start() // again
	shrink := foreshock.Pause{Scope: "policy/p", Only: "shrink"}
	if err := p.Pause(t.Context(), shrink, "ann"); err != nil {
		t.Fatal(err)
	}
	err := p.Pause(t.Context(), foreshock.Pause{Scope: "*", Lifted: true}, "bob")
	if !errors.Is(err, act.ErrNotFound) || !strings.Contains(err.Error(), "there is: stop-all, shrink of policy/p") {
		t.Errorf("resume lifts the kill switch: %v", err)
	}
	p.submit(p.action("b", 4000))
	p.drive(time.Second)
	p.is("b", foreshock.Refused, "stop-all", 0)
	if err := p.Pause(t.Context(), foreshock.Pause{Scope: "*", StopAll: true, Lifted: true}, "ann"); err != nil {
		t.Fatal(err)
	}
	p.start()
	p.submit(p.action("c", 4000))
	p.drive(time.Second)
	p.is("c", foreshock.Done, "", 1)
}

// After actions that did not help a person resumes without a pause, in the scope that was looked at; that is in the journal.
func TestResumeAfterNoHelp(t *testing.T) {
	f := func(scope string, clears bool) {
		t.Helper()
		p := newPlant(t)
		p.submit(auto(p))
		p.drive(time.Minute)
		p.is("a", foreshock.Done, "", 1)
		judged := &foreshock.Event{Evaluation: &foreshock.Evaluation{Action: "a", Workload: "w", Verdict: foreshock.DidNotHelp}}
		p.Ledger.Apply(judged)
		if err := p.Recorder.Append(t.Context(), judged); err != nil {
			t.Fatal(err)
		}
		err := p.Pause(t.Context(), foreshock.Pause{Scope: scope, Lifted: true}, "ann")
		if (err == nil) != clears || err != nil && !errors.Is(err, act.ErrNotFound) {
			t.Errorf("resume %s: %v, want success: %t", scope, err, clears)
		}
		p.start()
		if left := p.Ledger.Counts(act.Asked{Now: p.now}).NotHelped; (left == 0) != clears {
			t.Errorf("resume %s: %d in a row after a restart", scope, left)
		}
	}
	f("*", true)
	f("policy/p", true)
	f("workload/w", true)
	f("policy/q", false)
	f("workload/v", false)
}
