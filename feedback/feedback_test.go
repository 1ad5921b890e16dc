package feedback

import (
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/foreshock-io/foreshock"
)

// steps makes n steps of one latency (s) and demand (IOPS), from a time on.
func steps(n int, from time.Time, latency, served, demand float64, abnormal bool) (list []Step) {
	for i := range n {
		s := Step{Time: from.Add(time.Duration(i+1) * 10 * time.Second), Abnormal: abnormal}
		s.Values.Set(foreshock.Latency, latency)
		s.Values.Set(foreshock.IOPS, served)
		s.Demand.Set(foreshock.DimIOPS, demand)
		list = append(list, s)
	}
	return list
}

// example is a volume of 500 IOPS of which 800 were wanted, and which got 1000.
func example() Input {
	in := Input{
		Now: start.Add(80 * time.Second), Completed: start, Length: 10 * time.Second, LeadTime: 30 * time.Second,
		Action: foreshock.Action{ID: "a1", Workload: "disk/a", Policy: "p", Target: "t", Resource: "r", Mode: foreshock.Auto},
		Before: steps(8, start.Add(-80*time.Second), 0.0159, 500, 800, true),
		After:  steps(8, start, 0.0004, 800, 800, false),
		Normal: Normal{Level: 0.0003, Upper: 0.0006}, Reversible: map[foreshock.Dimension]bool{foreshock.DimIOPS: true},
	}
	in.Action.From.Set(foreshock.DimIOPS, 500)
	in.Action.To.Set(foreshock.DimIOPS, 1000)
	return in
}

// coming is a forecast of demand by steps of ten minutes from the action on.
func coming(demand ...float64) *foreshock.Forecast {
	f := &foreshock.Forecast{At: start.Add(10 * time.Minute), Length: 10 * time.Minute, Mean: demand, Levels: []float64{0.5}, Quantiles: [][]float64{demand}}
	if len(demand) > 1 {
		f.At = start.Add(-10 * time.Minute)
	}
	return f
}

func TestWhen(t *testing.T) {
	in := example()
	f := func(now time.Duration, ready bool) {
		t.Helper()
		in.Now = start.Add(now)
		if _, got := Judge(in); got != ready {
			t.Errorf("%s after it: ready %v, expected %v", now, got, ready)
		}
	}
	f(79*time.Second, false)
	f(80*time.Second, true)
	in.After = in.After[:5] // steps are missing
	f(80*time.Second, false)
	f(239*time.Second, false)
	f(240*time.Second, true)
	in = example()
	for i := range in.After { // the queue is still draining
		in.After[i].Values.Set(foreshock.Latency, 1/float64(int(1)<<i))
	}
	f(80*time.Second, false)
	f(240*time.Second, true)
	if due := Due(start, time.Minute); due != start.Add(8*time.Minute) {
		t.Errorf("due at %s", due)
	}
}

// An action that another follows is judged by the steps that it had to itself, and is not taken back.
func TestSuperseded(t *testing.T) {
	f := func(verdict foreshock.Verdict, text string, edit func(in *Input)) {
		t.Helper()
		in := example()
		edit(&in)
		if e := Superseded(in); e.Verdict != verdict || !strings.Contains(e.Text, text) || e.RollBack || e.LeadTime != in.LeadTime {
			t.Errorf("%+v, expected %s with %q", e, verdict, text)
		}
	}
	f(foreshock.Helped, "latency fell while demand stayed", func(*Input) {})
	f(foreshock.DidNotHelp, "latency stayed", func(in *Input) { in.After = steps(8, start, 0.0159, 800, 800, true) })
	f(foreshock.Unclear, "before it could be judged", func(in *Input) { in.After = in.After[:3] })
	f(foreshock.Unclear, "before it could be judged", func(in *Input) { in.After, in.Completed = nil, in.Now.Add(time.Minute) }) // it does not work yet
}

