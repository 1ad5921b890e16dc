package pipeline_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/ingest"
)

// promised are disks at whose submissions and events it is looked whether what is promised is kept.
type promised struct {
	*disks
	t      *rapid.T
	limits decide.Limits
	read   []time.Time // by disk: when it was read last
	looked int         // events
	done   map[string]foreshock.Action
	judged map[string]int
	undone map[string]int
}

func (k *promised) Submit(a foreshock.Action) error {
	k.may(&a)
	return k.disks.Submit(a)
}

// may says of an action that is decided upon whether it may be.
func (k *promised) may(a *foreshock.Action) {
	never := func(broken bool, what string, args ...any) {
		if broken {
			k.t.Errorf("%s: action %s on %s from %v to %v, by %s: %s: %+v", k.now.Format(time.TimeOnly), a.ID, a.Workload, a.From, a.To, a.Evidence.Format(time.TimeOnly), fmt.Sprintf(what, args...), a.Reasons)
		}
	}
	from, _ := a.From.Get(foreshock.DimIOPS)
	to, _ := a.To.Get(foreshock.DimIOPS)
	last, did := k.ledger.Last("t", a.Resource)
	open, is := k.ledger.Open("t", a.Resource)
	never(is, "action %s is open", open.Action.ID)
	never(from != k.disk(a.Resource).capacity, "there are %g", k.disk(a.Resource).capacity)
	never(!(to >= 100 && to <= 1e6) || to == from || to != math.Trunc(to), "that is no amount")
	never(a.Undoes == "" && (to > 4*from || to < from/4-1), "that goes too far")
	never(did && a.Evidence.Add(-diskStep).Before(last.Time), "the evidence is older than the last action")
	never(k.ledger.Paused(a.Policy, a.Workload, a.Direction(), k.now) != "", "it is paused")
	var i int
	_, _ = fmt.Sscan(a.Resource, &i)
	never(a.Reduces() && k.silent && k.now.Sub(k.read[i]) > 2*diskStep, "a reduction, and nothing was read since %s", k.read[i])
	never(a.Undoes != "" && (a.Undoes != last.Action.ID || last.Action.Undoes != ""), "it undoes %s, and the last was %s", a.Undoes, last.Action.ID)
	c := k.ledger.Counts(act.Asked{Policy: a.Policy, Workload: a.Workload, Target: "t", Resource: a.Resource, Now: k.now})
	never(c.WorkloadLastDay >= k.limits.PerDay || c.LastHour >= k.limits.PerHour || c.Open >= k.limits.AtOnce, "too many: %+v", c)
}

// look takes in what has happened since it looked last.
func (k *promised) look() {
	for ; k.looked < len(k.events); k.looked++ {
		switch e := &k.events[k.looked]; {
		case e.Change != nil && e.Change.State == foreshock.Done:
			k.done[e.Change.Action.ID] = e.Change.Action
			if u := e.Change.Action.Undoes; u != "" {
				if k.undone[u]++; k.undone[u] > 1 {
					k.t.Errorf("%s is taken back twice", u)
				}
			}
		case e.Evaluation != nil:
			if k.judged[e.Evaluation.Action]++; k.judged[e.Evaluation.Action] > 1 {
				k.t.Errorf("%s is judged twice", e.Evaluation.Action)
			}
		case e.Correction != nil && (math.IsNaN(e.Correction.To) || math.IsInf(e.Correction.To, 0)):
			k.t.Errorf("%+v", e.Correction)
		}
	}
}

// odd pushes something that is of no use, or is not in order.
func (k *promised) odd(i, what int) {
	at := k.now.Add([]time.Duration{0, -time.Hour, -15 * time.Second, 2 * time.Minute}[what%4])
	value := []float64{500, math.NaN(), -1, math.Inf(1), 1e300}[what/4%5]
	if err := k.p.Push(k.disks.t.Context(), []ingest.Reading{{Handle: k.list[i].handle, Field: ingest.Field(what % ingest.NumFields), Time: at.UnixMilli(), Value: value}}); err != nil {
		k.t.Error(err)
	}
}

