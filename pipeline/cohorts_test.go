package pipeline

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/profile"
)

// fleetOf registers workloads of one kind in an order of its own.
func fleetOf(n int, seed uint64) (*cohorts, []*workload) {
	c := new(cohorts)
	list := make([]*workload, n)
	for _, i := range rand.New(rand.NewPCG(seed, 1)).Perm(n) {
		id := foreshock.ID(fmt.Sprint("vol/", i))
		w := &workload{
			id: id, about: ingest.About{Source: "s"}, profile: profile.New(id, "s", time.Minute), recent: &recent{bucket: bucketOf(time.Hour)},
			policy: &decide.Policy{Target: "t"}, resource: fmt.Sprint(i / 2), // two share a resource
		}
		w.member = c.enter(w)
		list[i] = w
	}
	return c, list
}

// together lets all of them have one step: odd ones go one way, even ones another.
func together(list []*workload, at time.Time, k int) {
	for i, w := range list {
		step := foreshock.Step{ID: w.id, Time: at, Length: time.Minute}
		wave := math.Sin(float64(k)/3 + float64(i%2)*math.Pi/2)
		step.Values.Set(foreshock.Latency, 0.001*math.Exp(wave+0.01*float64(k*7919%(i+11))))
		step.Values.Set(foreshock.IOPS, 100*math.Exp(wave))
		step.Allocated.Set(foreshock.DimIOPS, 1000)
		demand := foreshock.Allocation{}
		demand.Set(foreshock.DimIOPS, 100*math.Exp(wave))
		w.recent.add(&step, demand, false)
		w.member.record(&step, demand, step.Allocated)
	}
}

func ids(c controls) (list []foreshock.ID) {
	for _, x := range c.list {
		list = append(list, x.ID)
	}
	return list
}

// The controls of an action are the likest that are not touched and do not share its resource, in whatever order the fleet was seen.
func TestControls(t *testing.T) {
	begin := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	at := func(k int) time.Time { return begin.Add(time.Duration(k) * time.Minute) }
	var first []foreshock.ID
	for seed := range uint64(3) {
		c, list := fleetOf(100, seed)
		for k := range 40 {
			together(list, at(k), k)
		}
		w := list[10]
		action := foreshock.Action{ID: "a", Workload: w.id, Target: "t", Resource: w.resource, Evidence: at(39)}
		chosen := c.choose(w, &action)
		got := ids(chosen)
		if first == nil {
			first = got
		}
		if len(got) != 10 || !slices.Equal(got, first) {
			t.Fatalf("%v, then %v", first, got)
		}
		for _, x := range chosen.list {
			if x.ID == "vol/10" || x.ID == "vol/11" || x.Correlation < 0.9 {
				t.Errorf("%s is a control, its correlation is %g", x.ID, x.Correlation)
			}
			if from, to := x.Steps[0].Time, x.Steps[len(x.Steps)-1].Time; !from.Equal(at(32)) || !to.Equal(at(37)) {
				t.Errorf("steps from %s to %s", from, to)
			}
		}
		member := func(id foreshock.ID) *workload {
			return list[slices.IndexFunc(list, func(w *workload) bool { return w.id == id })]
		}
		member(got[0]).member.touch(at(45)) // by an action
		more := foreshock.Step{Time: at(44)}
		raised := foreshock.Allocation{}
		raised.Set(foreshock.DimIOPS, 2000)
		member(got[1]).member.record(&more, foreshock.Allocation{}, raised) // by someone else
		member(got[2]).member.touch(at(20))                                 // long before
		member(got[3]).member.touch(at(59))                                 // it cannot be seen yet
		for k := 40; k < 60; k++ {
			together(list, at(k), k)
		}
		seen := chosen.seen(at(59), time.Minute)
		chosen.list = seen
		if now := ids(chosen); !slices.Equal(now, got[2:]) {
			t.Errorf("%v of %v are left", now, got)
		}
		if last := seen[0].Steps; !last[len(last)-1].Time.Equal(at(57)) || len(last) != 26 {
			t.Errorf("%d steps up to %s", len(last), last[len(last)-1].Time)
		}
	}
}

// A kind has a bounded number of members, and others are no controls.
func TestCohortBound(t *testing.T) {
	c, list := fleetOf(1000, 1)
	if of := c.by[kind{"s", time.Minute}]; len(c.by) != 1 || len(of.members) != mostMembers {
		t.Errorf("%d kinds, %d members", len(c.by), len(of.members))
	}
	inside := 0
	for _, w := range list {
		if w.member != nil && !w.member.gone {
			inside++
		}
	}
	if inside != mostMembers {
		t.Errorf("%d think that they are members", inside)
	}
	var none *member
	none.record(&foreshock.Step{}, foreshock.Allocation{}, foreshock.Allocation{}) // a workload that is none
	none.touch(time.Time{})
}
