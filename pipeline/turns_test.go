package pipeline_test

import (
	"testing"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/decide"
)

// Nobody waits for ever: where two changes may be begun in an hour, and five of six disks outgrow what they have however much it is, all six are changed.
func TestNobodyWaitsForEver(t *testing.T) {
	const n = 6
	f := newDisks(t, 5, n, true)
	f.edit = func(p *decide.Policy) { p.Limits.PerHour, p.Limits.Share, p.Limits.StopAfter = 2, 1, 1000 }
	f.restart()
	f.run(200, nil)
	f.run(360*n, func() {
		for _, v := range f.list[:n-1] {
			v.demand = max(v.demand, 1.5*v.capacity)
		}
		f.list[n-1].demand = 2500
	})
	changed := map[foreshock.ID]int{}
	for _, e := range f.events {
		if e.Change != nil && e.Change.State == foreshock.Intent {
			changed[e.Change.Action.Workload]++
		}
	}
	if len(changed) != n {
		t.Errorf("of %d these were changed: %v", n, changed)
	}
}
