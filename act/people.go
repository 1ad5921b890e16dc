package act

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Approve lets a proposed action begin.
func (e *Executor) Approve(ctx context.Context, id, actor string) error {
	return e.byHand(ctx, id, "approve", func(j *job) error {
		if j.state != foreshock.Proposed || j.isNew {
			return conflict("approve", j.action.ID, j.state)
		}
		if e.expired(j) {
			return conflict("approve", id, foreshock.Expired)
		}
		if !e.move(j, change{state: foreshock.Decided, note: "approved", actor: actor}) {
			return notRecorded("approve", id)
		}
		return nil
	})
}

// Refuse stops an action for which the provider was not asked yet.
func (e *Executor) Refuse(ctx context.Context, id, actor, why string) error {
	return e.byHand(ctx, id, "refuse", func(j *job) error {
		if j.state >= foreshock.Called {
			return conflict("refuse", id, j.state)
		}
		if why == "" {
			why = "refused by " + actor
		}
		if !e.stop(j, foreshock.Refused, why, actor) {
			return notRecorded("refuse", id)
		}
		return nil
	})
}

// Settle says for a parked action whether it is in effect.
func (e *Executor) Settle(ctx context.Context, id, actor string, inEffect bool, why string) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.settling.Lock()
	defer e.settling.Unlock()
	c, _, known := e.Ledger.Action(id)
	switch {
	case !known:
		return fmt.Errorf("settle action %s: %w; foreshock actions lists what there is", id, ErrNotFound)
	case c.State != foreshock.Parked:
		return conflict("settle", id, c.State)
	}
	outcome := change{state: foreshock.Failed, note: why, actor: actor, observed: c.Observed}
	if inEffect {
		outcome.state = foreshock.Done
	}
	if why == "" {
		outcome.note = "settled by " + actor
	}
	if !e.move(&job{action: c.Action, state: c.State}, outcome) {
		return notRecorded("settle", id)
	}
	return nil
}

// byHand lets a person move an action.
func (e *Executor) byHand(ctx context.Context, id, what string, f func(*job) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	e.mu.Lock()
	j, asked := e.jobs[id], e.calls[id] != nil
	e.mu.Unlock()
	if asked {
		return conflict(what, id, foreshock.Called)
	}
	if j == nil {
		if c, _, known := e.Ledger.Action(id); known {
			return conflict(what, id, c.State)
		}
		return fmt.Errorf("%s action %s: %w; foreshock actions lists what there is", what, id, ErrNotFound)
	}
	j.moving.Lock()
	err := f(j)
	j.moving.Unlock()
	e.mu.Lock()
	j.due, j.again = e.Now(), true
	e.mu.Unlock()
	e.kick()
	return err
}

func conflict(what, id string, state foreshock.ActionState) error {
	return fmt.Errorf("%s action %s: %w: it is %s", what, id, ErrConflict, state)
}

func notRecorded(what, id string) error {
	return fmt.Errorf("%s action %s: the journal takes nothing; see the log", what, id)
}

// Pause stops actions, or with Lifted lets them go on. A pause is in effect at once, and no call to a provider begins after Pause has
// returned; calls under way are waited for, a second at the most. When the error is not nil a pause is in
// effect all the same, but only until the program ends; a pause is lifted only when that is recorded. Lifting what is neither paused nor
// stopped for actions that did not help is ErrNotFound.
func (e *Executor) Pause(ctx context.Context, p foreshock.Pause, actor string) error {
	ev := &foreshock.Event{Time: e.Now().UTC(), Type: foreshock.EventPause, Actor: actor, Pause: &p}
	switch {
	case p.Lifted && !e.Ledger.Lifts(p, e.Now()):
		return fmt.Errorf("resume %s: %w: nothing of it is paused%s", p.Text(), ErrNotFound, e.instead())
	case !p.Lifted:
		e.mu.Lock()
		e.Ledger.Apply(ev)
		e.mu.Unlock()
	}
	err := e.Recorder.Append(context.WithoutCancel(ctx), ev)
	e.setSick(err)
	if err != nil {
		if p.Lifted {
			return fmt.Errorf("resume %s: not recorded, the pause holds: %w", p.Text(), err)
		}
		return fmt.Errorf("pause %s: in effect, but not recorded: it ends with the program: %w", p.Text(), err)
	}
	switch {
	case p.Lifted:
		e.Ledger.Apply(ev)
	case p.StopAll:
		e.reconsider()
		fallthrough
	default:
		e.awaitCalls(&p)
	}
	e.Log.Info("pause", "scope", p.Text(), "lifted", p.Lifted, "actor", actor, "reason", p.Reason)
	if e.Notify != nil {
		e.Notify(ev)
	}
	return nil
}

// instead tells what can be resumed.
func (e *Executor) instead() string {
	list := e.Ledger.Pauses(e.Now())
	if len(list) == 0 {
		return ""
	}
	var names []string
	for _, p := range list {
		names = append(names, p.Text())
	}
	return "; there is: " + strings.Join(names, ", ")
}

// reconsider has all actions looked at again.
func (e *Executor) reconsider() {
	e.mu.Lock()
	for _, j := range e.jobs {
		j.due, j.again = e.Now(), true
	}
	e.mu.Unlock()
	e.kick()
}

// awaitCalls waits until the calls under way that a pause is about have come back.
func (e *Executor) awaitCalls(p *foreshock.Pause) {
	e.mu.Lock()
	var calls []chan struct{}
	for id, a := range e.callsFor {
		if inScope(p.Scope, a.Policy, a.Workload) && (p.Only == "" || p.Only == a.Direction().String()) {
			calls = append(calls, e.calls[id])
		}
	}
	e.mu.Unlock()
	enough := time.After(time.Second)
	for _, done := range calls {
		select {
		case <-done:
		case <-enough:
			return
		}
	}
}
