// Package volume is a target whose volume is simulated elsewhere: it tells what was last seen of the volume, and keeps what is asked of
// it for whoever drives the simulation.
package volume

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/simulate"
)

// Volume is a target with one resource of any name. It is safe for concurrent use.
type Volume struct {
	provider  simulate.Provider
	dimension foreshock.Dimension
	step      time.Duration
	name      string

	mu      sync.Mutex // guards the rest
	at      time.Time  // end of the last step that was seen
	seen    simulate.Sample
	next    time.Time   // the earliest time at which another change is accepted
	changed time.Time   // when the last change that was seen was accepted
	asked   []float64   // since it was last taken
	askedAt time.Time   // the step upon which it was asked for last
	changes []time.Time // seen, as many as the provider's window holds
}

// New is what a controller is told of as a target, of which nothing was seen yet. Name is what the program calls the target.
func New(name string, v simulate.Volume, d foreshock.Dimension) *Volume {
	return &Volume{name: name, provider: v.Provider, dimension: d, step: v.Step}
}

// See takes in what was read of the volume at the end of a step, which the caller's clock calls at. Times ascend.
func (v *Volume) See(at time.Time, s simulate.Sample) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if !v.at.IsZero() && s.Provisioned != v.seen.Provisioned {
		v.changed = v.at
		if most := v.provider.Changes; most > 0 {
			v.changes = append(v.changes, v.at)
			v.changes = v.changes[max(0, len(v.changes)-most):]
		}
	}
	v.at, v.seen = at, s
	switch {
	case s.NextAction != 0:
		v.next = at.Add(time.Duration(min(s.NextAction-s.Time, farOff)) * time.Second)
	case !v.changed.IsZero():
		v.next = v.changed.Add(v.provider.Cooldown)
	}
}

// farOff bounds how far off the next change may be, in seconds: a century, which a duration can hold.
const farOff = 100 * 366 * 86400

// Take gives the amounts that were asked for since it was called last, in their order.
func (v *Volume) Take() []float64 {
	v.mu.Lock()
	defer v.mu.Unlock()
	asked := v.asked
	v.asked = nil
	return asked
}

// Read gives what is provisioned.
func (v *Volume) Read(_ context.Context, resource string) (foreshock.Resource, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.at.IsZero() {
		return foreshock.Resource{}, fmt.Errorf("%w: nothing was seen of the volume yet", act.ErrNotFound)
	}
	r := foreshock.Resource{
		Target: v.name, Name: resource, At: v.at, Budget: v.budget(),
		Rules: map[foreshock.Dimension]foreshock.Rule{
			v.dimension: {Min: v.provider.Min, Max: v.provider.Max, Quantum: v.provider.Quantum, Down: true},
		},
	}
	r.Allocated.Set(v.dimension, v.seen.Provisioned)
	return r, nil
}

// budget is what is left of the provider's changes. The caller holds mu.
func (v *Volume) budget() foreshock.Budget {
	b := foreshock.Budget{Limited: true, Left: 1, Total: 1, Window: v.provider.Cooldown}
	switch {
	case v.provider.Changes > 0:
		b.Left, b.Total, b.Window = v.provider.Changes, v.provider.Changes, v.provider.Window
		for _, at := range v.changes {
			if v.at.Sub(at) < b.Window {
				b.Left--
			}
		}
	case v.provider.Cooldown <= 0:
		return foreshock.Budget{}
	}
	if v.next.After(v.at) {
		b.Left, b.NextFree = 0, v.next
	}
	return b
}

// Validate has no rules beyond those that were read.
func (v *Volume) Validate(foreshock.Resource, foreshock.Action) error { return nil }

// Apply keeps what is asked for. Whether the provider takes it shows with the next state.
func (v *Volume) Apply(_ context.Context, action foreshock.Action) error {
	to, stated := action.To.Get(v.dimension)
	if !stated {
		return fmt.Errorf("%w: the action states no %s", act.ErrRefused, v.dimension)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asked = append(v.asked, to)
	v.askedAt = v.at
	return nil
}

// Follow sees whether the amount is provisioned. From then on the provider may be asked again; a rise works after the provider's delay.
func (v *Volume) Follow(_ context.Context, action foreshock.Action) (act.Progress, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	var p act.Progress
	p.Observed.Set(v.dimension, v.seen.Provisioned)
	from, _ := action.From.Get(v.dimension)
	to, _ := action.To.Get(v.dimension)
	switch {
	case !v.at.After(v.askedAt):
		p.UnderWay = true
	case !p.Observed.Covers(action.To):
		p.Failed = true
		p.Note = fmt.Sprintf("the provider did not take it: %s is %s", v.dimension, foreshock.FormatAmount(v.dimension, v.seen.Provisioned))
	default:
		p.Done, p.Since = true, v.at.Add(-v.step)
		if to > from {
			p.Works = p.Since.Add(v.provider.ApplyDelay)
		}
	}
	return p, nil
}
