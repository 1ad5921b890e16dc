package act

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/foreshock-io/foreshock"
)

// steps is the state machine: what is done with an action in each state. A step moves the action on and answers 0, or says how long to
// wait. Proposed → Decided is a person's; terminal states have no step.
//
//	proposed → decided → intent → fenced → called → answered | unknown → observed → done | failed | parked
//	    any before called → refused | expired
var steps = map[foreshock.ActionState]func(*Executor, context.Context, *job) time.Duration{
	foreshock.Proposed: (*Executor).await,
	foreshock.Decided:  (*Executor).intend,
	foreshock.Intent:   (*Executor).look,
	foreshock.Fenced:   (*Executor).call,
	foreshock.Called:   (*Executor).doubt,
	foreshock.Answered: (*Executor).follow,
	foreshock.Unknown:  (*Executor).follow,
	foreshock.Observed: (*Executor).follow,
}

// FailPoints are the boundaries at which Options.FailPoint is called, in the order in which an action passes them.
var FailPoints = []string{
	"submitted",  // nothing is recorded
	"decided",    // recorded
	"intending",  // about to record the intent
	"intent",     // recorded
	"read",       // the resource was read again
	"fenced",     // recorded
	"calling",    // about to record that the provider is asked
	"called",     // recorded; the provider is not asked yet
	"applied",    // the provider has answered, or not; nothing of it is recorded
	"answered",   // what it said is recorded
	"following",  // about to read the progress
	"followed",   // read
	"observed",   // recorded
	"concluding", // about to record the outcome
	"concluded",  // recorded
}

// await waits for a person, until the proposal is too old.
func (e *Executor) await(_ context.Context, j *job) time.Duration {
	if j.isNew && !e.introduce(j) {
		return 0
	}
	if e.expired(j) || e.stopped(j) {
		return 0
	}
	if j.action.Expires.IsZero() {
		return forever
	}
	return max(j.action.Expires.Sub(e.Now()), time.Millisecond)
}

// introduce records the state with which an action comes.
func (e *Executor) introduce(j *job) bool {
	e.point("submitted")
	if !e.move(j, change{state: j.state}) {
		return false
	}
	j.isNew = false
	e.point("decided")
	return true
}

// expired ends an action that is too old to begin.
func (e *Executor) expired(j *job) bool {
	if j.action.Expires.IsZero() || e.Now().Before(j.action.Expires) {
		return false
	}
	e.stop(j, foreshock.Expired, "not begun by "+j.action.Expires.UTC().Format(time.RFC3339), "")
	return true
}

// stopped ends an action that has not begun when everything was stopped; one that has meets that at the last look.
func (e *Executor) stopped(j *job) bool {
	why := e.Ledger.Stopped()
	if why != "" {
		e.stop(j, foreshock.Refused, why, "")
	}
	return why != ""
}

// intend records that the action is going to be done, when the target may be asked again.
func (e *Executor) intend(_ context.Context, j *job) time.Duration {
	if j.isNew && !e.introduce(j) {
		return 0
	}
	if e.expired(j) || e.stopped(j) {
		return 0
	}
	if wait := e.takeTurn(j.action.Target); wait > 0 {
		return wait
	}
	e.point("intending")
	if e.move(j, change{state: foreshock.Intent}) {
		e.point("intent")
	}
	return 0
}

// takeTurn says how long the target wants to be left alone.
func (e *Executor) takeTurn(target string) time.Duration {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.paceOf(target).take(e.Now(), e.Config)
}

// paceOf gives a target's pace. The caller holds mu.
func (e *Executor) paceOf(target string) *pace {
	p := e.paces[target]
	if p == nil {
		p = &pace{}
		e.paces[target] = p
	}
	return p
}

// look takes the last look.
func (e *Executor) look(ctx context.Context, j *job) time.Duration {
	if e.expired(j) {
		return 0
	}
	if why := e.objection(ctx, j); why != "" {
		e.stop(j, foreshock.Refused, why, "")
		return 0
	}
	if e.expired(j) { // the look may have taken long
		return 0
	}
	if e.move(j, change{state: foreshock.Fenced}) {
		j.looked = true
		e.point("fenced")
	}
	return 0
}

