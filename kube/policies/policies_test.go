package policies

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/foreshock-io/foreshock/kube"
)

// stub answers as an API server would, for what no real one can be brought to say at will.
type stub struct {
	mu      sync.Mutex // guards what follows
	lists   []string   // answers to lists, one after the other; the last one stays
	watches []string   // the same to watches
	asked   []string
}

func (s *stub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answers, what := &s.lists, "list"
	if r.URL.Query().Get("watch") != "" {
		answers, what = &s.watches, "watch"
	}
	s.asked = append(s.asked, what)
	text := (*answers)[0]
	if len(*answers) > 1 {
		*answers = (*answers)[1:]
	}
	w.Header().Set("Content-Type", "application/json")
	if strings.HasPrefix(text, "404") {
		w.WriteHeader(http.StatusNotFound)
		text = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"NotFound","code":404,"message":"the server could not find the requested resource"}`
	}
	_, _ = w.Write([]byte(text))
}

func item(name, uid string, generation int) string {
	return fmt.Sprintf(`{"apiVersion":"foreshock.io/v1alpha1","kind":"ScalingPolicy","metadata":{"name":%q,"uid":%q,"generation":%d,"resourceVersion":"7"},"spec":{}}`, name, uid, generation)
}

func list(items ...string) string {
	return `{"apiVersion":"foreshock.io/v1alpha1","kind":"ScalingPolicyList","metadata":{"resourceVersion":"7"},"items":[` + strings.Join(items, ",") + `]}`
}

func event(kind, object string) string { return `{"type":"` + kind + `","object":` + object + "}\n" }

const expired = `{"kind":"Status","apiVersion":"v1","status":"Failure","reason":"Expired","code":410,"message":"too old resource version"}`

func stubbed(t *testing.T, s *stub) *Source {
	t.Helper()
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	file := filepath.Join(t.TempDir(), "kubeconfig")
	text := fmt.Sprintf(`{apiVersion: v1, kind: Config, current-context: c, clusters: [{name: c, cluster: {server: %q}}], contexts: [{name: c, context: {cluster: c}}]}`, server.URL)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := Defaults()
	cfg.Kubeconfig = file
	source, err := New(cfg, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	source.pause = time.Millisecond
	return source
}

// A look ends when a spec has changed, an object came or went, or the watch ends; a status alone is nothing new, and a version that is too old no error.
func TestLook(t *testing.T) {
	f := func(watch, wantErr string) {
		t.Helper()
		s := &stub{lists: []string{list(item("a", "1", 3))}, watches: []string{watch}}
		looks := 0
		err := stubbed(t, s).follow(t.Context(), func([]Object) error { looks++; return nil })
		if got := errorText(err); looks != 1 || !strings.Contains(got, wantErr) || (wantErr == "") != (err == nil) {
			t.Errorf("%s: %d looks, error %q", watch, looks, got)
		}
	}
	f("", "")
	f(event("MODIFIED", item("a", "1", 3)), "")
	f(event("MODIFIED", item("a", "1", 4)), "")
	f(event("DELETED", item("a", "1", 3)), "")
	f(event("ADDED", item("b", "2", 1)), "")
	f(event("ERROR", expired), "")
	f(event("ERROR", strings.Replace(expired, "Expired", "Forbidden", 1)), "too old resource version")
}

// News of another spec end the watch before what comes after is heard.
func TestNews(t *testing.T) {
	s := &stub{lists: []string{list(item("a", "1", 3))}, watches: []string{event("MODIFIED", item("a", "1", 4)) + event("ERROR", strings.Replace(expired, "Expired", "Forbidden", 1))}}
	if err := stubbed(t, s).follow(t.Context(), func([]Object) error { return nil }); err != nil {
		t.Error(err)
	}
	s = &stub{lists: s.lists, watches: []string{event("MODIFIED", item("a", "1", 3)) + event("ERROR", strings.Replace(expired, "Expired", "Forbidden", 1))}}
	if err := stubbed(t, s).follow(t.Context(), func([]Object) error { return nil }); err == nil {
		t.Error("a new status alone was taken for a new spec")
	}
}

func TestKindIsNotThere(t *testing.T) {
	_, err := stubbed(t, &stub{lists: []string{"404"}}).List(t.Context())
	if err == nil || !strings.Contains(err.Error(), "apply deploy/kubernetes/scalingpolicy.yaml") || kube.FaultOf(err) != kube.Missing {
		t.Errorf("%v", err)
	}
}

func TestConfig(t *testing.T) {
	f := func(want string, edit func(*Config)) {
		t.Helper()
		cfg := Defaults()
		cfg.Kubeconfig = "/no/such/file"
		edit(&cfg)
		if _, err := New(cfg, slog.New(slog.DiscardHandler)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f("set kubeconfig", func(*Config) {})
	f("selector: ", func(c *Config) { c.Selector = "a in (" })
	f("report must be at least 1s, not 0s", func(c *Config) { c.Report = 0 })
}

// A condition keeps the time of its last transition, the last decision stays when there is no other, and texts are bounded.
func TestReported(t *testing.T) {
	at := time.Date(2026, 3, 4, 5, 6, 7, 0, time.UTC)
	o := Object{Name: "a", Generation: 2}
	o.status = o.reported(&Report{Mode: "auto", Workloads: 1, Last: &Decision{Time: at, Workload: "w", Kind: "hold", Text: strings.Repeat("ä", 2000)}}, at)
	o.Generation = 3
	status := o.reported(&Report{Mode: "observe"}, at.Add(time.Hour))
	if c := condition(status, Accepted); c["lastTransitionTime"] != "2026-03-04T05:06:07Z" || c["observedGeneration"] != int64(3) {
		t.Errorf("accepted %v", c)
	}
	if c := condition(status, Matching); c["lastTransitionTime"] != "2026-03-04T06:06:07Z" || c["reason"] != "NoWorkload" {
		t.Errorf("matching %v", c)
	}
	text := status["lastDecision"].(map[string]any)["text"].(string)
	if len(text) > mostText || !utf8.ValidString(text) || !strings.HasSuffix(text, "ä…") {
		t.Errorf("text of %d bytes", len(text))
	}
	if _, err := json.Marshal(status); err != nil {
		t.Error(err)
	}
}
