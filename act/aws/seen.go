package aws

import (
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/providers"
)

// seen is what this process knows of a volume. EC2 shows the latest change only, so that those before it are known from having been seen,
// and from the journal.
type seen struct {
	last    volume
	starts  []time.Time // of the changes in the window, whoever asked for them, ascending
	blocked time.Time   // until when EC2 said that no change is allowed
}

// rateExceeded is the code with which EC2 refuses the fifth change.
const rateExceeded = "VolumeModificationRateExceeded"

// of gives what is known of a volume. The caller holds mu.
func (x *volumes) of(id string) *seen {
	s := x.seen[id]
	if s == nil {
		s = &seen{}
		x.seen[id] = s
	}
	return s
}

func (x *volumes) remember(id string, v volume) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.of(id)
	s.last = v
	for _, m := range v.last {
		s.add(m.started)
	}
	now := x.target.Now()
	s.starts = slices.DeleteFunc(s.starts, func(t time.Time) bool { return now.Sub(t) >= x.types[v.Kind].Window })
}

func (x *volumes) recall(id string) (volume, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.seen[id]
	if s == nil || s.last.Kind == "" {
		return volume{}, false
	}
	return s.last, true
}

// began remembers a change that EC2 has accepted.
func (x *volumes) began(id string, at time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if !at.IsZero() {
		x.of(id).add(at)
	}
}

// add takes a change in, once, whether its begin is told in seconds or finer: none begins so soon after another one.
func (s *seen) add(at time.Time) {
	if slices.ContainsFunc(s.starts, func(t time.Time) bool { return t.Sub(at).Abs() < time.Second }) {
		return
	}
	i, _ := slices.BinarySearchFunc(s.starts, at, time.Time.Compare)
	s.starts = slices.Insert(s.starts, i, at)
}

// Recount takes in what the journal says was asked for.
func (x *volumes) Recount(r *foreshock.Resource, asked []time.Time) {
	if v, known := x.recall(r.Name); known {
		r.Budget = x.budget(r.Name, v.Kind, asked)
	}
}

// budget is what is left of the changes that a volume's type allows in any window.
func (x *volumes) budget(id, kind string, asked []time.Time) foreshock.Budget {
	t := x.types[kind]
	x.mu.Lock()
	defer x.mu.Unlock()
	now, s := x.target.Now(), x.of(id)
	b := act.BudgetOf(t.Changes, t.Window, act.Union(s.starts, asked), now)
	if s.blocked.After(now) {
		b.Left, b.NextFree = 0, s.blocked
	}
	return b
}

var (
	anyTime  = regexp.MustCompile(`\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?Z`)
	anyHours = regexp.MustCompile(`(\d+) hour`)
)

// refused learns from EC2 that no change is allowed, until when it says; where it does not say it, for as long as changes that are spread evenly
// are apart.
func (x *volumes) refused(id string, t providers.VolumeType, text string) {
	now := x.target.Now()
	until := now.Add(t.Window / time.Duration(max(t.Changes, 1)))
	if at, err := time.Parse(time.RFC3339, anyTime.FindString(text)); err == nil && at.After(now) && at.Before(now.Add(t.Window)) {
		until = at
	} else if m := anyHours.FindStringSubmatch(text); m != nil {
		if hours, err := strconv.Atoi(m[1]); err == nil && hours > 0 && time.Duration(hours)*time.Hour <= t.Window {
			until = now.Add(time.Duration(hours) * time.Hour)
		}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.of(id).blocked = until
}
