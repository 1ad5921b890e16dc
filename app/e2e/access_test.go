package e2e_test

import (
	"bytes"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const receivers = "sources: [host: {}, remotewrite: {presets: [node_exporter]}, otlp: {presets: [otel_system]}]\n"

// newToken makes a token as people do: what is printed is the token, and the line for the file.
func newToken(t *testing.T, role, name string) (token, line string) {
	t.Helper()
	r := command(t, "token", "new", "--role", role, "--name", name, "--expires", "1d")
	m := regexp.MustCompile(`(?m)^token +(\S+)\nline +(.+)$`).FindStringSubmatch(r.stdout)
	if r.code != 0 || m == nil {
		t.Fatalf("exit code %d: %s%s", r.code, r.stdout, r.stderr)
	}
	return m[1], m[2]
}

// TestAccess checks the way of a token from its making to the journal. Every route as every caller is in package app.
func TestAccess(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	tokens := map[string]string{}
	file := "# who may what\n"
	for _, role := range []string{"push", "read", "approve", "admin"} {
		var line string
		tokens[role], line = newToken(t, role, "name-of-"+role)
		file += line + "\n"
	}
	write(t, folder+"/tokens", file)
	p := start(t, "-c", config(t, folder, "token_file: tokens\n"+receivers))
	f := func(method, path, role string, want int) {
		t.Helper()
		code, body, header, err := request(method, p.url+path, tokens[role], "")
		if err != nil {
			t.Fatalf("%s %s: %v", method, path, err)
		}
		if code != want || want == http.StatusUnauthorized && header.Get("WWW-Authenticate") == "" {
			t.Errorf("%s %s as %q: status %d, want %d: %s", method, path, role, code, want, body)
		}
	}
	for _, path := range []string{"/api/v1/status", "/metrics", "/", "/debug/pprof/cmdline"} {
		f("GET", path, "", http.StatusUnauthorized)
		f("GET", path, "push", http.StatusForbidden)
		f("GET", path, "admin", http.StatusOK)
	}
	f("GET", "/debug/pprof/cmdline", "approve", http.StatusForbidden)
	f("GET", "/healthz", "", http.StatusOK)
	f("GET", "/static/style.css", "", http.StatusOK)
	f("POST", "/api/v1/pause", "read", http.StatusForbidden)
	f("POST", "/api/v1/pause", "approve", http.StatusOK)
	f("POST", "/api/v1/reload", "approve", http.StatusForbidden)
	f("POST", "/api/v1/reload", "admin", http.StatusOK)
	f("POST", "/v1/metrics", "read", http.StatusForbidden)
	detours(t, p)
	p.stop()
	kept := everything(t, folder+"/data")
	if !strings.Contains(kept, "name-of-approve") || !strings.Contains(kept, "name-of-admin") {
		t.Error("the journal does not say who paused the program, and who had it read its configuration again")
	}
	said := p.out.String() + kept
	for _, token := range tokens {
		if strings.Contains(said, token) {
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
	for _, name := range []string{"foreshock.example", "127.0.0.1.example", "localhost.example:9750", "10.0.0.1", "169.254.169.254"} {
		f("GET", "/api/v1/status", host(name), http.StatusForbidden)
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
