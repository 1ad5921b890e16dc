package pipeline_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
)

// Everything that acting on a disk has taught can be taken back, the last first, and then nothing is known. What is no correction cannot.
func TestWhatIsLearnedIsUndone(t *testing.T) {
	f := newDisks(t, 3, 1, false)
	f.run(200, nil)
	f.list[0].demand = 1500
	f.run(120, nil)
	var corrections []foreshock.Event
	kinds := map[string]bool{}
	for _, e := range f.events {
		if e.Correction != nil && strings.HasSuffix(e.Correction.What, "/iops") {
			corrections = append(corrections, e)
			kinds[e.Correction.What] = true
		}
	}
	known := func() float64 {
		t.Helper()
		d, ok, err := f.p.Workload(t.Context(), "disk/0")
		if err != nil || !ok {
			t.Fatalf("%v, %v", ok, err)
		}
		return d.Learned["iops"].LeadTimeS + d.Learned["iops"].Gain
	}
	if !kinds["lead_time/iops"] || !kinds["gain/iops"] || known() == 0 {
		t.Fatalf("%v was learned, which comes to %g", kinds, known())
	}
	for _, e := range slices.Backward(corrections) {
		if err := f.p.Undo(t.Context(), e, "someone", "a test"); err != nil {
			t.Fatal(err)
		}
		last := f.events[len(f.events)-1]
		if c := last.Correction; c == nil || c.What != e.Correction.What || c.To != e.Correction.From || last.Actor != "someone" || !strings.HasPrefix(c.Why, "a test; undone: ") {
			t.Errorf("%+v undone is %+v", e.Correction, c)
		}
	}
	if x := known(); x != 0 {
		t.Errorf("all undone, and what is known comes to %g", x)
	}
	for _, e := range f.events {
		if e.Evaluation != nil && !e.Evaluation.Latch {
			if err := f.p.Undo(t.Context(), e, "someone", ""); !errors.Is(err, act.ErrConflict) {
				t.Errorf("an event of type %s is undone: %v", e.Type, err)
			}
			break
		}
	}
}
