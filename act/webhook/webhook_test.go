package webhook

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/act/acttest"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/webhooks"
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func amounts(pairs ...float64) (a foreshock.Allocation) {
	for i := 0; i < len(pairs); i += 2 {
		a.Set(foreshock.Dimension(pairs[i]), pairs[i+1])
	}
	return a
}

const iops = float64(foreshock.DimIOPS)

// lost is the state of a change that the service forgot.
const lost = "lost"

// receiver is a service as the README describes it.
type receiver struct {
	mu      sync.Mutex
	mood    acttest.Mood
	has     foreshock.Allocation
	label   string
	changes map[string]string // state by ID
	tries   int
	forged  int
	gone    chan struct{}
}

func newReceiver() *receiver {
	return &receiver{has: amounts(iops, 3000), label: "kept", changes: map[string]string{}, gone: make(chan struct{})}
}

func (x *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	signed := body
	if r.Method == http.MethodGet {
		signed = []byte("GET " + r.RequestURI)
	}
	if err := webhooks.Verify(r.Header, secret, signed, time.Now()); err != nil {
		x.mu.Lock()
		x.forged++
		x.mu.Unlock()
		http.Error(w, err.Error(), http.StatusUnauthorized)
		return
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /resources/{name}", x.resource)
	mux.HandleFunc("GET /actions/{id}", x.action)
	mux.HandleFunc("POST /actions", func(w http.ResponseWriter, r *http.Request) {
		var c change
		if err := json.Unmarshal(body, &c); err != nil || c.ID != r.Header.Get("webhook-id") || c.ID != r.Header.Get("Idempotency-Key") {
			http.Error(w, "malformed", http.StatusBadRequest)
			return
		}
		x.post(w, c)
	})
	mux.ServeHTTP(w, r)
}

func (x *receiver) resource(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if r.PathValue("name") != "a/db" {
		http.Error(w, "no such resource", http.StatusNotFound)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{
		"allocated": x.has, "rules": map[string]any{"iops": foreshock.Rule{Min: 100, Max: 9000, Quantum: 100, Down: true}},
		"budget": map[string]any{"limited": true, "left": 3, "total": 4, "window_seconds": 86400},
	})
}

func (x *receiver) action(w http.ResponseWriter, r *http.Request) {
	x.mu.Lock()
	defer x.mu.Unlock()
	state := x.changes[r.PathValue("id")]
	if state == "" || state == lost {
		http.Error(w, "no such action", http.StatusNotFound)
		return
	}
	_ = json.NewEncoder(w).Encode(map[string]any{"state": state, "observed": x.has})
}

func (x *receiver) post(w http.ResponseWriter, c change) {
	x.mu.Lock()
	x.tries++
	mood := x.mood
	status := map[acttest.Mood]int{
		acttest.Erring: 500, acttest.Throttling: 429, acttest.Denying: 403, acttest.InConflict: 409,
	}[mood]
	switch {
	case status != 0:
		x.changes[c.ID] = "failed"
	case mood == acttest.Lost, mood == acttest.AcceptsOnly:
		x.changes[c.ID] = lost
	case mood == acttest.FailingLater:
		x.changes[c.ID] = "failed"
	case x.changes[c.ID] == "": // once per ID
		x.changes[c.ID], x.has = "done", x.has.Over(c.To)
	}
	x.mu.Unlock()
	switch {
	case status != 0:
		http.Error(w, "not today", status)
	case mood == acttest.Slow:
		time.Sleep(50 * time.Millisecond)
	case mood == acttest.TimingOut || mood == acttest.Lost:
		<-x.gone
		panic(http.ErrAbortHandler)
	case mood == acttest.Resetting:
		panic(http.ErrAbortHandler)
	default:
		w.WriteHeader(http.StatusAccepted)
	}
}

func quick(url string) Config {
	return Config{URL: url, Secret: secret, Timeout: 20 * time.Second, Tries: 3, Patience: time.Minute, Backoff: 5 * time.Millisecond}
}

func newTarget(t *testing.T, cfg Config) *Target {
	t.Helper()
	target, err := New(cfg, act.Env{Name: "hook"})
	if err != nil {
		t.Fatal(err)
	}
	return target
}

func TestTarget(t *testing.T) {
	acttest.Run(t, func(t *testing.T) acttest.Subject {
		x := newReceiver()
		server := httptest.NewServer(x)
		t.Cleanup(func() {
			close(x.gone)
			server.Close()
			if x.forged > 0 {
				t.Errorf("%d calls were not signed as they should be", x.forged)
			}
		})
		return acttest.Subject{
			Target: newTarget(t, quick(server.URL)), Resource: "a/db", Missing: "none", To: amounts(iops, 4000),
			Calls:  func() int { x.mu.Lock(); defer x.mu.Unlock(); return len(x.changes) },
			Others: func() string { return x.label },
			Fault:  func(m acttest.Mood) bool { x.mood = m; return true },
		}
	})
}

// post sends a change to a service that answers with each of the handlers in turn, and then with the last one.
func post(t *testing.T, handlers ...http.HandlerFunc) (tries int, waits []time.Duration, err error) {
	t.Helper()
	var mu sync.Mutex // guards what the tries, each of its own connection, write down
	bodies := map[string]bool{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		mu.Lock()
		bodies[r.Header.Get("Idempotency-Key")+string(body)] = true
		h := handlers[min(tries, len(handlers)-1)]
		tries++
		mu.Unlock()
		h(w, r)
	}))
	defer server.Close()
	target := newTarget(t, quick(server.URL))
	target.wait = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
	err = target.Apply(t.Context(), foreshock.Action{ID: "a", Resource: "a/db", To: amounts(iops, 4000)})
	mu.Lock()
	defer mu.Unlock()
	if len(bodies) != 1 {
		t.Errorf("the tries differ: %v", bodies)
	}
	return tries, waits, err
}

