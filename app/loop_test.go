package app_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/app"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/simulate"
	"github.com/foreshock-io/foreshock/simulate/simulatetest"
)

// surges is two days of them; an hour and a half were not measured.
func surges() *simulate.Trace { return simulatetest.Surges(began.Unix(), 2*1440, 1990, 2080) }

// told is what a loop tells.
type told struct {
	t       *testing.T
	changes map[string][]*foreshock.ActionChange // by action
	order   []string                             // of actions
	times   map[string]time.Time                 // when the provider was asked
	lines   []string
}

func (l *told) take(e *foreshock.Event) {
	line, err := json.Marshal(e)
	if err != nil {
		l.t.Fatal(err)
	}
	l.lines = append(l.lines, string(line))
	if e.Change == nil {
		return
	}
	id := e.Change.Action.ID
	if l.changes[id] == nil {
		l.order = append(l.order, id)
	}
	if e.Change.State == foreshock.Called {
		l.times[id] = e.Time
	}
	l.changes[id] = append(l.changes[id], e.Change)
}

// closed runs a loop over a plant.
func closed(t *testing.T, c config.Config, p simulate.Provider) (*simulate.Plant, *told) {
	t.Helper()
	plant := simulate.NewPlant(surges(), p)
	l := &told{t: t, changes: map[string][]*foreshock.ActionChange{}, times: map[string]time.Time{}}
	loop, err := app.NewLoop(c, app.LoopOptions{Volume: plant.Volume("vol/1"), Event: l.take})
	if err != nil {
		t.Fatal(err)
	}
	if err := plant.Run(loop); err != nil {
		t.Fatal(err)
	}
	return plant, l
}

var wholeWay = []foreshock.ActionState{
	foreshock.Decided, foreshock.Intent, foreshock.Fenced, foreshock.Called, foreshock.Answered, foreshock.Observed, foreshock.Done,
}

// In the closed loop every action goes the whole way, one after the other, upon data newer than the one before, within the provider's rules and budget; two
// runs tell the same to the byte.
func TestLoopKeepsPromises(t *testing.T) {
	for _, p := range simulate.Benchmark() {
		t.Run(p.Name, func(t *testing.T) {
			plant, l := closed(t, config.Default(), p)
			if plant.Rejected > 0 || len(plant.Accepted) != len(l.order) || len(l.order) < 4 {
				t.Errorf("%d actions, of which the provider took %d and rejected %d", len(l.order), len(plant.Accepted), plant.Rejected)
			}
			var completed time.Time // of the action before
			for _, id := range l.order {
				completed = l.check(id, p, completed)
			}
			for _, accepted := range plant.Accepted {
				if at := (accepted.Time - plant.Trace.Start) / 60; plant.Trace.Missing[at-1] {
					t.Errorf("an action at %d, upon a step of which nothing was measured", accepted.Time)
				}
			}
			if _, again := closed(t, config.Default(), p); !slices.Equal(l.lines, again.lines) {
				t.Error("a second run tells something else")
			}
		})
	}
}

// Figures: the time of a sample with everything on.
func BenchmarkLoop(b *testing.B) {
	trace := surges()
	for range 4 { // a month
		trace.Demand, trace.Bytes, trace.Missing = slices.Repeat(trace.Demand, 2), slices.Repeat(trace.Bytes, 2), slices.Repeat(trace.Missing, 2)
	}
	for b.Loop() {
		plant := simulate.NewPlant(trace, simulate.Benchmark()[0])
		loop, err := app.NewLoop(config.Default(), app.LoopOptions{Volume: plant.Volume("vol/1")})
		if err != nil {
			b.Fatal(err)
		}
		if err := plant.Run(loop); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(b.Elapsed().Seconds()*1e6/float64(b.N*len(trace.Demand)), "µs/sample")
}

// check checks an action that came after another was completed, and says when it was itself. The last of a run may be under way.
func (l *told) check(id string, p simulate.Provider, before time.Time) (completed time.Time) {
	l.t.Helper()
	list := l.changes[id]
	var states []foreshock.ActionState
	for _, c := range list {
		states = append(states, c.State)
	}
	last := id == l.order[len(l.order)-1]
	if !slices.Equal(states, wholeWay) && !(last && slices.Equal(states, wholeWay[:len(states)])) {
		l.t.Errorf("%s went through %v", id, states)
	}
	a := &list[0].Action
	if a.Evidence.Add(-simulate.Step).Before(before) || l.times[id].Before(before) {
		l.t.Errorf("%s was decided upon the step until %s, and the action before was completed at %s", id, a.Evidence, before)
	}
	to, _ := a.To.Get(foreshock.DimIOPS)
	if to != p.Fit(to) {
		l.t.Errorf("%s asks for %g, which the provider would make %g", id, to, p.Fit(to))
	}
	return list[len(list)-1].Completed
}

// The first policy that names the volume decides.
func TestLoopTakesPolicies(t *testing.T) {
	load := func(policies string) config.Config {
		t.Helper()
		c, err := config.Parse("f.yaml", []byte("targets:\n- cgroup: {}\npolicies:\n"+policies))
		if err != nil {
			t.Fatal(err)
		}
		return c
	}
	plant, _ := closed(t, load(`
- {name: others, match: ["disk/*"]}
- {name: mine, match: ["vol/*"], target: cgroup, bounds: {iops: {max: 3000}}}
- {name: all, match: ["**"]}
`), simulate.Benchmark()[0])
	if len(plant.Accepted) == 0 {
		t.Error("nothing was done")
	}
	for _, c := range plant.Accepted {
		if c.To > 3000 || c.To < c.From {
			t.Errorf("%+v, though the policy allows no more than 3000 and no reduction", c)
		}
	}
	_, err := app.NewLoop(load(`- {name: others, match: ["disk/*"]}`), app.LoopOptions{Volume: plant.Volume("vol/1")})
	if err == nil || !strings.Contains(err.Error(), "no policy names the workload vol/1; add it to a policy's match") {
		t.Error(err)
	}
}

// A policy that is written has the same defaults as one that is not: those of the volume's objective.
func TestLoopGivesWrittenPoliciesItsObjective(t *testing.T) {
	c, err := config.Parse("f.yaml", []byte(`policies: [{name: simulate, match: ["**"], reduce: {allowed: true}}]`))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range simulate.Benchmark() {
		written, _ := closed(t, c, p)
		without, _ := closed(t, config.Default(), p)
		if len(without.Accepted) == 0 || !slices.Equal(written.Accepted, without.Accepted) {
			t.Errorf("%s: %d changes under the written policy, %d without one", p.Name, len(written.Accepted), len(without.Accepted))
		}
	}
}
