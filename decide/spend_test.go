package decide

import (
	"strings"
	"testing"
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
}
