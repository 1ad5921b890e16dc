package webhook

import (
	"encoding/json"
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
)

const secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"

func amounts(pairs ...float64) (a foreshock.Allocation) {
	for i := 0; i < len(pairs); i += 2 {
		a.Set(foreshock.Dimension(pairs[i]), pairs[i+1])
	}
	return a
}

const iops = float64(foreshock.DimIOPS)

// receiver is an endpoint as the README describes it.
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
	if err := Verify(r.Header, secret, signed, time.Now()); err != nil {
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
	if state == "" {
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
	case mood == acttest.Lost:
	case mood == acttest.AcceptsOnly:
		x.changes[c.ID] = "accepted"
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
			Calls:  func() int { x.mu.Lock(); defer x.mu.Unlock(); return len(x.changes) + lostOnly(x) },
			Others: func() string { return x.label },
			Fault:  func(m acttest.Mood) bool { x.mood = m; return true },
		}
	})
}

// lostOnly counts the change that a receiver in the mood Lost made nothing of.
func lostOnly(x *receiver) int {
	if x.mood == acttest.Lost && x.tries > 0 {
		return 1
	}
	return 0
}

// A change is sent again, with the same ID, and takes effect once.
func TestTriesAgain(t *testing.T) {
	f := func(mood acttest.Mood, tries int, want error) {
		t.Helper()
		x := newReceiver()
		x.mood = mood
		server := httptest.NewServer(x)
		defer server.Close()
		defer close(x.gone)
		err := newTarget(t, quick(server.URL)).Apply(t.Context(), foreshock.Action{ID: "a", Resource: "a/db", To: amounts(iops, 4000)})
		if x.tries != tries || want == nil && err != nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%q: %d tries, %v; want %d, %v", mood, x.tries, err, tries, want)
		}
	}
	f("", 1, nil)
	f(acttest.Throttling, 3, act.ErrThrottled)
	f(acttest.Denying, 1, act.ErrDenied)
	f(acttest.InConflict, 1, act.ErrRefused)

	// Once something may have come of a try, what follows does not make it undone.
	x := newReceiver()
	x.mood = acttest.Resetting
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		defer func() { x.mu.Lock(); x.mood = acttest.Throttling; x.mu.Unlock() }()
		x.ServeHTTP(w, r)
	}))
	defer server.Close()
	err := newTarget(t, quick(server.URL)).Apply(t.Context(), foreshock.Action{ID: "a", Resource: "a/db", To: amounts(iops, 4000)})
	if err == nil || sure(err) || x.tries != 3 {
		t.Errorf("%d tries, %v; want an error that leaves it open", x.tries, err)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f := func(text string, want time.Duration) {
		t.Helper()
		if got := retryAfter(text, now); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	f("", 0)
	f("7", 7*time.Second)
	f("-1", 0)
	f("soon", 0)
	f("Fri, 02 Jan 2026 03:04:15 GMT", 10*time.Second)
	f("Fri, 02 Jan 2026 03:03:15 GMT", 0)
}

// What the receiver wants to be waited for is waited for, but not longer than the executor waits.
func TestRetryAfterIsHonoured(t *testing.T) {
	tries := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		tries++
		w.Header().Set("Retry-After", "3600")
		w.WriteHeader(http.StatusServiceUnavailable)
	}))
	defer server.Close()
	target := act.Guarded(newTarget(t, quick(server.URL)), 100*time.Millisecond)
	if err := target.Apply(t.Context(), foreshock.Action{ID: "a", To: amounts(iops, 1)}); err == nil || tries != 1 {
		t.Errorf("%d tries, %v", tries, err)
	}
}

