package events_test

import (
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock/bench/events"
)

// machine has days of a row a minute, all tested, with events at the spans.
func machine(days int, list ...events.Span) *events.Machine {
	m := &events.Machine{Name: "m", Labels: make([]events.Label, days*1440)}
	for i := range m.Labels {
		m.Labels[i].Test = true
	}
	for _, e := range list {
		for i := e.First; i <= e.Last; i++ {
			m.Labels[i].Any, m.Labels[i].IO = true, true
		}
	}
	return m
}

func Example() {
	m := machine(4, events.Span{First: 1000, Last: 1029}, events.Span{First: 4000, Last: 4002})
	scores := make([]float64, len(m.Labels))
	scores[1010] = 0.9                    // in an event
	scores[4010] = 0.7                    // shortly after one
	scores[2000], scores[2001] = 0.8, 0.8 // in none
	machines := []events.Scored{events.Judge(m, scores, events.Novel)}
	for _, budget := range []float64{0.2, 0.25} { // hours a day
		r := events.At(machines, events.Threshold(machines, budget))
		fmt.Printf("%g: %d of %d, after %d rows, %g hours a day\n", budget, r.Found, r.Events, r.Delay, r.HoursPerDay)
	}
	// Output:
	// 0.2: 1 of 2, after 10 rows, 0 hours a day
	// 0.25: 2 of 2, after 10 rows, 0.25 hours a day
}

func TestVUSPR(t *testing.T) {
	m := machine(2, events.Span{First: 500, Last: 559})
	f := func(least, most float64, score func(i int) float64) {
		t.Helper()
		scores := make([]float64, len(m.Labels))
		for i := range scores {
			scores[i] = score(i)
		}
		s := events.Judge(m, scores, events.Novel)
		if got := s.VUSPR(); got < least || got > most {
			t.Errorf("%g, want %g to %g", got, least, most)
		}
	}
	inside := func(i int) bool { return i >= 500 && i <= 559 }
	rng := rand.New(rand.NewPCG(1, 1))
	f(0.95, 1, func(i int) float64 { return max(0, 1-math.Abs(float64(i)-529.5)/100) })
	f(0.02, 0.04, func(int) float64 { return 0 }) // the share of rows
	f(0.01, 0.05, func(int) float64 { return rng.Float64() })
	f(0, 0.025, func(i int) float64 { // the reverse
		if inside(i) {
			return 0
		}
		return 1
	})
}

// Labelled spans that are no events are neither reward nor cost.
func TestKinds(t *testing.T) {
	m := machine(1, events.Span{First: 100, Last: 109}, events.Span{First: 300, Last: 309}, events.Span{First: 500, Last: 509})
	for i := range 10 {
		m.Labels[300+i].Recurring = true
		m.Labels[500+i].IO = false
	}
	scores := make([]float64, len(m.Labels))
	for i := range scores {
		if m.Labels[i].Any {
			scores[i] = 1
		}
	}
	f := func(which events.Kind, want int) {
		t.Helper()
		r := events.At([]events.Scored{events.Judge(m, scores, which)}, 0.5)
		if r.Found != want || r.Events != want || r.HoursPerDay != 0 {
			t.Errorf("%+v, want %d of %d and no false alarm", r, want, want)
		}
	}
	f(events.Novel, 1)
	f(events.IO, 2)
	f(events.Any, 3)
}

// The scorer of the shared tools is an independent program; ours must agree with it on any scores.
func TestReferenceScorer(t *testing.T) {
	root, tool := filepath.FromSlash("../../../shared/smd-io/data"), filepath.FromSlash("../../../shared/tools/event_score.py")
	machines, err := events.Load(root)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("the disk metrics of the Server Machine Dataset are not at %s", root)
	}
	if err != nil {
		t.Fatal(err)
	}
	python, err := exec.LookPath("python3")
	if err != nil {
		t.Skip("python3 is not installed")
	}
	f := func(which events.Kind, name string, some []events.Machine, score func(*rand.Rand, []float64) float64) {
		t.Helper()
		rng := rand.New(rand.NewPCG(7, 1))
		out, data := t.TempDir(), t.TempDir()
		var scored []events.Scored
		for i := range some {
			m := &some[i]
			link(t, filepath.Join(root, m.Name+".csv"), filepath.Join(data, m.Name+".csv"))
			scores := make([]float64, len(m.Times))
			var text strings.Builder
			text.WriteString("timestamp,anomaly_score\n")
			for k, at := range m.Times {
				scores[k] = score(rng, m.Rows[k])
				fmt.Fprintf(&text, "%d,%v\n", at.Unix(), scores[k])
			}
			if err := os.WriteFile(filepath.Join(out, m.Name+".csv"), []byte(text.String()), 0o644); err != nil {
				t.Fatal(err)
			}
			if s := events.Judge(m, scores, which); len(s.Events) > 0 {
				scored = append(scored, s)
			}
		}
		got := summary(scored)
		text, err := exec.Command(python, tool, "--data", data, "--results", out, "--events", name).CombinedOutput()
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		for _, line := range got {
			if !strings.Contains(string(text), line) {
				t.Errorf("%s: %q is not in\n%s", name, line, text)
			}
		}
	}
	utilization := func(_ *rand.Rand, row []float64) float64 { return row[4] }
	f(events.Novel, "novel", machines[:2], utilization)
	f(events.IO, "all", machines[2:3], func(r *rand.Rand, row []float64) float64 { return (r.Float64() + row[0]) / 2 })
	f(events.Any, "any", machines[3:], func(_ *rand.Rand, row []float64) float64 { return math.Round(20*row[4]) / 20 }) // many equal
}

func link(t *testing.T, from, to string) {
	t.Helper()
	whole, err := filepath.Abs(from)
	if err == nil {
		err = os.Symlink(whole, to)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// summary is what the independent scorer prints.
func summary(machines []events.Scored) (lines []string) {
	n, days, vus, share := 0, 0.0, 0.0, 0.0
	for i := range machines {
		s := &machines[i]
		n, days, vus, share = n+len(s.Events), days+s.Days, vus+s.VUSPR(), share+s.Share()
	}
	count := float64(len(machines))
	lines = append(lines, fmt.Sprintf("%d on %d machines, %.1f machine-days", n, len(machines), days),
		fmt.Sprintf("VUS-PR %.2f (base %.2f)", 100*vus/count, 100*share/count))
	for _, q := range []float64{0.25, 1, 4} {
		r := events.At(machines, events.Threshold(machines, q))
		lines = append(lines, fmt.Sprintf("R@%g %.1f (%d/%d, median delay %d rows, false hours/day %.2f)", q, 100*r.Recall(), r.Found, r.Events, r.Delay, r.HoursPerDay))
	}
	return lines
}