func says(status int, text string, header ...string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		_, _ = io.WriteString(w, text)
	}
}

func hangsUp(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// A change is sent again, with the same ID, where that can help; what cannot be told stays so.
func TestAnswers(t *testing.T) {
	f := func(tries int, want error, handlers ...http.HandlerFunc) {
		t.Helper()
		n, _, err := post(t, handlers...)
		if n != tries {
			t.Errorf("%d tries, want %d", n, tries)
		}
		switch {
		case errors.Is(want, errOpen) && (err == nil || sure(err)):
			t.Errorf("%v; want an error that leaves it open", err)
		case !errors.Is(want, errOpen) && !errors.Is(err, want):
			t.Errorf("%v, want %v", err, want)
		}
	}
	f(1, nil, says(200, ""))
	f(1, nil, says(202, strings.Repeat("x", 1<<20)))
	f(1, nil, says(204, ""))
	f(1, act.ErrRefused, says(400, ""))
	f(1, act.ErrDenied, says(401, ""))
	f(1, act.ErrDenied, says(403, ""))
	f(1, act.ErrNotFound, says(404, ""))
	f(1, act.ErrRefused, says(409, ""))
	f(1, act.ErrRefused, says(422, ""))
	f(3, act.ErrThrottled, says(429, ""))
	f(3, errOpen, says(408, ""))
	f(3, errOpen, says(500, ""))
	f(3, errOpen, says(503, ""))
	f(3, errOpen, hangsUp)
	f(2, nil, says(503, ""), says(200, ""))
	f(2, nil, says(429, ""), says(200, ""))
	f(3, nil, hangsUp, says(500, ""), says(200, ""))
	f(2, act.ErrDenied, says(429, ""), says(403, ""))
	// Once something may have come of a try, what follows does not make it undone.
	f(3, errOpen, hangsUp, says(429, ""))
	f(2, errOpen, says(503, ""), says(403, ""))
	f(2, errOpen, says(500, ""), says(404, ""))
	f(2, errOpen, hangsUp, says(409, ""))
}

var errOpen = errors.New("an error that leaves it open")

func TestWaits(t *testing.T) {
	_, waits, err := post(t, says(503, ""), says(503, "", "Retry-After", "7"), says(200, ""))
	if err != nil || len(waits) != 2 || waits[0] > 5*time.Millisecond || waits[1] != 7*time.Second {
		t.Errorf("waited %v, %v", waits, err)
	}
	// Longer than there is patience: it is not waited for.
	if tries, waits, err := post(t, says(429, "", "Retry-After", "3600")); tries != 1 || waits != nil || !errors.Is(err, act.ErrThrottled) {
		t.Errorf("%d tries, waited %v, %v", tries, waits, err)
	}
}

// A service that never answers is given up, and nothing is said of what came of it.
func TestSilence(t *testing.T) {
	gone := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-gone }))
	defer server.Close()
	defer close(gone)
	cfg := quick(server.URL)
	cfg.Timeout = 200 * time.Millisecond // to connect; no answer comes in any time
	target := newTarget(t, cfg)
	err := target.Apply(t.Context(), foreshock.Action{ID: "a", To: amounts(iops, 1)})
	if err == nil || sure(err) {
		t.Error(err)
	}
	if _, err := target.Read(t.Context(), "a/db"); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// Where nobody listens, nothing was sent: that is known.
