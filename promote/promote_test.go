package promote_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/promote"
)

var noon = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

// would is a change of a volume of 1,000 IOPS that is in effect after two minutes and followed for ten more.
func would(kind foreshock.Kind, to float64, at time.Time) *promote.Would {
	return &promote.Would{
		Workload: "disk/a", Policy: "p", Kind: kind, From: 1000, To: to, At: at, LeadTime: 2 * time.Minute, Over: 10 * time.Minute, Headroom: 0.25,
	}
}

// A would-be action is judged by the demand that came while it would have been in effect.
func TestTrial(t *testing.T) {
	f := func(kind foreshock.Kind, to float64, demand []float64, verdict foreshock.Verdict, late, then, missed float64) {
		t.Helper()
		var trial promote.Trial
		trial.Begin(would(kind, to, noon))
		var action, surge *foreshock.FollowUp
		for i := range 13 {
			r := promote.Reading{Time: noon.Add(time.Duration(i+1) * time.Minute), Length: time.Minute, Have: 1000}
			if i < len(demand) {
				r.Demand, r.Known = demand[i], true
			}
			for _, e := range trial.Observe(r, would(kind, to, noon)) {
				if e.Kind == foreshock.Nothing {
					surge = e
				} else {
					action = e
				}
			}
		}
		if action == nil || action.Verdict != verdict || action.LateS != late || action.ThenLateS != then {
			t.Errorf("%s to %g: %+v", kind, to, action)
		}
		if missed > 0 && (surge == nil || surge.LateS != missed) || missed == 0 && surge != nil {
			t.Errorf("%s to %g: of %g seconds that were missed it tells %+v", kind, to, missed, surge)
		}
	}
	flat := func(x float64) []float64 { return []float64{x, x, x, x, x, x, x, x, x, x, x, x} }
	f(foreshock.Grow, 1500, flat(1400), foreshock.Helped, 600, 0, 120) // it is late until the growth works
	f(foreshock.Grow, 1500, flat(1600), foreshock.TooLittle, 600, 600, 120)
	f(foreshock.Grow, 1500, flat(900), foreshock.TooMuch, 0, 0, 0)
	f(foreshock.Grow, 1200, flat(990), foreshock.Helped, 0, 0, 0) // it is used as headroom
	f(foreshock.Grow, 1500, flat(1400)[:5], foreshock.Unclear, 180, 0, 120)
	f(foreshock.Shrink, 600, flat(500), foreshock.Helped, 0, 0, 0)
	f(foreshock.Shrink, 600, flat(700), foreshock.TooMuch, 0, 600, 0)
}

// Growth that is wanted again is followed on, for a day at the most; what is wanted in the other direction ends it.
func TestTrialGoesOn(t *testing.T) {
	var trial promote.Trial
	trial.Begin(would(foreshock.Grow, 1500, noon))
	var ended *foreshock.FollowUp
	for i := 0; ended == nil && i < 2000; i++ {
		at := noon.Add(time.Duration(i+1) * time.Minute)
		trial.Begin(would(foreshock.Grow, 1600, at))
		for _, e := range trial.Observe(promote.Reading{Time: at, Length: time.Minute, Demand: 1000, Have: 1000, Known: true}, would(foreshock.Grow, 1, at)) {
			ended = e
		}
	}
	if ended == nil || ended.Ended.Sub(ended.Works) != 24*time.Hour || ended.To != 1600 {
		t.Errorf("%+v", ended)
	}
	trial.Begin(would(foreshock.Grow, 1500, noon))
	if e := trial.Begin(would(foreshock.Shrink, 600, noon.Add(time.Minute))); e == nil || e.Kind != foreshock.Grow || e.Verdict != foreshock.Unclear {
		t.Errorf("%+v", e)
	}
}

// advised is the report on days in which growth and reductions, evenly spread, were right and wrong so often.
func advised(days, grown, came, reduced, enough int, spared, caused float64) promote.Report {
	r := promote.Report{Policy: "p"}
	r.Take(&foreshock.Event{Time: noon, Decision: &foreshock.Decision{Policy: "p"}})
	take := func(kind foreshock.Kind, i, n, right int, late, then float64) {
		f := &foreshock.FollowUp{Workload: "disk/a", Policy: "p", Kind: kind, From: 1000, To: 1500, LateS: late, ThenLateS: then, Verdict: foreshock.TooMuch}
		if i < right {
			f.Verdict = foreshock.Helped
		}
		f.Begun = noon.Add(time.Duration(days) * 24 * time.Hour * time.Duration(i) / time.Duration(n))
		f.Works = f.Begun
		f.Ended = f.Begun.Add(time.Hour)
		r.Take(&foreshock.Event{Time: f.Ended, FollowUp: f})
	}
	for i := range grown {
		take(foreshock.Grow, i, grown, came, spared/float64(grown), 0)
	}
	for i := range reduced {
		take(foreshock.Shrink, i, reduced, enough, 0, caused/float64(reduced))
	}
	r.Take(&foreshock.Event{Time: noon.Add(time.Duration(days) * 24 * time.Hour), FollowUp: &foreshock.FollowUp{Policy: "other"}})
	r.Conclude(price(0.5))
	return r
}

// price is one for every dimension.
func price(of float64) func(foreshock.Dimension) float64 {
	return func(foreshock.Dimension) float64 { return of }
}

