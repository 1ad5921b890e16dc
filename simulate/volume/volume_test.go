package volume_test

import (
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/simulate"
	"github.com/foreshock-io/foreshock/simulate/volume"
)

func iops(x float64) (a foreshock.Allocation) {
	a.Set(foreshock.DimIOPS, x)
	return a
}

var start = time.Unix(1_700_000_040, 0).UTC()

// rig is a target with the plant behind it.
type rig struct {
	t     *testing.T
	plant *simulate.Plant
	*volume.Volume
}

func newRig(t *testing.T, p simulate.Provider) *rig {
	trace := &simulate.Trace{Start: start.Unix(), Demand: make([]float64, 3000), Bytes: make([]float64, 3000), Missing: make([]bool, 3000)}
	for i := range trace.Demand {
		trace.Demand[i] = 720
	}
	plant := simulate.NewPlant(trace, p)
	r := &rig{t, plant, volume.New("simulated", plant.Volume("v"), foreshock.DimIOPS)}
	r.step()
	return r
}

// step runs the plant for a minute, first doing what was asked for.
func (r *rig) step() {
	for _, amount := range r.Take() {
		r.plant.Act(amount)
	}
	s := r.plant.Next()
	r.See(time.Unix(s.Time, 0).UTC(), s)
}

func (r *rig) read() foreshock.Resource {
	r.t.Helper()
	found, err := r.Read(r.t.Context(), "v")
	if err != nil {
		r.t.Fatal(err)
	}
	return found
}

// ask asks for an amount and counts the steps until it is over.
func (r *rig) ask(to float64) (steps int, p act.Progress) {
	r.t.Helper()
	action := foreshock.Action{Resource: "v", From: r.read().Allocated, To: iops(to)}
	if err := r.Apply(r.t.Context(), action); err != nil {
		r.t.Fatal(err)
	}
	for {
		p, err := r.Follow(r.t.Context(), action)
		switch {
		case err != nil || steps > 100:
			r.t.Fatalf("after %d steps: %+v, %v", steps, p, err)
		case p.Done || p.Failed:
			return steps, p
		}
		r.step()
		steps++
	}
}

func TestRiseAndFall(t *testing.T) {
	r := newRig(t, simulate.Provider{Quantum: 500, Min: 500, Max: 16000, ApplyDelay: 4 * time.Minute})
	found := r.read()
	if want := (foreshock.Rule{Min: 500, Max: 16000, Quantum: 500, Down: true}); found.Rules[foreshock.DimIOPS] != want || found.Budget.Limited || found.Allocated != iops(1000) {
		t.Errorf("%+v", found)
	}
	asked := time.Unix(r.plant.Time(), 0).UTC()
	if steps, p := r.ask(2000); steps != 1 || !p.Done || !p.Since.Equal(asked) || !p.Works.Equal(asked.Add(4*time.Minute)) || p.Observed != iops(2000) {
		t.Errorf("a rise was over after %d steps: %+v; asked at %s", steps, p, asked)
	}
	asked = time.Unix(r.plant.Time(), 0).UTC()
	if steps, p := r.ask(1000); steps != 1 || !p.Done || !p.Since.Equal(asked) || !p.Works.IsZero() {
		t.Errorf("a fall was over after %d steps: %+v; asked at %s", steps, p, asked)
	}
	if steps, p := r.ask(1250); steps != 1 || !p.Failed { // the provider gives 1500
		t.Errorf("what breaks the rules was over after %d steps: %+v", steps, p)
	}
}

// Where nobody tells when the next change is accepted, it is counted from the last that was seen; what is told is far off is.
func TestNextActionNotTold(t *testing.T) {
	p := simulate.Provider{Quantum: 100, Min: 100, Max: 16000, Cooldown: time.Hour}
	v := volume.New("simulated", simulate.Volume{Provider: p, Step: time.Minute}, foreshock.DimIOPS)
	f := func(minute int, provisioned float64, next int64, left int, free time.Time) {
		t.Helper()
		at := start.Add(time.Duration(minute) * time.Minute)
		v.See(at, simulate.Sample{Time: at.Unix(), NextAction: next, Provisioned: provisioned, Effective: provisioned})
		found, err := v.Read(t.Context(), "v")
		if b := found.Budget; err != nil || b.Left != left || !b.NextFree.Equal(free) {
			t.Errorf("minute %d: %+v, %v; %d left and %s are expected", minute, b, err, left, free)
		}
	}
	f(0, 1000, 0, 1, time.Time{})
	f(1, 1000, 0, 1, time.Time{})
	f(2, 2000, 0, 0, start.Add(61*time.Minute)) // it was accepted at the end of the step before
	f(60, 2000, 0, 0, start.Add(61*time.Minute))
	f(61, 2000, 0, 1, time.Time{})
	f(62, 2000, 1<<62, 0, start.Add(62*time.Minute+100*366*24*time.Hour))
}

func TestBudget(t *testing.T) {
	f := func(p simulate.Provider, lefts ...int) {
		t.Helper()
		p.Quantum, p.Min, p.Max = 100, 100, 16000
		r := newRig(t, p)
		for i, left := range lefts {
			b := r.read().Budget
			if !b.Limited || b.Left != left || (b.Left == 0) != b.NextFree.After(time.Unix(r.plant.Time(), 0)) {
				t.Errorf("before change %d: %+v; %d left are expected", i, b, left)
			}
			_, after := r.ask(2000 + 100*float64(i))
			if after.Done != (left > 0) {
				t.Errorf("change %d with %d left: %+v", i, left, after)
			}
		}
	}
	f(simulate.Provider{Cooldown: 6 * time.Hour}, 1, 0, 0)
	f(simulate.Provider{Changes: 3, Window: 24 * time.Hour}, 3, 2, 1, 0)
}

func TestNothingSeen(t *testing.T) {
	v := volume.New("simulated", simulate.Volume{}, foreshock.DimIOPS)
	if _, err := v.Read(t.Context(), "v"); err == nil {
		t.Error("what was not seen is read")
	}
	if err := v.Apply(t.Context(), foreshock.Action{}); err == nil {
		t.Error("an action without an amount is taken")
	}
}
