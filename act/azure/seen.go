package azure

import (
	"regexp"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/providers"
)

// seen is what this process knows of a disk. Azure shows no earlier changes: they are known from having been seen, and from the journal.
type seen struct {
	last    disk
	learned bool        // from the activity log what was before
	starts  []time.Time // of the changes in the window, whoever asked for them, ascending
	asked   *shape      // for by this process, and not seen yet
	foreign bool        // a change is under way that somebody else asked for
	lowered time.Time   // when the tier was last lowered
	raised  []time.Time // when this process asked for what lowers no tier
	sent    time.Time   // when this process asked last, and before, when the tier was lowered
	before  time.Time
	blocked time.Time // until when Azure said that no change is allowed
}

// of gives what is known of a disk. The caller holds mu.
func (x *disks) of(resource string) *seen {
	s := x.seen[resource]
	if s == nil {
		s = &seen{}
		x.seen[resource] = s
	}
	return s
}

// remember takes in what a disk is now. What changed and was not asked for here is a change of somebody else's; when exactly is not known.
func (x *disks) remember(resource string, d disk) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s, now, t := x.of(resource), x.target.Now(), x.types[d.kind]
	if t.CreationCounts && s.last.kind == "" && !d.created.IsZero() {
		s.add(d.created)
	}
	mine := s.asked != nil && (d.shape == *s.asked || d.busy())
	switch {
	case mine, s.last.kind == "" && !d.busy():
	case d.busy() && !s.foreign, d.shape != s.last.shape && !s.foreign:
		s.add(now)
		s.foreign = d.busy()
	case !d.busy():
		s.foreign = false
	}
	arrived := s.asked != nil && d.shape == *s.asked
	if !arrived && s.last.kind == d.kind && rank(t, d.tier) < rank(t, s.last.tier) {
		s.lowered = now
	}
	if arrived {
		s.asked = nil
	}
	s.last = d
	s.starts = slices.DeleteFunc(s.starts, func(at time.Time) bool { return now.Sub(at) >= t.Window })
	s.raised = slices.DeleteFunc(s.raised, func(at time.Time) bool { return now.Sub(at) >= t.TierDownEvery })
}

func (x *disks) recall(resource string) (disk, bool) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.seen[resource]
	if s == nil || s.last.kind == "" {
		return disk{}, false
	}
	return s.last, true
}

// began remembers a change that is asked for: until it is refused, it counts.
func (x *disks) began(resource string, t providers.VolumeType, from, to shape) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s, now := x.of(resource), x.target.Now()
	s.asked, s.sent, s.before = &to, now, s.lowered
	s.add(now)
	if rank(t, to.tier) < rank(t, from.tier) {
		s.lowered = now
	} else {
		s.raised = append(s.raised, now)
	}
}

// failed gives up waiting for what was asked for.
func (x *disks) failed(resource string) {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.of(resource).asked = nil
}

func (s *seen) add(at time.Time) {
	i, _ := slices.BinarySearchFunc(s.starts, at, time.Time.Compare)
	s.starts = slices.Insert(s.starts, i, at)
}

var (
	// How Azure says that no change is allowed yet is not documented: it is taken from what any words for it would hold.
	tooOften    = regexp.MustCompile(`(?i)24[ -]?hours?`)
	loweredSoon = regexp.MustCompile(`(?i)12[ -]?hours?`)
)

// refused takes a change back that did not begin, and learns from what Azure says: that no change, or no lower tier, is allowed for a while. Since
// when is not told, so that it is asked again as often as changes that are spread evenly are apart.
func (x *disks) refused(resource string, t providers.VolumeType, err error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s, now := x.of(resource), x.target.Now()
	s.asked, s.lowered = nil, s.before
	began := func(at time.Time) bool { return at.Equal(s.sent) }
	s.starts, s.raised = slices.DeleteFunc(s.starts, began), slices.DeleteFunc(s.raised, began)
	if t.Changes > 0 && tooOften.MatchString(err.Error()) {
		s.blocked = now.Add(t.Window / time.Duration(t.Changes))
	}
	if loweredSoon.MatchString(err.Error()) {
		s.lowered = now
	}
}

// Recount takes in what the journal says was asked for.
func (x *disks) Recount(r *foreshock.Resource, asked []time.Time) { x.recount(r, r.Name, asked) }

func (x *disks) recount(r *foreshock.Resource, resource string, asked []time.Time) {
	d, known := x.recall(resource)
	if !known {
		return
	}
	t := x.types[d.kind]
	r.Budget = x.budget(resource, t, asked)
	if len(t.Tiers) == 0 {
		return
	}
	x.journal(resource, asked)
	if x.heldUp(resource, t).After(x.target.Now()) {
		for _, dim := range []foreshock.Dimension{foreshock.DimIOPS, foreshock.DimThroughput} {
			if rule, ruled := r.Rules[dim]; ruled { // it can be reduced, and not yet
				rule.Min, _ = r.Allocated.Get(dim)
				r.Rules[dim] = rule
			}
		}
	}
}

// journal takes what was asked for, and is not known to have lowered no tier, for what lowered one.
func (x *disks) journal(resource string, asked []time.Time) {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.of(resource)
	for _, at := range asked {
		known := slices.ContainsFunc(s.raised, func(raised time.Time) bool { return act.SameChange(raised, at) })
		if !known && at.After(s.lowered) {
			s.lowered = at
		}
	}
}

// heldUp is when a tier may be lowered again.
func (x *disks) heldUp(resource string, t providers.VolumeType) time.Time {
	x.mu.Lock()
	defer x.mu.Unlock()
	s := x.of(resource)
	if s.lowered.IsZero() {
		return time.Time{}
	}
	return s.lowered.Add(t.TierDownEvery)
}

// budget is what is left of the changes that a disk's type allows in any window.
func (x *disks) budget(resource string, t providers.VolumeType, asked []time.Time) foreshock.Budget {
	x.mu.Lock()
	defer x.mu.Unlock()
	now, s := x.target.Now(), x.of(resource)
	b := act.BudgetOf(t.Changes, t.Window, act.Union(s.starts, asked), now)
	if b.Limited && s.blocked.After(now) {
		b.Left, b.NextFree = 0, s.blocked
	}
	return b
}
