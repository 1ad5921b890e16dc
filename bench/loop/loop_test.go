package main

import (
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/simulate"
)

// Runs at once give what runs one after the other give, and the table has every policy with what was published.
func TestRun(t *testing.T) {
	s := otherShapes[len(otherShapes)-1]
	s.days = 2
	trace, err := simulate.TraceOf(scaled(s.drawn(epoch, rand.New(rand.NewPCG(1, 1)))))
	if err != nil {
		t.Fatal(err)
	}
	policies, err := contestants([]string{"hpa", "oracle", "target-tracking"}, false, 1)
	if err != nil {
		t.Fatal(err)
	}
	list := jobs([]*simulate.Trace{trace}, simulate.Benchmark())
	one, many := run(list, policies, 1), run(list, policies, 4)
	for i := range one {
		if one[i].FoM != many[i].FoM || one[i].Policy != many[i].Policy || math.IsNaN(one[i].FoM) {
			t.Errorf("run %d: %v and %v", i, one[i], many[i])
		}
	}
	var b strings.Builder
	show(&b, one, policies, []string{"k8s", "asg", "ebs"}, "shared")
	if n := strings.Count(b.String(), "published"); n != 3*4 {
		t.Errorf("%d lines of what was published, 12 are expected:\n%s", n, &b)
	}
}

// Foreshock is there once for each seed, with its parts left out as well; what is the same as the whole program is so for each seed.
func TestSeeds(t *testing.T) {
	policies, err := contestants([]string{whole.name, "without planning", "hpa"}, true, 2)
	if err != nil {
		t.Fatal(err)
	}
	free := simulate.Benchmark()[0]
	for k, want := range []struct {
		name string
		seed uint64
		twin int
		same bool
	}{{whole.name, 0, 0, false}, {"without planning", 0, 0, true}, {whole.name, 1, 0, false}, {"without planning", 1, 2, true}, {"hpa", 0, 0, false}} {
		if twin, same := twinOf(policies, k, free); policies[k].name != want.name || policies[k].seed != want.seed || same != want.same || same && twin != want.twin {
			t.Errorf("policy %d is %s with seed %d, the same as %d: %t; want %v", k, policies[k].name, policies[k].seed, twin, same, want)
		}
	}
}

// The table has the mean over seeds, and the standard deviation of what each has over all runs.
func TestSpread(t *testing.T) {
	of := func(fom float64, seed uint64) result {
		return result{Policy: whole.name, Provider: "k8s", Seed: seed, Score: simulate.Score{FoM: fom}}
	}
	results := []result{of(1, 0), of(4, 0), of(2, 1), of(8, 1)} // 2 and 4
	all := func(string) bool { return true }
	if got := spread(results, whole.name, all); math.Abs(got-math.Sqrt2) > 1e-9 {
		t.Errorf("the spread is %g", got)
	}
	if got := meansOf(results, whole.name, all).fom; math.Abs(got-math.Sqrt(8)) > 1e-9 {
		t.Errorf("the mean is %g", got)
	}
	if got := spread(results[:2], whole.name, all); got != 0 {
		t.Errorf("the spread of one seed is %g", got)
	}
}

func TestAblationsAreConfigurations(t *testing.T) {
	for _, v := range ablations {
		if _, err := config.Parse(v.name, []byte(v.settings)); err != nil {
			t.Error(err)
		}
	}
}

// Drawn traces are the same each time, and of as many days as they say.
func TestDrawn(t *testing.T) {
	list, err := drawn()
	if err != nil {
		t.Fatal(err)
	}
	again, _ := drawn()
	for i, trace := range list {
		if !slices.Equal(trace.Demand, again[i].Demand) || len(trace.Demand) > drawnShapes[i].days*dayMinutes || len(trace.Demand) < (drawnShapes[i].days-1)*dayMinutes || trace.Peak() <= 0 {
			t.Errorf("%s: %d minutes, peak %g", trace.Name, len(trace.Demand), trace.Peak())
		}
	}
}

// The other traces are a dozen, on the scale of the shared ones.
func TestOthers(t *testing.T) {
	const shared = "../../../shared"
	if _, err := os.Stat(shared); err != nil {
		t.Skip("the data are not at " + shared)
	}
	list, err := others(shared)
	if err != nil {
		t.Fatal(err)
	}
	if len(list) != 12 {
		t.Errorf("%d traces", len(list))
	}
	for _, trace := range list {
		if peak := trace.Peak(); peak < 0.3*usual || peak > simulate.Need(ceiling)+1 {
			t.Errorf("%s has a peak of %g", trace.Name, peak)
		}
	}
}
