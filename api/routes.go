package api

import (
	"io"
	"net/http"
	"strings"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api/access"
	"github.com/foreshock-io/foreshock/pipeline"
)

// operation is a route of the API: who may call it, what it takes, what it gives, and what serves it.
type operation struct {
	pattern string
	role    access.Role
	summary string
	query   []parameter
	body    any // a value of the type that is taken; nil: nothing
	answer  any // a value of the type that is given
	do      func(h handler, r *http.Request) (any, error)
}

// parameter is one of a query. All may be left out.
type parameter struct{ name, about string }

var (
	limitParameter    = parameter{"limit", "The latest so many, from 1 to 10000; 100 where it is left out."}
	sinceParameter    = parameter{"since", "Only from this time on (2026-01-02T15:04:05Z), or from an age before now (90m)."}
	workloadParameter = parameter{"workload", "Only of this workload."}
	cursorParameter   = parameter{"cursor", "Where to go on: as the header Link of the page before says."}
)

// operations are the whole API. What is served, described and checked is made from them.
var operations = []operation{
	{
		pattern: "GET /api/v1/workloads", role: access.Read, summary: "What is watched, the worst first.", answer: []pipeline.View{}, do: handler.workloads,
		query: []parameter{
			{"limit", "So many, from 1 to 10000; 1000 where it is left out."},
			cursorParameter,
			{"order", "worst (where it is left out), or id: in the order of their ids, in which no page misses one while scores change."},
		},
	},
	{pattern: "GET /api/v1/workloads/{id...}", role: access.Read, summary: "All that is known of a workload.", answer: pipeline.Detail{}, do: handler.workload},
	{
		pattern: "GET /api/v1/explain/{id...}", role: access.Read, summary: "What is known of a workload in words, what was decided and why, and why not.", answer: Explanation{}, do: handler.explain,
		query: []parameter{{"at", "The moment: a time (2026-01-02T15:04:05Z) or an age (90m); now where it is left out."}},
	},
	{pattern: "GET /api/v1/reports/{policy}", role: access.Read, summary: "What a policy that observes would have done, and whether to let it.", answer: Reported{}, do: handler.report},
	{
		pattern: "GET /api/v1/events", role: access.Read, summary: "What happened, of the 20,000 latest events, the latest last; explain at a time, and reports, read the whole journal.", answer: []foreshock.Event{}, do: handler.events,
		query: []parameter{{"type", "Only of this type."}, workloadParameter, sinceParameter, limitParameter, cursorParameter},
	},
	{
		pattern: "GET /api/v1/anomalies", role: access.Read, summary: "Anomalies as they are known last, the latest last.", answer: []foreshock.Anomaly{}, do: handler.anomalies,
		query: []parameter{workloadParameter, sinceParameter, limitParameter},
	},
	{
		pattern: "GET /api/v1/actions", role: access.Read, summary: "Actions and where they stand, the latest last.", answer: []foreshock.ActionChange{}, do: handler.actions,
		query: []parameter{{"limit", "The latest so many, from 1 to 10000; 1000 where it is left out."}, cursorParameter},
	},
	{
		pattern: "GET /api/v1/corrections", role: access.Read, summary: "What was learned, each with the number by which it can be undone.", answer: []Corrected{}, do: handler.corrections,
		query: []parameter{workloadParameter, sinceParameter, limitParameter},
	},
	{
		pattern: "GET /api/v1/fleet", role: access.Read, summary: "What is watched, a page of it, as it is looked at: with what was seen of late and the last decision.", answer: pipeline.Fleet{}, do: handler.fleet,
		query: []parameter{
			{"q", "Only what has this text in its id."},
			{"severity", "Only of at least this severity: low, medium, high."},
			{"quality", "Only with data of this quality."},
			{"stage", "Only at this stage of trust."},
			{"policy", "Only under this policy."},
			{"sort", "name, headroom or latency; the worst first where it is left out."},
			{"page", "Which page, from 1."},
			{"limit", "So many on a page, from 1 to 500; 50 where it is left out."},
		},
	},
	{
		pattern: "GET /api/v1/series/{id...}", role: access.Read, summary: "What was seen of a workload, and what was expected.", answer: pipeline.Series{}, do: handler.series,
		query: []parameter{{"from", "A time (2026-01-02T15:04:05Z) or an age (90m)."}, {"to", "The same; now where it is left out."}},
	},
	{pattern: "GET /api/v1/policies", role: access.Read, summary: "The policies in force.", answer: []PolicyView{}, do: handler.policies},
	{pattern: "GET /api/v1/capacity", role: access.Read, summary: "What planners have, and what they have handed out.", answer: CapacityView{}, do: handler.capacity},
	{pattern: "GET /api/v1/status", role: access.Read, summary: "How the program itself is.", answer: Status{}, do: handler.status},
	{pattern: "POST /api/v1/actions/{id}/approve", role: access.Approve, summary: "Let a proposed action go ahead.", answer: Done{}, do: handler.approve},
	{pattern: "POST /api/v1/actions/{id}/refuse", role: access.Approve, summary: "Refuse an action that was not sent yet.", body: Because{}, answer: Done{}, do: handler.refuse},
	{pattern: "POST /api/v1/actions/{id}/settle", role: access.Approve, summary: "Say what came of a parked action.", body: Settlement{}, answer: Done{}, do: handler.settle},
	{pattern: "POST /api/v1/pause", role: access.Approve, summary: "Stop actions until they are resumed.", body: PauseRequest{}, answer: Done{}, do: handler.pause},
	{pattern: "POST /api/v1/resume", role: access.Approve, summary: "Let actions go on.", body: PauseRequest{}, answer: Done{}, do: handler.resume},
	{pattern: "POST /api/v1/opinions", role: access.Approve, summary: "Say what you think of an anomaly, so that it is learned from. Each counts once; another opinion takes the place of the one before.", body: foreshock.Opinion{}, answer: Done{}, do: handler.opine},
	{pattern: "POST /api/v1/corrections/{seq}/undo", role: access.Approve, summary: "Take a correction back.", body: Because{}, answer: Done{}, do: handler.undo},
	{pattern: "POST /api/v1/reload", role: access.Admin, summary: "Read the configuration again; one with faults changes nothing.", answer: Done{}, do: handler.reload},
}

// Register serves the API of p under /api/v1, and whether the program lives and is ready.
func Register(m *access.Mux, p Program) {
	h := handler{p}
	for _, o := range operations {
		m.Handle(o.pattern, o.role, answer(func(r *http.Request) (any, error) { return o.do(h, r) }))
	}
	m.Handle("GET /api/v1/openapi.json", access.Read, http.HandlerFunc(serveDescription))
	m.Public("GET /healthz", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, "ok\n") }))
	m.Public("GET /readyz", http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if why := p.Ready(); why != "" {
			http.Error(w, why, http.StatusServiceUnavailable)
			return
		}
		_, _ = io.WriteString(w, "ready\n")
	}))
}

// method and path are the parts of a pattern; {id...} takes slashes as well.
func (o *operation) parts() (method, path string) {
	method, path, _ = strings.Cut(o.pattern, " ")
	return strings.ToLower(method), strings.ReplaceAll(path, "...}", "}")
}
