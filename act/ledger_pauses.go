package act

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
)

// The scopes of pauses.
const (
	pauseAll      = "*"
	pausePolicy   = "policy/"
	pauseWorkload = "workload/"
)

// pauseKey is what makes a pause another one: a second with the same key takes the place of the first.
type pauseKey struct {
	scope, only string
	stopAll     bool
}

func keyOf(p *foreshock.Pause) pauseKey { return pauseKey{p.Scope, p.Only, p.StopAll} }

type pause struct {
	foreshock.Pause
	actor string
	since time.Time
}

func (p *pause) active(now time.Time) bool { return p.Until.IsZero() || now.Before(p.Until) }

func (p *pause) String() string {
	text := p.Text()
	if text == pauseAll {
		text = "everything"
	}
	text += " since " + p.since.UTC().Format(time.RFC3339)
	if p.actor != "" {
		text += " by " + p.actor
	}
	text += p.Ends()
	if p.Reason != "" {
		text += fmt.Sprintf(" (%s)", p.Reason)
	}
	return text
}

// unhelpful is an action that did not help.
type unhelpful struct {
	policy   string
	workload foreshock.ID
}

// mostUnhelpful bounds what is remembered of a row of actions that did not help.
const mostUnhelpful = 10_000

func (l *Ledger) unhelped(v *foreshock.Evaluation) {
	u := unhelpful{workload: v.Workload}
	if e := l.actions[v.Action]; e != nil {
		u = unhelpful{e.change.Action.Policy, e.change.Action.Workload}
	}
	if len(l.notHelped) < mostUnhelpful {
		l.notHelped = append(l.notHelped, u)
	}
}

// inScope says whether a scope takes in a workload under a policy.
func inScope(scope, policy string, workload foreshock.ID) bool {
	return scope == pauseAll || scope == pausePolicy+policy || scope == pauseWorkload+string(workload)
}

// lifts says whether lifting p ends the pause with this key.
func lifts(p *foreshock.Pause, k pauseKey) bool {
	return k.scope == p.Scope && k.stopAll == p.StopAll && (p.Only == "" || k.only == p.Only)
}

// looked says whether lifting p tells that somebody has looked at an action that did not help.
func looked(p *foreshock.Pause, u unhelpful) bool {
	return p.Only == "" && !p.StopAll && inScope(p.Scope, u.policy, u.workload)
}

// paused takes a pause in, or out. Resuming also takes the scope's actions out of those that did not help: somebody has looked.
func (l *Ledger) paused(e *foreshock.Event) {
	p := e.Pause
	if !p.Lifted {
		l.pauses[keyOf(p)] = pause{*p, e.Actor, e.Time}
		return
	}
	maps.DeleteFunc(l.pauses, func(k pauseKey, _ pause) bool { return lifts(p, k) })
	l.notHelped = slices.DeleteFunc(l.notHelped, func(u unhelpful) bool { return looked(p, u) })
}

// Lifts says whether lifting p would change anything: it ends a pause that is active, or lets go on after actions that did not help.
func (l *Ledger) Lifts(p foreshock.Pause, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	for k, active := range l.pauses {
		if lifts(&p, k) && active.active(now) {
			return true
		}
	}
	return slices.ContainsFunc(l.notHelped, func(u unhelpful) bool { return looked(&p, u) })
}

// Paused says why nothing may be done in a direction, Grow or Shrink, for a workload under a policy, or "".
func (l *Ledger) Paused(policy string, workload foreshock.ID, kind foreshock.Kind, now time.Time) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, key := range []pauseKey{
		{scope: pauseAll, stopAll: true},
		{scope: pauseAll},
		{scope: pauseAll, only: kind.String()},
		{scope: pausePolicy + policy},
		{scope: pausePolicy + policy, only: kind.String()},
		{scope: pauseWorkload + string(workload)},
		{scope: pauseWorkload + string(workload), only: kind.String()},
	} {
		if p, known := l.pauses[key]; known && p.active(now) {
			return p.String()
		}
	}
	return ""
}

// Stopped says by whom and why everything was stopped by the kill switch, or "".
func (l *Ledger) Stopped() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p, known := l.pauses[pauseKey{scope: pauseAll, stopAll: true}]; known {
		return p.String()
	}
	return ""
}

// Pauses lists the pauses that are active, the kill switch first, then by scope and direction.
func (l *Ledger) Pauses(now time.Time) []foreshock.Pause {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := []foreshock.Pause{}
	for _, p := range l.pauses {
		if p.active(now) {
			list = append(list, p.Pause)
		}
	}
	slices.SortFunc(list, func(a, b foreshock.Pause) int {
		switch {
		case a.StopAll != b.StopAll && a.StopAll:
			return -1
		case a.StopAll != b.StopAll:
			return 1
		}
		return cmp.Or(cmp.Compare(a.Scope, b.Scope), cmp.Compare(a.Only, b.Only))
	})
	return list
}
