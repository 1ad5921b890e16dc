package act

import (
	"fmt"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
)

const (
	// Skew is how far the clocks of this machine and of a provider may be apart.
	Skew = 2 * time.Minute
	// soon is how long after it was asked for a change may be seen to begin.
	soon = 5 * time.Minute
)

// BudgetOf is what changes that began, ascending, leave of those that are allowed in any window; with 0 changes any number is.
func BudgetOf(changes int, window time.Duration, began []time.Time, now time.Time) foreshock.Budget {
	if changes == 0 {
		return foreshock.Budget{}
	}
	used := slices.DeleteFunc(slices.Clone(began), func(at time.Time) bool { return now.Sub(at) >= window })
	b := foreshock.Budget{Limited: true, Total: changes, Left: max(0, changes-len(used)), Window: window}
	if len(used) > 0 {
		b.NextFree = used[max(0, len(used)-changes)].Add(window)
	}
	return b
}

// Keep leaves some of the changes that are allowed to emergencies.
func Keep(kept int, b foreshock.Budget, action foreshock.Action) error {
	if !b.Limited || b.Left > kept || action.Emergency {
		return nil
	}
	return fmt.Errorf("%w: of the %d changes in %s only %d are left, which are kept for emergencies (setting kept)", ErrRule, b.Total, b.Window, b.Left)
}

// Union lists the times of changes, ascending: those that were seen to begin, and those that were asked for that none of them is. A change
// that was asked for and one that was seen to begin soon after are the same one.
func Union(seen, asked []time.Time) []time.Time {
	all, left := slices.Clone(seen), slices.Clone(seen)
	for _, at := range slices.SortedFunc(slices.Values(asked), time.Time.Compare) {
		same := slices.IndexFunc(left, func(t time.Time) bool { return SameChange(t, at) })
		if same >= 0 {
			left = slices.Delete(left, same, same+1)
			continue
		}
		all = append(all, at)
	}
	slices.SortFunc(all, time.Time.Compare)
	return all
}

// SameChange says whether a change that was seen to begin is one that was asked for at a time.
func SameChange(seen, asked time.Time) bool {
	return seen.After(asked.Add(-Skew)) && seen.Before(asked.Add(soon))
}
