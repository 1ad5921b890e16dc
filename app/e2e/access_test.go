package e2e_test

import (
	"bytes"
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// access is what a route asks of a caller.
type access string

const (
	anybody access = "anybody"
	push    access = "push"
	read    access = "read"
	approve access = "approve"
	admin   access = "admin"
)

// routes are all that the program serves: the pattern as it is registered, a path that matches it, and who may. What a route is not
// given, it must refuse.
var routes = []struct {
	pattern, path string
	who           access
}{
	{"GET /api/v1/workloads", "/api/v1/workloads", read},
	{"GET /api/v1/workloads/{id...}", "/api/v1/workloads/disk/x", read},
	{"GET /api/v1/explain/{id...}", "/api/v1/explain/disk/x", read},
	{"GET /api/v1/reports/{policy}", "/api/v1/reports/x", read},
	{"GET /api/v1/events", "/api/v1/events", read},
	{"GET /api/v1/anomalies", "/api/v1/anomalies", read},
	{"GET /api/v1/actions", "/api/v1/actions", read},
	{"GET /api/v1/corrections", "/api/v1/corrections", read},
	{"GET /api/v1/status", "/api/v1/status", read},
	{"POST /api/v1/actions/{id}/approve", "/api/v1/actions/x/approve", approve},
	{"POST /api/v1/actions/{id}/refuse", "/api/v1/actions/x/refuse", approve},
	{"POST /api/v1/actions/{id}/settle", "/api/v1/actions/x/settle", approve},
	{"POST /api/v1/pause", "/api/v1/pause", approve},
	{"POST /api/v1/resume", "/api/v1/resume", approve},
	{"POST /api/v1/opinions", "/api/v1/opinions", approve},
	{"POST /api/v1/corrections/{seq}/undo", "/api/v1/corrections/1/undo", approve},
	{"POST /api/v1/reload", "/api/v1/reload", admin},
	{"POST /api/v1/write", "/api/v1/write", push},
	{"POST /v1/metrics", "/v1/metrics", push},
	{"POST /v1/traces", "/v1/traces", push},
	{"GET /metrics", "/metrics", read},
	{"GET /healthz", "/healthz", anybody},
	{"GET /readyz", "/readyz", anybody},
	{"GET /{$}", "/", read},
	{"GET /workloads/{id...}", "/workloads/disk/x", read},
	{"GET /static/", "/static/style.css", anybody},
}

// allowed says whether a token may, by its role.
func (a access) allowed(role string) bool {
	order := []string{"read", "approve", "admin"}
	switch {
	case a == anybody || role == "admin":
		return true
	case a == push:
		return role == "push"
	}
	return slices.Contains(order, role) && slices.Index(order, role) >= slices.Index(order, string(a))
}

var pattern = regexp.MustCompile("[\"`]((?:GET|POST|PUT|PATCH|DELETE) /[^\"`]*)[\"`]")

// TestRoutesAreListed checks that no route is registered that the table of routes does not have.
func TestRoutesAreListed(t *testing.T) {
	var listed []string
	for _, r := range routes {
		listed = append(listed, r.pattern)
	}
	for _, folder := range []string{"api", "ui", "app", "ingest"} {
		err := filepath.WalkDir(filepath.Join("../..", folder), func(file string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !strings.HasSuffix(file, ".go") || strings.HasSuffix(file, "_test.go") {
				return err
			}
			source, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			for _, found := range pattern.FindAllSubmatch(source, -1) {
				if !slices.Contains(listed, string(found[1])) {
					t.Errorf("%s registers %q; add it to the table of routes here, with who may", file, found[1])
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

const receivers = "sources: [host: {}, remotewrite: {presets: [node_exporter]}, otlp: {presets: [otel_system]}]\n"

func TestAccess(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	tokens := map[string]string{"none": "", "wrong": "nobody-knows-this-token"}
	var lines strings.Builder
	for _, role := range []string{"push", "read", "approve", "admin"} {
		tokens[role] = "the-secret-of-" + role + "-0123456789"
		fmt.Fprintf(&lines, "%s %s name-of-%s\n", role, tokens[role], role)
	}
	write(t, folder+"/tokens", "# who may what\n"+lines.String())
	p := start(t, "-c", config(t, folder, "token_file: tokens\n"+receivers))

	for _, r := range routes {
		method, _, _ := strings.Cut(r.pattern, " ")
		for name, token := range tokens {
			code, body, header, err := request(method, p.url+r.path, token, "")
			if err != nil {
				t.Fatalf("%s %s: %v", method, r.path, err)
			}
			unknown := name == "none" || name == "wrong"
			switch refused := code == http.StatusUnauthorized || code == http.StatusForbidden; {
			case r.who.allowed(name) == refused:
				t.Errorf("%s %s with token %s: status %d: %s", method, r.path, name, code, body)
			case refused && unknown != (code == http.StatusUnauthorized):
				t.Errorf("%s %s with token %s is refused with status %d", method, r.path, name, code)
			case code == http.StatusUnauthorized && header.Get("WWW-Authenticate") == "":
				t.Errorf("%s %s with token %s: the refusal does not say how to come in", method, r.path, name)
			case code >= 500 && code != http.StatusServiceUnavailable:
				t.Errorf("%s %s with token %s: status %d: %s", method, r.path, name, code, body)
			}
		}
	}
	detours(t, p)
	p.stop()
	kept := everything(t, folder+"/data")
	if !strings.Contains(kept, "name-of-approve") {
		t.Error("the journal does not say who paused the program")
	}
	said := p.out.String() + kept
	for _, token := range tokens {
		if token != "" && strings.Contains(said, token) {
			t.Error("a token is in the log or in the data folder")
		}
	}
}

// everything gives the content of all files of a folder.
func everything(t *testing.T, folder string) string {
	t.Helper()
	var b bytes.Buffer
	err := filepath.WalkDir(folder, func(file string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		data, err := os.ReadFile(file)
		b.Write(data)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// detours checks that no other way of writing a path comes past the guard.
func detours(t *testing.T, p *program) {
	t.Helper()
	f := func(method, path string, change func(*http.Request)) {
		t.Helper()
		req, err := http.NewRequest(method, p.url, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.URL.Opaque = "//" + req.URL.Host + path
		if change != nil {
			change(req)
		}
		resp, err := (&http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}).Do(req)
		if err != nil {
			return // the request itself was refused
		}
		defer func() { _ = resp.Body.Close() }()
		if body := readAll(t, resp.Body); resp.StatusCode < 300 {
			t.Errorf("%s %s without a token: status %d: %s", method, path, resp.StatusCode, body)
		}
	}
	for _, path := range []string{
		"//api/v1/status", "/api//v1/status", "/api/v1/./status", "/static/../api/v1/status", "/healthz/../api/v1/status", "/api/v1/%73tatus",
		"/api/v1/status/", "/api/v1/status?x=/healthz", "/api%2fv1%2fstatus", "/API/v1/status", "/static/%2e%2e/api/v1/status", "/api/v1/status#healthz",
		"/debug/pprof/", "/debug/vars", "/metrics/", "/static/..%2f..%2fapi", "/api/v1/workloads/../status",
	} {
		f("GET", path, nil)
		f("HEAD", path, nil)
	}
	status := "/api/v1/status"
	f("GET", status, func(r *http.Request) { r.Header.Set("Authorization", "Bearer") })
	f("GET", status, func(r *http.Request) { r.Header.Set("Authorization", "Bearer ") })
	f("GET", status, func(r *http.Request) { r.Header.Set("Authorization", "bearer nobody-knows-this-token") })
	f("GET", status, func(r *http.Request) { r.SetBasicAuth("admin", "admin") })
	f("GET", status, func(r *http.Request) { r.SetBasicAuth("admin", "") })
	f("GET", status, func(r *http.Request) { r.Host = "localhost" })
	f("GET", status, func(r *http.Request) { r.Header.Set("X-Forwarded-For", "127.0.0.1") })
	f("GET", status, func(r *http.Request) { r.Header.Set("X-Original-URL", "/healthz") })
	f("POST", "/healthz", func(r *http.Request) { r.Header.Set("X-HTTP-Method-Override", "GET") })
	f("POST", status, func(r *http.Request) { r.Header.Set("X-HTTP-Method-Override", "GET") })
}

// TestWithoutTokens checks that a program without tokens serves this machine's programs, not pages of other sites in its browsers.
func TestWithoutTokens(t *testing.T) {
	t.Parallel()
	p := start(t, "-c", config(t, t.TempDir(), receivers))
	f := func(method, path string, change func(*http.Request), want int) {
		t.Helper()
		req, err := http.NewRequest(method, p.url+path, strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		change(req)
		resp, err := client.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = resp.Body.Close() }()
		if body := readAll(t, resp.Body); resp.StatusCode != want {
			t.Errorf("%s %s: status %d, want %d: %s", method, path, resp.StatusCode, want, body)
		}
	}
	host := func(name string) func(*http.Request) { return func(r *http.Request) { r.Host = name } }
	header := func(key, value string) func(*http.Request) {
		return func(r *http.Request) { r.Header.Set(key, value) }
	}
	for _, name := range []string{"127.0.0.1", "127.0.0.1:9750", "localhost", "localhost:1", "[::1]:9750", "127.8.8.8"} {
		f("GET", "/api/v1/status", host(name), http.StatusOK)
	}
	for _, r := range routes {
		if method, _, _ := strings.Cut(r.pattern, " "); r.who != anybody {
			for _, name := range []string{"foreshock.example", "127.0.0.1.example", "localhost.example:9750", "10.0.0.1", "169.254.169.254"} {
				f(method, r.path, host(name), http.StatusForbidden)
			}
		}
	}
	for _, path := range []string{"/api/v1/pause", "/api/v1/reload", "/api/v1/write"} {
		f("POST", path, header("Sec-Fetch-Site", "cross-site"), http.StatusForbidden)
		f("POST", path, header("Origin", "https://evil.example"), http.StatusForbidden)
		f("POST", path, header("Origin", "null"), http.StatusForbidden)
	}
	f("POST", "/api/v1/pause", header("Sec-Fetch-Site", "same-origin"), http.StatusOK)
	f("POST", "/api/v1/resume", header("Origin", p.url), http.StatusOK)
	p.stop()
}

// TestBodies checks that what is no proper request is refused with the reason, and changes nothing.
func TestBodies(t *testing.T) {
	t.Parallel()
	p := start(t, "-c", config(t, t.TempDir(), receivers))
	f := func(path, body string, want int) {
		t.Helper()
		code, answer, _, err := request(http.MethodPost, p.url+path, "", body)
		if err != nil {
			t.Fatalf("POST %s: %v", path, err)
		}
		if code != want {
			t.Errorf("POST %s with %d bytes %.60q: status %d, want %d: %s", path, len(body), body, code, want, answer)
		}
		if strings.TrimSpace(answer) == "" {
			t.Errorf("POST %s with %.60q: status %d without a word", path, body, code)
		}
	}
	large := `{"reason": "` + strings.Repeat("x", 1<<17) + `"}`
	deep := strings.Repeat("[", 10_000)
	for _, path := range []string{"/api/v1/pause", "/api/v1/resume", "/api/v1/opinions", "/api/v1/actions/x/refuse", "/api/v1/actions/x/settle", "/api/v1/corrections/1/undo"} {
		f(path, large, http.StatusRequestEntityTooLarge)
		f(path, "{", http.StatusBadRequest)
		f(path, "[]", http.StatusBadRequest)
		f(path, deep, http.StatusBadRequest)
		f(path, `{"nobody": 1}`, http.StatusBadRequest)
		f(path, "\x00\xff", http.StatusBadRequest)
	}
	f("/api/v1/pause", `{"scope": "everything"}`, http.StatusBadRequest)
	f("/api/v1/pause", `{"for": "-1h"}`, http.StatusBadRequest)
	f("/api/v1/pause", `{"for": "soon"}`, http.StatusBadRequest)
	f("/api/v1/resume", `{"scope": "policy/none"}`, http.StatusNotFound)
	f("/api/v1/opinions", `{"workload": "disk/none", "says": "perhaps"}`, http.StatusBadRequest)
	f("/api/v1/opinions", `{"workload": "disk/none", "says": "missed"}`, http.StatusNotFound)
	f("/api/v1/actions/none/approve", "", http.StatusNotFound)
	f("/api/v1/actions/none/refuse", "", http.StatusNotFound)
	f("/api/v1/actions/none/settle", `{"in_effect": true}`, http.StatusNotFound)
	f("/api/v1/corrections/999999/undo", "", http.StatusNotFound)
	f("/api/v1/corrections/0/undo", "", http.StatusBadRequest)
	f("/api/v1/corrections/x/undo", "", http.StatusBadRequest)
	f("/api/v1/actions/none/settle", `{}`, http.StatusBadRequest)

	var pauses []any
	p.ask("/status", &struct {
		Pauses *[]any `json:"pauses"`
	}{&pauses})
	if len(pauses) != 0 {
		t.Errorf("something is paused: %v", pauses)
	}
	for _, query := range []string{"limit=0", "limit=-1", "limit=x", "limit=100000000000000000000", "since=yesterday"} {
		if code, body, _, _ := request(http.MethodGet, p.url+"/api/v1/events?"+query, "", ""); code != http.StatusBadRequest {
			t.Errorf("events?%s: status %d: %s", query, code, body)
		}
	}
	p.stop()
}
