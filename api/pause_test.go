package api_test

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/api/access"
	"github.com/foreshock-io/foreshock/pipeline"
)

// program takes pauses only.
type program struct {
	api.Program
	took string
}

func (p *program) Pause(_ context.Context, x foreshock.Pause, _ string) error {
	p.took = fmt.Sprintf("%s lifted=%t", x.Text(), x.Lifted)
	return nil
}

func (p *program) Status() api.Status { return api.Status{Policies: []string{"p", "q"}} }

func (p *program) Workload(_ context.Context, id foreshock.ID) (d pipeline.Detail, known bool, err error) {
	return d, id == "disk/a", nil
}

func TestPauseRequests(t *testing.T) {
	guard, err := access.New(access.Default(), "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	f := func(path, body string, status int, took string) {
		t.Helper()
		p := &program{}
		w := httptest.NewRecorder()
		r := httptest.NewRequest(http.MethodPost, "http://127.0.0.1/api/v1/"+path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		mux := access.NewMux(guard)
		api.Register(mux, p)
		mux.ServeHTTP(w, r)
		if w.Code != status || p.took != took {
			t.Errorf("%s %s: %d, %q; want %d, %q\n%s", path, body, w.Code, p.took, status, took, w.Body)
		}
		if path == "pause" && strings.Contains(w.Body.String(), "there is no such") != strings.Contains(body, "nobody") {
			t.Errorf("%s: %s", body, w.Body)
		}
		if status == 200 && strings.Contains(w.Body.String(), " until 20") != strings.Contains(body, `"for"`) { // a pause says how long it holds
			t.Errorf("%s: %s", body, w.Body)
		}
	}
	f("pause", `{}`, 200, "* lifted=false")
	f("pause", `{"scope": "policy/p", "only": "grow", "for": "2h"}`, 200, "grow of policy/p lifted=false")
	f("pause", `{"scope": "policy/nobody"}`, 200, "policy/nobody lifted=false")
	f("pause", `{"scope": "workload/disk/a", "for": "7d"}`, 200, "workload/disk/a lifted=false")
	f("pause", `{"scope": "workload/nobody"}`, 200, "workload/nobody lifted=false")
	f("pause", `{"for": "-1h"}`, 400, "")
	f("pause", `{"for": "1x"}`, 400, "")
	f("pause", `{"stop_all": true}`, 200, "stop-all lifted=false")
	f("resume", `{"stop_all": true}`, 200, "stop-all lifted=true")
	f("resume", `{"only": "shrink"}`, 200, "shrink of * lifted=true")
	f("pause", `{"only": "sideways"}`, 400, "")
	f("pause", `{"stop_all": true, "for": "2h"}`, 400, "")
	f("pause", `{"stop_all": true, "scope": "policy/p"}`, 400, "")
	f("pause", `{"scope": "nothing"}`, 400, "")
	f("pause", `{"scope": "policy/"}`, 400, "")
	f("pause", `{"scope": "workload/"}`, 400, "")
}
