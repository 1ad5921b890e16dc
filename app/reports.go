package app

import (
	"context"
	"sync"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/promote"
)

// reports are those of a generation's policies, folded from the journal once and then from what has come since.
type reports struct {
	mu     sync.Mutex // guards what follows
	byName map[string]*promote.Report
	next   uint64 // the first event that was not taken
}

// reportOf gives a policy's report up to now. Nobody but it folds them, so each event is read once.
func (g *generation) reportOf(ctx context.Context, policy *decide.Policy) (promote.Report, error) {
	r := &g.reports
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.byName == nil {
		r.byName, r.next = map[string]*promote.Report{}, 1
		for i := range g.parts.policies {
			name := g.parts.policies[i].Name
			r.byName[name] = &promote.Report{Policy: name}
		}
	}
	err := g.app.store.Journal().Read(ctx, r.next, func(e *foreshock.Event) error {
		for _, report := range r.byName {
			report.Take(e)
		}
		r.next = e.Seq + 1
		return nil
	})
	told := *r.byName[policy.Name]
	told.Conclude(policy.Price)
	return told, err
}
