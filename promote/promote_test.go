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

// turning is the report on ten days in which growth, all of it right, was followed by a right reduction so often a day.
func turning(times int) promote.Report {
	r := promote.Report{Policy: "p"}
	r.Take(&foreshock.Event{Time: noon, Decision: &foreshock.Decision{Policy: "p"}})
	for i := range 10 * times {
		at := noon.Add(24 * time.Hour * time.Duration(i) / time.Duration(times))
		for _, kind := range []foreshock.Kind{foreshock.Grow, foreshock.Shrink} {
			r.Take(&foreshock.Event{Time: at, FollowUp: &foreshock.FollowUp{Policy: "p", Kind: kind, Begun: at, Works: at, Ended: at, Verdict: foreshock.Helped}})
			at = at.Add(10 * time.Minute)
		}
	}
	r.Take(&foreshock.Event{Time: noon.Add(10 * 24 * time.Hour)})
	r.Conclude(price(0))
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
	f(advised(2, 8, 0, 0, 0, 0, 0), "no", "no", "of growth 0 of 8")           // it is clear already
	f(advised(14, 40, 30, 200, 200, 0, 0), "yes", "no", "of growth 30 of 40") // nor where there is enough of growth alone to say so
	f(advised(14, 9, 5, 9, 5, 0, 0), "no", "wait", "10 of 18 (56 %, interval 34 to 75 %) right: it is not sure that at least 50 %")
	f(advised(0, 40, 40, 0, 0, 0, 0), "wait", "wait", "40 would-be actions are judged, in 0.0 days") // a rush is no day
	f(turning(4), "yes", "yes", "changes of direction within an hour: 4.0 a day")
	f(turning(5), "yes", "no", "it would have changed direction within an hour 5.0 times a day; at most 4 are allowed")
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

// TestReportCounts: only what is of the policy counts, what was not watched for long enough is no evidence, and growth that was too little was right all the same.
func TestReportCounts(t *testing.T) {
	r := &promote.Report{Policy: "p"}
	r.Take(&foreshock.Event{Time: noon.Add(-time.Hour), Decision: &foreshock.Decision{Policy: "other"}})
	r.Take(&foreshock.Event{Time: noon, Decision: &foreshock.Decision{Policy: "p"}})
	at := noon
	take := func(policy string, kind foreshock.Kind, v foreshock.Verdict, late, then float64, after time.Duration) {
		at = at.Add(after)
		r.Take(&foreshock.Event{Time: at, FollowUp: &foreshock.FollowUp{
			Workload: "disk/a", Policy: policy, Kind: kind, From: 1000, To: 1500, Begun: at, Works: at, Ended: at, LateS: late, ThenLateS: then, Verdict: v,
		}})
	}
	take("p", foreshock.Grow, foreshock.Helped, 60, 0, 0)
	take("p", foreshock.Grow, foreshock.TooLittle, 60, 40, time.Minute)
	take("p", foreshock.Grow, foreshock.TooMuch, 0, 0, time.Minute)
	take("p", foreshock.Grow, foreshock.Unclear, 0, 0, time.Minute)
	take("p", foreshock.Shrink, foreshock.Helped, 0, 0, time.Hour) // not within an hour
	take("p", foreshock.Shrink, foreshock.Unclear, 0, 0, time.Minute)
	take("p", foreshock.Grow, foreshock.Helped, 0, 0, time.Minute) // within an hour
	take("p", foreshock.Nothing, foreshock.Unclear, 40, 0, time.Minute)
	take("other", foreshock.Grow, foreshock.TooMuch, 0, 0, time.Minute)
	take("other", foreshock.Nothing, foreshock.Unclear, 40, 0, time.Minute)
	r.Take(&foreshock.Event{Time: noon, Decision: &foreshock.Decision{Policy: "p"}}) // late in the journal
	r.Conclude(price(0))
	if !r.From.Equal(noon) || !r.To.Equal(at) {
		t.Errorf("from %s to %s", r.From, r.To)
	}
	type counts struct {
		grown, grownRight, reduced, reducedRight, judged, right, unclear, surges, flaps int
		spared, missed, recall                                                          float64
	}
	got := counts{
		r.Grow.Actions, r.Grow.Right.Yes, r.Shrink.Actions, r.Shrink.Right.Yes, r.Right.Of, r.Right.Yes, r.Unclear, r.Surges, r.Flaps, r.SparedS, r.MissedS, r.Recall,
	}
	if want := (counts{5, 3, 2, 1, 5, 4, 2, 1, 1, 80, 80, 0.5}); got != want {
		t.Errorf("%+v, want %+v", got, want)
	}
	if text := r.Text(); !strings.Contains(text, "  2 of them were not watched for long enough to be judged\n") || !strings.Contains(text, "recall 50 %") ||
		!strings.Contains(text, "mode approve: not yet: too little is known") || strings.Contains(text, "were changed at") || strings.Contains(text, "Its mode is") {
		t.Error(text)
	}
	quiet := advised(14, 0, 0, 0, 0, 0, 0)
	if text := quiet.Text(); quiet.Auto.Enough || quiet.Auto.WaitS != 0 || quiet.Recall != 0 || !strings.Contains(text, "the demand came: none judged\n") ||
		!strings.Contains(text, "nothing would have been done in 14.0 days that could be judged") || strings.Contains(text, "were not watched") {
		t.Errorf("%+v: %s", quiet.Auto, text)
	}
	if soon := advised(0, 0, 0, 0, 0, 0, 0); soon.Auto.WaitS != 7*24*3600 || soon.PerDay != 0 || soon.Right.Lower != 0 || soon.Right.Upper != 1 {
		t.Errorf("%+v", soon)
	}
	if bad := advised(14, 40, 4, 0, 0, 0, 0); !strings.Contains(bad.Text(), "mode auto: not advised: ") {
		t.Error(bad.Text())
	}
	if good := advised(14, 40, 40, 0, 0, 60, 0); !strings.Contains(good.Text(), "mode auto: advised: ") {
		t.Error(good.Text())
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
