package pipeline_test

import (
	"context"
	"fmt"
	"log/slog"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/pipeline"
)

// disk is a volume with random arrivals, and what is wrong with it.
type disk struct {
	capacity, demand float64
	service          float64 // seconds per request when idle
	own              float64 // latency of the application
	factor           float64 // on latency, of whatever is around it
	handle           ingest.Handle
}

func (v *disk) read(r *rand.Rand) (iops, latency float64) {
	demand := v.demand * math.Exp(0.05*r.NormFloat64())
	latency = 60 * v.service
	if rho := demand / v.capacity; rho < 0.98 {
		latency = v.service / (1 - rho)
	}
	return min(demand, v.capacity), (latency + v.own) * v.factor * math.Exp(0.1*r.NormFloat64())
}

// disks are volumes, the pipeline that watches them, and the provider that changes them. It is the pipeline's executor.
type disks struct {
	t        testing.TB
	rng      *rand.Rand
	p        *pipeline.Pipeline
	ledger   *act.Ledger
	list     []*disk
	now      time.Time
	events   []foreshock.Event
	due      []foreshock.Action
	dueAt    []time.Time
	executor pipeline.Executor            // nil: they are
	silent   bool                         // nothing is read
	edit     func(*decide.Policy)         // changes it; nil: it is the default
	refuse   func(*foreshock.Action) bool // at the last look; nil: none
	// deaf lets no verdict come: every action is "unclear" at once.
	deaf bool
}

const (
	diskStep = 10 * time.Second
	takes    = 30 * time.Second // a change
)

func newDisks(t testing.TB, seed uint64, n int, deaf bool) *disks {
	f := &disks{t: t, rng: rand.New(rand.NewPCG(seed, 9)), ledger: act.NewLedger(), now: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC), deaf: deaf}
	f.start(n)
	for i := range n {
		f.list = append(f.list, &disk{capacity: 1000, demand: 300 + 100*f.rng.Float64(), service: 0.001, factor: 1})
		f.register(i)
	}
	return f
}

// start makes a pipeline that knows what is in the ledger and in the events so far.
func (f *disks) start(n int) {
	policy := decide.Default()
	policy.Name, policy.Match, policy.Mode, policy.Target, policy.Forecast = "p", []string{"disk/*"}, foreshock.Auto, "t", false
	policy.Bounds = map[foreshock.Dimension]decide.Bounds{foreshock.DimIOPS: {Min: 100, Max: 1e6, Step: 0.25}}
	if f.edit != nil {
		f.edit(&policy)
	}
	s := stages(f.t)
	s.Forecast, s.Policies, s.Executor, s.Ledger = nil, []decide.Policy{policy}, f, f.ledger
	if f.executor != nil {
		s.Executor = f.executor
	}
	latches := new(pipeline.Latches)
	for i := range f.events {
		latches.Fold(&f.events[i])
	}
	f.p = pipeline.New(s, pipeline.Options{
		Log: slog.New(slog.DiscardHandler), Step: diskStep, Most: n, Virtual: true, Latches: latches, Now: func() time.Time { return f.now },
		Event: func(e *foreshock.Event) { f.events = append(f.events, *e) },
	})
}

// restart goes on with another pipeline.
func (f *disks) restart() {
	before := f.p
	f.start(len(f.list))
	f.p.Inherit(before)
	for i := range f.list {
		f.register(i)
	}
}

func (f *disks) register(i int) {
	h, err := f.p.Register(foreshock.ID(fmt.Sprint("disk/", i)), ingest.About{Source: "test", Step: diskStep})
	if err != nil {
		f.t.Fatal(err)
	}
	f.list[i].handle = h
}

func (f *disks) disk(resource string) *disk {
	var i int
	if _, err := fmt.Sscan(resource, &i); err != nil {
		f.t.Fatal(err)
	}
	return f.list[i]
}

// Read is what the provider knows of a disk.
func (f *disks) Read(_ context.Context, target, resource string) (foreshock.Resource, error) {
	r := foreshock.Resource{Target: target, Name: resource, At: f.now, Rules: map[foreshock.Dimension]foreshock.Rule{foreshock.DimIOPS: {Min: 100, Max: 1e6, Quantum: 1, Down: true}}}
	r.Allocated.Set(foreshock.DimIOPS, f.disk(resource).capacity)
	return r, nil
}

// Submit begins a change.
func (f *disks) Submit(a foreshock.Action) error {
	if f.refuse != nil && f.refuse(&a) {
		f.p.ActionChanged(f.tell(a, foreshock.Refused))
		return nil
	}
	f.tell(a, foreshock.Intent)
	f.due, f.dueAt = append(f.due, a), append(f.dueAt, f.now.Add(takes))
	return nil
}

func (f *disks) tell(a foreshock.Action, s foreshock.ActionState) *foreshock.Event {
	e := &foreshock.Event{Time: f.now, Type: foreshock.EventAction, Change: &foreshock.ActionChange{Action: a, State: s}}
	f.p.Emit(e)
	return e
}