// TestReportOfDimensions: capacity of one dimension is not added to that of another, and each has its price.
func TestReportOfDimensions(t *testing.T) {
	r := &promote.Report{Policy: "p"}
	r.Take(&foreshock.Event{Time: noon, Decision: &foreshock.Decision{Policy: "p"}})
	take := func(d foreshock.Dimension, from, to float64) {
		r.Take(&foreshock.Event{Time: noon.Add(2 * time.Hour), FollowUp: &foreshock.FollowUp{
			Policy: "p", Kind: foreshock.Grow, Dimension: d, From: from, To: to, Begun: noon, Works: noon, Ended: noon.Add(2 * time.Hour), Verdict: foreshock.Helped,
		}})
	}
	take(foreshock.DimIOPS, 1000, 2000)
	take(foreshock.DimIOPS, 1000, 1500)
	take(foreshock.DimThroughput, 20<<20, 10<<20)
	r.Conclude(func(d foreshock.Dimension) float64 {
		if d == foreshock.DimIOPS {
			return 0.01
		}
		return 0
	})
	text := r.Text()
	for _, want := range []string{"capacity: +3000 IOPS·h, +30.00 at 0.01 for a unit", "capacity: -20 MiB/s·h\n"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %s", want, text)
		}
	}
	if r.Money != 30 {
		t.Errorf("%g in all", r.Money)
	}
}

// A mode is advised where it is sure that enough would have been right, advised against where it is not, and not yet judged on too little.
func TestAdvice(t *testing.T) {
	f := func(r promote.Report, approve, auto, why string) {
		t.Helper()
		for _, m := range []struct {
			name, want string
			promote.Advice
		}{{"approve", approve, r.Approve}, {"auto", auto, r.Auto}} {
			got := "no"
			switch {
			case m.Give:
				got = "yes"
			case !m.Enough:
				got = "wait"
			}
			if got != m.want || got == "wait" && m.WaitS <= 0 {
				t.Errorf("%s: %s, not %s: %+v", m.name, got, m.want, m.Advice)
			}
		}
		if text := r.Text(); !strings.Contains(text, why) {
			t.Errorf("%q is not in\n%s", why, text)
		}
	}
	f(advised(14, 40, 40, 0, 0, 3600, 0), "yes", "yes", "1h0m0s of shortage spared")
	f(advised(14, 40, 30, 0, 0, 3600, 0), "yes", "no", "30 of 40 (75 %, interval 60 to 86 %)")
	f(advised(14, 40, 4, 0, 0, 0, 0), "no", "no", "of growth 4 of 40")
	f(advised(14, 40, 4, 200, 200, 0, 0), "no", "no", "of growth 4 of 40") // reductions do not make up for it
	f(advised(14, 40, 40, 20, 20, 60, 3600), "no", "no", "reductions would have caused 1h0m0s of shortage, growth spared 1m0s")
	f(advised(4, 20, 20, 0, 0, 60, 0), "yes", "wait", "Wait 3.0 days more")
	f(advised(4, 2, 2, 0, 0, 60, 0), "wait", "wait", "Wait 16.0 days more")
	f(advised(2, 8, 0, 0, 0, 0, 0), "no", "no", "of growth 0 of 8") // it is clear already
	if r := advised(14, 40, 40, 0, 0, 0, 0); len(r.Capacity) != 1 || r.Capacity[0].UnitHours != 20_000 || r.Money != 10_000 || r.Grow.Actions != 40 {
		t.Errorf("%+v", r)
	}
	if r := advised(1, 20, 20, 20, 20, 0, 0); r.Flaps == 0 || math.Abs(r.PerDay-float64(r.Flaps)) > 1e-9 {
		t.Errorf("%d flaps, %.1f a day", r.Flaps, r.PerDay)
	}
	if none := (promote.Report{Policy: "p"}); !strings.Contains(none.Text(), "no decision of it") {
		t.Error(none.Text())
	}
}

// TestReportOfOtherRules: what was seen of a policy says nothing of it once its rules are others; another mode changes nothing, nor does a restart.
func TestReportOfOtherRules(t *testing.T) {
	r := &promote.Report{Policy: "p"}
	at := noon
	rules := func(policy, hash string, mode foreshock.Mode) {
		r.Take(&foreshock.Event{Time: at, Rules: &foreshock.Rules{Policy: policy, Hash: hash, Mode: mode}})
	}
	day := func(right int) {
		r.Take(&foreshock.Event{Time: at, Decision: &foreshock.Decision{Policy: "p"}})
		for range right {
			r.Take(&foreshock.Event{Time: at.Add(time.Hour), FollowUp: &foreshock.FollowUp{
				Policy: "p", Kind: foreshock.Grow, Begun: at, Works: at, Ended: at.Add(time.Hour), From: 1, To: 2, LateS: 60, Verdict: foreshock.Helped,
			}})
		}
		at = at.Add(24 * time.Hour)
		r.Take(&foreshock.Event{Time: at, Decision: &foreshock.Decision{Policy: "p"}})
	}
	f := func(days float64, right int, advised bool) {
		t.Helper()
		told := *r
		told.Conclude(price(0))
		if told.Days != days || told.Right.Yes != right || told.Approve.Give != advised {
			t.Errorf("%s, want %g days, %d right, advised %v", told.Text(), days, right, advised)
		}
	}
	day(10) // of a journal that does not name rules yet
	rules("p", "a", foreshock.Observe)
	day(10)
	rules("p", "a", foreshock.Approve)
	rules("q", "b", foreshock.Observe)
	f(2, 20, true)
	rules("p", "b", foreshock.Approve)
	f(0, 0, false)
	r.Take(&foreshock.Event{Time: at, FollowUp: &foreshock.FollowUp{Policy: "p", Kind: foreshock.Grow, Begun: at.Add(-time.Hour), Verdict: foreshock.Helped}})
	day(10)
	f(1, 10, true)
	told := *r
	for _, want := range []string{"The rules of policy p were changed at 2026-03-04T12:00:00Z", "Its mode is approve"} {
		if !strings.Contains(told.Text(), want) {
			t.Errorf("%q is not in %s", want, told.Text())
		}
	}
}
