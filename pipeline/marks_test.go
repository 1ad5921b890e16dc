package pipeline_test

import (
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock"
)

// What people say of an anomaly moves the weights of the methods that saw it and of those that did not; each move is told and can be taken back.
func TestOpinionsWeigh(t *testing.T) {
	var events []foreshock.Event
	p := virtual(t, func(e *foreshock.Event) { events = append(events, *e) })
	volume(t, p, 3*1440, func(i int) bool { return i >= 4000 && i < 4040 })
	var seen *foreshock.Anomaly
	for i := range events {
		if a := events[i].Anomaly; a != nil && a.Metric == foreshock.Latency && a.Worst == foreshock.High {
			seen = a
		}
	}
	if seen == nil {
		t.Fatal("no anomaly was found")
	}
	told := func() (list []foreshock.Event) {
		for _, e := range events {
			if e.Correction != nil && strings.HasPrefix(e.Correction.What, "weight/") {
				list = append(list, e)
			}
		}
		return list
	}
	if len(told()) > 0 {
		t.Fatal("weights moved before anyone said anything")
	}
	seen.Parts = []foreshock.Part{ // as if one method alone had seen it
		{Method: "zscore", Ready: true, Score: 0.1, Deviation: 1, Weight: 1},
		{Method: "ewma", Ready: true, Score: 0.2, Deviation: 1, Weight: 1},
		{Method: "stl", Ready: true, Score: 5, Deviation: 9, Weight: 1},
	}
	say := func(what string, about *foreshock.Anomaly, id string) {
		t.Helper()
		if err := p.Opine(t.Context(), foreshock.Opinion{Workload: "vol/a", Anomaly: id, Says: what}, about, "someone"); err != nil {
			t.Fatal(err)
		}
	}
	say("false_alarm", seen, seen.ID)
	moves := told()
	if len(moves) != 3 || moves[0].Correction.To <= 1 || moves[1].Correction.To <= 1 || moves[2].Correction.To >= 1 || moves[2].Actor != "someone" {
		t.Fatalf("%+v", moves)
	}
	say("false_alarm", nil, "an anomaly that is not known any more")
	if len(told()) != 3 {
		t.Error("an opinion of an unknown anomaly moved weights")
	}
	for i := len(moves) - 1; i >= 0; i-- {
		if err := p.Undo(t.Context(), moves[i], "someone", "it was right"); err != nil {
			t.Fatal(err)
		}
	}
	back := told()[3:]
	if len(back) != 3 || back[0].Correction.To != 1 || back[1].Correction.To != 1 || back[2].Correction.To != 1 {
		t.Errorf("%+v", back)
	}
}
