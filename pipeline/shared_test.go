package pipeline_test

import (
	"context"
	"log/slog"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/pipeline"
)

// pool is a resource of which two volumes take what they need: what is there is shared by what is asked for. It is the pipeline's executor.
type pool struct {
	t        *testing.T
	rng      *rand.Rand
	p        *pipeline.Pipeline
	ledger   *act.Ledger
	now      time.Time
	capacity float64
	demand   [2]float64
	handles  [2]ingest.Handle
	events   []foreshock.Event
	due      *foreshock.Action
	dueAt    time.Time
}

func newPool(t *testing.T) *pool {
	f := &pool{
		t: t, rng: rand.New(rand.NewPCG(4, 2)), ledger: act.NewLedger(), now: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), capacity: 1000, demand: [2]float64{400, 200},
	}
	f.start(1e6)
	return f
}

// start makes the pipeline, as after a restart where there was one.
func (f *pool) start(most float64) {
	policy := decide.Default()
	policy.Name, policy.Match, policy.Mode, policy.Target, policy.Forecast = "p", []string{"pool/*"}, foreshock.Auto, "t", false
	policy.Resource = "pool"
	policy.Bounds = map[foreshock.Dimension]decide.Bounds{foreshock.DimIOPS: {Min: 100, Max: most, Step: 0.25}}
	s := stages(f.t)
	s.Forecast, s.Policies, s.Executor, s.Ledger = nil, []decide.Policy{policy}, f, f.ledger
	f.p = pipeline.New(s, pipeline.Options{
		Log: slog.New(slog.DiscardHandler), Step: diskStep, Most: 2, Virtual: true, Now: func() time.Time { return f.now },
		Event: func(e *foreshock.Event) { f.events = append(f.events, *e) },
	})
	for i, id := range []foreshock.ID{"pool/a", "pool/b"} {
		var err error
		if f.handles[i], err = f.p.Register(id, ingest.About{Source: "test", Step: diskStep}); err != nil {
			f.t.Fatal(err)
		}
	}
}

func (f *pool) Read(_ context.Context, target, resource string) (foreshock.Resource, error) {
	if resource != "pool" {
		f.t.Errorf("%q is asked for", resource)
	}
	r := foreshock.Resource{Target: target, Name: resource, At: f.now, Rules: map[foreshock.Dimension]foreshock.Rule{foreshock.DimIOPS: {Min: 100, Max: 1e6, Quantum: 1, Down: true}}}
	r.Allocated.Set(foreshock.DimIOPS, f.capacity)
	return r, nil
}

func (f *pool) Submit(a foreshock.Action) error {
	if f.due != nil {
		f.t.Errorf("action %s begins while %s is under way", a.ID, f.due.ID)
	}
	f.due, f.dueAt = &a, f.now.Add(takes)
	f.p.Emit(&foreshock.Event{Time: f.now, Type: foreshock.EventAction, Change: &foreshock.ActionChange{Action: a, State: foreshock.Intent}})
	return nil
}

func (f *pool) run(steps int) {
	ctx := context.Background()
	for range steps {
		f.now = f.now.Add(diskStep)
		share, wait := min(1, f.capacity/(f.demand[0]+f.demand[1])), 0.05
		if rho := (f.demand[0] + f.demand[1]) / f.capacity; rho < 0.98 {
			wait = 0.001 / (1 - rho)
		}
		ms := f.now.Add(-time.Second).UnixMilli()
		for i, h := range f.handles {
			iops, latency := share*f.demand[i]*math.Exp(0.02*f.rng.NormFloat64()), wait*math.Exp(0.1*f.rng.NormFloat64())
			if err := f.p.Push(ctx, []ingest.Reading{{Handle: h, Field: ingest.IOPS, Time: ms, Value: iops}, {Handle: h, Field: ingest.Latency, Time: ms, Value: latency}}); err != nil {
				f.t.Fatal(err)
			}
		}
		if err := f.p.Advance(ctx, f.now.Add(time.Millisecond)); err != nil {
			f.t.Fatal(err)
		}
		if f.due != nil && !f.now.Before(f.dueAt) {
			f.capacity, _ = f.due.To.Get(foreshock.DimIOPS)
			done := &foreshock.Event{Time: f.now, Type: foreshock.EventAction, Change: &foreshock.ActionChange{Action: *f.due, State: foreshock.Done}}
			f.due = nil
			f.p.Emit(done)
			f.p.ActionChanged(done)
		}
	}
}

// TestSharedResource: each of two volumes alone would have enough, both together outgrow what they share. That it is saturated is seen by both, also by one
// that uses little of it. It grows by what both need, in one action at a time, of which each is judged once, by what both ask for.
func TestSharedResource(t *testing.T) {
	test := func(demand ...float64) {
		t.Helper()
		f := newPool(t)
		f.run(250)
		if len(f.actions()) > 0 {
			t.Fatalf("of what is enough for both it makes %+v", f.actions())
		}
		f.demand = [2]float64(demand)
		f.run(200)
		actions, verdicts, full := f.actions(), map[string]int{}, map[foreshock.ID]bool{}
		for _, e := range f.events {
			if d := e.Decision; d != nil && strings.Contains(d.Text(), "iops is saturated") {
				full[d.Workload] = true
			}
			if e.Evaluation != nil {
				verdicts[e.Evaluation.Action]++
				if e.Evaluation.Before.Saturation < 0.9 {
					t.Errorf("of what was saturated it judges: %s", e.Evaluation.Text)
				}
			}
		}
		if len(full) != 2 {
			t.Errorf("that it is saturated is said of %v", full)
		}
		if len(actions) == 0 || f.capacity < 1300 || f.capacity > 4000 {
			t.Errorf("of the 1300 that both need, it has %.0f after %d actions", f.capacity, len(actions))
		}
		for _, a := range actions {
			if to, _ := a.To.Get(foreshock.DimIOPS); a.Resource != "pool" || verdicts[a.ID] != 1 || to < 1250 {
				t.Errorf("%s of %s to %.0f has %d verdicts", a.ID, a.Resource, to, verdicts[a.ID])
			}
		}
		f.run(200)
		if after := len(f.actions()); after != len(actions) {
			t.Errorf("%d actions, and %d more when all was well", len(actions), after-len(actions))
		}
	}
	test(750, 550)
	test(1240, 60)
}

// actions are those in effect.
func (f *pool) actions() (list []foreshock.Action) {
	for _, e := range f.events {
		if e.Change != nil && e.Change.State == foreshock.Done {
			list = append(list, e.Change.Action)
		}
	}
	return list
}

// TestJudgedAfterARestart: what an action was upon is remembered with it, so that growth that is too little is told as such after a restart too.
func TestJudgedAfterARestart(t *testing.T) {
	for _, restart := range []bool{false, true} {
		f := newPool(t)
		f.start(1300)
		f.run(250)
		f.demand = [2]float64{900, 700}
		for len(f.actions()) == 0 && f.now.Before(time.Date(2026, 1, 6, 0, 0, 0, 0, time.UTC)) {
			f.run(1)
		}
		if restart {
			f.start(1300)
		}
		f.run(60)
		last := ""
		for _, e := range f.events {
			if e.Evaluation != nil {
				last = e.Evaluation.Verdict.String()
			}
		}
		if last != "too little" {
			t.Errorf("after a restart: %v, the verdict is %q", restart, last)
		}
	}
}
