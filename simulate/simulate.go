// Package simulate is a storage volume that queues, in virtual time: a plant whose capacity an autoscaler changes while recorded
// demand drives it, with a provider's delays, budgets and billing, and scores of what came of it.
//
// The model is a fluid queue on steps of one minute. An I/O takes 1 ms on an idle volume and, by the M/M/1 relation, 1 ms/(1-ρ) at a
// utilisation ρ; what cannot be served waits, at most 30 s. The objective is a mean latency of at most 10 ms, which a utilisation of 0.9 meets.
package simulate

import (
	"math"
	"time"
)

const (
	// Step is the length of a step of the model.
	Step = time.Minute
	// BaseLatency is that of an idle volume, in milliseconds.
	BaseLatency = 1.0
	// Objective is what the mean latency of a step must not exceed, in milliseconds.
	Objective = 10.0
	// Utilisation is the highest at which the objective is met.
	Utilisation = 1 - BaseLatency/Objective
	// LateWeight is what an I/O that is late costs, in units of the capacity that would have served it in time.
	LateWeight = 20.0

	stepSeconds = 60
	timeout     = 30.0 // seconds that an I/O waits at most
)

// Need is the capacity, in I/O per second, that serves a demand within the objective.
func Need(demand float64) float64 { return demand / Utilisation }

// queue is the volume's backlog.
type queue struct{ backlog float64 } // I/Os

// flow is what a step of the queue comes to.
type flow struct {
	served, lost, latency, depth float64 // I/O per second, I/Os, milliseconds, requests
}

// run takes one step with a demand and a capacity, both in I/O per second.
func (q *queue) run(demand, capacity float64) flow {
	before, arrived, room := q.backlog, q.backlog+demand*stepSeconds, capacity*stepSeconds
	var f flow
	var waiting float64 // mean backlog over the step
	if arrived <= room {
		f.served, q.backlog = arrived, 0
		if before > 0 {
			waiting = before * (before / (capacity - demand)) / (2 * stepSeconds)
		}
	} else {
		f.served, q.backlog = room, arrived-room
		waiting = (before + q.backlog) / 2
		if most := timeout * capacity; q.backlog > most {
			f.lost, q.backlog = q.backlog-most, most
			waiting = min(waiting, most)
		}
	}
	f.latency = 100
	if busy := f.served / room; busy < 0.99 {
		f.latency = BaseLatency / (1 - busy)
	}
	f.latency += 1000 * waiting / capacity
	f.served /= stepSeconds
	f.depth = f.served * f.latency / 1000
	return f
}

// Sample is what is read of the volume at the end of a step. Its form is that of the line protocol.
type Sample struct {
	Time        int64   // end of the step, Unix seconds
	Missing     bool    // nothing was measured; the readings are NaN
	Provisioned float64 // what was asked for and is billed, in the provider's unit
	Effective   float64 // what worked during the step
	NextAction  int64   // the earliest time at which a change will be accepted, Unix seconds; 0: not told
	Latency     float64 // mean, milliseconds
	Throughput  float64 // bytes per second
	IOPS        float64 // served, per second
	QueueDepth  float64 // mean, requests
}

// Plant is one volume under one provider, driven by a trace.
type Plant struct {
	Provider Provider
	Trace    *Trace
	Steps    []StepRecord // that were run
	Accepted []Change
	Rejected int
	// Initial is what was provisioned before the first step.
	Initial float64

	provisioned float64
	queue       queue
	budget      budget
}

// StepRecord is what happened in a step; Demand is what was offered, in I/O per second.
type StepRecord struct {
	Start, Demand, Billed, Effective, Served float64
	Latency, Depth, Backlog, Lost            float64
	Missing                                  bool
}

// Change is an accepted action; Time is the end of the step from which it arose, Unix seconds.
type Change struct {
	Time     int64
	From, To float64
}

// NewPlant is a volume with what the provider gives for 1.25 times the highest need of the trace's first hour.
func NewPlant(t *Trace, p Provider) *Plant {
	var most float64
	for _, demand := range t.Demand[:min(60, len(t.Demand))] {
		most = max(most, Need(demand))
	}
	initial := p.Fit(1.25 * most)
	return &Plant{Provider: p, Trace: t, Initial: initial, provisioned: initial, budget: budget{provider: p}}
}

// Provisioned is what is asked for and billed now.
func (v *Plant) Provisioned() float64 { return v.provisioned }

// Time is the end of the last step, or the start of the first.
func (v *Plant) Time() int64 { return v.Trace.Start + int64(len(v.Steps))*stepSeconds }

// Done says whether the trace has ended.
func (v *Plant) Done() bool { return len(v.Steps) >= len(v.Trace.Demand) }

// Next runs one step.
func (v *Plant) Next() Sample {
	i := len(v.Steps)
	demand := v.Trace.Demand[i]
	effective := v.provisioned
	for back := 1; back <= delaySteps(v.Provider); back++ {
		if i-back >= 0 {
			effective = min(effective, v.Steps[i-back].Billed)
		} else {
			effective = min(effective, v.Initial)
		}
	}
	f := v.queue.run(demand, effective)
	v.Steps = append(v.Steps, StepRecord{
		Start: float64(v.Time()), Demand: demand, Billed: v.provisioned, Effective: effective, Served: f.served,
		Latency: f.latency, Depth: f.depth, Backlog: v.queue.backlog, Lost: f.lost, Missing: v.Trace.Missing[i],
	})
	s := Sample{
		Time: v.Time(), Missing: v.Trace.Missing[i], Provisioned: v.provisioned, Effective: effective, NextAction: v.budget.next(v.Time()),
		Latency: f.latency, IOPS: f.served, QueueDepth: f.depth,
	}
	if demand > 0 {
		s.Throughput = v.Trace.Bytes[i] * f.served / demand
	}
	if s.Missing {
		s.Latency, s.IOPS, s.QueueDepth, s.Throughput = math.NaN(), math.NaN(), math.NaN(), math.NaN()
	}
	return s
}

// Status is what came of an action.
type Status string

// What comes of an action.
const (
	Accepted Status = "accepted"
	Rejected Status = "rejected" // the provider allows no change yet
	NoOp     Status = "noop"     // it is there already
)

// Result is what the provider answers to an action; times in Unix seconds.
type Result struct {
	Time        int64
	Requested   float64
	Provisioned float64 // now
	Status      Status
	Effective   int64 // when it works: a rise after the delay
}

// Act asks for an amount, which the provider rounds up to its multiples and clips. It holds from the next step on.
func (v *Plant) Act(want float64) Result {
	now := v.Time()
	r := Result{Time: now, Requested: want, Provisioned: v.provisioned, Effective: now}
	to := v.Provider.Fit(want)
	switch {
	case math.IsNaN(want) || to == v.provisioned:
		r.Status = NoOp
	case now < v.budget.next(now):
		r.Status = Rejected
		v.Rejected++
	default:
		v.Accepted = append(v.Accepted, Change{now, v.provisioned, to})
		if to > v.provisioned {
			r.Effective += int64(delaySteps(v.Provider)) * stepSeconds
		}
		v.budget.spend(now)
		v.provisioned, r.Provisioned, r.Status = to, to, Accepted
	}
	return r
}
