package decide

import (
	"math"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock"
)

// What was begun within an hour is held against both caps, but for rounding; a cap of 0 is none.
func TestOverspent(t *testing.T) {
	f := func(spend, fleetSpend, policy, fleet float64, want string) {
		t.Helper()
		p := Policy{Limits: Limits{Spend: spend, FleetSpend: fleetSpend}}
		if got := p.Overspent(policy, fleet); (want == "") != (got == "") || !strings.Contains(got, want) {
			t.Errorf("%g of %g and %g of %g: %q, want %q", policy, spend, fleet, fleetSpend, got, want)
		}
	}
	f(0, 0, 1e6, 1e6, "")
	f(5, 10, 5, 10, "")
	f(0.3, 0, 0.1+0.2, 0, "")
	f(5, 10, 5.1, 9, "the policy's growth would add 5.1 an hour, at most 5 is allowed")
	f(5, 10, 4, 11, "the fleet's growth would add 11 an hour, at most 10 is allowed")
	f(5, 10, 6, 11, "the policy's")
	f(5, 10, math.NaN(), 9, "the policy's")
}

// A cap of which it cannot be said what is left lets nothing grow, whichever of the two it is.
func TestSpendOfNoNumber(t *testing.T) {
	for _, limits := range []Limits{{Spend: math.NaN(), FleetSpend: 100}, {Spend: 100, FleetSpend: math.NaN()}} {
		s := base()
		s.Finding = Finding{Score: 3, Threshold: 1, Severity: foreshock.High}
		s.Saturated[foreshock.DimIOPS] = true
		s.Demand.Set(foreshock.DimIOPS, 1600)
		s.Policy.Bounds[foreshock.DimIOPS] = Bounds{Price: 0.01}
		s.Policy.Limits = limits
		if d := Decide(s); d.Action != nil || d.Bound != SpendCap {
			t.Errorf("%+v: %s", limits, render(&d))
		}
	}
}