// What limits may be another dimension than the one that would bind most had nothing been done: one that was changed as well, or one that was not.
func TestOtherDimensions(t *testing.T) {
	f := func(well bool, to, demand float64, verdict foreshock.Verdict, text string) {
		t.Helper()
		in := example()
		in.After = steps(8, start, 0.0159, 800, 800, true)
		if well {
			in.Before = steps(8, start.Add(-80*time.Second), 0.0003, 200, 200, false)
			for i := range in.After {
				in.After[i].Demand.Set(foreshock.DimIOPS, 220)
			}
		}
		in.Action.From.Set(foreshock.DimThroughput, 1e6)
		if to > 0 {
			in.Action.To.Set(foreshock.DimThroughput, to)
		}
		in.Reversible[foreshock.DimThroughput] = false
		for _, list := range [][]Step{in.Before, in.After} {
			for i := range list {
				list[i].Demand.Set(foreshock.DimThroughput, demand)
			}
		}
		e, _ := Judge(in)
		if e.Verdict != verdict || !strings.Contains(e.Text, text) || e.Latch != (verdict == foreshock.DidNotHelp) {
			t.Errorf("throughput of %g of 1e6, now %g: %+v, expected %s with %q", demand, to, e, verdict, text)
		}
	}
	f(false, 0, 5e5, foreshock.DidNotHelp, "does not limit")
	f(false, 0, 9.5e5, foreshock.Unclear, "throughput limits now, which was not changed")
	f(false, 1.1e6, 1.2e6, foreshock.TooLittle, "throughput is still saturated")
	f(false, 4e6, 1.2e6, foreshock.DidNotHelp, "does not limit")
	f(true, 0, 5e5, foreshock.DidNotHelp, "though demand did not")
	f(true, 0, 9.5e5, foreshock.Unclear, "throughput limits now, which was not changed")
}

func TestRollBack(t *testing.T) {
	in := example()
	in.Action.From.Set(foreshock.DimThroughput, 1e6) // not changed
	e, _ := Judge(in)
	undo := RollBack(in.Action, e, start)
	var from, to foreshock.Allocation
	from.Set(foreshock.DimIOPS, 1000)
	from.Set(foreshock.DimThroughput, 1e6)
	to.Set(foreshock.DimIOPS, 500)
	if undo.From != from || undo.To != to || undo.Undoes != "a1" || undo.ID == "a1" || !undo.Reduces() || !undo.Expires.After(start) || len(undo.Reasons) != 1 {
		t.Errorf("%+v", undo)
	}
	if again := RollBack(in.Action, e, start.Add(time.Hour)); again.ID != undo.ID {
		t.Error("the same roll-back has two IDs")
	}
	f := func(at time.Duration, moot bool, l Latch, a foreshock.Action) {
		t.Helper()
		if why := l.Moot(&a, start.Add(at)); (why != "") != moot {
			t.Errorf("after %s: %q", at, why)
		}
	}
	latched := Latch{}.Fold(foreshock.Event{Time: start, Evaluation: &foreshock.Evaluation{Action: "a1", Verdict: foreshock.DidNotHelp, Latch: true, RollBack: true}})
	if latched.RollBack == nil || latched.RollBack.Action != "a1" || !latched.Wanted.Equal(start) {
		t.Errorf("the roll-back is not remembered: %+v", latched)
	}
	f(5*time.Hour, false, latched, undo)
	f(7*time.Hour, true, latched, undo) // the latch is open
	more := RollBack(undo, e, start)
	f(23*time.Hour, false, Latch{}, more)
	f(25*time.Hour, true, Latch{}, more)
	if l := latched.Fold(foreshock.Event{Time: start, Evaluation: &foreshock.Evaluation{Action: "a2", Verdict: foreshock.Helped, Reduced: true}}); l.RollBack != nil || l.Times != 1 {
		t.Errorf("%+v", l)
	}
}

