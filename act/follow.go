package act

import (
	"context"
	"fmt"
	"time"

	"github.com/foreshock-io/foreshock"
)

// follow reads how far a change is that the provider was asked for, and concludes when that can be told.
func (e *Executor) follow(ctx context.Context, j *job) time.Duration {
	target, known := e.Targets[j.action.Target]
	if !known {
		return e.conclude(j, foreshock.Parked, Progress{Note: fmt.Sprintf("no target is called %q: what came of it cannot be read", j.action.Target)})
	}
	e.point("following")
	p, err := target.Follow(ctx, j.action)
	e.point("followed")
	j.reads++
	waited := e.Now().Sub(j.called)
	switch {
	case err != nil:
		return e.unreadable(j, waited, err)
	case p.Done:
		return e.conclude(j, foreshock.Done, p)
	case p.Failed:
		return e.conclude(j, foreshock.Failed, p)
	case p.UnderWay && waited >= e.Config.Patience:
		p.Note = fmt.Sprintf("still under way after %s. %s", waited.Round(time.Second), p.Note)
		return e.conclude(j, foreshock.Parked, p)
	case p.UnderWay:
		return e.later(j, e.Config.Patience-waited)
	case waited < e.Config.Settle:
		return e.later(j, e.Config.Settle-waited)
	}
	return e.unseen(j, target, p, waited)
}

// unseen concludes on a change of which nothing is to be seen.
func (e *Executor) unseen(j *job, target Target, p Progress, waited time.Duration) time.Duration {
	said := "the provider's answer is not known"
	if j.state == foreshock.Answered {
		said = "the provider had accepted"
	}
	switch {
	case p.Observed.Covers(j.action.To):
		return e.conclude(j, foreshock.Done, p)
	case !p.Observed.Covers(before(&j.action)):
		p.Note = fmt.Sprintf("%s, and the resource has %s: neither what it had nor what was asked for", said, p.Observed)
		return e.conclude(j, foreshock.Parked, p)
	case conclusive(target):
		p.Note = fmt.Sprintf("not in effect %s after the call", waited.Round(time.Second))
		return e.conclude(j, foreshock.Failed, p)
	}
	p.Note = fmt.Sprintf("%s, and nothing is to be seen of the change after %s; it may yet come", said, waited.Round(time.Second))
	return e.conclude(j, foreshock.Parked, p)
}

// before gives what there was of the dimensions that an action changes.
func before(a *foreshock.Action) foreshock.Allocation {
	var b foreshock.Allocation
	for _, d := range a.To.Dimensions() {
		if x, known := a.From.Get(d); known {
			b.Set(d, x)
		}
	}
	return b
}

// unreadable goes on asking a provider that does not say how far it is, until it is too long.
func (e *Executor) unreadable(j *job, waited time.Duration, err error) time.Duration {
	bound := 2 * e.Config.Settle
	if j.state == foreshock.Answered {
		bound = e.Config.Patience
	}
	e.Log.Warn("follow action", "action", j.action.ID, "workload", j.action.Workload, "target", j.action.Target, "err", err)
	if waited < bound || j.reads < 2 {
		return e.later(j, bound-waited)
	}
	return e.conclude(j, foreshock.Parked, Progress{Note: "what came of it cannot be read: " + err.Error()})
}

// later is how long to wait before progress is read again: ever longer, but not past what is left.
func (e *Executor) later(j *job, left time.Duration) time.Duration {
	wait := e.Config.FollowEvery
	for range min(j.reads-1, 60) {
		if wait = wait * 3 / 2; wait >= e.Config.FollowAtMost {
			wait = e.Config.FollowAtMost
			break
		}
	}
	if left > 0 && left < wait {
		return left
	}
	return wait
}

// conclude records what was read and what it means.
func (e *Executor) conclude(j *job, outcome foreshock.ActionState, p Progress) time.Duration {
	if !p.Observed.Empty() && j.state != foreshock.Observed {
		if !e.move(j, change{state: foreshock.Observed, observed: p.Observed}) {
			return e.later(j, 0)
		}
		e.point("observed")
	}
	if p.Since.Before(j.called) { // it cannot be
		p.Since = time.Time{}
	}
	if most := e.Now().Add(e.Config.Patience); p.Works.After(most) {
		p.Works = most
	}
	e.point("concluding")
	if !e.move(j, change{state: outcome, note: p.Note, observed: p.Observed, completed: p.Since, effective: p.Works}) {
		return e.later(j, 0)
	}
	e.point("concluded")
	return 0
}
