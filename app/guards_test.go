package app

import (
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/decide"
)

// What was decided in a window is not begun after it; a policy that is gone allows what it did.
func TestGuards(t *testing.T) {
	day := decide.Policy{Name: "day", Windows: []decide.Window{{Name: "day", To: 12 * 60, Outside: decide.AllowGrow}}}
	guard := guards([]decide.Policy{{Name: "always"}, day}, act.NewLedger())[0]
	f := func(policy string, hour int, to float64, refused bool) {
		t.Helper()
		a := foreshock.Action{Policy: policy}
		a.From.Set(foreshock.DimIOPS, 100)
		a.To.Set(foreshock.DimIOPS, to)
		why := guard(time.Date(2026, 3, 2, hour, 0, 0, 0, time.UTC), a, foreshock.Resource{})
		if (why != "") != refused {
			t.Errorf("%s at %d to %g: %q", policy, hour, to, why)
		}
	}
	f("day", 11, 50, false)
	f("day", 12, 50, true)
	f("day", 12, 200, false)
	f("always", 12, 50, false)
	f("gone", 12, 50, false)
}

// Proposals that are approved together do not spend more than is allowed within an hour, and the caps hold over a restart.
func TestGuardsSpend(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	ledger := act.NewLedger()
	guard := guards([]decide.Policy{
		{Name: "p", Limits: decide.Limits{Spend: 10}}, {Name: "q", Limits: decide.Limits{FleetSpend: 16}},
	}, ledger)[0]
	f := func(policy, id string, after time.Duration, spend float64, refused bool) {
		t.Helper()
		a := foreshock.Action{ID: id, Policy: policy, Target: "t", Resource: id, Spend: spend}
		tell := func(state foreshock.ActionState) {
			ledger.Apply(&foreshock.Event{Time: now.Add(after), Change: &foreshock.ActionChange{Action: a, State: state}})
		}
		tell(foreshock.Intent)
		why := guard(now.Add(after), a, foreshock.Resource{})
		if (why != "") != refused {
			t.Errorf("%s: %q", id, why)
		}
		if refused {
			tell(foreshock.Refused)
		}
	}
	f("p", "a", 0, 6, false)
	f("p", "b", time.Minute, 5, true)
	f("p", "c", time.Minute, 4, false)
	f("q", "d", time.Minute, 7, true) // with those of p
	f("q", "e", time.Minute, 6, false)
	f("p", "f", 59*time.Minute, 1, true)
	f("p", "g", time.Hour, 6, false) // a is an hour ago
	f("p", "h", time.Hour, 1, true)
}
