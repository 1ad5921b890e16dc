package gcptest

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// ask makes a call and gives its status, and the reason of a refusal.
func ask(t *testing.T, e http.Handler, method, path, body string) (int, string) {
	t.Helper()
	r := httptest.NewRequest(method, "/compute/v1/projects/"+Project+"/"+path, strings.NewReader(body))
	r.Header.Set("Authorization", "Bearer x")
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	var answer struct {
		Error struct {
			Errors []struct{ Reason string }
		}
	}
	if err := json.Unmarshal(w.Body.Bytes(), &answer); err != nil {
		t.Fatalf("%s: %v", w.Body, err)
	}
	if len(answer.Error.Errors) == 0 {
		return w.Code, ""
	}
	return w.Code, answer.Error.Errors[0].Reason
}

func engine() *Engine {
	return New(map[string]Disk{"z-a/d": {Type: "hyperdisk-balanced", Size: 100, IOPS: 5000, Throughput: 200}})
}

// Each rule by the reason with which it is refused.
func TestRefusals(t *testing.T) {
	f := func(want, method, path, body string) {
		t.Helper()
		e := engine()
		if _, got := ask(t, e, method, path, body); got != want {
			t.Errorf("%s %s %s: %q, want %q", method, path, body, got, want)
		}
		if _, n := e.Disk("z-a/d"); (n == 1) != (want == "") {
			t.Errorf("%s %s %s: %d changes", method, path, body, n)
		}
	}
	const d, iops, both = "zones/z-a/disks/d", "?updateMask=provisionedIops", "?updateMask=provisionedIops,provisionedThroughput"
	f("", "PATCH", d+iops, `{"provisionedIops": "50000"}`)
	f("invalid", "PATCH", d+iops, `{"provisionedIops": "50001"}`)
	f("invalid", "PATCH", d+iops, `{"provisionedIops": "799"}`)
	f("", "PATCH", d+both, `{"provisionedIops": "3000", "provisionedThroughput": "750"}`)
	f("invalid", "PATCH", d+both, `{"provisionedIops": "3000", "provisionedThroughput": "751"}`)
	f("required", "PATCH", d+both, `{"provisionedIops": "3000"}`)
	f("invalid", "PATCH", d+"?updateMask=labels", `{}`)
	f("invalid", "PATCH", d, `{"provisionedIops": "6000"}`)
	f("", "PATCH", d+iops, `{"provisionedIops": "5000"}`) // nothing changes, and it counts
	f("", "POST", d+"/resize", `{"sizeGb": "101"}`)
	f("invalid", "POST", d+"/resize", `{"sizeGb": "100"}`)
	f("invalid", "POST", d+"/resize", `{"sizeGb": "99"}`)
	f("parseError", "POST", d+"/resize", `{`)
	f("notFound", "POST", "zones/z-a/disks/e/resize", `{"sizeGb": "101"}`)
	f("notFound", "DELETE", d, "")
	f("notFound", "GET", "zones/z-a/instances/none", "")
	f("invalid", "GET", "zones/z-a/operations?filter=name+ne+x", "")
	e := engine()
	e.Role = []string{"compute.disks.get"}
	if status, reason := ask(t, e, "PATCH", d+iops, `{"provisionedIops": "6000"}`); status != 403 || reason != "forbidden" {
		t.Errorf("%d %s", status, reason)
	}
	if status, _ := ask(t, e, "GET", d, ""); status != 200 {
		t.Error(status)
	}
}

// Once in 4 hours each, no longer and no shorter; one at a time; the same request once.
func TestFourHours(t *testing.T) {
	e := engine()
	begin := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	now := begin
	e.Now, e.Delay = func() time.Time { return now }, time.Minute
	f := func(after time.Duration, query, body, want string) {
		t.Helper()
		now = begin.Add(after)
		if _, got := ask(t, e, "PATCH", "zones/z-a/disks/d?updateMask="+query, body); got != want {
			t.Errorf("after %s: %q, want %q", after, got, want)
		}
	}
	has := func(after time.Duration, iops float64, changes int) {
		t.Helper()
		now = begin.Add(after)
		if d, n := e.Disk("z-a/d"); d.IOPS != iops || n != changes {
			t.Errorf("after %s: %+v after %d changes", after, d, n)
		}
	}
	f(0, "provisionedIops&requestId=1", `{"provisionedIops": "6000"}`, "")
	has(time.Minute-1, 5000, 1)
	f(time.Minute-1, "provisionedThroughput", `{"provisionedThroughput": "300"}`, "resourceNotReady")
	f(time.Minute-1, "provisionedIops&requestId=1", `{"provisionedIops": "6000"}`, "")
	has(time.Minute, 6000, 1)
	f(time.Minute, "provisionedThroughput", `{"provisionedThroughput": "300"}`, "")
	f(time.Hour-1, "provisionedIops&requestId=1", `{"provisionedIops": "6000"}`, "")
	f(time.Hour, "provisionedIops&requestId=1", `{"provisionedIops": "6000"}`, "invalidResourceUsage")
	f(4*time.Hour-1, "provisionedIops", `{"provisionedIops": "7000"}`, "invalidResourceUsage")
	f(4*time.Hour-1, "sizeGb", `{"sizeGb": "200"}`, "")
	f(4*time.Hour+time.Minute, "provisionedIops,provisionedThroughput", `{"provisionedIops": "7000", "provisionedThroughput": "400"}`, "")
	has(5*time.Hour, 7000, 4)
}
