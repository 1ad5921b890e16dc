package pipeline_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/pipeline"
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

// Opinions are taken back to the bit, whether the threshold itself has moved by them or not; where something was said since, that alone stays.
func TestOpinionsAreUndone(t *testing.T) {
	const id = foreshock.ID("vol/a")
	begin := foreshock.Threshold{Value: 1.1, Bias: 1.05, Alarms: 3.3, Lows: 5, Watched: 2 * 7 * 86400}
	f := func(begin foreshock.Threshold, undo []int, want foreshock.Threshold, says ...string) {
		t.Helper()
		var told []foreshock.Event
		p := virtual(t, func(e *foreshock.Event) {
			if e.Correction != nil && e.Correction.What == "threshold" {
				told = append(told, *e)
			}
		})
		if _, err := p.Register(id, ingest.About{Source: "test"}); err != nil {
			t.Fatal(err)
		}
		threshold := pipeline.ThresholdOf(p, id)
		*threshold = begin
		for _, what := range says {
			if err := p.Opine(t.Context(), foreshock.Opinion{Workload: id, Says: what}, nil, "someone"); err != nil {
				t.Fatal(err)
			}
		}
		for _, i := range undo {
			if !told[i].Correction.Moved() {
				continue // nothing is to be taken back
			}
			if err := p.Undo(t.Context(), told[i], "someone", ""); err != nil {
				t.Fatal(err)
			}
		}
		if *threshold != want {
			t.Errorf("%q, %v taken back: %+v, want %+v", says, undo, *threshold, want)
		}
	}
	none := foreshock.Threshold{}
	bound := foreshock.Threshold{Value: 4, Bias: 2.4, Alarms: 60, Lows: 80, Watched: 7 * 86400}
	for _, from := range []foreshock.Threshold{begin, none, bound} {
		for _, says := range []string{"useful", "false_alarm", "missed"} {
			f(from, []int{0}, from, says)
			f(from, []int{2, 1, 0}, from, says, "useful", "missed")
		}
	}
}