func TestNoRedirect(t *testing.T) {
	reached := 0
	other := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { reached++ }))
	defer other.Close()
	server := httptest.NewServer(http.RedirectHandler(other.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	target := newTarget(t, quick(server.URL))
	if _, err := target.Read(t.Context(), "a/db"); err == nil || !strings.Contains(err.Error(), "redirects are not followed") {
		t.Errorf("read: %v", err)
	}
	if err := target.Apply(t.Context(), foreshock.Action{ID: "a", To: amounts(iops, 1)}); err == nil || sure(err) {
		t.Errorf("apply: %v", err)
	}
	if reached != 0 {
		t.Error("a redirect was followed")
	}
}

func TestAddresses(t *testing.T) {
	f := func(address string, want bool) {
		t.Helper()
		if err := allowed("tcp", address, nil); (err == nil) != want {
			t.Errorf("%s: %v", address, err)
		}
	}
	f("127.0.0.1:443", true)
	f("10.1.2.3:443", true)
	f("[::1]:443", true)
	f("[2001:db8::1]:443", true)
	f("169.254.169.254:80", false)
	f("[::ffff:169.254.169.254]:80", false)
	f("[fe80::1%eth0]:80", false)
	f("[fd00:ec2::254]:80", false)
	f("168.63.129.16:80", false)
	f("100.100.100.200:80", false)
	f("0.0.0.0:80", false)
	f("224.0.0.1:80", false)

	// It is asked when dialling, and then nothing was sent.
	cfg := quick("https://169.254.169.254/latest")
	if err := newTarget(t, cfg).Apply(t.Context(), foreshock.Action{ID: "a", To: amounts(iops, 1)}); !errors.Is(err, act.ErrRefused) {
		t.Errorf("apply to a metadata service: %v", err)
	}
}

func TestVerify(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	key, err := parseSecret(secret)
	if err != nil {
		t.Fatal(err)
	}
	f := func(change func(h http.Header), body string, later time.Duration, want string) {
		t.Helper()
		h := http.Header{}
		h.Set(headerID, "msg")
		h.Set(headerTimestamp, "1700000000")
		h.Set(headerSignature, "v1,AAAA "+signature(key, "msg", "1700000000", []byte("body")))
		change(h)
		err := Verify(h, secret, []byte(body), now.Add(later))
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	same := func(http.Header) {}
	f(same, "body", 0, "")
	f(same, "body", 4*time.Minute, "")
	f(same, "bodY", 0, "not right")
	f(same, "body", 6*time.Minute, "off")
	f(same, "body", -6*time.Minute, "off")
	f(func(h http.Header) { h.Set(headerID, "other") }, "body", 0, "not right")
	f(func(h http.Header) { h.Set(headerTimestamp, "1700000001") }, "body", 0, "not right")
	f(func(h http.Header) { h.Del(headerTimestamp) }, "body", 0, "missing")
	f(func(h http.Header) { h.Del(headerSignature) }, "body", 0, "not right")

	// The worked example of the Standard Webhooks specification's reference implementations.
	h := http.Header{}
	h.Set(headerID, "msg_p5jXN8AQM9LWM0D4loKWxJek")
	h.Set(headerTimestamp, "1614265330")
	h.Set(headerSignature, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=")
	if err := Verify(h, secret, []byte(`{"test": 2432232314}`), time.Unix(1614265330, 0)); err != nil {
		t.Errorf("the reference example: %v", err)
	}
}

func TestFaults(t *testing.T) {
	dir := t.TempDir()
	short := filepath.Join(dir, "short")
	if err := os.WriteFile(short, []byte("abc\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := func(change func(*Config), want string) {
		t.Helper()
		cfg := Default()
		cfg.URL, cfg.Secret = "https://example.com/x", secret
		change(&cfg)
		_, err := New(cfg, act.Env{})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%v, want %q", err, want)
		}
		if err != nil && strings.Contains(err.Error(), "MfKQ9r8") {
			t.Errorf("the secret is in the message: %v", err)
		}
	}
	f(func(*Config) {}, "")
	f(func(c *Config) { c.URL = "http://127.0.0.1:8080/x" }, "")
	f(func(c *Config) { c.URL = "" }, "url is needed")
	f(func(c *Config) { c.URL = "http://example.com/x" }, "must begin with https://")
	f(func(c *Config) { c.URL = "ftp://example.com/x" }, "must begin with https://")
	f(func(c *Config) { c.URL = "https://u:p@example.com/x" }, "holds a user")
	f(func(c *Config) { c.URL = "https://example.com/x?a=b" }, "must end with its path")
	f(func(c *Config) { c.Secret = "" }, "a secret is needed")
	f(func(c *Config) { c.Secret = "whsec_MfKQ9r8GKYqrTwjUPD8=!" }, "not base64")
	f(func(c *Config) { c.SecretFile = short }, "exclude each other")
	f(func(c *Config) { c.Secret, c.SecretFile = "", short }, "at least 24")
	f(func(c *Config) { c.Secret, c.SecretFile = "", short+"er" }, "no such file")
	f(func(c *Config) { c.CAFile = short }, "holds no certificate")
	f(func(c *Config) { c.Timeout, c.Retries, c.Backoff = 0, 11, 0 }, "retries must be between 0 and 10")
}

// Over TLS only a certificate that is trusted is spoken to.
func TestTLS(t *testing.T) {
	x := newReceiver()
	server := httptest.NewTLSServer(x)
	defer server.Close()
	if _, err := newTarget(t, quick(server.URL)).Read(t.Context(), "a/db"); err == nil {
		t.Error("a certificate that nobody knows was trusted")
	}
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, pemOf(server), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg := quick(server.URL)
	cfg.CAFile, cfg.Timeout = ca, 5*time.Second
	if r, err := newTarget(t, cfg).Read(t.Context(), "a/db"); err != nil || !r.Allocated.Covers(amounts(iops, 3000)) {
		t.Errorf("%s, %v", r.Allocated, err)
	}
}

func TestNonsense(t *testing.T) {
	f := func(answer string) {
		t.Helper()
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, answer) }))
		defer server.Close()
		target := newTarget(t, quick(server.URL))
		r, err := target.Read(t.Context(), "a/db")
		p, followErr := target.Follow(t.Context(), foreshock.Action{Resource: "a/db", To: amounts(iops, 4000)})
		if err == nil && !r.Allocated.Empty() || followErr == nil && (p.Done || p.Failed) {
			t.Errorf("%.60q was believed: %+v, %+v", answer, r, p)
		}
	}
	f("")
	f("{}")
	f("null")
	f("<html>")
	f(`{"allocated": {"iops": 1}, "rules": {"iops": {"min": 5, "max": 2}}}`)
	f(`{"allocated": {"iops": 1e999}}`)
	f(`{"allocated": {"speed": 1}}`)
	f(`{"state": "done", "observed": {"iops": 3000}}`)
	f(`{"state": "maybe"}`)
	f(`{"state": "` + strings.Repeat("x", most) + `"}`)
}