func TestNobodyListens(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	target := newTarget(t, quick(server.URL))
	waits := 0
	target.wait = func(context.Context, time.Duration) error { waits++; return nil }
	err := target.Apply(t.Context(), foreshock.Action{ID: "a", To: amounts(iops, 1)})
	if !errors.Is(err, act.ErrRefused) || !strings.Contains(err.Error(), "nothing was sent") || waits != 2 {
		t.Errorf("%v after %d waits", err, waits)
	}
	err = target.Apply(t.Context(), foreshock.Action{ID: "a\nb", To: amounts(iops, 1)})
	if !errors.Is(err, act.ErrRefused) {
		t.Errorf("an id that no header can hold: %v", err)
	}
}

func TestNoRedirect(t *testing.T) {
	reached := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }))
	defer other.Close()
	for _, code := range []int{301, 302, 303, 307, 308} {
		server := httptest.NewServer(http.RedirectHandler(other.URL, code))
		target := newTarget(t, quick(server.URL))
		if _, err := target.Read(t.Context(), "a/db"); err == nil || !strings.Contains(err.Error(), "redirects are not followed") {
			t.Errorf("read: %v", err)
		}
		if err := target.Apply(t.Context(), foreshock.Action{ID: "a", To: amounts(iops, 1)}); err == nil || sure(err) {
			t.Errorf("apply: %v", err)
		}
		server.Close()
	}
	if reached != 0 {
		t.Error("a redirect was followed")
	}
}

func TestNames(t *testing.T) {
	server := httptest.NewServer(newReceiver())
	defer server.Close()
	target := newTarget(t, quick(server.URL))
	for _, name := range []string{"", ".", "..", "none", "a/db/", "a/../a/db", "?", "a%2Fdb"} {
		if r, err := target.Read(t.Context(), name); !errors.Is(err, act.ErrNotFound) {
			t.Errorf("%q: %+v, %v", name, r, err)
		}
	}
	r, err := target.Read(t.Context(), "a/db")
	want := foreshock.Budget{Limited: true, Left: 3, Total: 4, Window: 24 * time.Hour}
	if err != nil || r.Target != "hook" || r.Name != "a/db" || r.Budget != want {
		t.Errorf("%+v, %v", r, err)
	}
}

// No address that hands out credentials is called, which is known before anything is sent.
func TestForbiddenAddresses(t *testing.T) {
	for _, url := range []string{"https://169.254.169.254/latest", "https://[::ffff:169.254.169.254]/latest"} {
		target := newTarget(t, quick(url))
		target.wait = func(context.Context, time.Duration) error { t.Error("it was tried again"); return nil }
		err := target.Apply(t.Context(), foreshock.Action{ID: "a", To: amounts(iops, 1)})
		if !errors.Is(err, act.ErrRefused) || !errors.Is(err, webhooks.ErrForbidden) {
			t.Errorf("%s: %v", url, err)
		}
	}
}

