package app

import (
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/decide"
)

// What was decided in a window is not begun after it; a policy that is gone allows what it did.
func TestGuards(t *testing.T) {
	day := decide.Policy{Name: "day", Windows: []decide.Window{{Name: "day", To: 12 * 60, Outside: decide.AllowGrow}}}
	guard := guards([]decide.Policy{{Name: "always"}, day})[0]
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
