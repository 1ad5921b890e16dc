package app

import (
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/decide"
)

// guards are asked at the last look. What was decided, or waited for a person, while a window was open is not begun when it has closed; and
// what was decided at the same time, or approved together, does not spend more than is allowed.
func guards(policies []decide.Policy, ledger *act.Ledger) []act.Guard {
	return []act.Guard{func(now time.Time, a foreshock.Action, _ foreshock.Resource) string {
		at := slices.IndexFunc(policies, func(p decide.Policy) bool { return p.Name == a.Policy })
		if at < 0 {
			return ""
		}
		if why := policies[at].Closed(now, a.Direction(), a.Emergency); why != "" || a.Spend <= 0 {
			return why
		}
		begun := ledger.Counts(act.Asked{Policy: a.Policy, Workload: a.Workload, Target: a.Target, Resource: a.Resource, Now: now}) // it counts already
		return policies[at].Overspent(begun.PolicySpend, begun.Spend)
	}}
}
