package browser_test

import (
	"encoding/json"
	"net/http"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/pipeline"
)

// get asks the API as an admin.
func get[T any](p *program, path string) (v T) {
	p.t.Helper()
	code, text := p.ask(http.MethodGet, "/api/v1"+path, adminToken, nil)
	if code != http.StatusOK {
		p.t.Fatalf("%s: status %d: %s", path, code, text)
	}
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		p.t.Fatalf("%s: %v", path, err)
	}
	return v
}

// waiting is the id of an action that waits for a person, or "".
func (p *program) waiting() string {
	for _, a := range get[[]foreshock.ActionChange](p, "/actions") {
		if a.State == foreshock.Proposed {
			return a.Action.ID
		}
	}
	return ""
}

func (p *program) forecasts(id string) bool {
	for _, f := range get[pipeline.Detail](p, "/workloads/"+id).Forecasts {
		if f.Usable() {
			return true
		}
	}
	return false
}
