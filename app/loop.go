package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/pipeline"
	"github.com/foreshock-io/foreshock/simulate"
	"github.com/foreshock-io/foreshock/simulate/volume"
)

// LoopOptions say what is run in a closed loop.
type LoopOptions struct {
	Volume simulate.Volume
	// Event is called with everything that happens, the changes of actions included; nil: not called.
	Event func(*foreshock.Event)
	// Without leaves parts of the program out, to measure what they add.
	Without pipeline.Parts
	// Draws says which random draws are used, to measure how much is chance.
	Draws uint64
}

// Loop runs the stages of a configuration in a closed loop with one simulated volume, in virtual time and in the caller's goroutine. Only
// the clock, the source and the target are replaced; actions pass all states of the executor. The same samples give the same actions.
type Loop struct {
	target   *volume.Volume
	line     *pipeline.Pipeline
	executor *act.Executor
	drops    *ingest.Drops
	handle   ingest.Handle
	readings []ingest.Reading
	phase    time.Duration // of the volume's steps against those of the pipeline, which end at multiples of their length
	now      time.Time
	seq      uint64
}

// loopTarget is the name of the simulated volume among the targets.
const loopTarget = "simulated"

// NewLoop makes a loop of the stages of c. Of its policies the first that names the volume decides, in mode auto and on the simulated volume;
// without any, a policy of defaults does that may reduce.
func NewLoop(c config.Config, o LoopOptions) (*Loop, error) {
	c.Sources = nil
	p, err := build(c, slog.New(slog.DiscardHandler))
	if err != nil {
		return nil, err
	}
	policy, err := loopPolicy(c, o.Volume)
	if err != nil {
		return nil, err
	}
	start := o.Volume.Start
	l := &Loop{drops: p.drops, phase: start.Sub(start.Truncate(o.Volume.Step)), now: start.Truncate(o.Volume.Step)}
	l.target = volume.New(loopTarget, o.Volume, foreshock.DimIOPS)
	ledger := act.NewLedger()
	tell := o.Event
	if tell == nil {
		tell = func(*foreshock.Event) {}
	}
	l.executor = act.New(act.Options{
		Config: p.executor, Guards: guards([]decide.Policy{policy}, func(a *foreshock.Action, now time.Time) decide.Counts { return l.line.Before(a, now) }), Targets: map[string]act.Target{loopTarget: l.target}, Ledger: ledger, Now: func() time.Time { return l.now },
		Recorder: act.RecorderFunc(l.record), Notify: func(e *foreshock.Event) { tell(e); l.line.ActionChanged(e) },
	})
	p.chooser = p.chooser.Unhurried()
	p.policies = []decide.Policy{policy}
	stages := p.stages()
	stages.Executor, stages.Ledger, stages.Profiles = l.executor, ledger, nil
	l.line = pipeline.New(stages, pipeline.Options{
		Log: slog.New(slog.DiscardHandler), Step: o.Volume.Step, Most: 1, Forecasts: 1, Virtual: true, Drops: p.drops, Event: tell, Without: o.Without, Draws: o.Draws,
	})
	l.target.See(l.clock(start), simulate.Sample{
		Time: start.Unix(), NextAction: start.Unix(), Provisioned: o.Volume.Provisioned, Effective: o.Volume.Provisioned,
	})
	l.handle, err = l.line.Register(o.Volume.ID, ingest.About{Source: "simulate", Step: o.Volume.Step})
	return l, err
}

// loopPolicy is what decides for the volume; its defaults are those of a policy with the volume's objective.
func loopPolicy(c config.Config, v simulate.Volume) (decide.Policy, error) {
	policy := decide.Unset()
	policy.Name, policy.Match, policy.Reduce.Allowed = "simulate", []string{"**"}, true
	if len(c.Policies) > 0 {
		found := false
		for _, n := range c.Policies {
			written, err := stated(n)
			if err != nil {
				return policy, err
			}
			if found = written.Matches(v.ID); found {
				policy = written
				break
			}
		}
		if !found {
			return policy, fmt.Errorf("%s: no policy names the workload %s; add it to a policy's match", c.File(), v.ID)
		}
	}
	if _, bound := policy.Bounds[foreshock.DimIOPS]; !bound {
		policy.Bounds = map[foreshock.Dimension]decide.Bounds{foreshock.DimIOPS: {}}
	}
	policy.Target, policy.Mode = loopTarget, foreshock.Auto
	if v.Provider.ApplyDelay > 0 {
		policy.LeadTime = v.Provider.ApplyDelay
	}
	if v.MaxLatency > 0 {
		policy.MaxLatency = v.MaxLatency
	}
	if v.LateWeight > 0 && v.Utilisation > 0 {
		policy.Objective = decide.Costs{UnitHour: 1, LateSecond: v.LateWeight / time.Hour.Seconds(), Utilisation: v.Utilisation}
	}
	policy = policy.WithDefaults()
	return policy, errors.Join(policy.Check()...)
}

// record is the loop's journal, which numbers its events and keeps none.
func (l *Loop) record(_ context.Context, events ...*foreshock.Event) error {
	for _, e := range events {
		l.seq++
		e.Seq = l.seq
	}
	return nil
}

// clock is a time of the volume as the pipeline's, whose steps end at multiples of their length.
func (l *Loop) clock(t time.Time) time.Time { return t.Add(-l.phase) }

// errNotLater is of a sample that is passed over: live, a source's would be dropped.
var errNotLater = errors.New("not later than the one before it; send samples in order of time")

// Answer takes in what was read of a step and gives the amounts that are asked for, in their order. Samples come in order of time.
func (l *Loop) Answer(s simulate.Sample) ([]float64, error) {
	ctx := context.Background()
	at := l.clock(time.Unix(s.Time, 0).UTC())
	if !at.After(l.now) {
		return nil, fmt.Errorf("a sample of %d is %w", s.Time, errNotLater)
	}
	l.now = at
	l.target.See(at, s)
	l.executor.Drive(ctx) // what became of the last actions
	if err := l.line.Push(ctx, l.read(s, at)); err != nil {
		return nil, err
	}
	if err := l.line.Advance(ctx, at.Add(time.Millisecond)); err != nil { // past the step's end: it is complete
		return nil, err
	}
	l.executor.Drive(ctx) // what was decided
	return l.target.Take(), nil
}

// Dropped are the readings that were not taken.
func (l *Loop) Dropped() []ingest.Dropped { return l.drops.List() }

// read gives a sample as readings. What works is what is allocated, as far as the workload can feel.
func (l *Loop) read(s simulate.Sample, at time.Time) []ingest.Reading {
	l.readings = l.readings[:0]
	if s.Missing {
		return nil
	}
	add := func(f ingest.Field, x float64) {
		if !math.IsNaN(x) {
			l.readings = append(l.readings, ingest.Reading{Value: x, Time: at.UnixMilli(), Handle: l.handle, Field: f})
		}
	}
	add(ingest.Latency, s.Latency/1000)
	add(ingest.Throughput, s.Throughput)
	add(ingest.IOPS, s.IOPS)
	add(ingest.QueueDepth, s.QueueDepth)
	if len(l.readings) > 0 {
		add(ingest.AllocatedAt+ingest.Field(foreshock.DimIOPS), s.Effective)
	}
	return l.readings
}