// complete does what is due.
func (f *disks) complete() {
	for len(f.due) > 0 && !f.now.Before(f.dueAt[0]) {
		a := f.due[0]
		f.due, f.dueAt = f.due[1:], f.dueAt[1:]
		f.disk(a.Resource).capacity, _ = a.To.Get(foreshock.DimIOPS)
		done := f.tell(a, foreshock.Done)
		if f.deaf {
			f.p.Emit(&foreshock.Event{Time: f.now, Type: foreshock.EventEvaluation, Evaluation: &foreshock.Evaluation{Action: a.ID, Workload: a.Workload}})
			continue
		}
		f.p.ActionChanged(done)
	}
}

// run lets so many steps pass.
func (f *disks) run(steps int, each func()) {
	ctx := context.Background()
	for range steps {
		f.now = f.now.Add(diskStep)
		for _, v := range f.list {
			if f.silent {
				break
			}
			iops, latency := v.read(f.rng)
			ms := f.now.Add(-time.Second).UnixMilli()
			if err := f.p.Push(ctx, []ingest.Reading{{Handle: v.handle, Field: ingest.IOPS, Time: ms, Value: iops}, {Handle: v.handle, Field: ingest.Latency, Time: ms, Value: latency}}); err != nil {
				f.t.Fatal(err)
			}
		}
		if err := f.p.Advance(ctx, f.now.Add(time.Millisecond)); err != nil {
			f.t.Fatal(err)
		}
		f.complete()
		if each != nil {
			each()
		}
	}
}

// actions are those in effect, by ID in their order.
func (f *disks) actions() (list []foreshock.Action) {
	for _, e := range f.events {
		if e.Change != nil && e.Change.State == foreshock.Done {
			list = append(list, e.Change.Action)
		}
	}
	return list
}

func (f *disks) verdicts() (list []foreshock.Evaluation) {
	for _, e := range f.events {
		if e.Evaluation != nil {
			list = append(list, *e.Evaluation)
		}
	}
	return list
}

// score is what became of disks at random.
type score struct {
	actions, growths float64 // a run
	given            float64 // capacity above what there was at first, as its share, times hours
	slow             float64 // hours of more than five times the usual latency
}

// play runs a story on one disk for three hours, some times at random.
func play(t testing.TB, deaf bool, story func(f *disks, v *disk)) (s score) {
	const runs = 8
	for seed := range uint64(runs) {
		f := newDisks(t, seed, 1, deaf)
		v := f.list[0]
		v.demand = 1000 * (0.7 + 0.1*f.rng.Float64())
		usual := v.service / (1 - v.demand/v.capacity)
		f.run(200, nil)
		story(f, v)
		hours := diskStep.Hours() / runs
		f.run(1080, func() {
			s.given += max(0, v.capacity/1000-1) * hours
			if _, latency := v.read(rand.New(rand.NewPCG(1, 1))); latency > 5*usual {
				s.slow += hours
			}
		})
		for _, a := range f.actions() {
			s.actions += 1. / runs
			if !a.Reduces() {
				s.growths += 1. / runs
			}
		}
	}
	return s
}

// TestFeedbackPays shows what feedback adds: the same disks with it, and with every verdict "unclear".
func TestFeedbackPays(t *testing.T) {
	t.Logf("%-34s %-8s %7s %7s %22s %10s", "disk, three hours", "feedback", "actions", "growths", "added capacity·hours", "slow hours")
	f := func(name string, story func(f *disks, v *disk)) (with, without score) {
		t.Helper()
		with, without = play(t, false, story), play(t, true, story)
		for _, x := range []struct {
			name string
			score
		}{{"with", with}, {"without", without}} {
			t.Logf("%-34s %-8s %7.1f %7.1f %20.0f %% %10.2f", name, x.name, x.actions, x.growths, 100*x.given, x.slow)
		}
		return with, without
	}
	with, without := f("the application is slow by itself", func(_ *disks, v *disk) { v.own = 0.1 })
	if with.growths > 2 || without.growths < 2*with.growths || with.given > 0.5*without.given {
		t.Errorf("the application: %+v with feedback, %+v without", with, without)
	}
	with, without = f("a neighbour makes it slow", func(_ *disks, v *disk) { v.factor = 20 })
	if with.growths > 2 || without.growths < 1.5*with.growths || with.given > 0.5*without.given {
		t.Errorf("the neighbour: %+v with feedback, %+v without", with, without)
	}
	with, without = f("more is asked for than it has", func(f *disks, v *disk) { v.demand = 1000 * (1.3 + 0.3*f.rng.Float64()) })
	if with.growths < 1 || with.slow > 0.1 {
		t.Errorf("capacity is lacking: %+v with feedback, %+v without", with, without)
	}
}

