package api_test

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/api/access"
	"github.com/foreshock-io/foreshock/pipeline"
)

// restarted is a program whose journal knows of workloads that have not been heard of since it was started.
type restarted struct {
	api.Program
	journal []foreshock.Event
}

func (restarted) Workload(_ context.Context, id foreshock.ID) (d pipeline.Detail, ok bool, err error) {
	if id == "disk/c" { // it is stored
		return pipeline.Detail{View: pipeline.View{ID: id, Source: "host"}, Stored: true}, true, nil
	}
	return d, false, nil
}

func (restarted) Events(api.Query) []foreshock.Event { return []foreshock.Event{} }

func (p restarted) Past(_ context.Context, id foreshock.ID, at time.Time) (*api.Past, error) {
	past := &api.Past{At: at}
	for i := range p.journal {
		past.Take(id, &p.journal[i])
	}
	return past, nil
}

// get asks the API of a program, from this machine.
func get(t *testing.T, p api.Program, path string) *httptest.ResponseRecorder {
	t.Helper()
	guard, err := access.New(access.Default(), "", nil)
	if err != nil {
		t.Fatal(err)
	}
	mux := access.NewMux(guard)
	api.Register(mux, p)
	w := httptest.NewRecorder()
	r := httptest.NewRequest(http.MethodGet, "http://127.0.0.1/api/v1/"+path, nil)
	r.RemoteAddr = "127.0.0.1:5000"
	mux.ServeHTTP(w, r)
	return w
}

// TestListsOfAWorkload: what happened to a workload that nobody knows is not an empty list; of one that is stored or in the journal it may be.
func TestListsOfAWorkload(t *testing.T) {
	then := time.Now().Add(-time.Hour)
	p := restarted{journal: []foreshock.Event{{Time: then, Type: foreshock.EventDecision, Decision: &foreshock.Decision{Workload: "disk/a", Time: then}}}}
	for _, list := range []string{"corrections", "anomalies", "events"} {
		f := func(query string, status int, want string) {
			t.Helper()
			if w := get(t, p, list+query); w.Code != status || !strings.Contains(w.Body.String(), want) {
				t.Errorf("%s%s: status %d: %s", list, query, w.Code, w.Body)
			}
		}
		f("", 200, "[]")
		f("?workload=disk/a", 200, "[]")
		f("?workload=disk/c", 200, "[]")
		f("?workload=disk/b", 404, "(foreshock workloads) lists them")
		f("?workload=%0a", 400, "(foreshock workloads) lists them")
	}
}

// TestExplainWhatIsNotWatched: what the journal has of a workload is explained also where nothing is heard of it now; a time to come is not.
func TestExplainWhatIsNotWatched(t *testing.T) {
	then := time.Now().Add(-time.Hour)
	p := restarted{journal: []foreshock.Event{{Time: then, Type: foreshock.EventDecision, Decision: &foreshock.Decision{
		Workload: "disk/a", Time: then, Kind: foreshock.Hold, Reasons: []foreshock.Reason{{Code: "paused", Text: "actions are paused"}},
	}}}}
	f := func(path string, status int, want ...string) {
		t.Helper()
		w := get(t, p, "explain/"+path)
		var said struct{ Text, Detail string }
		if err := json.Unmarshal(w.Body.Bytes(), &said); err != nil || w.Code != status {
			t.Fatalf("%s: %v, status %d: %s", path, err, w.Code, w.Body)
		}
		for _, s := range want {
			if !strings.Contains(said.Text+said.Detail, s) {
				t.Errorf("%s: %q is not in %s", path, s, w.Body)
			}
		}
	}
	f("disk/a", 200, "It is not watched", "actions are paused [paused]")
	f("disk/a?at=30m", 200, "It is not watched", "actions are paused [paused]")
	f("disk/a?at=2h", 200, "No decision on it is kept")
	f("disk/c", 200, "disk/c (from host)", "Not heard of since", "This is what is stored")
	f("disk/c?at=30m", 200, "No decision on it is kept")
	f("disk/b", 404, `no workload is called "disk/b"`)
	f("disk/b?at=30m", 404, `no workload is called "disk/b"`)
	f("disk/a?at=2999-01-01T00:00:00Z", 400, "that is to come")
	f("disk/a?at=-10m", 400, "that is to come")
	f("disk/a?at=-1m", 400, "that is to come")
	f("", 400, "workload id is empty; GET /api/v1/workloads (foreshock workloads) lists them")
}
