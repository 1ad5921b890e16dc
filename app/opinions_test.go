package app

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/api"
)

// Of an anomaly is learned once: who says the same again changes nothing, and who says otherwise has what was learned taken back first.
func TestOpinionsCountOnce(t *testing.T) {
	a := described(t)
	g := a.current.Load()
	const id = foreshock.ID("vol/a")
	var anomaly *foreshock.Anomaly
	until(t, "an anomaly is told of", func() bool {
		anomaly = a.history.latest(id, time.Time{})
		return anomaly != nil && anomaly.Worst >= foreshock.Medium
	})
	corrections := func() (list []foreshock.Event) {
		for _, e := range a.history.list(api.Query{Workload: id, Limit: historyKept}) {
			if e.Correction != nil && e.Actor != "" {
				list = append(list, e)
			}
		}
		return list
	}
	opinions := func() int { return len(a.history.list(api.Query{Type: foreshock.EventOpinion, Limit: historyKept})) }
	told := 0
	f := func(actor, says, named, want string, count bool) {
		t.Helper()
		done, err := g.Opine(t.Context(), foreshock.Opinion{Workload: id, Says: says, Anomaly: named}, actor)
		if err != nil || done != want {
			t.Fatalf("%s says %s of %q: %q, want %q; %v", actor, says, named, done, want, err)
		}
		if count {
			told++
		}
		until(t, "the journal has it", func() bool { return opinions() == told })
	}
	f("ann", "false_alarm", anomaly.ID, "noted", true)
	if _, err := g.Opine(t.Context(), foreshock.Opinion{Workload: "vol/b c?", Says: "missed"}, "ann"); err != nil {
		t.Fatal(err)
	}
	told++
	until(t, "what came of the first is in the journal", func() bool { return opinions() == told })
	moved := corrections()
	if len(moved) == 0 {
		t.Fatal("nothing moved")
	}
	f("ann", "false_alarm", anomaly.ID, "ann has said so already, and it was learned from once: nothing changes", false)
	f("bob", "false_alarm", "", "ann has said so already, and it was learned from once: nothing changes", false)
	if n := len(corrections()); n != len(moved) {
		t.Errorf("saying it again made %d corrections", n-len(moved))
	}

	f("bob", "useful", "", "noted; what ann had said, a false alarm, is taken back", true)
	undone := map[uint64]bool{}
	until(t, "all of it is taken back", func() bool {
		for _, e := range corrections() {
			if e.Correction.Undoes > 0 {
				undone[e.Correction.Undoes] = true
				if e.Actor != "bob" || !strings.HasPrefix(e.Correction.Why, "said to be useful; undone: reported as a false alarm") {
					t.Fatalf("%+v by %s", e.Correction, e.Actor)
				}
			}
		}
		for _, e := range moved {
			if c := e.Correction; c.From != c.To && !undone[e.Seq] {
				return false
			}
		}
		return true
	})
	f("ann", "useful", anomaly.ID, "bob has said so already, and it was learned from once: nothing changes", false)

	until(t, "what came of it is in the journal", func() bool {
		s := a.opinions.before(foreshock.Opinion{Workload: id, Anomaly: anomaly.ID, Says: "false_alarm"}, time.Now())
		return s != nil && s.Says == "useful" && len(s.moved) > 0
	})
	f("ann", "false_alarm", anomaly.ID, "noted; what bob had said, useful, is taken back", true)
	until(t, "the alarm counts again", func() bool {
		return slices.ContainsFunc(corrections(), func(e foreshock.Event) bool {
			c := e.Correction
			return c.Undoes > 0 && c.What == "threshold" && strings.Contains(c.Why, "reported as useful") && c.Is.Alarms >= c.Was.Alarms
		})
	})

	f("ann", "missed", "", "noted", true)
	f("ann", "missed", "", "ann has said so already, and it was learned from once: nothing changes", false)
	if _, err := g.Opine(t.Context(), foreshock.Opinion{Workload: "vol/none", Says: "missed"}, "ann"); !errors.Is(err, act.ErrNotFound) {
		t.Error(err)
	}
	if _, err := g.Opine(t.Context(), foreshock.Opinion{Workload: "vol/none", Says: "missed"}, "ann"); !errors.Is(err, act.ErrNotFound) {
		t.Error(err) // what was not taken in counts as not said
	}
}