func TestLearn(t *testing.T) {
	f := func(l foreshock.Learned, e foreshock.Evaluation, want foreshock.Learned, corrections int) {
		t.Helper()
		got, list := Learn(l, foreshock.DimIOPS, e)
		if got.LeadTime.Round(time.Second) != want.LeadTime || math.Abs(got.Gain-want.Gain) > 1e-9 || got.Actions != want.Actions || got.Helped != want.Helped || len(list) != corrections {
			t.Errorf("%+v with %d corrections, expected %+v with %d", got, len(list), want, corrections)
		}
	}
	helped := foreshock.Evaluation{Verdict: foreshock.Helped, LeadTime: time.Minute, Gain: 0.8}
	f(foreshock.Learned{}, helped, foreshock.Learned{LeadTime: time.Minute, Gain: 0.8, Actions: 1, Helped: 1}, 2)
	f(foreshock.Learned{LeadTime: time.Minute, Gain: 0.8, Actions: 1}, helped, foreshock.Learned{LeadTime: time.Minute, Gain: 0.8, Actions: 2, Helped: 1}, 0)
	f(foreshock.Learned{LeadTime: 2 * time.Minute, Actions: 1}, helped, foreshock.Learned{LeadTime: 97 * time.Second, Gain: 0.24, Actions: 2, Helped: 1}, 2)

	slow := foreshock.Evaluation{Verdict: foreshock.Unclear, LeadTime: 20 * time.Hour} // one odd action moves it by 3^0.3
	f(foreshock.Learned{LeadTime: time.Minute}, slow, foreshock.Learned{LeadTime: 83 * time.Second}, 1)
	f(foreshock.Learned{LeadTime: time.Minute}, foreshock.Evaluation{}, foreshock.Learned{LeadTime: time.Minute}, 0)

	wild := foreshock.Evaluation{Verdict: foreshock.Helped, Gain: 1e9}
	f(foreshock.Learned{}, wild, foreshock.Learned{Gain: mostGain, Actions: 1, Helped: 1}, 1)
	useless := foreshock.Evaluation{Verdict: foreshock.DidNotHelp}
	f(foreshock.Learned{Gain: 1, Actions: 1}, useless, foreshock.Learned{Gain: 0.7, Actions: 2}, 1)
	ahead := foreshock.Evaluation{Verdict: foreshock.Helped} // tells nothing of the gain
	f(foreshock.Learned{Gain: 1, Actions: 1}, ahead, foreshock.Learned{Gain: 1, Actions: 2, Helped: 1}, 0)
}

func TestLearnBias(t *testing.T) {
	f := func(seen, forecast float64, n int, low, high float64, corrections int) {
		t.Helper()
		var l foreshock.Learned
		told := 0
		for range n {
			var list []foreshock.Correction
			l, list = LearnBias(l, foreshock.DimIOPS, "disk/a", seen, forecast)
			told += len(list)
		}
		if l.Bias < low || l.Bias > high || told != corrections {
			t.Errorf("%g against %g, %d times: bias %g, told %d times", seen, forecast, n, l.Bias, told)
		}
	}
	f(120, 100, 1, 0.009, 0.0092, 0)
	f(120, 100, 200, 0.18, 0.183, 1)
	f(1e9, 1, 200, mostBias, mostBias, 2)
	f(1, 1e9, 200, -mostBias, -mostBias, 2)
	f(0, 100, 9, 0, 0, 0)
	f(100, 0, 9, 0, 0, 0)
	f(math.NaN(), 100, 9, 0, 0, 0)
	f(math.Inf(1), 100, 9, 0, 0, 0)
}

