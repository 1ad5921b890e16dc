package gcptest

import (
	"strconv"
	"strings"
	"time"
)

// Group is a managed instance group of a zone or a region.
type Group struct {
	Size  int
	Ready int    // instances with which nothing is done; it follows Size after Starting
	Mode  string // of its autoscaler: ON, ONLY_SCALE_OUT, OFF; "": it has none
	// Starting is how long a new instance takes.
	Starting time.Duration
	CoolDown int // of its autoscaler, in seconds

	changed time.Time
	resizes int
}

// AddGroup adds one, by zone/name or region/name.
func (e *Engine) AddGroup(name string, g Group) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.groups[name] = &g
}

// Group gives a copy of a group as it is now, and how often a resize of it was accepted.
func (e *Engine) Group(name string) (g Group, resizes int) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.settle()
	return *e.groups[name], e.groups[name].resizes
}

// where is the path of a resource that zones and regions have.
func where(kind, name string) string {
	place, short := parts(name)
	if strings.Count(place, "-") == 1 {
		return "regions/" + place + "/" + kind + "/" + short
	}
	return path(kind, name)
}

func (e *Engine) getGroup(c call) (any, *refusal) {
	g := e.groups[c.name]
	if g == nil {
		return nil, missing(where("instanceGroupManagers", c.name))
	}
	if g.Ready != g.Size && !e.Now().Before(g.changed.Add(g.Starting)) {
		g.Ready = g.Size
	}
	status := map[string]any{"isStable": g.Ready == g.Size}
	if g.Mode != "" {
		status["autoscaler"] = link(where("autoscalers", c.name))
	}
	return map[string]any{
		"kind": "compute#instanceGroupManager", "id": "88", "targetSize": g.Size, "status": status,
		"currentActions": map[string]any{"none": min(g.Ready, g.Size), "creating": max(0, g.Size-g.Ready), "deleting": max(0, g.Ready-g.Size)},
	}, nil
}

func (e *Engine) getAutoscaler(c call) (any, *refusal) {
	g := e.groups[c.name]
	if g == nil || g.Mode == "" {
		return nil, missing(where("autoscalers", c.name))
	}
	_, name := parts(c.name)
	policy := map[string]any{"mode": g.Mode}
	if g.CoolDown > 0 {
		policy["coolDownPeriodSec"] = g.CoolDown
	}
	return map[string]any{"kind": "compute#autoscaler", "name": name, "autoscalingPolicy": policy}, nil
}

func (e *Engine) resizeGroup(c call) (any, *refusal) {
	g, at := e.groups[c.name], where("instanceGroupManagers", c.name)
	if g == nil {
		return nil, missing(at)
	}
	if answer, again := e.repeated(c); again {
		return answer, nil
	}
	size, err := strconv.Atoi(c.r.URL.Query().Get("size"))
	if err != nil || size < 0 || size > 2000 {
		return nil, refuse("invalid", "Invalid value for field 'size': '%s'", c.r.URL.Query().Get("size"))
	}
	g.resizes++
	return e.begin(c, "compute.instanceGroupManagers.resize", at, 88, func() { g.Size, g.changed = size, e.Now() }), nil
}