// What was said before a restart is known from the journal, with what it moved; what was taken back may be said again.
func TestOpinionsAreFolded(t *testing.T) {
	h, all := newHistory(), &opinions{}
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	seq := uint64(0)
	tell := func(e foreshock.Event) uint64 {
		seq++
		e.Seq = seq
		h.add(&e)
		all.take(&e)
		return seq
	}
	o := foreshock.Opinion{Workload: "vol/a", Anomaly: "1", Says: "false_alarm"}
	tell(foreshock.Event{Time: at, Type: foreshock.EventOpinion, Actor: "ann", Opinion: &o})
	threshold := foreshock.Correction{Workload: "vol/a", What: "threshold", From: 1, To: 1.15}
	first := tell(foreshock.Event{Time: at, Type: foreshock.EventCorrection, Actor: "ann", Correction: &threshold})
	tell(foreshock.Event{Time: at, Type: foreshock.EventCorrection, Correction: &threshold})                      // learned, by nobody
	tell(foreshock.Event{Time: at.Add(1), Type: foreshock.EventCorrection, Actor: "ann", Correction: &threshold}) // of something else
	s := all.before(foreshock.Opinion{Workload: "vol/a", Anomaly: "1", Says: "useful"}, at)
	if s == nil || s.Says != "false_alarm" || s.actor != "ann" || len(s.moved) != 1 || s.moved[0].Seq != first || h.withdrawn(s) {
		t.Fatalf("%+v", s)
	}
	undo := threshold
	undo.From, undo.To, undo.Undoes = 1.15, 1, first
	tell(foreshock.Event{Time: at.Add(time.Hour), Type: foreshock.EventCorrection, Actor: "bob", Correction: &undo})
	if s := all.before(o, at); !h.withdrawn(s) {
		t.Errorf("%+v is not withdrawn", s)
	}

	f := func(o foreshock.Opinion, known bool) {
		t.Helper()
		if s := all.before(o, at); (s != nil) != known {
			t.Errorf("%+v: %+v", o, s)
		}
	}
	f(foreshock.Opinion{Workload: "vol/a", Anomaly: "2", Says: "false_alarm"}, false)
	f(foreshock.Opinion{Workload: "vol/b", Anomaly: "1", Says: "false_alarm"}, false)
	f(foreshock.Opinion{Workload: "vol/a", Says: "missed"}, false)
	tell(foreshock.Event{Time: at, Type: foreshock.EventOpinion, Actor: "ann", Opinion: &foreshock.Opinion{Workload: "vol/a", Says: "missed", At: at.Add(-2 * time.Hour)}})
	f(foreshock.Opinion{Workload: "vol/a", Says: "missed"}, false)
	f(foreshock.Opinion{Workload: "vol/a", Says: "missed", At: at.Add(-110 * time.Minute)}, true)
	tell(foreshock.Event{Time: at, Type: foreshock.EventOpinion, Actor: "ann", Opinion: &foreshock.Opinion{Workload: "vol/a", Says: "useful"}}) // of no anomaly
	f(foreshock.Opinion{Workload: "vol/a", Says: "useful"}, false)
	for i := range 2 * mostSaid {
		tell(foreshock.Event{Time: at, Type: foreshock.EventOpinion, Opinion: &foreshock.Opinion{Workload: "vol/a", Anomaly: string(rune('a' + i)), Says: "useful"}})
	}
	if n := len(all.of["vol/a"]); n != mostSaid {
		t.Errorf("%d are kept", n)
	}
}
