// Package gcptest stands in for Compute Engine: its REST API for disks, instances and managed instance groups, with their rules kept to the letter, each
// call held against a role, and operations that take their time. Faults lets changes go wrong.
//
// It is a plain HTTP handler, for the SDKs of any language. What a refusal for one change too many in 4 hours looks like is an assumption.
package gcptest

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock/providers"
)

// Project is the project's ID.
const Project = "foreshock-test"

// Engine is Compute Engine. It is safe for concurrent use.
type Engine struct {
	Now   func() time.Time // default: time.Now
	Delay time.Duration    // how long an operation runs; default 20ms
	// Role is the permissions that the caller has; nil: all.
	Role []string

	mu           sync.Mutex // guards the rest
	types        map[string]providers.VolumeType
	disks        map[string]*Disk // by zone/name
	instances    map[string]*Instance
	groups       map[string]*Group // by zone/name or region/name
	machineTypes map[string]MachineType
	quotas       map[string]map[string]Quota // by region and metric
	operations   []*operation
	used         map[string]bool // permissions that were needed
	fails        bool            // the next operations fail after they were accepted
	ignores      bool            // the next operations are accepted and forgotten
}

// New returns an engine with disks, by zone/name.
func New(disks map[string]Disk) *Engine {
	types, err := providers.VolumeTypes("gcp", "")
	if err != nil {
		panic(err) // they are part of the program
	}
	e := &Engine{
		Now: time.Now, Delay: 20 * time.Millisecond, types: types, disks: map[string]*Disk{}, instances: map[string]*Instance{}, groups: map[string]*Group{},
		machineTypes: map[string]MachineType{}, quotas: map[string]map[string]Quota{}, used: map[string]bool{},
	}
	for name, d := range disks {
		d.id = uint64(1000 + len(e.disks))
		e.disks[name] = &d
	}
	return e
}

// FailLater lets operations from now on be accepted, and fail; but for stops and starts of instances.
func (e *Engine) FailLater() { e.mu.Lock(); defer e.mu.Unlock(); e.fails = true }

// Ignore lets operations from now on be accepted, and forgotten; but for stops and starts of instances.
func (e *Engine) Ignore() { e.mu.Lock(); defer e.mu.Unlock(); e.ignores = true }

// Used lists the permissions that calls needed so far.
func (e *Engine) Used() (list []string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for p := range e.used {
		list = append(list, p)
	}
	slices.Sort(list)
	return list
}

// refusal is an answer that is an error.
type refusal struct {
	status          int
	reason, message string
}

func refuse(reason, format string, args ...any) *refusal {
	return &refusal{http.StatusBadRequest, reason, fmt.Sprintf(format, args...)}
}

func missing(path string) *refusal {
	return &refusal{http.StatusNotFound, "notFound", fmt.Sprintf("The resource '%s' was not found", path)}
}

// call is one request: what its path names, and what it says.
type call struct {
	r    *http.Request
	name string // zone/name
	body map[string]any
}

// number is a whole number of the body, which JSON has as text or as a number.
func (c call) number(field string) (float64, bool) {
	var n float64
	_, err := fmt.Sscan(fmt.Sprint(c.body[field]), &n)
	return n, err == nil
}

// route is a method of the API: the permission that it needs, and what it does.
type route struct {
	permission string
	do         func(*Engine, call) (any, *refusal)
}