// A latch opens when latency has doubled, or halved; what was not read opens nothing.
func TestLatchOpens(t *testing.T) {
	var level foreshock.Values
	level.Set(foreshock.Latency, 0.015)
	closing := foreshock.Event{Time: start, Evaluation: &foreshock.Evaluation{Action: "a1", Verdict: foreshock.DidNotHelp, Latch: true, After: foreshock.Window{Mean: level}}}
	l := Latch{}.Fold(closing)
	f := func(latency float64, opens bool) {
		t.Helper()
		var now foreshock.Values
		now.Set(foreshock.Latency, latency)
		if c, got := l.Opens("disk/a", start.Add(time.Hour), now); got != opens || got && l.Fold(foreshock.Event{Correction: &c}).Closed(start.Add(time.Hour)) != "" {
			t.Errorf("latency %g opens it: %v", latency, got)
		}
	}
	f(0.015, false)
	f(0.029, false)
	f(0.031, true)
	f(0.007, true)
	f(math.NaN(), false)
	if _, opens := (Latch{}).Opens("disk/a", start, level); opens {
		t.Error("an open latch opens")
	}
}

// TestAbsurd: whatever was read, there is a verdict that can be written down, and it asks for nothing that it may not.
func TestAbsurd(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		number := rapid.SampledFrom([]float64{0, 1e-4, 0.01, 1, 400, 900, 1e308, -1, math.NaN(), math.Inf(1), math.Inf(-1), 5e-324})
		draw := func(name string, from time.Time) (list []Step) {
			for i := range rapid.IntRange(0, 12).Draw(t, name) {
				s := Step{Time: from.Add(time.Duration(i+1) * 10 * time.Second), Abnormal: rapid.Bool().Draw(t, "abnormal")}
				for m := range foreshock.Metric(foreshock.NumMetrics) {
					s.Values.Set(m, number.Draw(t, "value"))
				}
				for _, d := range []foreshock.Dimension{foreshock.DimIOPS, foreshock.DimThroughput, foreshock.DimSize} {
					if rapid.IntRange(0, 3).Draw(t, "known") > 0 {
						s.Demand.Set(d, number.Draw(t, "demand"))
					}
				}
				list = append(list, s)
			}
			return list
		}
		in := example()
		in.Before, in.Meanwhile, in.After = draw("before", start.Add(-time.Minute)), draw("meanwhile", start.Add(-time.Minute)), draw("after", start)
		in.Normal = Normal{number.Draw(t, "level"), number.Draw(t, "upper")}
		in.Reversible, in.Forecasts = map[foreshock.Dimension]bool{}, map[foreshock.Dimension]*foreshock.Forecast{}
		for _, d := range []foreshock.Dimension{foreshock.DimIOPS, foreshock.DimThroughput, foreshock.DimSize} {
			if d != foreshock.DimIOPS && rapid.Bool().Draw(t, "not changed") {
				continue
			}
			in.Action.From.Set(d, number.Draw(t, "from"))
			in.Action.To.Set(d, number.Draw(t, "to"))
			in.Reversible[d] = rapid.Bool().Draw(t, "reversible")
			if rapid.Bool().Draw(t, "forecast") {
				in.Forecasts[d] = coming(number.Draw(t, "soon"), number.Draw(t, "later"))
			}
		}
		in.Action.Undoes = rapid.SampledFrom([]string{"", "", "a0"}).Draw(t, "undoes")
		in.MaxLatency = rapid.SampledFrom([]time.Duration{0, time.Millisecond, time.Second, math.MaxInt64}).Draw(t, "wanted")
		for i := range rapid.IntRange(0, 4).Draw(t, "controls") {
			c := Control{ID: foreshock.ID(fmt.Sprint("disk/c", i))}
			for k := range rapid.IntRange(0, 20).Draw(t, "control's steps") {
				c.Steps = append(c.Steps, Reading{
					Time: start.Add(time.Duration(k-8) * 10 * time.Second), Latency: number.Draw(t, "its latency"), Rate: number.Draw(t, "its rate"), Share: number.Draw(t, "its share"),
				})
			}
			in.Controls = append(in.Controls, c)
		}
		in.Now = latest(in.Completed, in.Length).Add(rapid.SampledFrom([]time.Duration{0, time.Hour, 24 * 365 * time.Hour}).Draw(t, "later"))
		e, ready := Judge(in)
		if !ready {
			t.Fatal("never judged")
		}
		if again, _ := Judge(in); again.Text != e.Text || again.Verdict != e.Verdict {
			t.Fatalf("not the same twice: %s; %s", e.Text, again.Text)
		}
		never := func(wrong bool, what string) {
			if wrong {
				t.Errorf("%s: %+v", what, e)
			}
		}
		never(e.Latch != (e.Verdict == foreshock.DidNotHelp), "it is left alone for another reason than that it did not help")
		never(e.RollBack && e.Verdict != foreshock.DidNotHelp && e.Verdict != foreshock.TooMuch, "what was of use is taken back")
		never(e.RollBack && in.Action.Undoes != "", "a roll-back is taken back")
		never(e.RollBack && e.Verdict == foreshock.TooMuch && !in.Action.Reduces(), "a growth is taken back because less would do")
		for _, d := range in.Action.To.Dimensions() {
			from, _ := in.Action.From.Get(d)
			grown := e.RollBack && !in.Action.Reduces() && from > 0
			never(grown && (!in.Reversible[d] || d == foreshock.DimSize), "what cannot be undone is taken back")
		}
		never(Superseded(in).RollBack, "what another action followed is taken back")
		if _, err := json.Marshal(e); err != nil {
			t.Fatalf("cannot be written: %v", err)
		}
		l, _ := Learn(foreshock.Learned{}, foreshock.DimIOPS, e)
		if _, err := json.Marshal(l); err != nil {
			t.Fatalf("cannot be written: %v", err)
		}
		for _, x := range []float64{e.Without, e.Gain, e.Effect.Change, e.Effect.Lower, e.Effect.Upper} {
			never(math.IsNaN(x) || math.IsInf(x, 0), "a figure that is none")
		}
	})
}

