package app

import (
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/decide"
)

// guards are asked at the last look. What was decided, or waited for a person, while a window was open is not begun when it has closed.
func guards(policies []decide.Policy) []act.Guard {
	return []act.Guard{func(now time.Time, a foreshock.Action, _ foreshock.Resource) string {
		at := slices.IndexFunc(policies, func(p decide.Policy) bool { return p.Name == a.Policy })
		if at < 0 {
			return ""
		}
		return policies[at].Closed(now, a.Direction(), a.Emergency)
	}}
}
