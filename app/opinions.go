package app

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
)

const (
	latestWithin = 24 * time.Hour   // an opinion that names no anomaly is of the latest one, unless that is older
	sameMiss     = 15 * time.Minute // between two times at which something was missed that is one thing
	mostSaid     = 256              // opinions kept per workload
)

// said is an opinion that somebody gave, and what it moved.
type said struct {
	foreshock.Opinion
	actor string
	given time.Time // zero until the journal has it
	moved []foreshock.Event
}

// opinions are what people said, so that each anomaly is learned from once.
type opinions struct {
	asking sync.Mutex // held while one is given: two that come together are one after the other

	mu sync.Mutex // guards what follows
	of map[foreshock.ID][]*said
}

// take folds what the journal has: an opinion, and the corrections that came of it, which have its time and its actor.
func (o *opinions) take(e *foreshock.Event) {
	if e.Opinion == nil && (e.Correction == nil || e.Correction.Undoes > 0) {
		return
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	list := o.of[e.Workload()]
	for i := len(list) - 1; i >= 0; i-- {
		switch s := list[i]; {
		case s.actor != e.Actor:
		case e.Opinion != nil && s.given.IsZero() && s.Opinion == *e.Opinion:
			s.given = e.Time
			return
		case e.Correction != nil && s.given.Equal(e.Time):
			s.moved = append(s.moved, *e)
			return
		}
	}
	if e.Opinion != nil {
		o.keep(&said{Opinion: *e.Opinion, actor: e.Actor, given: e.Time})
	}
}

func (o *opinions) add(s *said) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.keep(s)
}

func (o *opinions) drop(s *said) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.of[s.Workload] = slices.DeleteFunc(o.of[s.Workload], func(other *said) bool { return other == s })
}

// keep adds one; mu is held.
func (o *opinions) keep(s *said) {
	if o.of == nil {
		o.of = map[foreshock.ID][]*said{}
	}
	list := o.of[s.Workload]
	o.of[s.Workload] = append(list[max(0, len(list)-mostSaid+1):], s)
}

// before is the last opinion on the same thing, or nil. What is given now has the time now.
func (o *opinions) before(n foreshock.Opinion, now time.Time) *said {
	o.mu.Lock()
	defer o.mu.Unlock()
	list := o.of[n.Workload]
	for i := len(list) - 1; i >= 0; i-- {
		if s := list[i]; s.alike(n, now) {
			copied := *s
			copied.moved = slices.Clone(s.moved)
			return &copied
		}
	}
	return nil
}

// alike says whether what is said now is of the same thing.
func (s *said) alike(n foreshock.Opinion, now time.Time) bool {
	if s.Says == foreshock.Missed || n.Says == foreshock.Missed {
		return s.Says == n.Says && missedAt(s.Opinion, s.given).Sub(missedAt(n, now)).Abs() <= sameMiss
	}
	return n.Anomaly != "" && s.Anomaly == n.Anomaly
}

func missedAt(o foreshock.Opinion, given time.Time) time.Time {
	if o.At.IsZero() {
		return given
	}
	return o.At
}

// Opine takes in an opinion once: the same on the same anomaly changes nothing, and another one takes back first what the one before had moved.
func (g *generation) Opine(ctx context.Context, o foreshock.Opinion, actor string) (string, error) {
	h, all := g.app.history, &g.app.opinions
	all.asking.Lock()
	defer all.asking.Unlock()
	about := h.anomaly(o.Workload, o.Anomaly)
	switch {
	case about == nil && o.Anomaly != "":
		return "", fmt.Errorf("anomaly %q of %s: %w among the latest events; foreshock anomalies lists what there is", o.Anomaly, o.Workload, act.ErrNotFound)
	case o.Anomaly == "" && o.Says != foreshock.Missed:
		if v, known, err := g.pipeline.Workload(ctx, o.Workload); err == nil && known {
			if about = h.latest(o.Workload, v.Time.Add(-latestWithin)); about != nil {
				o.Anomaly = about.ID
			}
		}
	}
	done := "noted"
	if s := all.before(o, time.Now()); s != nil && !h.withdrawn(s) {
		by := s.actor
		if by == "" {
			by = "somebody"
		}
		if s.Says == o.Says {
			return fmt.Sprintf("%s has said so already, and it was learned from once: nothing changes", by), nil
		}
		if s.given.IsZero() {
			return "", fmt.Errorf("%w: what %s has said is not in the journal yet; say it again in a moment", act.ErrConflict, by)
		}
		if err := g.takeBack(ctx, s, actor, "said to be "+inWords[o.Says]); err != nil {
			return "", err
		}
		done = fmt.Sprintf("noted; what %s had said, %s, is taken back", by, inWords[s.Says])
	}
	s := &said{Opinion: o, actor: actor}
	all.add(s)
	if err := g.pipeline.Opine(ctx, o, about, actor); err != nil {
		all.drop(s)
		return "", err
	}
	return done, nil
}

var inWords = map[string]string{foreshock.FalseAlarm: "a false alarm", foreshock.Useful: "useful", foreshock.Missed: "missed"}

// takeBack undoes what an opinion moved, the last first.
func (g *generation) takeBack(ctx context.Context, s *said, actor, why string) error {
	for i := len(s.moved) - 1; i >= 0; i-- {
		e := &s.moved[i]
		if !e.Correction.Moved() || !g.app.history.claim(e.Seq) {
			continue
		}
		if err := g.pipeline.Undo(ctx, *e, actor, why); err != nil {
			g.app.history.unclaim(e.Seq)
			return err
		}
	}
	return nil
}
