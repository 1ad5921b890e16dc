package decide

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Each amount that was weighed is told with what bound it, and one that is not wanted with the figure that would have to change.
func TestCandidates(t *testing.T) {
	f := func(change func(*State), kind foreshock.Kind, reason string, bounds []string, needs string) {
		t.Helper()
		s := base()
		change(&s)
		d := Decide(s)
		for _, c := range d.Candidates {
			if c.Kind != kind || c.Reason != reason {
				continue
			}
			if !slices.Equal(c.Bounds, bounds) || !strings.Contains(c.Needs, needs) || (needs == "") != (c.Needs == "") {
				t.Errorf("%s by %s is bound by %v and needs %q; %v and %q were expected", kind, reason, c.Bounds, c.Needs, bounds, needs)
			}
			return
		}
		t.Errorf("no candidate to %s by %s: %+v", kind, reason, d.Candidates)
	}
	high := func(s *State) {
		s.Finding = Finding{Score: 3, Threshold: 1, Severity: foreshock.High}
		s.Demand.Set(foreshock.DimIOPS, 1200)
		s.Saturated[foreshock.DimIOPS] = true
	}
	none := func(*State) {}
	f(none, foreshock.Grow, Demand, []string{AlreadyThere}, "demand above 800 IOPS; it is 400 IOPS")
	f(none, foreshock.Grow, Forecast, []string{NoForecast}, "there is none")
	f(none, foreshock.Shrink, LowUse, []string{NotAllowed}, "reduce.allowed")
	f(func(s *State) { s.Demand.Set(foreshock.DimIOPS, 900) }, foreshock.Grow, Demand, []string{NotPressed}, "score 0.40, threshold 1.00")
	f(func(s *State) { s.Policy.Reduce.Allowed = true }, foreshock.Shrink, LowUse, []string{NotLongEnough}, "watched for 30m")
	f(func(s *State) {
		s.Policy.Reduce.Allowed = true
		s.Demand.Set(foreshock.DimIOPS, 700)
	}, foreshock.Shrink, LowUse, []string{InUse}, "demand below 560 IOPS; it is 700 IOPS")
	f(high, foreshock.Grow, Demand, nil, "")
	f(high, foreshock.Shrink, LowUse, []string{NotAllowed}, "reduce.allowed")
	f(func(s *State) {
		s.Finding = Finding{Score: 3, Threshold: 1, Severity: foreshock.Medium}
		s.Demand.Set(foreshock.DimIOPS, 900)
	}, foreshock.Grow, Demand, []string{Outranked}, "more than the 1250 IOPS that is wanted")
	f(func(s *State) {
		high(s)
		s.Policy.Bounds[foreshock.DimIOPS] = Bounds{Max: 1100}
		s.Paused = Pauses{Grow: "a person looks", Shrink: "a person looks"}
	}, foreshock.Grow, Demand, []string{PolicyMax, Paused}, "")
	f(func(s *State) {
		high(s)
		s.Policy.Mode = foreshock.Observe
	}, foreshock.Grow, Demand, []string{Observing}, "")
	f(func(s *State) { // nobody uses it: nothing is wanted
		idle(s)
		s.Forecasts[foreshock.DimIOPS] = flat(0, 60)
	}, foreshock.Shrink, LowUse, []string{Ratio}, "")

	// What costs least, in a policy that says what costs are.
	advised := func(amount float64, more func(*State)) func(*State) {
		return func(s *State) {
			s.Policy.Reduce.Allowed = true
			s.Policy.Objective, s.Policy.MaxLatency = Costs{UnitHour: 1, LateSecond: 1, Utilisation: 0.9}, 10*time.Millisecond
			s.RecentPeak.Set(foreshock.DimIOPS, 400)
			s.Advice = map[foreshock.Dimension]foreshock.Advice{foreshock.DimIOPS: {Amount: amount}}
			more(s)
		}
	}
	f(advised(500, none), foreshock.Shrink, Cheapest, nil, "")
	f(advised(2000, none), foreshock.Grow, Cheapest, nil, "")
	f(advised(1000, none), foreshock.Grow, Cheapest, []string{AlreadyThere}, "a rule that costs less at more than 1000 IOPS")
	f(advised(950, none), foreshock.Shrink, Cheapest, []string{TooSmall}, "at most 900 IOPS: amounts come in multiples of 100 IOPS")
	f(advised(900, func(s *State) {
		s.Advice[foreshock.DimIOPS] = foreshock.Advice{Amount: 900, Scarce: true}
	}), foreshock.Shrink, Cheapest, []string{TooSmall}, "less than 850 IOPS, as changes are scarce")
	band := func(amount float64) func(*State) {
		return func(s *State) {
			s.Advice[foreshock.DimIOPS] = foreshock.Advice{Amount: amount, Lower: 800, Upper: 1500}
		}
	}
	f(advised(500, band(500)), foreshock.Shrink, Cheapest, []string{TooSmall}, "less than 800 IOPS or more than 1500 IOPS allocated")
	f(advised(2000, band(2000)), foreshock.Grow, Cheapest, []string{TooSmall}, "less than 800 IOPS or more than 1500 IOPS allocated")
	f(advised(500, func(s *State) { s.Finding = Finding{Score: 3, Threshold: 1, Severity: foreshock.High} }), foreshock.Shrink, Cheapest, []string{Anomalous}, "a score below 1.00")
	f(advised(500, func(s *State) { s.RecentPeak = foreshock.Allocation{} }), foreshock.Shrink, Cheapest, []string{NotLongEnough}, "watched for 30m")
	f(advised(500, func(s *State) { s.Step.Values = foreshock.Values{} }), foreshock.Shrink, Cheapest, []string{LatencyUnknown}, "a reading of latency")
	f(advised(500, func(s *State) { s.Saturated[foreshock.DimIOPS] = true }), foreshock.Shrink, Cheapest, []string{LatencyHigh}, "no saturation")
	takenBack := func(s *State) {
		s.Undo = &foreshock.Action{Undoes: "a1", From: s.Resource.Allocated}
		s.Undo.To.Set(foreshock.DimIOPS, 1300)
	}
	f(advised(1100, takenBack), foreshock.Grow, Cheapest, []string{Outranked}, "that nothing else is wanted")
	f(advised(1100, takenBack), foreshock.Grow, RollBack, nil, "")
	f(advised(500, takenBack), foreshock.Shrink, Cheapest, nil, "")
	f(advised(0, idle), foreshock.Shrink, Cheapest, nil, "")
}

// idle makes a state of one in which nothing was asked for, of a provider that states no least amount.
func idle(s *State) {
	s.Policy.Reduce.Allowed = true
	s.Demand.Set(foreshock.DimIOPS, 0)
	s.RecentPeak.Set(foreshock.DimIOPS, 0)
	s.Resource.Rules[foreshock.DimIOPS] = foreshock.Rule{Quantum: 100, Down: true}
}
