package app

import (
	"bytes"
	"encoding/json"
	"math"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/api/schema/schematest"
	"github.com/foreshock-io/foreshock/ingest"
)

// described is a program with two volumes, of which one becomes slow, and a policy that grows them on paper.
func described(t *testing.T) *App {
	t.Helper()
	a := running(t, `
mode: auto
sources: [remotewrite: {presets: [node_exporter]}]
targets: [{name: paper, dryrun: {allocated: {iops: 1500}, resources: {a: {iops: 1500}}, rules: {iops: {min: 500, max: 16000, down: true}}}}]
policies: [{name: grow, match: ["vol/*"], mode: auto, target: paper, resource: a, bounds: {iops: {min: 500, max: 8000}}}]
`)
	rng := rand.New(rand.NewPCG(5, 6))
	line := a.current.Load().pipeline
	for _, id := range []string{"vol/a", "vol/b c?"} {
		h, err := line.Register(foreshock.ID(id), ingest.About{Source: "test"})
		if err != nil {
			t.Fatal(err)
		}
		const steps = 600
		start := time.Now().Add(-steps * 10 * time.Second)
		for i := range steps {
			iops, latency := 900+50*rng.NormFloat64(), 0.001*math.Exp(0.1*rng.NormFloat64())
			if i > steps-30 && id == "vol/a" {
				iops, latency = 1500, 0.05*math.Exp(0.1*rng.NormFloat64())
			}
			ms := start.Add(time.Duration(i) * 10 * time.Second).UnixMilli()
			batch := []ingest.Reading{
				{Handle: h, Field: ingest.IOPS, Time: ms, Value: iops},
				{Handle: h, Field: ingest.Latency, Time: ms, Value: latency},
				{Handle: h, Field: ingest.QueueDepth, Time: ms, Value: iops * latency},
			}
			if err := line.Push(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
		}
	}
	return a
}

// TestDescription holds the description against the program that runs: each of its routes is described, each described route is there, and each answer is as described.
func TestDescription(t *testing.T) {
	a := described(t)
	d := schematest.Read(t, api.Description())
	ask := func(method, path, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Host = "localhost"
		answer := httptest.NewRecorder()
		a.serve(answer, r)
		return answer
	}
	until(t, "something was decided and done", func() bool {
		return strings.Contains(ask("GET", "/api/v1/actions", "").Body.String(), `"id"`) && strings.Contains(ask("GET", "/api/v1/anomalies", "").Body.String(), `"id"`)
	})
	if got := ask("GET", "/api/v1/openapi.json", "").Body.Bytes(); !bytes.Equal(got, api.Description()) {
		t.Error("another description is served")
	}

	missing := map[string]bool{}
	for path, methods := range d.Paths {
		for method := range methods {
			missing[strings.ToUpper(method)+" "+path] = true
		}
	}
	for _, r := range a.current.Load().mux.Routes() {
		pattern := strings.ReplaceAll(r.Pattern, "...}", "}")
		method, path, _ := strings.Cut(pattern, " ")
		if strings.HasPrefix(path, "/api/v1/") && path != "/api/v1/write" && !missing[pattern] {
			t.Errorf("%s is not described", r.Pattern)
		}
		if _, described := d.Paths[path][strings.ToLower(method)]; described {
			delete(missing, pattern)
		}
	}
	for pattern := range missing {
		t.Errorf("%s is described and not served", pattern)
	}

	f := func(method, path, described, body string, status int) {
		t.Helper()
		answer := ask(method, path, body)
		kind, as := "application/json", "200"
		if status != http.StatusOK {
			kind, as = "application/problem+json", "default"
		}
		if answer.Code != status || answer.Header().Get("Content-Type") != kind {
			t.Errorf("%s %s: status %d, %s: %s", method, path, answer.Code, answer.Header().Get("Content-Type"), answer.Body)
			return
		}
		if err := d.Answer(t, method, "/api/v1"+described, as, kind, answer.Body.Bytes()); err != nil {
			t.Errorf("%s %s: %v\n%.1000s", method, path, err, answer.Body)
		}
	}
	var actions []struct{ Action struct{ ID string } }
	if err := json.Unmarshal(ask("GET", "/api/v1/actions", "").Body.Bytes(), &actions); err != nil {
		t.Fatal(err)
	}
	done := "/api/v1/actions/" + actions[0].Action.ID
	f("GET", "/api/v1/workloads", "/workloads", "", 200)
	f("GET", "/api/v1/workloads?limit=x", "/workloads", "", 400)
	f("GET", "/api/v1/workloads/vol/a", "/workloads/{id}", "", 200)
	f("GET", "/api/v1/workloads/vol/b%20c%3F", "/workloads/{id}", "", 200)
	f("GET", "/api/v1/workloads/none", "/workloads/{id}", "", 404)
	f("GET", "/api/v1/explain/vol/a", "/explain/{id}", "", 200)
	f("GET", "/api/v1/explain/vol/a?at=1m", "/explain/{id}", "", 200)
	f("GET", "/api/v1/explain/vol/a?at=soon", "/explain/{id}", "", 400)
	f("GET", "/api/v1/reports/grow", "/reports/{policy}", "", 200)
	f("GET", "/api/v1/reports/none", "/reports/{policy}", "", 404)
	f("GET", "/api/v1/events?limit=10000", "/events", "", 200)
	f("GET", "/api/v1/events?type=action", "/events", "", 200)
	f("GET", "/api/v1/events?type=actoin", "/events", "", 400)
	f("GET", "/api/v1/anomalies", "/anomalies", "", 200)
	f("GET", "/api/v1/actions", "/actions", "", 200)
	f("GET", "/api/v1/corrections", "/corrections", "", 200)
	f("POST", "/api/v1/pause", "/pause", `{"scope": "policy/grow", "for": "2h"}`, 200)
	f("GET", "/api/v1/status", "/status", "", 200)
	f("POST", "/api/v1/resume", "/resume", `{"scope": "policy/grow"}`, 200)
	f("POST", "/api/v1/resume", "/resume", `{"scope": "policy/grow"}`, 404)
	f("POST", "/api/v1/pause", "/pause", `{"scope": "x"}`, 400)
	f("POST", "/api/v1/opinions", "/opinions", `{"workload": "vol/a", "says": "missed"}`, 200)
	f("POST", "/api/v1/corrections/9999999/undo", "/corrections/{seq}/undo", `{"why": "x"}`, 404)
	f("POST", "/api/v1/actions/none/approve", "/actions/{id}/approve", "", 404)
	f("POST", done+"/refuse", "/actions/{id}/refuse", `{"why": "x"}`, 409)
	f("POST", done+"/settle", "/actions/{id}/settle", `{"in_effect": true}`, 409)
	f("POST", "/api/v1/reload", "/reload", "", 200)
	for _, probe := range []string{"/healthz", "/readyz"} {
		if answer := ask("GET", probe, ""); answer.Code != http.StatusOK || !strings.HasPrefix(answer.Header().Get("Content-Type"), "text/plain") {
			t.Errorf("%s: %d %v", probe, answer.Code, answer.Header())
		}
	}
	kinds := []string{"anomaly", "decision", "action", "pause", "opinion", "note"}
	for _, e := range a.history.list(api.Query{Limit: 10_000}) {
		kinds = slices.DeleteFunc(kinds, func(k string) bool { return k == e.Type })
	}
	if len(kinds) > 0 {
		t.Errorf("no event of the types %v: the program does not try them", kinds)
	}
}

// until waits for something that takes a moment.
func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(10 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("not within two minutes: " + what)
		}
	}
}