// routes are by method and path below the project.
var routes = map[string]route{
	"GET /zones/Z/disks/N":                           {"compute.disks.get", (*Engine).getDisk},
	"PATCH /zones/Z/disks/N":                         {"compute.disks.update", (*Engine).updateDisk},
	"POST /zones/Z/disks/N/resize":                   {"compute.disks.resize", (*Engine).resizeDisk},
	"GET /zones/Z/instances/N":                       {"compute.instances.get", (*Engine).getInstance},
	"POST /zones/Z/instances/N/stop":                 {"compute.instances.stop", (*Engine).stopInstance},
	"POST /zones/Z/instances/N/start":                {"compute.instances.start", (*Engine).startInstance},
	"POST /zones/Z/instances/N/setMachineType":       {"compute.instances.setMachineType", (*Engine).setMachineType},
	"GET /zones/Z/machineTypes/N":                    {"compute.machineTypes.get", (*Engine).getMachineType},
	"GET /zones/Z/instanceGroupManagers/N":           {"compute.instanceGroupManagers.get", (*Engine).getGroup},
	"POST /zones/Z/instanceGroupManagers/N/resize":   {"compute.instanceGroupManagers.update", (*Engine).resizeGroup},
	"GET /zones/Z/autoscalers/N":                     {"compute.autoscalers.get", (*Engine).getAutoscaler},
	"GET /zones/Z/operations":                        {"compute.zoneOperations.list", (*Engine).listOperations},
	"GET /regions/Z/disks/N":                         {"compute.disks.get", (*Engine).getDisk},
	"PATCH /regions/Z/disks/N":                       {"compute.disks.update", (*Engine).updateDisk},
	"POST /regions/Z/disks/N/resize":                 {"compute.disks.resize", (*Engine).resizeDisk},
	"GET /regions/Z/":                                {"compute.regions.get", (*Engine).getRegion},
	"GET /regions/Z/instanceGroupManagers/N":         {"compute.instanceGroupManagers.get", (*Engine).getGroup},
	"POST /regions/Z/instanceGroupManagers/N/resize": {"compute.instanceGroupManagers.update", (*Engine).resizeGroup},
	"GET /regions/Z/autoscalers/N":                   {"compute.autoscalers.get", (*Engine).getAutoscaler},
	"GET /regions/Z/operations":                      {"compute.regionOperations.list", (*Engine).listOperations},
}

var pattern = regexp.MustCompile(`^/compute/v1/projects/` + Project + `(/zones/|/regions/)([a-z0-9-]+)(?:/([a-zA-Z]+)(?:/([a-z0-9-]+))?(/[a-zA-Z]+)?)?$`)

// ServeHTTP answers one call.
func (e *Engine) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.settle()
	answer, no := e.answer(r)
	w.Header().Set("Content-Type", "application/json; charset=UTF-8")
	if no != nil {
		say(w, no)
		return
	}
	_ = json.NewEncoder(w).Encode(answer)
}

func (e *Engine) answer(r *http.Request) (any, *refusal) {
	m := pattern.FindStringSubmatch(r.URL.Path)
	if m == nil {
		return nil, missing(r.URL.Path)
	}
	c := call{r: r, name: m[2] + "/" + m[4]}
	key := r.Method + " " + m[1] + "Z/" + m[3]
	if m[4] != "" {
		key += "/N"
	}
	route, known := routes[key+m[5]]
	if !known {
		return nil, missing(r.URL.Path)
	}
	if token, signed := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer "); !signed || token == "" {
		return nil, &refusal{http.StatusUnauthorized, "required", "Login Required."}
	}
	e.used[route.permission] = true
	if e.Role != nil && !slices.Contains(e.Role, route.permission) {
		return nil, &refusal{http.StatusForbidden, "forbidden", fmt.Sprintf("Required '%s' permission for '%s'", route.permission, r.URL.Path)}
	}
	text, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err == nil && len(text) > 0 {
		err = json.Unmarshal(text, &c.body)
	}
	if err != nil {
		return nil, refuse("parseError", "%s", err)
	}
	return route.do(e, c)
}

// say answers with an error.
func say(w http.ResponseWriter, no *refusal) {
	w.WriteHeader(no.status)
	_ = json.NewEncoder(w).Encode(map[string]any{"error": map[string]any{
		"code": no.status, "message": no.message,
		"errors": []any{map[string]any{"message": no.message, "domain": "global", "reason": no.reason}},
	}})
}
