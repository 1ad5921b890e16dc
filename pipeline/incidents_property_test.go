package pipeline

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"pgregory.net/rapid"
)

func group6(in *incidents) []*workload {
	list := make([]*workload, 6)
	for i := range list {
		list[i] = &workload{id: foreshock.ID(fmt.Sprintf("host/%d", i))}
		list[i].groups = in.enter(list[i])
	}
	return list
}

// However anomalies come and go: an incident has a third of the workloads and two at least, names each once, lasts as long as one of its
// anomalies does and not longer, and what was handed out stays as it was.
func TestIncidentsHold(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var in incidents
		list := group6(&in)
		now := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
		open := map[int]*foreshock.Anomaly{}
		told := map[*foreshock.Incident]foreshock.Incident{}
		for k := range rapid.IntRange(1, 80).Draw(t, "steps") {
			now = now.Add(time.Duration(rapid.IntRange(0, 90).Draw(t, "later")) * time.Second)
			i := rapid.IntRange(0, len(list)-1).Draw(t, "workload")
			if open[i] != nil {
				delete(open, i)
				in.leave(list[i], now)
			} else {
				open[i] = &foreshock.Anomaly{ID: fmt.Sprint(k), Start: now}
			}
			members := map[string]int{}
			for i, a := range open {
				one := in.join(list[i], a, now, beginTogether)
				if one == nil {
					continue
				}
				members[one.ID]++
				if one.Count < 2 || leastShare*one.Count < one.Of || one.Of != len(list) || len(one.Workloads) != one.Count {
					t.Fatalf("%+v", one)
				}
				if before, known := told[one]; known && (before.Count != one.Count || len(before.Workloads) != len(one.Workloads)) {
					t.Fatalf("%+v was handed out as %+v", one, before)
				}
				told[one] = *one
			}
			if len(members) > 1 {
				t.Fatalf("%v at once in one group", members)
			}
			if len(open) == 0 {
				in.settle(now.Add(1))
			}
			if g := list[0].groups[0]; len(open) == 0 && (g.incident != nil || len(g.open) > 0 || len(g.joined) > 0) {
				t.Fatalf("nothing lasts, but %+v does", g)
			}
		}
	})
}

// Owners ask at the same time.
func TestIncidentsOfOwners(t *testing.T) {
	var in incidents
	list := group6(&in)
	var owners sync.WaitGroup
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	for i, w := range list {
		owners.Go(func() {
			for k := range 200 {
				a := &foreshock.Anomaly{ID: fmt.Sprint(i, k), Start: start.Add(time.Duration(k) * time.Minute)}
				if one := in.join(w, a, a.Start, beginTogether); one != nil && len(one.Text()) == 0 {
					t.Error("an incident without words")
				}
				in.leave(w, a.Start)
			}
		})
	}
	owners.Wait()
}
