package app

import (
	"fmt"
	"strings"
	"sync"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/kube/policies"
)

// deeds is what was done under each policy: the last decision that was more than to do nothing, and what is to be told of actions.
type deeds struct {
	mu        sync.Mutex // guards what follows
	decisions map[string]policies.Decision
	waiting   map[string][]policies.Event
	count     int // in waiting
}

// mostWaiting is how many events wait to be told at most. Those that come when so many wait are in the journal alone.
const mostWaiting = 256

// take takes in what happened.
func (d *deeds) take(e *foreshock.Event) {
	d.decided(e)
	d.acted(e)
}

// decided takes a decision; any other event is nothing to it.
func (d *deeds) decided(e *foreshock.Event) {
	if e.Decision == nil || e.Decision.Policy == "" || e.Decision.Kind < foreshock.Grow {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.decisions == nil {
		d.decisions = map[string]policies.Decision{}
	}
	d.decisions[e.Decision.Policy] = policies.Decision{
		Time: e.Time, Workload: string(e.Decision.Workload), Kind: e.Decision.Kind.String(), Text: e.Decision.Text(),
	}
}

// acted takes a change of an action's state that people want to know of.
func (d *deeds) acted(e *foreshock.Event) {
	if e.Change == nil || e.Change.State != foreshock.Proposed && !e.Change.State.Terminal() {
		return
	}
	a, state := &e.Change.Action, e.Change.State
	why := e.Change.Note
	if why == "" && len(a.Reasons) > 0 {
		why = a.Reasons[0].Text
	}
	name := state.String()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.count >= mostWaiting {
		return
	}
	if d.waiting == nil {
		d.waiting = map[string][]policies.Event{}
	}
	d.count++
	d.waiting[a.Policy] = append(d.waiting[a.Policy], policies.Event{
		Reason: strings.ToUpper(name[:1]) + name[1:], Warning: state == foreshock.Failed || state == foreshock.Parked, Time: e.Time,
		Text: fmt.Sprintf("%s: %s of %s to %s, for %s (action %s): %s", name, a.Direction(), a.Resource, a.To, a.Workload, a.ID, why),
	})
}

// drain gives the events that wait, by policy.
func (d *deeds) drain() map[string][]policies.Event {
	d.mu.Lock()
	defer d.mu.Unlock()
	waiting := d.waiting
	d.waiting, d.count = nil, 0
	return waiting
}

// last is the last decision under a policy, or nil.
func (d *deeds) last(policy string) *policies.Decision {
	d.mu.Lock()
	defer d.mu.Unlock()
	if found, ok := d.decisions[policy]; ok {
		return &found
	}
	return nil
}
