package pipeline

import (
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/decide"
)

// Of those that wait what presses hardest goes first, then what has waited longest; what presses less goes first once it has waited so much longer. Who waits no more, or
// is not heard of, is not waited for, nor is whoever has other limits or the same resource.
func TestTurns(t *testing.T) {
	begin := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	same, other := decide.Default(), decide.Default()
	other.Limits.AtOnce = 1
	line := new(turns)
	named := func(id foreshock.ID, resource string, policy *decide.Policy) *workload {
		return &workload{id: id, policy: policy, resource: resource, profile: &foreshock.Profile{Length: time.Minute}}
	}
	state := func(w *workload, minute int, severity foreshock.Severity) *decide.State {
		return &decide.State{Now: begin.Add(time.Duration(minute) * time.Minute), Policy: w.policy, Finding: decide.Finding{Severity: severity}}
	}
	f := func(w *workload, minute int, severity foreshock.Severity, want int) {
		t.Helper()
		if got := line.ahead(w, state(w, minute, severity)); got != want {
			t.Errorf("after %d minutes %d go before %s of severity %s, not %d", minute, got, w.id, severity, want)
		}
	}
	a, b, c := named("a", "a", &same), named("b", "b", &same), named("c", "c", &same)
	f(a, 0, foreshock.None, 0)
	line.wait(b, state(b, 0, foreshock.Medium))
	f(a, 0, foreshock.None, 0) // they begin at the same time
	f(a, 1, foreshock.None, 1)
	f(a, 1, foreshock.Medium, 1)
	f(a, 1, foreshock.High, 0)
	f(b, 1, foreshock.Medium, 0)
	line.wait(c, state(c, 1, foreshock.High))
	f(b, 2, foreshock.Medium, 1)
	f(a, 2, foreshock.Medium, 2)
	for minute := 2; minute <= 31; minute++ {
		line.wait(b, state(b, minute, foreshock.Medium))
	}
	f(a, 32, foreshock.High, 1) // b has waited longer by half an hour
	f(a, 33, foreshock.None, 1) // c is not heard of
	f(a, 34, foreshock.None, 0) // nor b
	line.wait(b, state(b, 40, foreshock.High))
	f(named("a", "a", &other), 41, foreshock.None, 0)
	f(named("a", "b", &same), 41, foreshock.None, 0)
	f(a, 41, foreshock.None, 1)
	line.done("b")
	f(a, 41, foreshock.None, 0)
}
