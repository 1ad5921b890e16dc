package webhook

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/notify"
	"github.com/foreshock-io/foreshock/webhooks"
)

const secret = "a secret that is long enough"

// receiver is a service that checks what it is told.
type receiver struct {
	t        *testing.T
	mu       sync.Mutex // guards what follows
	answers  []int      // the first ones; then 204
	ids      []string
	bodies   [][]byte
	arrivals chan struct{}
}

func (x *receiver) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	if err := webhooks.Verify(r.Header, secret, body, time.Now()); err != nil {
		x.t.Error(err)
	}
	if got := r.Header.Get("Content-Type"); got != "application/cloudevents+json; charset=utf-8" {
		x.t.Error(got)
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.ids, x.bodies = append(x.ids, r.Header.Get("webhook-id")), append(x.bodies, body)
	code := http.StatusNoContent
	if len(x.answers) > 0 {
		code, x.answers = x.answers[0], x.answers[1:]
	}
	w.WriteHeader(code)
	x.arrivals <- struct{}{}
}

func started(t *testing.T, cfg Config, log *slog.Logger) (*Notifier, func()) {
	t.Helper()
	n, err := New(cfg, notify.Env{Log: log})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		n.Run(ctx)
		close(done)
	}()
	return n, func() { cancel(); <-done }
}

// settled waits until the answers to so many events have been heard, which comes after their arrival.
func settled(n *Notifier, events int64) {
	for c := n.Counts(); c.Sent+c.Failed < events; c = n.Counts() {
		time.Sleep(time.Millisecond)
	}
}

func settings(url string) Config {
	return Config{
		URL: url, Secret: secret, Source: "/foreshock/test", Queue: 10, Filter: notify.DefaultFilter(),
		Retry: notify.Retry{Timeout: time.Minute, Backoff: time.Millisecond, Patience: 10 * time.Minute},
	}
}

func TestCloudEvents(t *testing.T) {
	x := &receiver{t: t, answers: []int{500, 503}, arrivals: make(chan struct{}, 10)}
	server := httptest.NewServer(x)
	defer server.Close()
	n, stop := started(t, settings(server.URL+"/hook"), slog.New(slog.DiscardHandler))
	at := time.Date(2026, 3, 4, 12, 16, 0, 500, time.UTC)
	n.Take(&foreshock.Event{Seq: 7, Time: at, Type: foreshock.EventDecision, Decision: &foreshock.Decision{Workload: "vol/orders", Kind: foreshock.Grow, Time: at}})
	for range 3 {
		<-x.arrivals
	}
	settled(n, 1)
	stop()

	if len(x.ids) != 3 || x.ids[0] != x.ids[1] || x.ids[0] != x.ids[2] || !bytes.Equal(x.bodies[0], x.bodies[2]) {
		t.Fatalf("a try differs from the one before: %q", x.ids)
	}
	if got := n.Counts(); got != (notify.Counts{Sent: 1}) {
		t.Errorf("%+v", got)
	}
	var got struct {
		SpecVersion     string          `json:"specversion"`
		ID              string          `json:"id"`
		Source          string          `json:"source"`
		Type            string          `json:"type"`
		Subject         string          `json:"subject"`
		Time            time.Time       `json:"time"`
		DataContentType string          `json:"datacontenttype"`
		Data            foreshock.Event `json:"data"`
	}
	d := json.NewDecoder(bytes.NewReader(x.bodies[0]))
	d.DisallowUnknownFields() // names of attributes are lower-case letters and digits, and none but these is there
	if err := d.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if got.SpecVersion != "1.0" || got.ID != x.ids[0] || got.Source != "/foreshock/test" || got.Type != "io.foreshock.decision" ||
		got.Subject != "vol/orders" || !got.Time.Equal(at) || got.DataContentType != "application/json" {
		t.Errorf("%+v", got)
	}
	if got.Data.Seq != 7 || got.Data.Decision == nil || got.Data.Decision.Kind != foreshock.Grow {
		t.Errorf("%+v", got.Data)
	}
}

// What is refused is not sent again, what the filter leaves out not at all, and what waits at the end is still told.
func TestRefusedAndLeftOut(t *testing.T) {
	x := &receiver{t: t, answers: []int{410}, arrivals: make(chan struct{}, 10)}
	server := httptest.NewServer(x)
	defer server.Close()
	var log bytes.Buffer
	n, stop := started(t, settings(server.URL+"/private-path"), slog.New(slog.NewTextHandler(&log, nil)))
	n.Take(&foreshock.Event{Type: foreshock.EventNote, Note: "started"})
	n.Restore(&foreshock.Event{Type: foreshock.EventEvaluation, Evaluation: &foreshock.Evaluation{Workload: "old"}})
	for range 2 {
		n.Take(&foreshock.Event{Type: foreshock.EventEvaluation, Evaluation: &foreshock.Evaluation{Workload: "a"}})
	}
	for range 2 {
		<-x.arrivals
	}
	settled(n, 2)
	stop()
	if got := n.Counts(); got != (notify.Counts{Sent: 1, Failed: 1}) || len(x.ids) != 2 {
		t.Errorf("%+v, %d calls", got, len(x.ids))
	}
	if text := log.String(); !strings.Contains(text, "410") || strings.Contains(text, secret) || strings.Contains(text, "private-path") {
		t.Errorf("the log: %s", text)
	}
}

func TestSettings(t *testing.T) {
	f := func(change func(*Config), want string) {
		t.Helper()
		cfg := settings("https://hooks.example.com/foreshock")
		change(&cfg)
		_, err := New(cfg, notify.Env{})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%v, want %q", err, want)
		}
		if err != nil && (strings.Contains(err.Error(), secret) || strings.Contains(err.Error(), "a-secret")) {
			t.Errorf("the secret is told: %v", err)
		}
	}
	f(func(*Config) {}, "")
	f(func(c *Config) { c.URL = "" }, "url is missing")
	f(func(c *Config) { c.URL = "http://hooks.example.com" }, "must begin with https")
	f(func(c *Config) { c.URL = "https://me:a-secret-that-is-long@hooks.example.com" }, "must not hold a user")
	f(func(c *Config) { c.Secret = "" }, "a secret is needed")
	f(func(c *Config) { c.SecretFile = "x" }, "exclude each other")
	f(func(c *Config) { c.Queue = 0 }, "queue must be")
	f(func(c *Config) { c.Source = "%zz" }, "source is no URI")
	f(func(c *Config) { c.On = []string{"all"} }, "no type of event")
	f(func(c *Config) { c.Patience = 0 }, "patience")
}

// The sample is one that a configuration may have.
func TestSample(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "webhook-secret"), []byte(secret), 0o600); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	c, err := config.Parse(filepath.Join(dir, "foreshock.yaml"), text)
	if err != nil || len(c.Notify) != 1 || c.Notify[0].Kind != Factory.Name {
		t.Fatalf("%+v, %v", c.Notify, err)
	}
	n, err := Factory.New(c.Notify[0].Block.Decode, notify.Env{})
	if err != nil {
		t.Fatal(err)
	}
	if cfg := n.(*Notifier).cfg; cfg.Severity != foreshock.High || cfg.Patience != 10*time.Minute || len(cfg.On) != 2 {
		t.Errorf("%+v", cfg)
	}
}
