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
type incidents struct {
	mu     sync.Mutex // guards the groups and what is in them
	groups map[string]*group
}

// leastShare of a group's workloads is one in so many.
const leastShare = 3

// group is the workloads that share something.
type group struct {
	cause    string
	members  int
	open     map[foreshock.ID]bool // with an anomaly that lasts
	recent   []opening             // that began lately, while there is no incident
	incident *foreshock.Incident   // that lasts, or nil; replaced when it grows, so that copies stay as they are
	joined   map[foreshock.ID]bool // the workloads in it
	newest   time.Time             // beginning of its latest anomaly
}

type opening struct {
	workload foreshock.ID
	anomaly  string
	start    time.Time
}

// enter counts a new workload in, and gives its groups.
func (in *incidents) enter(w *workload) (groups []*group) {
	in.mu.Lock()
	defer in.mu.Unlock()
	add := func(key, cause string) {
		g := in.groups[key]
		if g == nil {
			g = &group{cause: cause, open: map[foreshock.ID]bool{}}
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
func (in *incidents) join(w *workload, a *foreshock.Anomaly, together time.Duration) *foreshock.Incident {
	in.mu.Lock()
	defer in.mu.Unlock()
	var found *foreshock.Incident
	for _, g := range w.groups {
		if !g.open[w.id] {
			g.begin(opening{w.id, a.ID, a.Start}, together)
		}
		if found == nil && g.joined[w.id] {
			found = g.incident
		}
	}
	return found
}

// leave tells that a workload's anomaly has ended.
func (in *incidents) leave(w *workload) {
	in.mu.Lock()
	defer in.mu.Unlock()
	for _, g := range w.groups {
		delete(g.open, w.id)
		if !g.lasts() {
			g.incident, g.joined = nil, nil
		}
	}
}

// lasts says whether an anomaly of the incident does.
func (g *group) lasts() bool {
	for id := range g.joined {
		if g.open[id] {
			return true
		}
	}
	return false
}

// begin takes in an anomaly that began: it joins the incident that lasts, or makes one with those that began lately.
func (g *group) begin(o opening, together time.Duration) {
	g.open[o.workload] = true
	if g.incident != nil {
		if apart := o.start.Sub(g.newest).Abs(); apart <= together {
			g.grow(o)
		}
		return
	}
	for len(g.recent) > 0 && o.start.Sub(g.recent[0].start) > together {
		g.recent = g.recent[1:]
	}
	g.recent = append(g.recent, o)
	if len(g.recent) < 2 || leastShare*len(g.recent) < g.members {
		return
	}
	distinct := map[foreshock.ID]bool{} // one may have begun twice
	for _, before := range g.recent {
		distinct[before.workload] = true
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
	if g.joined[o.workload] {
		return
	}
	g.joined[o.workload] = true
	if o.start.After(g.newest) {
		g.newest = o.start
	}
	grown := *g.incident
	grown.Count, grown.Of = len(g.joined), g.members
	if len(grown.Workloads) < foreshock.MaxIncidentNames {
		grown.Workloads = append(slices.Clip(grown.Workloads), o.workload)
	}
	g.incident = &grown
}