// A secret is replaced while the program runs: first the new one is added, then the old one is taken away.
func TestSecretFile(t *testing.T) {
	server := httptest.NewServer(newReceiver())
	defer server.Close()
	cfg := quick(server.URL)
	cfg.Secret, cfg.SecretFile = "", filepath.Join(t.TempDir(), "secret")
	f := func(text string, ok bool) {
		t.Helper()
		if err := os.WriteFile(cfg.SecretFile, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		target, err := New(cfg, act.Env{})
		if err == nil {
			_, err = target.Read(t.Context(), "a/db")
		}
		if ok != (err == nil) || err != nil && strings.Contains(err.Error(), "MfKQ9r8") {
			t.Error(err)
		}
	}
	const other = "whsec_c29tZXRoaW5nIGVsc2UsIGxvbmcgZW5vdWdo"
	f(secret+"\n", true)
	f(other+"\n"+secret+"\n\n", true)
	f(other, false)
	f("", false)
	f(secret+"\nshort", false)

	target := newTarget(t, quick(server.URL))
	target.cfg = cfg
	if err := os.Remove(cfg.SecretFile); err != nil {
		t.Fatal(err)
	}
	if err := target.Apply(t.Context(), foreshock.Action{ID: "a", To: amounts(iops, 1)}); !errors.Is(err, act.ErrRefused) || !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing is sent unsigned: %v", err)
	}
}

// Over TLS only a certificate that is trusted is spoken to.
func TestTLS(t *testing.T) {
	server := httptest.NewTLSServer(newReceiver())
	defer server.Close()
	if _, err := newTarget(t, quick(server.URL)).Read(t.Context(), "a/db"); err == nil {
		t.Error("a certificate that nobody knows was trusted")
	}
	cfg := quick(server.URL)
	cfg.CAFile = filepath.Join(t.TempDir(), "ca.pem")
	certificate := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	if err := os.WriteFile(cfg.CAFile, certificate, 0o600); err != nil {
		t.Fatal(err)
	}
	if r, err := newTarget(t, cfg).Read(t.Context(), "a/db"); err != nil || !r.Allocated.Covers(amounts(iops, 3000)) {
		t.Errorf("%s, %v", r.Allocated, err)
	}
}

// Of an action that the service does not know, what the resource has is told, and nothing else.
func TestUnknownAction(t *testing.T) {
	server := httptest.NewServer(newReceiver())
	defer server.Close()
	target := newTarget(t, quick(server.URL))
	p, err := target.Follow(t.Context(), foreshock.Action{ID: "never", Resource: "a/db", To: amounts(iops, 4000)})
	if err != nil || p.Observed != amounts(iops, 3000) || p.Done || p.Failed || p.UnderWay || p.Note == "" {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := target.Follow(t.Context(), foreshock.Action{ID: "never", Resource: "none"}); !errors.Is(err, act.ErrNotFound) {
		t.Error(err)
	}
}

func TestNonsense(t *testing.T) {
	f := func(answer string) {
		t.Helper()
		server := httptest.NewServer(says(200, answer))
		defer server.Close()
		target := newTarget(t, quick(server.URL))
		r, err := target.Read(t.Context(), "a/db")
		p, followErr := target.Follow(t.Context(), foreshock.Action{ID: "a", Resource: "a/db", To: amounts(iops, 4000)})
		if err == nil && !r.Allocated.Empty() || followErr == nil {
			t.Errorf("%.60q was believed: %+v, %+v", answer, r, p)
		}
	}
	f("")
	f("{}")
	f("null")
	f("[]")
	f("<html>")
	f(`{"allocated": {"iops": 1}, "rules": {"iops": {"min": 5, "max": 2}}}`)
	f(`{"allocated": {"iops": 1}, "rules": {"speed": {}}}`)
	f(`{"allocated": {"iops": 1}, "budget": {"limited": true, "left": -1}}`)
	f(`{"allocated": {"iops": 1}, "budget": {"limited": true, "window_seconds": 1e300}}`)
	f(`{"allocated": {"iops": -1}}`)
	f(`{"allocated": {"iops": 1e999}}`)
	f(`{"allocated": {"speed": 1}}`)
	f(`{"state": "done"}`)
	f(`{"state": "done", "observed": {"iops": 3000}}`)
	f(`{"state": "failed", "observed": {"iops": 4000}}`)
	f(`{"state": "maybe"}`)
	f(`{"state": "` + strings.Repeat("x", maxAnswer) + `"}`)
}

// A service may say when a change was done and when it works.
func TestTimes(t *testing.T) {
	server := httptest.NewServer(says(200, `{"state": "done", "observed": {"iops": 4000}, "completed_at": "2026-03-04T05:00:00Z", "effective_at": "2026-03-04T05:04:00Z"}`))
	defer server.Close()
	p, err := newTarget(t, quick(server.URL)).Follow(t.Context(), foreshock.Action{ID: "a", Resource: "a/db", To: amounts(iops, 4000)})
	done := time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)
	if err != nil || !p.Done || !p.Since.Equal(done) || !p.Works.Equal(done.Add(4*time.Minute)) {
		t.Errorf("%+v, %v", p, err)
	}
}

