package act

import (
	"context"
	"fmt"
	"time"

	"github.com/foreshock-io/foreshock"
)

// objection is the last look before the provider is asked: it says why not, or "". The questions that need no call come first.
func (e *Executor) objection(ctx context.Context, j *job) string {
	a := &j.action
	if why := e.Ledger.Paused(a.Policy, a.Workload, a.Direction(), e.Now()); why != "" {
		return "paused: " + why
	}
	if held, open := e.Ledger.Open(a.Target, a.Resource); open && held.Action.ID != a.ID {
		return fmt.Sprintf("action %s holds the resource (%s)", held.Action.ID, held.State)
	}
	target, known := e.Targets[a.Target]
	if !known {
		return fmt.Sprintf("no target is called %q", a.Target)
	}
	if until := e.leftAlone(a.Target); !until.IsZero() {
		return fmt.Sprintf("%d changes in a row went wrong; the target is left alone until %s", e.Config.BreakAfter, until.UTC().Format(time.RFC3339))
	}
	now, err := target.Read(ctx, a.Resource)
	e.point("read")
	if err != nil {
		return fmt.Sprintf("the resource cannot be read: %s", err)
	}
	if why := unfit(now, a); why != "" {
		return why
	}
	if err := target.Validate(now, *a); err != nil {
		return err.Error()
	}
	for _, guard := range e.Guards {
		if why := guard(e.Now(), *a, now); why != "" {
			return why
		}
	}
	return ""
}

func (e *Executor) leftAlone(target string) time.Time {
	e.mu.Lock()
	defer e.mu.Unlock()
	if p := e.paceOf(target); e.Now().Before(p.until) {
		return p.until
	}
	return time.Time{}
}

// unfit says why a resource, as it is now, is not one to change, or "".
func unfit(now foreshock.Resource, a *foreshock.Action) string {
	switch {
	case !now.Allocated.Covers(a.From):
		return fmt.Sprintf("the resource changed since: it has %s, not %s", now.Allocated, a.From)
	case now.Owner != "":
		return now.Owner + " owns the resource"
	case now.Busy:
		return "a change is under way on the resource"
	case now.Budget.Limited && now.Budget.Left <= 0:
		text := "the provider allows no more changes of the resource"
		if !now.Budget.NextFree.IsZero() {
			text += " before " + now.Budget.NextFree.UTC().Format(time.RFC3339)
		}
		return text
	}
	return ""
}
