package simulate

import (
	"math"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock/providers"
)

// level is a trace that has these demands, each for so many minutes.
func level(minutes int, demands ...float64) *Trace {
	t := &Trace{Start: 1_700_000_000 / 86400 * 86400}
	for _, d := range demands {
		for range minutes {
			t.Demand, t.Bytes, t.Missing = append(t.Demand, d), append(t.Bytes, 4096*d), append(t.Missing, false)
		}
	}
	return t
}

var easy = Provider{Name: "easy", Quantum: 100, Min: 100, Max: 16000, ApplyDelay: time.Minute}

func runOf(t *testing.T, name string, trace *Trace, p Provider) *Plant {
	t.Helper()
	r, err := ReferenceNamed(name)
	if err != nil {
		t.Fatal(err)
	}
	v, err := r.Run(trace, p)
	if err != nil {
		t.Fatal(err)
	}
	return v
}

// Each policy, after a rise and after a fall: how many minutes until the first change in that direction, and where it ends.
func TestPoliciesFollow(t *testing.T) {
	f := func(name string, up int, high float64, down int, low float64) {
		t.Helper()
		v := runOf(t, name, level(120, 1000, 3000, 1000), easy)
		first := func(from int, grows bool) int {
			for _, c := range v.Accepted {
				if at := int(c.Time-v.Trace.Start) / 60; at > from && (c.To > c.From) == grows {
					return at - from
				}
			}
			return -1
		}
		if got := first(120, true); got != up || v.Steps[239].Billed != high {
			t.Errorf("%s grows after %d minutes, to %g; %d, to %g are expected", name, got, v.Steps[239].Billed, up, high)
		}
		if got := first(240, false); got != down || v.Steps[359].Billed != low {
			t.Errorf("%s shrinks after %d minutes, to %g; %d, to %g are expected", name, got, v.Steps[359].Billed, down, low)
		}
	}
	f("hpa", 1, 4700, 5, 1600)
	f("target-tracking", 3, 5500, 15, 1900)
	f("step", 3, 6000, 15, 1900)
	f("static-history", -1, 1200, -1, 1200)
}

// What comes every day is there the next day before it comes.
func TestPoliciesLookAhead(t *testing.T) {
	day := []float64{1000, 1000, 6000, 1000, 1000, 1000}
	trace := level(240, slices.Concat(day, day, day, day)...)
	surge := (3*len(day) + 2) * 240
	for _, name := range []string{"seasonal-naive", "holt-winters", "predictive", "periodic"} {
		if v := runOf(t, name, trace, easy); !v.readyFor(surge) {
			t.Errorf("%s has %g for a surge of %g that comes every day", name, v.Steps[surge].Effective, Need(6000))
		}
	}
	for _, name := range []string{"hpa", "target-tracking", "step"} {
		if v := runOf(t, name, trace, easy); v.readyFor(surge) {
			t.Errorf("%s, which knows of no yesterday, is ready", name)
		}
	}
}

// Every policy keeps the provider's rules, goes on over what is missing, and does the same again.
func TestPoliciesKeepRules(t *testing.T) {
	trace := level(180, 900, 5000, 300, 2000, 7000, 0, 1500, 4000, 900, 5000, 300)
	for i := 400; i < 500; i++ {
		trace.Missing[i] = true
	}
	trace.Warmup = 100
	for _, p := range providers.All() {
		bound := LowerBound(trace, p)
		for _, r := range References() {
			v := runOf(t, r.Name, trace, p)
			for i, c := range v.Accepted {
				if c.To != p.Fit(c.To) {
					t.Errorf("%s under %s: %g is no amount", r.Name, p.Name, c.To)
				}
				if k := p.Changes; k > 0 && i >= k && c.Time-v.Accepted[i-k].Time < int64(p.Window.Seconds()) {
					t.Errorf("%s under %s: more than %d changes in the window", r.Name, p.Name, k)
				}
			}
			s := v.Score(bound)
			if !(s.FoM >= 1-1e-9) {
				t.Errorf("%s under %s: a merit of %g is below the bound", r.Name, p.Name, s.FoM)
			}
			if again := runOf(t, r.Name, trace, p); !reflect.DeepEqual(v.Accepted, again.Accepted) {
				t.Errorf("%s under %s does something else the second time", r.Name, p.Name)
			}
		}
	}
}

