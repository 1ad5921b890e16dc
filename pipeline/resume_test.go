package pipeline_test

import (
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/pipeline"
)

// The lead time is from when the provider was asked, not from when a person was, wherever the program was ended in between.
func TestLeadTimeOverARestart(t *testing.T) {
	f := func(name string, ends foreshock.ActionState) {
		t.Helper()
		s, o := leaving(t, ample{})
		var took []time.Duration
		o.Virtual, o.Event = true, func(e *foreshock.Event) {
			if e.Evaluation != nil {
				took = append(took, e.Evaluation.LeadTime)
			}
			s.Ledger.Apply(e)
		}
		now := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
		var p *pipeline.Pipeline
		var h ingest.Handle
		begin := func() {
			p = pipeline.New(s, o)
			if err := p.Advance(t.Context(), now); err != nil {
				t.Fatal(err)
			}
			var err error
			if h, err = p.Register("vol/a", ingest.About{Source: "test"}); err != nil {
				t.Fatal(err)
			}
		}
		read := func(minutes int) {
			for range minutes {
				if err := p.Push(t.Context(), readings(h, now, 0)); err != nil {
					t.Fatal(err)
				}
				now = now.Add(time.Minute)
				if err := p.Advance(t.Context(), now); err != nil {
					t.Fatal(err)
				}
			}
		}
		begin()
		read(5)
		a := foreshock.Action{ID: "x", Workload: "vol/a", Policy: "p", Target: "t", Resource: "a", Evidence: now}
		a.From.Set(foreshock.DimIOPS, 100)
		a.To.Set(foreshock.DimIOPS, 200)
		for _, state := range []foreshock.ActionState{foreshock.Proposed, foreshock.Decided, foreshock.Called, foreshock.Done} {
			e := &foreshock.Event{Time: now, Type: foreshock.EventAction, Change: &foreshock.ActionChange{State: state, Action: a}}
			s.Ledger.Apply(e)
			p.ActionChanged(e)
			if state == ends {
				begin()
			}
			read(4)
		}
		read(30)
		if len(took) != 1 || took[0] != 4*time.Minute {
			t.Errorf("%s: it took %s", name, took)
		}
	}
	f("never", foreshock.Failed)
	f("while a person is asked", foreshock.Proposed)
	f("while the provider is", foreshock.Called)
	f("before the judgement", foreshock.Done)
}

// After a restart one odd step does not open a latch: it takes as many as without.
func TestLatchOverARestart(t *testing.T) {
	f := func(odd, opens int) {
		t.Helper()
		s, o := leaving(t, ample{})
		now := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
		var level foreshock.Window
		level.Mean.Set(foreshock.Latency, 0.001)
		o.Latches = new(pipeline.Latches)
		o.Latches.Fold(&foreshock.Event{Time: now, Evaluation: &foreshock.Evaluation{Action: "x", Workload: "vol/a", Verdict: foreshock.DidNotHelp, Latch: true, After: level}})
		opened := 0
		o.Virtual, o.Event = true, func(e *foreshock.Event) {
			if e.Correction != nil && e.Correction.What == "latch" {
				opened++
			}
		}
		p := pipeline.New(s, o)
		h, err := p.Register("vol/a", ingest.About{Source: "test"})
		if err != nil {
			t.Fatal(err)
		}
		for i := range 30 {
			list := readings(h, now, i)
			if i < odd {
				list[1].Value = 0.003
			}
			if err := p.Push(t.Context(), list); err != nil {
				t.Fatal(err)
			}
		}
		if opened != opens {
			t.Errorf("%d odd steps open it %d times, expected %d", odd, opened, opens)
		}
	}
	f(0, 0)
	f(1, 0)
	f(3, 0)
	f(30, 1)
}
