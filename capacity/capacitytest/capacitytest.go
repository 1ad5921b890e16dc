// Package capacitytest is the kit for planners: what every planner must do with the last of what there is.
//
// A planner's test is a line: capacitytest.Run(t, newSubject).
package capacitytest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/capacity"
)

// Subject is a planner, fresh for one test, with some room on which two workloads draw.
type Subject struct {
	Planner       capacity.Planner
	First, Second capacity.Request // of the two workloads; the ID and how much is asked for are the kit's
	Dimension     foreshock.Dimension
	Room          float64 // that there is, at least three units
	Unit          float64 // the least that is of use
	Why           string  // what a refusal says
}

// request asks for more for one of the two workloads.
func (s *Subject) request(second bool, id string, more float64) capacity.Request {
	r := s.First
	if second {
		r = s.Second
	}
	from, _ := r.From.Get(s.Dimension)
	r.ID = id
	r.To.Set(s.Dimension, from+more)
	return r
}

// Run tries a planner. A new subject is made for each part.
func Run(t *testing.T, newSubject func(t *testing.T) Subject) {
	t.Run("exhausted", func(t *testing.T) { testExhausted(t, newSubject(t)) })
	t.Run("part", func(t *testing.T) { testPart(t, newSubject(t)) })
	t.Run("last unit", func(t *testing.T) { testLastUnit(t, newSubject(t)) })
	t.Run("given back", func(t *testing.T) { testGivenBack(t, newSubject(t)) })
	t.Run("restored", func(t *testing.T) { testRestored(t, newSubject(t), newSubject(t)) })
}

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// reserve asks for more, and checks how much more of it is granted, and that what is not granted has its reason.
func (s *Subject) reserve(t *testing.T, now time.Time, second bool, id string, more, want float64) capacity.Grant {
	t.Helper()
	r := s.request(second, id, more)
	g, err := s.Planner.Reserve(t.Context(), now, r)
	from, _ := r.From.Get(s.Dimension)
	if got, stated := g.Granted.Get(s.Dimension); err != nil || !stated || got != from+want {
		t.Errorf("%s: granted %s from %s (%s), %v; want %g more", id, g.Granted, r.From, g.Reason, err, want)
	}
	if less := want < more; less != (g.Reason != "") || less && !strings.Contains(g.Reason, s.Why) {
		t.Errorf("%s: the reason for %g of %g is %q; want %q", id, want, more, g.Reason, s.Why)
	}
	return g
}

// Where nothing is left nothing is granted, and the reason says of what.
func testExhausted(t *testing.T, s Subject) {
	s.reserve(t, noon, false, "all", s.Room, s.Room)
	refused := s.reserve(t, noon, true, "late", s.Unit, 0)
	if !refused.Expires.After(noon) {
		t.Errorf("a refusal does not say when to ask again: %+v", refused)
	}
	if err := s.Planner.Commit(t.Context(), noon, "late"); err == nil {
		t.Error("a refusal is committed")
	}
}

// Where less is left than is asked for, what is left is granted.
func testPart(t *testing.T, s Subject) {
	s.reserve(t, noon, false, "some", s.Unit, s.Unit)
	s.reserve(t, noon, true, "rest", s.Room, s.Room-s.Unit)
	s.reserve(t, noon, false, "late", s.Unit, 0)
}

// Of many that want the last unit at once, one gets it.
func testLastUnit(t *testing.T, s Subject) {
	s.reserve(t, noon, false, "most", s.Room-s.Unit, s.Room-s.Unit)
	var mu sync.Mutex // guards got
	var got []string
	var working sync.WaitGroup
	for i := range 8 {
		working.Go(func() {
			r := s.request(i%2 == 1, fmt.Sprint("racer ", i), s.Unit)
			g, err := s.Planner.Reserve(context.Background(), noon, r)
			if err != nil {
				t.Error(err)
			}
			if g.Granted == r.To {
				mu.Lock()
				defer mu.Unlock()
				got = append(got, r.ID)
			} else if g.Granted != r.From {
				t.Errorf("%s: %s is granted, which is no use", r.ID, g.Granted)
			}
		})
	}
	working.Wait()
	if len(got) != 1 {
		t.Errorf("the last unit was granted to %q", got)
	}
}

// What was released, or was not committed in time, can be had again; a grant that is asked for again is the same.
func testGivenBack(t *testing.T, s Subject) {
	first := s.reserve(t, noon, false, "a", s.Room, s.Room)
	if again := s.reserve(t, noon, false, "a", s.Room, s.Room); !again.Expires.Equal(first.Expires) {
		t.Errorf("asked again it expires at %s, not %s", again.Expires, first.Expires)
	}
	if err := s.Planner.Release(t.Context(), noon, "a"); err != nil {
		t.Error(err)
	}
	second := s.reserve(t, noon, true, "b", s.Room, s.Room)
	s.reserve(t, second.Expires, false, "c", s.Room, s.Room)
}

// After a restart what waits to be committed is nobody else's.
func testRestored(t *testing.T, s, after Subject) {
	r := s.request(false, "a", s.Room)
	g, err := s.Planner.Reserve(t.Context(), noon, r)
	if err != nil {
		t.Fatal(err)
	}
	if err := after.Planner.Restore(t.Context(), noon, []capacity.Held{{Request: r, Grant: g}}); err != nil {
		t.Fatal(err)
	}
	after.reserve(t, noon, true, "late", s.Unit, 0)
	after.reserve(t, g.Expires, true, "later", s.Room, s.Room)
}