// pass lets steps pass.
func (k *promised) pass(steps int) {
	k.run(steps, func() {
		for i := range k.read {
			if !k.silent {
				k.read[i] = k.now
			}
		}
		k.look()
	})
}

// Whatever disks do, whoever pauses, and however often the program is begun anew: no action breaks a promise, each is judged, and once only.
func TestPromisesAtRandom(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		f := &disks{t: t, rng: rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 9)), ledger: act.NewLedger(), now: time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)}
		k := &promised{disks: f, t: rt, read: make([]time.Time, 3), done: map[string]foreshock.Action{}, judged: map[string]int{}, undone: map[string]int{}}
		k.limits = decide.Limits{AtOnce: 2, PerHour: 10, PerDay: rapid.SampledFrom([]int{4, 24}).Draw(rt, "per day"), Share: 1, StopAfter: -1}
		f.executor = k
		f.edit = func(p *decide.Policy) {
			p.Limits = k.limits
			p.Reduce = decide.Reduce{Allowed: true, Blind: true, After: 5 * time.Minute, Cooldown: 5 * time.Minute}
			*p = p.WithDefaults()
			p.Limits.GrowthRatio = 4
		}
		f.start(len(k.read))
		for i := range k.read {
			f.list = append(f.list, &disk{capacity: 1000, demand: 500, service: 0.001, factor: 1})
			f.register(i)
		}
		k.pass(150)
		for range rapid.IntRange(3, 16).Draw(rt, "turns") {
			v := f.list[rapid.IntRange(0, len(f.list)-1).Draw(rt, "disk")]
			switch what := rapid.SampledFrom([]string{
				"demand", "demand", "demand", "own", "around", "silence", "reload", "kill", "refuse", "pause", "resume", "odd", "undo", "opinion",
			}).Draw(rt, "what"); what {
			case "demand":
				v.demand = rapid.SampledFrom([]float64{20, 150, 500, 800, 950, 1300, 2500, 1e4}).Draw(rt, "demand")
			case "own":
				v.own = 0.1 - v.own
			case "around":
				factor := 21 - v.factor
				for _, v := range f.list {
					v.factor = factor
				}
			case "silence":
				f.silent = !f.silent
			case "reload":
				f.restart()
			case "kill":
				f.start(len(f.list))
				for i := range f.list {
					f.register(i)
				}
			case "refuse":
				one := rapid.IntRange(1, 3).Draw(rt, "one of")
				f.refuse = func(*foreshock.Action) bool { return one > 1 && f.rng.IntN(one) == 0 }
			case "pause", "resume":
				f.p.Emit(&foreshock.Event{Time: f.now, Type: foreshock.EventPause, Pause: &foreshock.Pause{
					Scope:  rapid.SampledFrom([]string{"*", "policy/p", "workload/disk/0"}).Draw(rt, "scope"),
					Only:   rapid.SampledFrom([]string{"", "grow", "shrink"}).Draw(rt, "only"),
					Lifted: what == "resume",
				}})
			case "odd":
				for range 20 {
					k.odd(f.rng.IntN(len(f.list)), f.rng.IntN(1000))
				}
			case "undo":
				for i := len(f.events) - 1; i >= 0; i-- {
					if e := f.events[i]; e.Correction != nil && f.rng.IntN(3) == 0 {
						_ = f.p.Undo(t.Context(), e, "someone", "")
						break
					}
				}
			case "opinion":
				_ = f.p.Opine(t.Context(), foreshock.Opinion{Workload: "disk/0", Says: foreshock.FalseAlarm}, nil, "someone")
			}
			k.pass(rapid.IntRange(1, 120).Draw(rt, "steps"))
		}
		f.silent = false
		k.pass(60)
		for id, a := range k.done {
			if last, _ := f.ledger.Last("t", a.Resource); k.judged[id] == 0 && (last.Action.ID != id || f.now.Sub(last.Time) > time.Hour) {
				rt.Errorf("%s is never judged", id)
			}
		}
	})
}
