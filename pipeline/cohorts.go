package pipeline

import (
	"hash/fnv"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/feedback"
)

// cohorts hold the last steps of some workloads of each kind: when an action on one of the kind is judged, they tell what happened to all. A kind is
// what comes from one source in steps of one length. It has few members, chosen by a hash of their IDs, so that neither the size of the fleet nor the order in
// which it was seen matters.
type cohorts struct {
	mu sync.Mutex // guards by
	by map[kind]*cohort
}

type kind struct {
	source string
	length time.Duration
}

type cohort struct {
	mu      sync.Mutex // guards the members and what is in them
	members []*member  // by rank
}

const (
	mostMembers = 32
	// behind is how many steps a control's are looked at later than they were made: owners and sources do not go in step.
	behind = 2
)

// member is a workload as the others of its kind see it.
type member struct {
	*cohort
	rank             uint64
	id               foreshock.ID
	target, resource string
	steps            [recentSteps]feedback.Reading
	next, count      int
	allocated        foreshock.Allocation
	touched          [4]time.Time // when it was last changed, by whomever
	changes          int
	gone             bool      // another took its place
	left             time.Time // when its workload did; zero: it has not
}

// enter makes a workload a member of its kind, or answers nil where enough others go before it. One that has left makes room, unless it comes back.
func (c *cohorts) enter(w *workload) *member {
	k := kind{w.about.Source, w.profile.Length}
	c.mu.Lock()
	of := c.by[k]
	if of == nil {
		if c.by == nil {
			c.by = map[kind]*cohort{}
		}
		of = &cohort{}
		c.by[k] = of
	}
	c.mu.Unlock()
	hash := fnv.New64a()
	hash.Write([]byte(w.id))
	m := &member{cohort: of, rank: hash.Sum64(), id: w.id, resource: w.resource}
	if w.policy != nil {
		m.target = w.policy.Target
	}
	of.mu.Lock()
	defer of.mu.Unlock()
	if at := slices.IndexFunc(of.members, func(m *member) bool { return m.id == w.id }); at >= 0 {
		of.members[at].left = time.Time{}
		return of.members[at]
	}
	of.members = slices.DeleteFunc(of.members, func(m *member) bool { return m.leftBefore(w.heard.Add(-newsKept)) })
	at, _ := slices.BinarySearchFunc(of.members, m, func(a, b *member) int {
		if a.rank < b.rank {
			return -1
		}
		return 1
	})
	if at >= mostMembers {
		return nil
	}
	if of.members = slices.Insert(of.members, at, m); len(of.members) > mostMembers {
		of.members[mostMembers].gone = true
		of.members = of.members[:mostMembers]
	}
	return m
}

// leave tells that no action is compared with the workload any more from a time on. One that was refused before does not come in for it.
func (m *member) leave(from time.Time) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.left = from
}

// leftBefore says whether it had left before a time. The cohort is locked.
func (m *member) leftBefore(at time.Time) bool { return !m.left.IsZero() && m.left.Before(at) }

// record keeps a step.
func (m *member) record(step *foreshock.Step, demand, allocated foreshock.Allocation) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.gone {
		return
	}
	now := m.allocated.Over(allocated) // what is not read meanwhile is as it was
	if !now.Covers(m.allocated) {
		m.change(step.Time)
	}
	m.allocated = now
	r := reading(step.Time, &step.Values)
	r.Share = share(demand, allocated)
	m.steps[m.next] = r
	m.next = (m.next + 1) % recentSteps
	m.count = min(m.count+1, recentSteps)
}

// touch tells that an action on the workload took effect.
func (m *member) touch(at time.Time) {
	if m == nil {
		return
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.change(at)
}

func (m *member) change(at time.Time) {
	m.touched[m.changes%len(m.touched)] = at
	m.changes++
}

// reading is what controls are compared by.
func reading(at time.Time, v *foreshock.Values) feedback.Reading {
	r := feedback.Reading{Time: at, Latency: math.NaN(), Rate: math.NaN(), Share: math.NaN()}
	if x, ok := v.Get(foreshock.Latency); ok {
		r.Latency = x
	}
	for _, m := range []foreshock.Metric{foreshock.Throughput, foreshock.IOPS} {
		if x, ok := v.Get(m); ok {
			r.Rate = x
		}
	}
	return r
}

// share is the demand over what is allocated, of the dimension that binds most; NaN where it is not known.
func share(demand, allocated foreshock.Allocation) float64 {
	highest := math.NaN()
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		x, known := demand.Get(d)
		of, stated := allocated.Get(d)
		if known && stated && of > 0 && !(x/of <= highest) {
			highest = x / of
		}
	}
	return highest
}

// between gives copies of the steps with from < time <= to, oldest first. The cohort is locked.
func (m *member) between(from, to time.Time) (list []feedback.Reading) {
	for i := range m.count {
		if r := m.steps[(m.next-m.count+i+recentSteps)%recentSteps]; r.Time.After(from) && !r.Time.After(to) {
			list = append(list, r)
		}
	}
	return list
}

// changed says whether the workload was changed with from < time <= to. The cohort is locked.
func (m *member) changed(from, to time.Time) bool {
	return slices.ContainsFunc(m.touched[:], func(at time.Time) bool { return at.After(from) && !at.After(to) })
}

// controls are the workloads that an action will be compared with.
type controls struct {
	action string
	cohort *cohort
	from   time.Time // of what is compared
	list   []feedback.Control
}

// choose finds the workloads that were most like one before an action, are not changed with it, and were not lately.
func (c *cohorts) choose(w *workload, a *foreshock.Action) controls {
	length := w.profile.Length
	c.mu.Lock()
	of := c.by[kind{w.about.Source, length}]
	c.mu.Unlock()
	chosen := controls{action: a.ID, cohort: of, from: a.Evidence.Add(-beforeSteps * length)}
	if of == nil {
		return chosen
	}
	until := a.Evidence.Add(-behind * length)
	var mine []feedback.Reading
	w.recent.between(time.Time{}, until, func(s *recentStep) { mine = append(mine, reading(s.time, &s.values)) })
	var list []feedback.Control
	of.mu.Lock()
	for _, m := range of.members {
		shares := m.resource != "" && m.target == a.Target && m.resource == a.Resource
		if m.id != w.id && !shares && !m.leftBefore(until) && !m.changed(chosen.from, until) {
			list = append(list, feedback.Control{ID: m.id, Steps: m.between(time.Time{}, until)})
		}
	}
	of.mu.Unlock()
	for _, control := range feedback.Alike(mine, list) {
		at := slices.IndexFunc(control.Steps, func(r feedback.Reading) bool { return r.Time.After(chosen.from) })
		if at < 0 {
			continue
		}
		control.Steps = slices.Clone(control.Steps[at:])
		chosen.list = append(chosen.list, control)
	}
	return chosen
}

// seen gives those that were not changed since, with their steps until some time ago.
func (c *controls) seen(now time.Time, length time.Duration) (list []feedback.Control) {
	if c.cohort == nil {
		return nil
	}
	until := now.Add(-behind * length)
	c.cohort.mu.Lock()
	defer c.cohort.mu.Unlock()
	for _, control := range c.list {
		at := slices.IndexFunc(c.cohort.members, func(m *member) bool { return m.id == control.ID })
		if at < 0 || c.cohort.members[at].leftBefore(until) || c.cohort.members[at].changed(c.from, until) {
			continue
		}
		last := control.Steps[len(control.Steps)-1].Time
		control.Steps = slices.Concat(control.Steps, c.cohort.members[at].between(last, until))
		list = append(list, control)
	}
	return list
}
