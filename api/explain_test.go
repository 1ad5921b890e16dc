package api_test

import (
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/pipeline"
)

// An action that is done and does not work yet says from when on it will.
func TestSentenceOfAnActionThatIsToWork(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)
	f := func(state foreshock.ActionState, works time.Time, want bool) {
		t.Helper()
		e := &foreshock.Event{Time: now, Type: foreshock.EventAction, Change: &foreshock.ActionChange{State: state, Effective: works}}
		if got := api.Sentence(e); strings.Contains(got, "works from 05:04:00 UTC") != want {
			t.Errorf("%s, works at %s: %s", state, works, got)
		}
	}
	f(foreshock.Done, now.Add(4*time.Minute), true)
	f(foreshock.Done, now.Add(-time.Minute), false)
	f(foreshock.Done, time.Time{}, false)
	f(foreshock.Called, now.Add(4*time.Minute), false)
}

// What is corrected has its unit.
func TestSentenceOfACorrection(t *testing.T) {
	f := func(what string, from, to float64, want string) {
		t.Helper()
		if got := api.Sentence(&foreshock.Event{Correction: &foreshock.Correction{What: what, From: from, To: to}}); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	f("lead_time/iops", 0, 19.63, "lead_time/iops corrected from 0 s to 19.6 s")
	f("latch", 1, 0, "latch corrected from closed to open")
	f("gain/iops", 0.5, 1, "gain/iops corrected from 0.5 to 1")
}

// What is told of a moment is what the journal had of it then: the decision in force, with what was weighed and why nothing else was done.
func TestExplainPast(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)
	decision := func(after time.Duration, kind foreshock.Kind, code string) *foreshock.Event {
		return &foreshock.Event{Time: at.Add(after), Type: foreshock.EventDecision, Decision: &foreshock.Decision{
			Workload: "disk/a", Time: at.Add(after), Kind: kind, Bound: code, Reasons: []foreshock.Reason{{Code: code, Text: "text of " + code}},
			Candidates: []foreshock.Candidate{
				{Kind: foreshock.Grow, Reason: "demand", Have: 1000, Want: 1500, To: 1500, Bounds: []string{code}},
				{Kind: foreshock.Grow, Reason: "forecast", Have: 1000, Want: 700, Bounds: []string{"already_there"}, Needs: "a forecast peak above 800 IOPS"},
				{Kind: foreshock.Shrink, Reason: "low_use", Have: 1000, Want: 1500, Bounds: []string{"in_use"}, Needs: "demand below 560 IOPS"},
			},
		}}
	}
	change := func(after time.Duration, state foreshock.ActionState) *foreshock.Event {
		return &foreshock.Event{Time: at.Add(after), Type: foreshock.EventAction, Change: &foreshock.ActionChange{
			Action: foreshock.Action{ID: "x1", Workload: "disk/a", Resource: "a"}, State: state,
		}}
	}
	journal := []*foreshock.Event{
		{Time: at.Add(-50 * time.Hour), Type: foreshock.EventNote, Note: "started"},
		decision(-40*time.Hour, foreshock.Grow, "old"),
		decision(-time.Minute, foreshock.Hold, "cooldown"),
		decision(5*time.Minute, foreshock.Hold, "paused"),
		change(6*time.Minute, foreshock.Done),
		{Time: at.Add(7 * time.Minute), Type: foreshock.EventEvaluation, Evaluation: &foreshock.Evaluation{Workload: "disk/b", Text: "of another"}},
		{Time: at.Add(8 * time.Minute), Type: foreshock.EventEvaluation, Evaluation: &foreshock.Evaluation{Workload: "disk/a", Text: "it helped"}},
		change(25*time.Hour, foreshock.Failed),
	}
	f := func(at time.Time, want, without []string) {
		t.Helper()
		p := &api.Past{At: at}
		for _, e := range journal {
			p.Take("disk/a", e)
		}
		text := api.Explain(&api.Explanation{Workload: pipeline.Detail{View: pipeline.View{ID: "disk/a"}}, Past: p})
		for _, s := range want {
			if !strings.Contains(text, s) {
				t.Errorf("%q is not in\n%s", s, text)
			}
		}
		for _, s := range without {
			if strings.Contains(text, s) {
				t.Errorf("%q is in\n%s", s, text)
			}
		}
	}
	f(at, []string{
		"Decision of 2026-03-04 04:59:00Z: hold", "text of cooldown [cooldown]", "It was in force until 2026-03-04 05:05:00Z.",
		"iops by demand: 1000 IOPS to 1500 IOPS; bound by cooldown", "Why no growth: iops by demand [cooldown]: text of cooldown; iops by forecast [already_there]: it needs",
		"iops by forecast: 700 IOPS would do, there is 1000 IOPS; bound by already_there", "iops by low_use: 1500 IOPS is needed, there is 1000 IOPS; bound by in_use",
		"Why no reduction: iops by low_use [in_use]: it needs demand below 560 IOPS.", "action x1 done", "verdict it helped",
	}, []string{"text of old", "of another", "failed", "decision hold: text of paused"})
	f(at.Add(-2*time.Hour), []string{"text of old", "Why no growth: text of old", "until 2026-03-04 04:59:00Z"}, []string{"In the hour before"})
	f(at.Add(10*time.Minute), []string{"text of paused", "It is in force still."}, nil)
	f(at.Add(-100*time.Hour), []string{"The journal goes back to 2026-03-02 03:00:00Z only", "No decision on it is kept"}, []string{"text of"})
}