func TestReferenceNamed(t *testing.T) {
	if _, err := ReferenceNamed("hpaa"); err == nil || !strings.Contains(err.Error(), `no policy is called "hpaa"; there is: oracle, `) {
		t.Error(err)
	}
}

func TestBetween(t *testing.T) {
	trace := level(60, 1, 2, 3)
	part, err := trace.Between(trace.Start+3600, trace.Start+7200)
	if err != nil || len(part.Demand) != 60 || part.Demand[0] != 2 || part.Demand[59] != 2 || part.Start != trace.Start+3600 {
		t.Errorf("%+v, %v", part, err)
	}
	if _, err := trace.Between(trace.Start+1e6, 0); err == nil {
		t.Error("there is something after the end")
	}
}

// A row holds for the commonest distance between rows, or until the next; shorter rows make a mean.
func TestTraceSteps(t *testing.T) {
	f := func(what string, want []float64, missing []bool, rows ...Row) {
		t.Helper()
		got, err := TraceOf(rows)
		if err != nil || !slices.Equal(got.Demand, want) || !slices.Equal(got.Missing, missing) {
			t.Errorf("%s: %+v, %v", what, got, err)
		}
	}
	row := func(at int64, iops float64) Row { return Row{At: at, IOPS: iops} }
	f("five minutes with a gap", []float64{1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3},
		[]bool{9: false, 10: true, 11: true, 12: true, 13: true, 14: true, 19: false}, row(0, 1), row(300, 2), row(900, 3))
	f("a little early and late", []float64{1, 1, 3, 4, 5, 6}, make([]bool, 6), row(0, 1), row(62, 2), row(119, 3), row(179, 4), row(238, 5), row(300, 6))
	f("one row beside the others", []float64{1, 2, 3, 5}, make([]bool, 4), row(0, 1), row(60, 2), row(120, 3), row(121, 4), row(180, 5))
	f("half-minutes", []float64{150, 300}, make([]bool, 2), row(0, 100), row(30, 200), row(60, 300), row(90, 300))
	f("half-minutes with holes", []float64{100, 100, 300}, []bool{false, true, false}, row(0, 100), row(120, 200), row(150, 400))
	f("rows that lie across a minute", []float64{(45*1 + 15*2) / 60.0, (30*2 + 30*3) / 60.0}, make([]bool, 2), row(0, 1), row(45, 2), row(90, 3))
}

// What a plan keeps has a bound, however long the trace and however fine the multiples; the bound itself is as fine as the multiples.
func TestLevels(t *testing.T) {
	f := func(steps int, p Provider, wanted bool, want int) {
		t.Helper()
		trace := &Trace{Demand: make([]float64, steps), Missing: make([]bool, steps)}
		trace.Demand[steps-1] = 8998.2
		list := levels(trace, p, wanted)
		if len(list) != want || list[0] != p.Min || list[len(list)-1] < Need(8998.2) || !slices.IsSorted(list) {
			t.Errorf("%d steps, %+v, %v: %d levels from %g to %g, want %d", steps, p, wanted, len(list), list[0], list[len(list)-1], want)
		}
	}
	f(1440, Provider{Quantum: 100, Min: 100, Max: 16000}, true, 101)
	f(366*1440, Provider{Quantum: 100, Min: 100, Max: 16000}, true, 101)
	f(1440, Provider{Quantum: 1, Min: 1, Max: 10000}, true, 9999)
	f(366*1440, Provider{Quantum: 1, Min: 1, Max: 10000}, true, 190)
	f(366*1440, Provider{Quantum: 1, Min: 1, Max: 10000}, false, 9999)
}

// A score without surges is JSON.
func TestScoreJSON(t *testing.T) {
	text, err := Score{FoM: 1.5, Ready: math.NaN()}.MarshalJSON()
	if err != nil || !strings.Contains(string(text), `"surge_ready_pct":null`) || !strings.Contains(string(text), `"fom":1.5`) {
		t.Errorf("%s, %v", text, err)
	}
}

// A provider without multiples has a bound as well.
func TestBoundWithoutQuantum(t *testing.T) {
	trace := &Trace{Demand: []float64{90, 90, 45}, Bytes: make([]float64, 3), Missing: make([]bool, 3)}
	if least := LowerBound(trace, Provider{Min: 1, Max: 200}); math.Abs(least-250) > 1 {
		t.Errorf("%g for needs of 100, 100 and 50", least)
	}
}
