package act

import (
	"context"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Recounter is a Target whose provider shows only the latest changes of a resource. After each reading it is told when the provider was
// asked for changes, as the journal has it, and counts them in the budget.
type Recounter interface {
	Recount(r *foreshock.Resource, asked []time.Time)
}

// recounted is a target with the budget as the ledger knows it.
type recounted struct {
	Target
	recounter Recounter
	asked     func(resource string) []time.Time
}

func (r recounted) Unwrap() Target { return r.Target }

func (r recounted) Read(ctx context.Context, resource string) (foreshock.Resource, error) {
	now, err := r.Target.Read(ctx, resource)
	if err == nil {
		r.recounter.Recount(&now, r.asked(resource))
	}
	return now, err
}

// withLedger lets a target that is a Recounter count what the ledger has.
func withLedger(name string, t Target, l *Ledger) Target {
	if c, ok := seek[Recounter](t); ok {
		return recounted{t, c, func(resource string) []time.Time { return l.Asked(name, resource) }}
	}
	return t
}

// seek finds what a target, or one that it wraps, can do as well.
func seek[T any](t Target) (found T, ok bool) {
	for t != nil {
		if found, ok = t.(T); ok {
			return found, true
		}
		wrapper, wraps := t.(interface{ Unwrap() Target })
		if !wraps {
			return found, false
		}
		t = wrapper.Unwrap()
	}
	return found, false
}

// Asked lists when, in the last day at least, the provider was asked for changes of a resource that it may have accepted, ascending.
func (l *Ledger) Asked(target, resource string) []time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	on := l.resources[resourceKey{target, resource}]
	var list []time.Time
	for _, e := range l.recent {
		if e.on == on && !e.called.IsZero() && e.change.State != foreshock.Failed {
			list = append(list, e.called)
		}
	}
	slices.SortFunc(list, time.Time.Compare)
	return list
}
