package alertmanager

import (
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock"
)

const (
	// endedKept is how long an alert that has ended is told of, for Alertmanagers that were away.
	endedKept = 15 * time.Minute
	// restoredKept is how long an alert is told of that was restored and of which nothing is heard: what was known when it began may be lost.
	restoredKept = time.Hour
)

// reserved are the labels that the program gives.
var reserved = map[string]bool{"alertname": true, "workload": true, "severity": true, "target": true, "resource": true}

// alert is something that holds, or held.
type alert struct {
	labels, annotations map[string]string
	link                string
	start               time.Time
	end                 time.Time // zero while it holds
	lapses              time.Time // of a restored one, when it is taken to have ended
	told                bool
}

// board is what holds, and what has just ended. Safe for concurrent use.
type board struct {
	least  foreshock.Severity
	most   int
	labels map[string]string
	link   string

	mu      sync.Mutex        // guards what follows
	alerts  map[string]*alert // by their labels
	holds   map[string]string // from what it is about to the labels of the alert
	dropped int64
}

func newBoard(cfg Config) board {
	return board{
		least: cfg.Severity, most: cfg.Most, labels: cfg.Labels, link: strings.TrimSuffix(cfg.Link, "/"),
		alerts: map[string]*alert{}, holds: map[string]string{},
	}
}

// take hears an event and says whether there is something to be told.
func (b *board) take(e *foreshock.Event) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch {
	case e.Anomaly != nil:
		return b.anomaly(e.Anomaly)
	case e.Change != nil:
		return b.action(e.Change, e.Time)
	}
	return false
}

// restore hears an event of before: what it ends is forgotten, what holds is told until something is heard of it, or for an hour.
func (b *board) restore(e *foreshock.Event, now time.Time) {
	if !b.take(e) {
		return
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	for key, a := range b.alerts {
		switch {
		case !a.end.IsZero():
			delete(b.alerts, key)
		case a.lapses.IsZero():
			a.lapses = now.Add(restoredKept)
		}
	}
}

func (b *board) anomaly(a *foreshock.Anomaly) bool {
	about := "anomaly " + string(a.Workload)
	if !a.End.IsZero() || a.Severity < b.least {
		at := a.End
		if at.IsZero() {
			at = a.Time
		}
		return b.ends(about, at)
	}
	annotations := map[string]string{"summary": string(a.Workload) + " is not as usual: " + a.Metric.String(), "description": a.Text}
	if a.Incident != nil {
		annotations["incident"] = a.Incident.Text()
	}
	return b.begins(about, a.Workload, a.Start, annotations, map[string]string{"alertname": "ForeshockAnomaly", "severity": a.Severity.String()})
}

func (b *board) action(c *foreshock.ActionChange, at time.Time) bool {
	about := "action " + c.Action.ID
	names := map[foreshock.ActionState]string{foreshock.Proposed: "ForeshockActionWaits", foreshock.Parked: "ForeshockActionParked"}
	remedy := map[foreshock.ActionState]string{
		foreshock.Proposed: "foreshock approve " + c.Action.ID + ", or foreshock refuse " + c.Action.ID,
		foreshock.Parked:   "look at the provider, then: foreshock settle " + c.Action.ID,
	}
	name, waits := names[c.State]
	if !waits {
		return b.ends(about, at)
	}
	reasons := make([]string, len(c.Action.Reasons))
	for i, r := range c.Action.Reasons {
		reasons[i] = r.Text
	}
	annotations := map[string]string{
		"summary":     string(c.Action.Workload) + ": an action on " + c.Action.Resource + " is " + c.State.String(),
		"description": strings.Join(append(reasons, c.Note), "; "), "remedy": remedy[c.State],
	}
	return b.begins(about, c.Action.Workload, at, annotations, map[string]string{
		"alertname": name, "severity": c.Action.Severity.String(), "target": c.Action.Target, "resource": c.Action.Resource,
	})
}

// begins notes that something holds. Where it was told with other labels, that alert ends.
func (b *board) begins(about string, id foreshock.ID, start time.Time, annotations, labels map[string]string) bool {
	maps.Copy(labels, b.labels)
	labels["workload"] = string(id)
	key := keyOf(labels)
	if was, holds := b.holds[about]; holds && was != key {
		b.ends(about, start)
	}
	old, known := b.alerts[key]
	if !known && len(b.alerts) >= b.most {
		b.dropped++
		return false
	}
	a := &alert{labels: labels, annotations: annotations, start: start}
	if known && old.end.IsZero() {
		a.start = old.start
	}
	if b.link != "" {
		a.link = b.link + "/workloads/" + (&url.URL{Path: string(id)}).EscapedPath()
	}
	b.alerts[key], b.holds[about] = a, key
	return true
}

// ends notes that something holds no more.
func (b *board) ends(about string, at time.Time) bool {
	key, holds := b.holds[about]
	if !holds {
		return false
	}
	delete(b.holds, about)
	for _, other := range b.holds {
		if other == key {
			return false // it still holds for another action on the same resource
		}
	}
	ended := *b.alerts[key]
	ended.end, ended.told = at, false
	b.alerts[key] = &ended
	return true
}

func keyOf(labels map[string]string) string {
	var key strings.Builder
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		key.WriteString(name + "\x00" + labels[name] + "\x00")
	}
	return key.String()
}

// due lists what is to be told: all, or what has not been told as it is. What ended long ago is forgotten.
func (b *board) due(all bool, now time.Time) []*alert {
	b.mu.Lock()
	defer b.mu.Unlock()
	var list []*alert
	for key, a := range b.alerts {
		switch {
		case a.told && !a.end.IsZero() && now.Sub(a.end) > endedKept, !a.lapses.IsZero() && now.After(a.lapses):
			delete(b.alerts, key)
			maps.DeleteFunc(b.holds, func(_, k string) bool { return k == key })
		case all || !a.told:
			list = append(list, a)
		}
	}
	slices.SortFunc(list, func(x, y *alert) int { return strings.Compare(keyOf(x.labels), keyOf(y.labels)) })
	return list
}

// told notes what was told. An alert that has changed since is another one by now.
func (b *board) told(list []*alert) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range list {
		a.told = true
	}
}

func (b *board) counts() (dropped int64, waiting int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, a := range b.alerts {
		if !a.told {
			waiting++
		}
	}
	return b.dropped, waiting
}
