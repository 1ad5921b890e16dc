package limits

import (
	"time"

	"github.com/foreshock-io/foreshock/capacity"
)

// Show implements [capacity.Shower].
func (l *Limits) Show(now time.Time) []capacity.Pool {
	l.Expire(now)
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]capacity.Pool, len(l.pools))
	for i, p := range l.pools {
		list[i] = capacity.Pool{
			Planner: "limits", Name: p.Name, Dimension: p.dimension, Total: p.Total, InUse: p.InUse, Granted: p.drawn, Reserve: p.Total * p.Reserve, Grants: p.grants,
		}
	}
	return list
}
