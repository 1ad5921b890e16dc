package quota

import (
	"time"

	"github.com/foreshock-io/foreshock/capacity"
)

// Show implements [capacity.Shower]. Quotas that were not asked for yet are left out: nothing is known of them.
func (p *Planner) Show(now time.Time) (list []capacity.Pool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for i, pool := range p.Limits.Show(now) {
		if !p.asked[i].IsZero() {
			pool.Planner = "quota"
			list = append(list, pool)
		}
	}
	return list
}