// TestFigures: what was to be expected without it, and what it gained.
func TestFigures(t *testing.T) {
	f := func(without, gain float64, edit func(in *Input)) {
		t.Helper()
		in := example()
		edit(&in)
		in.Now = latest(in.Completed, in.Length)
		e, _ := Judge(in)
		if math.Abs(e.Without-without) > 1e-6 || math.Abs(e.Gain-gain) > 1e-3 {
			t.Errorf("without %g, gain %g, expected %g, %g: %s", e.Without, e.Gain, without, gain, e.Text)
		}
	}
	before := func(in *Input, latency, demand float64) {
		in.Before = steps(8, start.Add(-80*time.Second), latency, demand, demand, latency > 0.0006)
	}
	after := func(in *Input, latency, demand float64) { in.After = steps(8, start, latency, demand, demand, false) }
	f(0.0159, 0.994, func(*Input) {})                                               // it stays as bad as it was
	f(0.0159, 0.497, func(in *Input) { in.Action.To.Set(foreshock.DimIOPS, 1500) }) // for each unit added
	f(0.0003, 0, func(in *Input) { after(in, 0.0003, 100) })                        // the load fell: as is normal
	f(0, 0, func(in *Input) { in.Before = nil })
	f(0.0159, 0, func(in *Input) { after(in, 0.0159, 800) }) // nothing gained
	f(0.0159, 0, func(in *Input) { before(in, 0.0159, math.NaN()) })
	f(0.008, 0, func(in *Input) { // ahead: a saturated amount by the queue's law
		before(in, 0.0003, 200)
	})
	f(0.00045, 0, func(in *Input) { // ahead, with more load than before: (1-0.4)/(1-0.6) times
		before(in, 0.0003, 200)
		after(in, 0.0003, 300)
	})
	f(0.0003, 0, func(in *Input) { // less was given: as before
		in.Action.To.Set(foreshock.DimIOPS, 300)
		before(in, 0.0003, 100)
		after(in, 0.0004, 150)
	})
	f(0.0159, 0.891, func(in *Input) { // normal is more than people want: the excess is above what they want
		in.Normal, in.MaxLatency = Normal{Level: 0.015}, 300*time.Microsecond
		after(in, 0.002, 800)
	})
}
