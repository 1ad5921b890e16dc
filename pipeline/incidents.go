package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock"
)

// incidents finds anomalies of several workloads that have one cause: they begin together, in workloads that share something.
//
// What workloads share is a target's resource, and what their IDs name before the last slash (a host, a pool, a cluster). Anomalies
// that come by chance, seven a week in each workload, begin within two minutes of each other too: in two of three workloads about once in
// a year. So a third of those that share something, and two at least, must go together.
//
// What begins or ends in a step is known to the others from the next step on, so that what a workload is told does not depend on which
// owner came first.
type incidents struct {
	mu     sync.Mutex // guards the groups and what is in them, and the news
	groups map[string]*group
	news   news[opening] // that the groups do not know yet
}

// leastShare of a group's workloads is one in so many.
const leastShare = 3

// group is the workloads that share something.
type group struct {
	key      string
	cause    string
	members  int
	open     map[foreshock.ID]string // the anomalies that last
	recent   []opening               // that began lately, while there is no incident
	incident *foreshock.Incident     // that lasts, or nil; replaced when it grows, so that copies stay as they are
	joined   map[foreshock.ID]bool   // the workloads in it
	newest   time.Time               // beginning of its latest anomaly
}

// opening is an anomaly that began, or that ended, or that a workload has left.
type opening struct {
	workload *workload
	anomaly  string
	start    time.Time
	together time.Duration // how far apart those that begin together may be
	ended    bool
	left     bool // the workload has
}

// enter counts a new workload in, and gives its groups.
func (in *incidents) enter(w *workload) (groups []*group) {
	in.mu.Lock()
	defer in.mu.Unlock()
	add := func(key, cause string) {
		g := in.groups[key]
		if g == nil {
			g = &group{key: key, cause: cause, open: map[foreshock.ID]string{}}
			if in.groups == nil {
				in.groups = map[string]*group{}
			}
			in.groups[key] = g
		}
		g.members++
		groups = append(groups, g)
	}
	if w.scalable() {
		add("target\x00"+w.policy.Target+"\x00"+w.resource, fmt.Sprintf("resource %s of %s", w.resource, w.policy.Target))
	}
	if i := strings.LastIndexByte(string(w.id), '/'); i > 0 {
		add("id\x00"+string(w.id[:i]), string(w.id[:i]))
	}
	return groups
}

// join says which incident a workload's anomaly belongs to, or nil. Call it at each step in which there is an anomaly.
func (in *incidents) join(w *workload, a *foreshock.Anomaly, at time.Time, together time.Duration) *foreshock.Incident {
	in.mu.Lock()
	defer in.mu.Unlock()
	if w.grouped != a.ID {
		w.grouped = a.ID
		in.news.tell(at, w.id, opening{workload: w, anomaly: a.ID, start: a.Start, together: together})
	}
	in.settle(at)
	for _, g := range w.groups {
		if g.joined[w.id] && g.open[w.id] == a.ID {
			return g.incident
		}
	}
	return nil
}

// leave tells that a workload's anomaly has ended.
func (in *incidents) leave(w *workload, at time.Time) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.news.tell(at, w.id, opening{workload: w, anomaly: w.grouped, ended: true})
	w.grouped = ""
}

// left tells that a workload is of no group any more from a time on.
func (in *incidents) left(from time.Time, w *workload) {
	if len(w.groups) == 0 {
		return
	}
	in.mu.Lock()
	defer in.mu.Unlock()
	in.news.tell(from, w.id, opening{workload: &workload{id: w.id, groups: w.groups}, anomaly: w.grouped, left: true})
	in.settle(from.Add(-newsKept)) // there may be nobody who asks
}

// settle tells the groups what came before a time.
func (in *incidents) settle(now time.Time) {
	in.news.hear(now, func(o opening) {
		for _, g := range o.workload.groups {
			g.tell(o)
			if g.members == 0 && in.groups[g.key] == g {
				delete(in.groups, g.key)
			}
		}
	})
}

func (g *group) tell(o opening) {
	switch {
	case o.left:
		g.members--
	case !o.ended:
		g.begin(o)
		return
	}
	if g.open[o.workload.id] != o.anomaly {
		return // another has begun
	}
	delete(g.open, o.workload.id)
	if !g.lasts() {
		g.incident, g.joined = nil, nil
	}
}

// lasts says whether an anomaly of the incident does.
func (g *group) lasts() bool {
	for id := range g.joined {
		if g.open[id] != "" {
			return true
		}
	}
	return false
}

// begin takes in an anomaly that began: it joins the incident that lasts, or makes one with those that began lately.
func (g *group) begin(o opening) {
	g.open[o.workload.id] = o.anomaly
	if g.incident != nil {
		if apart := o.start.Sub(g.newest).Abs(); apart <= o.together {
			g.grow(o)
		}
		return
	}
	for len(g.recent) > 0 && o.start.Sub(g.recent[0].start) > o.together {
		g.recent = g.recent[1:]
	}
	g.recent = append(g.recent, o)
	if len(g.recent) < 2 || leastShare*len(g.recent) < g.members {
		return
	}
	distinct := map[foreshock.ID]bool{} // one may have begun twice
	for _, before := range g.recent {
		distinct[before.workload.id] = true
	}
	if len(distinct) < 2 || leastShare*len(distinct) < g.members {
		return
	}
	slices.SortStableFunc(g.recent, func(a, b opening) int { return a.start.Compare(b.start) })
	g.incident, g.joined = &foreshock.Incident{ID: "incident-" + g.recent[0].anomaly, Cause: g.cause}, map[foreshock.ID]bool{}
	for _, before := range g.recent {
		g.grow(before)
	}
	g.recent = nil
}

// grow takes a workload into the incident.
func (g *group) grow(o opening) {
	if g.joined[o.workload.id] {
		return
	}
	g.joined[o.workload.id] = true
	if o.start.After(g.newest) {
		g.newest = o.start
	}
	grown := *g.incident
	grown.Count, grown.Of = len(g.joined), g.members
	if len(grown.Workloads) < foreshock.MaxIncidentNames {
		grown.Workloads = append(slices.Clip(grown.Workloads), o.workload.id)
	}
	g.incident = &grown
}
