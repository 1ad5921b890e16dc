package decide

import (
	"slices"
	"strings"
	"testing"

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
		high(s)
		s.Policy.Bounds[foreshock.DimIOPS] = Bounds{Max: 1100}
		s.Paused = Pauses{Grow: "a person looks", Shrink: "a person looks"}
	}, foreshock.Grow, Demand, []string{PolicyMax, Paused}, "")
	f(func(s *State) {
		high(s)
		s.Policy.Mode = foreshock.Observe
	}, foreshock.Grow, Demand, []string{Observing}, "")
}