// call asks the provider, once. That it is asked is on the disk before.
func (e *Executor) call(ctx context.Context, j *job) time.Duration {
	if !j.looked { // by another process, some time ago
		j.state = foreshock.Intent
		return 0
	}
	target, known := e.Targets[j.action.Target]
	if !known {
		e.stop(j, foreshock.Refused, fmt.Sprintf("no target is called %q", j.action.Target), "")
		return 0
	}
	e.point("calling")
	if !e.move(j, change{state: foreshock.Called}) {
		return 0
	}
	j.called = j.since
	e.point("called")
	answered, why := e.begin(&j.action)
	if why != "" {
		e.stop(j, foreshock.Refused, why+"; the provider was not asked", "")
		return 0
	}
	err := target.Apply(ctx, j.action)
	answered()
	e.point("applied")
	e.hear(j, err)
	e.point("answered")
	return 0
}

// begin opens the gate to the provider, unless there is a pause. A pause that comes later waits for the call's end.
func (e *Executor) begin(a *foreshock.Action) (answered func(), why string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if why := e.Ledger.Paused(a.Policy, a.Workload, a.Direction(), e.Now()); why != "" {
		return nil, "paused: " + why
	}
	done := make(chan struct{})
	e.calls[a.ID], e.callsFor[a.ID] = done, a
	return func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		delete(e.calls, a.ID)
		delete(e.callsFor, a.ID)
		close(done)
	}, ""
}

// hear records what the provider said.
func (e *Executor) hear(j *job, err error) {
	e.mu.Lock()
	e.paceOf(j.action.Target).answered(e.Now(), err != nil, e.Config)
	e.mu.Unlock()
	switch {
	case err == nil:
		e.move(j, change{state: foreshock.Answered})
	case surelyNot(err):
		e.move(j, change{state: foreshock.Failed, note: err.Error()})
	default:
		e.move(j, change{state: foreshock.Unknown, note: err.Error()})
	}
}

// surelyNot says whether an error of Apply means that nothing is and will be in effect.
func surelyNot(err error) bool {
	for _, sure := range []error{ErrRefused, ErrThrottled, ErrDenied, ErrNotFound, ErrRule} {
		if errors.Is(err, sure) {
			return true
		}
	}
	return false
}

// doubt is for an action of which it is not known whether the provider was asked: the program ended just then, or what the provider said
// could not be recorded.
func (e *Executor) doubt(_ context.Context, j *job) time.Duration {
	if !e.move(j, change{state: foreshock.Unknown, note: "whether the provider was asked is not known; its state will tell"}) {
		return e.Config.FollowEvery
	}
	return 0
}

// change is a change of a job's state.
type change struct {
	state    foreshock.ActionState
	note     string
	actor    string
	observed foreshock.Allocation

	completed, effective time.Time
}

// move records a change; only when it is durable is it so. Where it cannot be recorded, an action whose provider was not asked ends there
// and then, in memory; any other stays as it is.
func (e *Executor) move(j *job, c change) bool {
	ev := event(e.Now(), &foreshock.ActionChange{
		Action: j.action, State: c.state, Note: c.note, Actor: c.actor, Observed: c.observed, Completed: c.completed, Effective: c.effective,
	})
	ev.Actor = c.actor
	err := e.Recorder.Append(context.Background(), ev)
	e.setSick(err)
	if err != nil {
		e.Log.Error("action not recorded", "action", j.action.ID, "workload", j.action.Workload, "state", c.state, "err", err)
		if j.state >= foreshock.Called {
			return false
		}
		ev.Change = &foreshock.ActionChange{Action: j.action, State: foreshock.Refused, Note: "it cannot be recorded: " + err.Error()}
	}
	j.state, j.since = ev.Change.State, e.Now()
	e.Ledger.Apply(ev)
	e.Log.Info("action", "action", j.action.ID, "workload", j.action.Workload, "target", j.action.Target, "state", j.state, "reason", ev.Change.Note)
	if e.Notify != nil {
		e.Notify(ev)
	}
	return err == nil
}

// stop ends an action for which the provider was not asked.
func (e *Executor) stop(j *job, state foreshock.ActionState, why, actor string) bool {
	e.point("concluding")
	ok := e.move(j, change{state: state, note: why, actor: actor})
	e.point("concluded")
	return ok
}

func (e *Executor) setSick(err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.sick = ""
	if err != nil {
		e.sick = err.Error()
	}
}