func load(file, text string) error {
	c, err := config.Parse(file, []byte(text))
	if err != nil {
		return err
	}
	if _, err = Factory.New(c.Targets[0].Block.Decode, act.Env{}); err != nil {
		return c.Targets[0].Block.Fault(err)
	}
	return nil
}

func TestConfig(t *testing.T) {
	dir := t.TempDir()
	sample, err := os.ReadFile("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "webhook-secret"), []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := load(filepath.Join(dir, "f.yaml"), string(sample)); err != nil {
		t.Error(err)
	}
	t.Setenv("HOOK_SECRET", secret)
	f := func(block string, want ...string) {
		t.Helper()
		err := load("f.yaml", "targets:\n- webhook: "+block+"\n")
		if len(want) == 0 && err != nil {
			t.Error(err)
		}
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%s:\n%v\nwant %q", block, err, w)
			}
		}
		if err != nil && (strings.Contains(err.Error(), "MfKQ9r8") || strings.Contains(err.Error(), "hunter2")) {
			t.Errorf("a secret is in the message: %v", err)
		}
	}
	const s = "secret: '${env:HOOK_SECRET}'}"
	f("{url: 'https://example.com/x', " + s)
	f("{url: 'http://127.0.0.1:8080/x', " + s)
	f("{url: 'http://localhost:8080', " + s)
	f("{"+s, "url is missing")
	f("{url: 'http://example.com/x', "+s, "must begin with https://")
	f("{url: 'ftp://example.com/x', "+s, "must begin with https://")
	f("{url: 'https://u:hunter2@example.com/x', "+s, "must not hold a user")
	f("{url: 'https://u:hunter2@exam ple.com/x', "+s, "is not an address")
	f("{url: 'https://example.com/x?a=hunter2', "+s, "without ? and #")
	f("{url: 'https://example.com/x'}", "a secret is needed")
	f("{url: 'https://example.com/x', secret: 'whsec_MfKQ9r8!'}", "not base64")
	f("{url: 'https://example.com/x', secret: 'abc'}", "at least 24")
	f("{url: 'https://example.com/x', secret_file: f, "+s, "exclude each other")
	f("{url: 'https://example.com/x', secret_file: nowhere}", "no such file")
	f("{url: 'https://example.com/x', ca_file: nowhere, timeout: 0s, tries: 11, patience: -1s, backoff: 0s, "+s,
		"ca_file", "timeout must be", "tries must be", "patience must be", "backoff must be")
	f("{url: 'https://example.com/x', retries: 2, "+s, "did you mean tries?")
}
