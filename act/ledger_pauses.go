package act

import (
	"fmt"
	"sort"
	"time"

	"github.com/foreshock-io/foreshock"
)

// The scopes of pauses.
const (
	pauseAll      = "*"
	pausePolicy   = "policy/"
	pauseWorkload = "workload/"
)

type pause struct {
	foreshock.Pause
	actor string
	since time.Time
}

func (p *pause) active(now time.Time) bool { return p.Until.IsZero() || now.Before(p.Until) }

func (p *pause) String() string {
	text := "everything"
	if p.Scope != pauseAll {
		text = p.Scope
	}
	text += " since " + p.since.UTC().Format(time.RFC3339)
	if p.actor != "" {
		text += " by " + p.actor
	}
	if !p.Until.IsZero() {
		text += " until " + p.Until.UTC().Format(time.RFC3339)
	}
	if p.Reason != "" {
		text += fmt.Sprintf(" (%s)", p.Reason)
	}
	return text
}

// paused takes a pause in, or out. Resuming everything also clears the count of actions that did not help: somebody has looked.
func (l *Ledger) paused(e *foreshock.Event) {
	p := e.Pause
	if !p.Lifted {
		l.pauses[p.Scope] = pause{*p, e.Actor, e.Time}
		return
	}
	delete(l.pauses, p.Scope)
	if p.Scope == pauseAll {
		l.notHelped = 0
	}
}

// Paused says why nothing may be done for a workload under a policy, or "".
func (l *Ledger) Paused(policy string, workload foreshock.ID, now time.Time) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, scope := range []string{pauseAll, pausePolicy + policy, pauseWorkload + string(workload)} {
		if p, known := l.pauses[scope]; known && p.active(now) {
			return p.String()
		}
	}
	return ""
}

// Pauses lists the pauses that are active, by scope.
func (l *Ledger) Pauses(now time.Time) []foreshock.Pause {
	l.mu.Lock()
	defer l.mu.Unlock()
	list := []foreshock.Pause{}
	for _, p := range l.pauses {
		if p.active(now) {
			list = append(list, p.Pause)
		}
	}
	sort.Slice(list, func(i, k int) bool { return list[i].Scope < list[k].Scope })
	return list
}
