package main

import (
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/simulate"
)

// Runs at once give what runs one after the other give, and the table has every policy with what was published.
func TestRun(t *testing.T) {
	s := otherShapes[len(otherShapes)-1]
	s.days = 2
	trace, err := simulate.TraceOf(scaled(s.drawn(rand.New(rand.NewPCG(1, 1)))))
	if err != nil {
		t.Fatal(err)
	}
	policies, err := contestants([]string{"hpa", "oracle", "target-tracking"}, false)
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

func TestAblationsAreConfigurations(t *testing.T) {
	for _, v := range ablations {
		if _, err := config.Parse(v.name, []byte(v.settings)); err != nil {
			t.Error(err)
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