// TestRollBackLoop takes back what did not help, once the cooldown is over, and leaves the disk alone then; over a restart, and not while nothing is read.
func TestRollBackLoop(t *testing.T) {
	f := func(name string, between func(f *disks)) {
		t.Helper()
		f := newDisks(t, 1, 1, false)
		v := f.list[0]
		v.demand = 750
		f.run(200, nil)
		v.own = 0.1
		for range 300 {
			if f.run(1, nil); slices.ContainsFunc(f.verdicts(), func(e foreshock.Evaluation) bool { return e.RollBack }) {
				break
			}
		}
		before := len(f.actions())
		between(f)
		if now := len(f.actions()); now > before {
			t.Errorf("%s: %d actions meanwhile", name, now-before)
		}
		f.run(500, nil)
		list := f.actions()
		if len(list) != before+1 || before < 1 || list[before].Undoes != list[before-1].ID || v.capacity >= 1250 || !list[before].Reduces() {
			t.Fatalf("%s: capacity %g after %+v", name, v.capacity, list)
		}
		var done []time.Time
		for _, e := range f.events {
			if e.Change != nil && e.Change.State == foreshock.Done {
				done = append(done, e.Time)
			}
		}
		if wait := done[before].Sub(done[before-1]); wait < decide.Default().Reduce.Cooldown {
			t.Errorf("%s: taken back after %s", name, wait)
		}
		if !slices.ContainsFunc(list[before].Reasons, func(r foreshock.Reason) bool { return r.Code == decide.RollBack }) {
			t.Errorf("%s: the journal does not say why: %+v", name, list[before].Reasons)
		}
	}
	f("at once", func(*disks) {})
	f("after a restart", func(f *disks) { f.restart() })
	refusals := func(f *disks, many int, meanwhile func()) {
		refused := 0
		f.refuse = func(a *foreshock.Action) bool {
			if a.Undoes == "" || refused == many {
				return false
			}
			refused++
			return true
		}
		for range 300 {
			if f.run(1, nil); refused == many {
				break
			}
		}
		if refused != many {
			t.Errorf("it was refused %d times", refused)
		}
		meanwhile()
	}
	f("after it was refused at the last look", func(f *disks) { refusals(f, 2, func() {}) })
	f("after it was refused, and a restart", func(f *disks) { refusals(f, 1, f.restart) })
	f("after silence", func(f *disks) {
		f.silent = true
		f.run(240, nil) // longer than the cooldown
		f.silent = false
	})
}

// TestRollBackGivenUp: the latch opens before the cooldown is over, so that what did not help is not taken back; the journal has why.
func TestRollBackGivenUp(t *testing.T) {
	f := newDisks(t, 1, 1, false)
	v := f.list[0]
	v.demand = 750
	f.run(200, nil)
	v.own = 0.1
	var closed *foreshock.Event
	for range 300 {
		f.run(1, nil)
		if i := slices.IndexFunc(f.events, func(e foreshock.Event) bool { return e.Evaluation != nil && e.Evaluation.Latch }); i >= 0 {
			closed = &f.events[i]
			break
		}
	}
	if closed == nil {
		t.Fatal("it was never judged useless")
	}
	if err := f.p.Undo(t.Context(), *closed, "someone", "it was something else"); err != nil {
		t.Fatal(err)
	}
	v.own = 0
	f.run(300, nil)
	if list := f.actions(); slices.ContainsFunc(list, func(a foreshock.Action) bool { return a.Undoes != "" }) {
		t.Errorf("%+v", list)
	}
	if !slices.ContainsFunc(f.events, func(e foreshock.Event) bool {
		return strings.Contains(e.Note, "is given up: the workload may be acted on again")
	}) {
		t.Error("the journal does not say that it is given up")
	}
}

// TestFleetWide: a disk that lacked capacity gets it, and then the whole fleet becomes slow; the disks that were not touched tell so.
func TestFleetWide(t *testing.T) {
	f := newDisks(t, 3, 8, false)
	f.run(200, nil)
	f.list[0].demand = 1600
	slowed := false
	f.run(120, func() {
		if f.list[0].capacity > 1800 && !slowed {
			slowed = true
			for _, v := range f.list {
				v.factor = 8
			}
		}
	})
	list := f.verdicts()
	last := list[len(list)-1]
	if !slowed || last.Verdict != foreshock.Helped || last.Latch || last.Against.Source != "forecast and controls" || len(last.Against.Controls) != 5 {
		t.Fatalf("%d actions, the last verdict %+v", len(f.actions()), last)
	}
	moved := map[string]float64{}
	for _, e := range f.events {
		if e.Correction != nil && e.Correction.Workload == "disk/0" {
			moved[e.Correction.What] = e.Correction.To
		}
	}
	if moved["lead_time/iops"] <= 0 || moved["gain/iops"] <= 0 || moved["threshold"] == 0 {
		t.Errorf("corrections %v", moved)
	}
}
