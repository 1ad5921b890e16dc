package gcptest

import (
	"fmt"
	"regexp"
	"time"
)

// operation is a change that was accepted.
type operation struct {
	id           int
	kind         string // the operation's type
	zone, target string // the target's address
	targetID     uint64
	token        string // the request's ID
	begin, end   time.Time
	apply        func()
	fails        bool
	settled      bool
}

func link(path string) string {
	return "https://www.googleapis.com/compute/v1/projects/" + Project + "/" + path
}

// settle lets operations that have ended be in effect.
func (e *Engine) settle() {
	now := e.Now()
	for _, o := range e.operations {
		if !o.settled && !now.Before(o.end) {
			o.settled = true
			if !o.fails {
				o.apply()
			}
		}
	}
}

// running says whether a change of a resource is under way. The caller holds mu.
func (e *Engine) running(target string) bool {
	for _, o := range e.operations {
		if o.target == target && !o.settled {
			return true
		}
	}
	return false
}

// repeated finds the operation of a request with the same ID, which is not done again.
func (e *Engine) repeated(c call) (any, bool) {
	token := c.r.URL.Query().Get("requestId")
	for _, o := range e.operations {
		if token != "" && o.token == token && e.Now().Sub(o.begin) < time.Hour {
			return o.json(e.Now()), true
		}
	}
	return nil, false
}

// begin accepts a change.
func (e *Engine) begin(c call, kind, target string, targetID uint64, apply func()) any {
	now := e.Now()
	zone, _ := parts(c.name)
	switching := kind == "stop" || kind == "start"
	o := &operation{
		id: 5000 + len(e.operations), kind: kind, zone: zone, target: link(target), targetID: targetID, token: c.r.URL.Query().Get("requestId"),
		begin: now, end: now.Add(e.Delay), apply: apply, fails: e.fails && !switching,
	}
	if !e.ignores || switching {
		e.operations = append(e.operations, o)
	}
	return o.json(now)
}

func (o *operation) json(now time.Time) map[string]any {
	j := map[string]any{
		"kind": "compute#operation", "id": fmt.Sprint(o.id), "name": fmt.Sprintf("operation-%d", o.id), "operationType": o.kind, "zone": link("zones/" + o.zone),
		"targetLink": o.target, "targetId": fmt.Sprint(o.targetID), "insertTime": o.begin.UTC().Format(time.RFC3339Nano), "startTime": o.begin.UTC().Format(time.RFC3339Nano),
		"user": "someone@example.com", "status": "RUNNING", "progress": 0,
	}
	if o.token != "" {
		j["clientOperationId"] = o.token
	}
	if now.Before(o.end) {
		return j
	}
	j["status"], j["progress"], j["endTime"] = "DONE", 100, o.end.UTC().Format(time.RFC3339Nano)
	if o.fails {
		j["httpErrorStatusCode"], j["httpErrorMessage"] = 503, "SERVICE UNAVAILABLE"
		j["error"] = map[string]any{"errors": []any{map[string]any{"code": "ZONE_RESOURCE_POOL_EXHAUSTED", "message": "there was no room"}}}
	}
	return j
}

var byTarget = regexp.MustCompile(`^targetLink eq "(.*)"$`)

// listOperations gives those of a zone, the newest first, or those whose target a pattern meets in whole.
func (e *Engine) listOperations(c call) (any, *refusal) {
	meets := regexp.MustCompile(`.*`)
	if filter := c.r.URL.Query().Get("filter"); filter != "" {
		m := byTarget.FindStringSubmatch(filter)
		if m == nil {
			return nil, refuse("invalid", "Invalid value for field 'filter': '%s'", filter)
		}
		meets = regexp.MustCompile("^" + m[1] + "$")
	}
	zone, _ := parts(c.name)
	var items []any
	for i := len(e.operations) - 1; i >= 0; i-- {
		if o := e.operations[i]; o.zone == zone && meets.MatchString(o.target) {
			items = append(items, o.json(e.Now()))
		}
	}
	return map[string]any{"kind": "compute#operationList", "items": items}, nil
}
