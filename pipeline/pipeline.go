// Package pipeline is the path of a sample: from a reading to a decision, an action and its verdict.
//
// This file shows the whole path: readings are folded to steps, observe takes a step through the stages that run at
// each step, decide through those that run when they are due. Workloads are sharded over owners, one goroutine each, so the state of a
// workload needs no lock; what takes long runs in the background, and its result comes back to the owner.
package pipeline

import (
	"context"
	"log/slog"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/detect"
	"github.com/foreshock-io/foreshock/forecast"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/profile"
	"github.com/foreshock-io/foreshock/store"
)

// Stages are the components that a sample passes, put together by package app. Nil members are left out:
// without a Planner nothing is asked, without an Executor nothing is done, without stores nothing is kept.
type Stages struct {
	Profile  profile.Config
	Detector *detect.Detector
	Forecast *forecast.Chooser
	Planner  capacity.Planner
	Policies []decide.Policy
	Executor Executor
	Ledger   *act.Ledger
	Profiles store.Profiles
	Journal  store.Journal
}

// Executor takes actions to their end; [act.Executor] does.
type Executor interface {
	Submit(a foreshock.Action) error
	Read(ctx context.Context, target, resource string) (foreshock.Resource, error)
}

// Options say how the pipeline runs.
type Options struct {
	Log       *slog.Logger
	Step      time.Duration // of workloads whose source states none
	Snapshot  time.Duration // how often changed profiles are saved
	Most      int           // workloads
	Forget    time.Duration // a workload that is not heard of for so long leaves; 0: none does
	Forecasts int           // workloads that are forecast, beside those that can be scaled
	Slowest   int           // operations kept per workload
	Recent    int           // bytes kept per workload of what was read lately, for charts; 0: none
	Owners    int           // 0: one per processor
	// Virtual runs everything in the caller's goroutine, in the order of the data and by their clock: the same data give the
	// same events. There is one owner, and background work is done when its result is due.
	Virtual bool
	// Scored is called for each step, by its owner, with what may not be kept. For measurements.
	Scored func(*foreshock.Step, *foreshock.Finding)
	// Without leaves parts out. For measurements.
	Without Parts
	// Draws says which random draws rehearsals use: what is measured of one sequence of draws may be chance.
	Draws uint64
	// Event is called with each event, in order, from one goroutine.
	Event func(*foreshock.Event)
	Drops *ingest.Drops
	Now   func() time.Time // nil: the time that it is; in virtual time the data say it
	// Latches outlive the pipeline; nil makes new ones.
	Latches *Latches
}

// Parts are parts of the program that can be left out, to find out what they add.
type Parts struct {
	Anomalies bool // the trial of rules hears nothing of what is unusual
	Planning  bool // of scarce changes: rules are tried as if the next change were always possible
	Feedback  bool // no action is judged, no verdict waited for, and nothing learned from what came of actions and forecasts
}

// observe takes one step of one workload through the stages that run at each step.
func (o *owner) observe(w *workload, step *foreshock.Step) {
	step.ID = w.id
	w.profile.Touch(step.Time)
	if !step.Time.After(w.profile.Updated()) {
		o.Drops.Add(w.about.Source, ingest.DropKnown, 1) // learned before a restart, and read again
		return
	}
	o.judgeQuality(w, step)                         // is it to be believed
	o.applyDue(w, step.Time)                        // what the background has found since
	allocated := o.allocation(w, step)              // what there is
	part := given(step, o.part(w, step, allocated)) // what of it there is for this workload
	use := profile.Demand(&part, w.profile)

	found := &o.finding
	o.score(found, w.profile, step)                          // how far from normal
	changes := o.Detector.Track(w.profile, found, step)      // does an anomaly begin, change, end
	profile.Learn(w.profile, &part, found, &use, &o.Profile) // what is normal now

	w.asked = o.asked(w, step.Time, use.Demand) // of what there is, by all who share it
	w.remember(step, found, &use)
	w.member.record(step, w.asked, allocated)    // for others like it, when an action on them is judged
	o.see(w, step, found, use.Demand, allocated) // for those who look
	o.report(w, step, found, &changes)
	o.rehearse(w, step, found) // what would have cost least
	o.followUp(w, step)        // what came after what would have been done
	o.schedule(w, step.Time)   // seasons and forecasts, in the background
	if !step.Time.Before(w.judgeAt) {
		o.judge(w, step.Time)
	}
	if !step.Time.Before(w.decideAt) {
		o.decide(w, step.Time)
	}
}

// decide takes one workload through the stages that run when they are due.
func (o *owner) decide(w *workload, now time.Time) {
	state := o.state(w, now)
	decision := decide.Decide(state) // what to do about it
	w.decided(&decision, now)
	if decision.Reserve && o.Planner != nil {
		o.reserve(w, &decision, now) // the decision comes again with the answer
		return
	}
	w.grant = nil
	if decision.Waits {
		o.turns.wait(w, &state)
	} else {
		o.turns.done(w.id)
	}
	if w.told.News(&decision) {
		o.emit(now, &foreshock.Event{Type: foreshock.EventDecision, Decision: &decision})
	}
	o.tryOut(w, &decision, now)
	if decision.Action != nil && o.Executor != nil {
		o.submit(w, *decision.Action, now)
	}
}
