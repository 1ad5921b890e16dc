package ui

import (
	"net/url"
	"testing"

	"github.com/foreshock-io/foreshock"
)

// story is a journal: an action that is told of before its decision, was granted capacity and judged; a decision that did nothing; a pause.
func story() []foreshock.Event {
	action := foreshock.Action{ID: "a1", Workload: "vol/a", Target: "array"}
	return []foreshock.Event{
		{Seq: 1, Type: foreshock.EventAction, Change: &foreshock.ActionChange{Action: action, State: foreshock.Proposed}},
		{Seq: 2, Type: foreshock.EventDecision, Decision: &foreshock.Decision{Workload: "vol/a", Kind: foreshock.Grow, Action: &action}},
		{Seq: 3, Type: foreshock.EventReservation, Reservation: &foreshock.Reservation{Workload: "vol/a", State: "granted"}},
		{Seq: 4, Type: foreshock.EventDecision, Decision: &foreshock.Decision{Workload: "vol/b", Kind: foreshock.Nothing}},
		{Seq: 5, Type: foreshock.EventPause, Actor: "ann", Pause: &foreshock.Pause{Scope: "*"}},
		{Seq: 6, Type: foreshock.EventAction, Change: &foreshock.ActionChange{Action: action, State: foreshock.Done, Actor: "ann"}},
		{Seq: 7, Type: foreshock.EventEvaluation, Evaluation: &foreshock.Evaluation{Action: "a1", Workload: "vol/a", Verdict: foreshock.Helped}},
		{Seq: 8, Type: foreshock.EventAction, Change: &foreshock.ActionChange{Action: foreshock.Action{ID: "a0", Workload: "vol/c"}, State: foreshock.Failed}},
	}
}

// What came of a decision stands with it, in whatever order the journal has it.
func TestChapters(t *testing.T) {
	list := chaptersOf(story())
	var seqs []uint64
	for i := range list {
		seqs = append(seqs, list[i].Event.Seq)
	}
	if len(list) != 4 || seqs[0] != 2 || seqs[1] != 4 || seqs[2] != 5 || seqs[3] != 8 {
		t.Fatalf("chapters of %v", seqs)
	}
	first := &list[0]
	if first.Action == nil || first.Action.State != foreshock.Done || first.Verdict == nil || len(first.Grants) != 1 {
		t.Errorf("the first chapter has %+v, %+v, %d grants", first.Action, first.Verdict, len(first.Grants))
	}
}

func TestChaptersPicked(t *testing.T) {
	f := func(query string, seqs ...uint64) {
		t.Helper()
		v, err := url.ParseQuery(query)
		if err != nil {
			t.Fatal(err)
		}
		var got []uint64
		for _, c := range chaptersOf(story()) {
			if c.picked(v) {
				got = append(got, c.Event.Seq)
			}
		}
		if len(got) != len(seqs) {
			t.Errorf("%q picks %v, want %v", query, got, seqs)
			return
		}
		for i := range got {
			if got[i] != seqs[i] {
				t.Errorf("%q picks %v, want %v", query, got, seqs)
			}
		}
	}
	f("", 2, 4, 8)
	f("what=everything", 2, 4, 5, 8)
	f("what=nothing", 4)
	f("what=acted", 2, 8)
	f("what=people", 2, 5)
	f("verdict=helped", 2)
	f("verdict=not+judged", 8)
	f("target=array", 2)
	f("workload=VOL/b", 4)
	f("what=grow&workload=vol/b")
}

// A form leads back to a page of this site only.
func TestBack(t *testing.T) {
	f := func(to, want string) {
		t.Helper()
		if got := back(to); got != want {
			t.Errorf("%q leads to %q, want %q", to, got, want)
		}
	}
	f("/workloads/vol/a?range=3h", "/workloads/vol/a?range=3h")
	f("", "/")
	f("https://elsewhere.example/", "/")
	f("//elsewhere.example/", "/")
	f(`/\elsewhere.example`, "/")
	f("javascript:alert(1)", "/")
	f("workloads", "/")
}

func TestWords(t *testing.T) {
	f := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(number(1234567), "1,234,567")
	f(number(-1234), "-1,234")
	f(number(12), "12")
	f(brief(foreshock.QueueDepth, 2), "2")
	f(ratio(3, 2), "1.50")
	f(ratio(3, 0), "–")
	d := &foreshock.Decision{Bound: "cooldown", Reasons: []foreshock.Reason{{Code: "score", Text: "high"}, {Code: "cooldown", Text: "too soon"}}}
	f(because(d), "high")
	f(boundOf(d), "too soon")
}
