package act_test

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
)

// forgetful is a target whose provider shows none of its changes.
type forgetful struct {
	act.Target
	asked []time.Time
}

func (forgetful) Read(context.Context, string) (foreshock.Resource, error) {
	return foreshock.Resource{Budget: foreshock.Budget{Limited: true, Left: 4, Total: 4}}, nil
}

func (f *forgetful) Recount(r *foreshock.Resource, asked []time.Time) {
	f.asked = asked
	r.Budget.Left -= len(asked)
}

// What the journal has of a resource is told to its target with each reading: all that the provider may have accepted.
func TestRecount(t *testing.T) {
	noon := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	l := act.NewLedger()
	apply := func(id, resource string, after time.Duration, states ...foreshock.ActionState) {
		for _, s := range states {
			l.Apply(&foreshock.Event{Seq: 1, Time: noon.Add(after), Change: &foreshock.ActionChange{
				State: s, Action: foreshock.Action{ID: id, Target: "cloud", Resource: resource},
			}})
		}
	}
	apply("done", "vol-1", 0, foreshock.Intent, foreshock.Called, foreshock.Answered, foreshock.Done)
	apply("refused by the provider", "vol-1", time.Hour, foreshock.Intent, foreshock.Called, foreshock.Failed)
	apply("refused before", "vol-1", 2*time.Hour, foreshock.Intent, foreshock.Refused)
	apply("another's", "vol-2", 3*time.Hour, foreshock.Intent, foreshock.Called, foreshock.Done)
	apply("unknown", "vol-1", 4*time.Hour, foreshock.Intent, foreshock.Called, foreshock.Unknown, foreshock.Parked)
	f := &forgetful{}
	e := act.New(act.Options{Config: act.DefaultConfig(), Targets: map[string]act.Target{"cloud": f}, Ledger: l})
	r, err := e.Read(t.Context(), "cloud", "vol-1")
	if want := []time.Time{noon, noon.Add(4 * time.Hour)}; err != nil || r.Budget.Left != 2 || !reflect.DeepEqual(f.asked, want) {
		t.Errorf("%+v, %v, told of %v", r.Budget, err, f.asked)
	}
	if r, err := e.Read(t.Context(), "cloud", "vol-3"); err != nil || r.Budget.Left != 4 {
		t.Errorf("%+v, %v", r.Budget, err)
	}
}
