package app

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/decide"
)

// guards are asked at the last look. What was decided, or waited for a person, while a window was open is not begun when it has closed; and
// what was decided at the same time, or approved together, does not come to more than the policy's limits allow. before counts what was begun
// before an action.
func guards(policies []decide.Policy, before func(a *foreshock.Action, now time.Time) decide.Counts) []act.Guard {
	return []act.Guard{func(now time.Time, a foreshock.Action, _ foreshock.Resource) string {
		at := slices.IndexFunc(policies, func(p decide.Policy) bool { return p.Name == a.Policy })
		if at < 0 {
			return ""
		}
		p := &policies[at]
		if why := p.Closed(now, a.Direction(), a.Emergency); why != "" {
			return why
		}
		c := before(&a, now)
		why := ""
		p.Limits.Exceeded(&c, a.Direction(), a.Undoes != "", func(_, format string, args ...any) { why = cmp.Or(why, fmt.Sprintf(format, args...)) })
		if why == "" && a.Spend > 0 {
			why = p.Overspent(c.PolicySpend+a.Spend, c.Spend+a.Spend)
		}
		return why
	}}
}
