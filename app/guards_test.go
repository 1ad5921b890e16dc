package app

import (
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/pipeline"
)

// since counts by a ledger, in a fleet of ten resources of each policy.
func since(ledger *act.Ledger) func(*foreshock.Action, time.Time) decide.Counts {
	return func(a *foreshock.Action, now time.Time) decide.Counts {
		c := pipeline.Counted(ledger.Counts(act.Asked{Policy: a.Policy, Workload: a.Workload, Target: a.Target, Resource: a.Resource, Now: now, Before: a.ID}))
		c.PolicySize, c.FleetSize = 10, 20
		return c
	}
}

// What was decided in a window is not begun after it; a policy that is gone allows what it did.
func TestGuards(t *testing.T) {
	day := decide.Policy{Name: "day", Windows: []decide.Window{{Name: "day", To: 12 * 60, Outside: decide.AllowGrow}}}
	guard := guards([]decide.Policy{{Name: "always"}, day}, since(act.NewLedger()))[0]
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
	}, since(ledger))[0]
	f := func(policy, id string, after time.Duration, spend float64, refused bool) {
		t.Helper()
		a := foreshock.Action{ID: id, Policy: policy, Target: "t", Resource: id, Spend: spend, Undoes: "x"} // the canary is not asked for
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

// What was decided at the same time is held against the limits once more, in the order in which it was begun: as many as are allowed go on.
func TestGuardsFleet(t *testing.T) {
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	f := func(name string, limits decide.Limits, judged bool, resources string, allowed string, why string) {
		t.Helper()
		ledger := act.NewLedger()
		var actions []foreshock.Action
		tell := func(i int, state foreshock.ActionState) {
			ledger.Apply(&foreshock.Event{Time: now, Change: &foreshock.ActionChange{Action: actions[i], State: state}})
		}
		if judged {
			actions = append(actions, foreshock.Action{ID: "first", Policy: "p", Target: "t", Resource: "first"})
			ledger.Apply(&foreshock.Event{Time: now.Add(-48 * time.Hour), Change: &foreshock.ActionChange{Action: actions[0], State: foreshock.Done}})
			ledger.Apply(&foreshock.Event{Time: now.Add(-47 * time.Hour), Evaluation: &foreshock.Evaluation{Action: "first", Verdict: foreshock.Helped}})
			actions = nil
		}
		for i, on := range resources {
			actions = append(actions, foreshock.Action{ID: string(rune('0' + i)), Policy: "p", Target: "t", Workload: foreshock.ID(on), Resource: string(on)})
			tell(i, foreshock.Intent)
		}
		guard := guards([]decide.Policy{{Name: "p", Limits: limits}}, since(ledger))[0]
		got, said := "", ""
		for i := range actions {
			if refusal := guard(now, actions[i], foreshock.Resource{}); refusal != "" {
				said = refusal
				tell(i, foreshock.Refused)
				continue
			}
			got += actions[i].ID
		}
		if got != allowed || !strings.Contains(said, why) {
			t.Errorf("%s: %s went on, %q; want %s, %q", name, got, said, allowed, why)
		}
	}
	f("no limits", decide.Limits{PerHour: -1}, true, "abcde", "01234", "")
	f("at once", decide.Limits{AtOnce: 2}, true, "abcde", "01", "2 actions are under way, at most 2 may be")
	f("per hour", decide.Limits{PerHour: 3}, true, "abcde", "012", "in the last hour, at most 3")
	f("per day", decide.Limits{PerDay: 2}, true, "aaab", "013", "on this workload in the last day")
	f("share", decide.Limits{Share: 0.2}, true, "abca", "013", "of the policy's 10 resources were changed in the last hour, at most 2")
	f("canary", decide.Limits{}, false, "abc", "0", "the policy's first action is not judged yet")
}
