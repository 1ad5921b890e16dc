package prometheus

import (
	"bytes"
	"context"
	"encoding/pem"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/certs"
	"github.com/foreshock-io/foreshock/ingest"
)

// sink records what is pushed.
type sink struct {
	mu       sync.Mutex
	ids      []foreshock.ID
	about    ingest.About
	readings []ingest.Reading
	enough   func(*sink) bool // ends the source
	cancel   context.CancelFunc
}

func (s *sink) Register(id foreshock.ID, about ingest.About) (ingest.Handle, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.about = about
	for i, known := range s.ids {
		if known == id {
			return ingest.Handle(i), nil
		}
	}
	s.ids = append(s.ids, id)
	return ingest.Handle(len(s.ids) - 1), nil
}

func (s *sink) Push(_ context.Context, batch []ingest.Reading) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.readings = append(s.readings, batch...)
	if s.enough(s) {
		s.cancel()
	}
	return nil
}

func (s *sink) Slow(ingest.Operation) {}

// of gives the readings of a field of a workload.
func (s *sink) of(id foreshock.ID, field ingest.Field) (list []ingest.Reading) {
	for _, r := range s.readings {
		if s.ids[r.Handle] == id && r.Field == field {
			list = append(list, r)
		}
	}
	return list
}

// run runs a source until the sink has enough.
func run(t *testing.T, cfg Config, enough func(*sink) bool) (*sink, *ingest.Drops, string) {
	t.Helper()
	var log bytes.Buffer
	drops := &ingest.Drops{}
	s, err := New(cfg, ingest.Env{Log: slog.New(slog.NewTextHandler(&log, nil)), Step: 10 * time.Second, Drops: drops})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	into := &sink{enough: enough, cancel: cancel}
	if err := s.Run(ctx, into); err != nil {
		t.Fatal(err)
	}
	if ctx.Err() == context.DeadlineExceeded {
		t.Fatalf("the sink has %d readings of %v only; log:\n%s", len(into.readings), into.ids, log.String())
	}
	return into, drops, log.String()
}

func settings(url string, change func(*Config)) Config {
	c := Defaults()
	c.URL, c.Presets = url, []string{"node_exporter"}
	c.Interval, c.Step, c.Lag, c.Backfill = 100*time.Millisecond, 100*time.Millisecond, 0, 0
	if change != nil {
		change(&c)
	}
	return c
}

// answer is what a server says to a query of one series.
func answer(extra string, samples ...string) string {
	return fmt.Sprintf(`{"status":"success"%s,"data":{"resultType":"matrix","result":[{"metric":{"__name__":"depth","device":"sda"},"values":[%s]}]}}`,
		extra, strings.Join(samples, ","))
}

// depth is a rule for a gauge.
var depth = ingest.Rule{Metric: "depth", ID: "disk/${device}", Field: "queue_depth"}

// An answer that is an error, partial, with warnings, of another kind or too long is never a value: it is counted, logged
// once, and asked for again, and what it would have said comes then.
func TestBadAnswers(t *testing.T) {
	f := func(want ingest.Drop, bad http.HandlerFunc) {
		t.Helper()
		var calls atomic.Int32
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if calls.Add(1) <= 3 {
				bad(w, r)
				return
			}
			var at float64
			fmt.Sscan(r.FormValue("time"), &at)
			fmt.Fprint(w, answer("", fmt.Sprintf(`[%.3f,"7"]`, at)))
		}))
		defer server.Close()
		got, drops, log := run(t, settings(server.URL, func(c *Config) {
			c.Presets, c.Rules, c.MaxResponse, c.Timeout = nil, []ingest.Rule{depth}, 2000, 5*time.Second
		}), func(s *sink) bool { return len(s.readings) > 1 })
		for _, r := range got.readings {
			if r.Value != 7 || r.Field != ingest.QueueDepth {
				t.Errorf("reading %+v", r)
			}
		}
		list := drops.List()
		if len(list) != 1 || list[0].Reason != want || list[0].Count != 3 {
			t.Errorf("dropped %+v, want 3 of %s", list, want)
		}
		if strings.Count(log, "level=WARN") != 1 || !strings.Contains(log, "answers again") {
			t.Errorf("log:\n%s", log)
		}
	}
	says := func(code int, body string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(code)
			fmt.Fprint(w, body)
		}
	}
	f(dropFailed, says(503, "busy"))
	f(dropFailed, says(401, `{"status":"error","errorType":"unauthorized","error":"no"}`))
	f(dropFailed, says(422, `{"status":"error","errorType":"execution","error":"too many samples"}`))
	f(dropFailed, says(200, `{"status":"error","errorType":"internal","error":"no","data":{"resultType":"matrix","result":[]}}`))
	f(dropFailed, says(200, `<html>log in</html>`))
	f(dropFailed, says(200, answer("", `[1,"x"]`)))
	f(dropFailed, says(200, `{"status":"success","data":{"resultType":"vector","result":[{"metric":{"__name__":"depth","device":"a"},"value":[1,"2"]}]}}`))
	f(dropFailed, says(200, answer("", strings.Repeat(`[1,"1"],`, 1000)+`[1,"1"]`)))
	f(dropFailed, func(w http.ResponseWriter, _ *http.Request) {
		panic(http.ErrAbortHandler)
	})
	f(dropPartial, says(200, answer(`,"warnings":["a store is away"]`, `[1,"1"]`)))
	f(dropPartial, says(200, answer(`,"isPartial":true`, `[1,"1"]`)))
}

// What is outside of the time that was asked for, not a number or stale is no reading.
func TestOddSamples(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var at float64
		fmt.Sscan(r.FormValue("time"), &at)
		fmt.Fprint(w, answer("", `[1,"66"]`, fmt.Sprintf(`[%.3f,"NaN"],[%.3f,"5"],[%.3f,"67"]`, at-0.05, at, at+3600)))
	}))
	defer server.Close()
	got, drops, _ := run(t, settings(server.URL, func(c *Config) { c.Presets, c.Rules = nil, []ingest.Rule{depth} }),
		func(s *sink) bool { return len(s.readings) > 2 })
	for _, r := range got.readings {
		if r.Value != 5 {
			t.Errorf("reading %+v", r)
		}
	}
	if list := drops.List(); len(list) != 1 || list[0].Reason != ingest.DropNaN {
		t.Errorf("dropped %+v", list)
	}
}

func TestCredentials(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "secret")
	if err := os.WriteFile(file, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	f := func(want string, change func(*Config)) {
		t.Helper()
		var seen, tenant atomic.Value
		server := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			seen.Store(r.Header.Get("Authorization"))
			tenant.Store(r.Header.Get("X-Scope-OrgID"))
			var at float64
			fmt.Sscan(r.FormValue("time"), &at)
			fmt.Fprint(w, answer("", fmt.Sprintf(`[%.3f,"7"]`, at)))
		}))
		defer server.Close()
		ca := filepath.Join(t.TempDir(), "ca.pem")
		cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
		if err := os.WriteFile(ca, cert, 0o600); err != nil {
			t.Fatal(err)
		}
		_, _, log := run(t, settings(server.URL, func(c *Config) {
			c.Presets, c.Rules = nil, []ingest.Rule{depth}
			c.TLS = &certs.Client{CAFile: ca}
			c.Headers = map[string]string{"X-Scope-OrgID": "team-a"}
			change(c)
		}), func(s *sink) bool { return true })
		if seen.Load() != want || tenant.Load() != "team-a" {
			t.Errorf("the server was told %q and %q, want %q", seen.Load(), tenant.Load(), want)
		}
		if strings.Contains(log, "s3cret") {
			t.Errorf("the log tells the secret:\n%s", log)
		}
	}
	f("", func(*Config) {})
	f("Basic dTpzM2NyZXQ=", func(c *Config) { c.Username, c.Password = "u", "s3cret" })
	f("Basic dTpzM2NyZXQ=", func(c *Config) { c.Username, c.PasswordFile = "u", file })
	f("Bearer s3cret", func(c *Config) { c.BearerToken = "s3cret" })
	f("Bearer s3cret", func(c *Config) { c.BearerTokenFile = file })
}

// Credentials do not follow a redirect to another server.
func TestRedirect(t *testing.T) {
	var other atomic.Int32
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { other.Add(1) }))
	defer elsewhere.Close()
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	s, err := New(settings(server.URL, func(c *Config) { c.BearerToken = "s3cret" }), ingest.Env{Drops: &ingest.Drops{}})
	if err != nil {
		t.Fatal(err)
	}
	_, _, _, err = s.api.Query(t.Context(), "up", time.Now())
	if err == nil || !strings.Contains(err.Error(), "the server sends to "+elsewhere.URL) || other.Load() > 0 {
		t.Errorf("error is %v, %d calls", err, other.Load())
	}
}

func TestSelectors(t *testing.T) {
	f := func(m ingest.Mapping, want ...string) {
		t.Helper()
		asks, err := selectors(m)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, a := range asks {
			got = append(got, a.expression)
		}
		if strings.Join(got, "\n") != strings.Join(want, "\n") {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
	}
	f(ingest.Mapping{})
	f(ingest.Mapping{Rules: []ingest.Rule{depth}}, `{__name__="depth"}`)
	f(ingest.Mapping{Rules: []ingest.Rule{
		{Metric: "b", Match: map[string]string{"x.y": `a\d"`, "device": "sd.*"}},
		{Metric: "a", Match: map[string]string{"device": "sda"}},
		{Metric: "a", Match: map[string]string{"device": "sdb"}},
	}}, `{__name__="a"}`, `{__name__="b",device=~"sd.*","x.y"=~"a\\d\""}`)
	asks, err := selectors(ingest.Mapping{Presets: []string{"node_exporter"}})
	if err != nil || len(asks) < 7 {
		t.Errorf("%d selectors of node_exporter, %v", len(asks), err)
	}
}

func TestSettings(t *testing.T) {
	f := func(want string, change func(*Config)) {
		t.Helper()
		_, err := New(settings("http://127.0.0.1:1", change), ingest.Env{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("error is %v, want %s", err, want)
		}
	}
	f("url must be", func(c *Config) { c.URL = "localhost:9090" })
	f("url must be", func(c *Config) { c.URL = "" })
	f("url has a user", func(c *Config) { c.URL = "http://u:p@h" })
	f("exclude each other", func(c *Config) { c.Username, c.BearerToken = "u", "t" })
	f("needs a username", func(c *Config) { c.Password = "p" })
	f("password_file", func(c *Config) { c.Username, c.PasswordFile = "u", "/nowhere" })
	f("bearer_token_file", func(c *Config) { c.BearerTokenFile = "/nowhere" })
	f("tls.ca_file", func(c *Config) { c.TLS = &certs.Client{CAFile: "/nowhere"} })
	f("go together", func(c *Config) { c.TLS = &certs.Client{KeyFile: "/nowhere"} })
	f("interval is", func(c *Config) { c.Interval = 0 })
	f("step is", func(c *Config) { c.Step = time.Microsecond })
	f("lag is", func(c *Config) { c.Lag = -1 })
	f("backfill is", func(c *Config) { c.Backfill = -1 })
	f("nothing is asked for", func(c *Config) { c.Presets = nil })
	f("no preset is called", func(c *Config) { c.Presets = []string{"x"} })
	f("queries[0]: query is empty", func(c *Config) { c.Queries = []Query{{ID: "a", Field: "iops"}} })
	f("no field is called", func(c *Config) { c.Queries = []Query{{Query: "up", ID: "a", Field: "x"}} })
	f("max_series", func(c *Config) { c.MaxSeries = -1 })
	f("max_response_bytes", func(c *Config) { c.MaxResponse = 0 })
}

// While the server is away the source goes on trying, and after it is back it asks for the time that was missed.
func TestServerAway(t *testing.T) {
	var away atomic.Bool
	var asked sync.Map
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if away.Load() {
			panic(http.ErrAbortHandler)
		}
		var at, window float64
		fmt.Sscan(r.FormValue("time"), &at)
		query := r.FormValue("query")
		fmt.Sscanf(query[strings.Index(query, "["):], "[%fms]", &window)
		var samples []string
		for ms := int64(at*1000) - int64(window) + 1; ms <= int64(at*1000+0.5); ms++ {
			if ms%100 == 0 {
				asked.Store(ms, true)
				samples = append(samples, fmt.Sprintf(`[%.3f,"3"]`, float64(ms)/1000))
			}
		}
		_, _ = io.WriteString(w, answer("", samples...))
	}))
	defer server.Close()
	got, drops, _ := run(t, settings(server.URL, func(c *Config) { c.Presets, c.Rules = nil, []ingest.Rule{depth} }), func(s *sink) bool {
		switch n := len(s.readings); {
		case n < 3:
		case n < 6 && !away.Load():
			away.Store(true)
			time.AfterFunc(time.Second, func() { away.Store(false) })
		}
		return len(s.readings) >= 20
	})
	for i, r := range got.readings {
		if i > 0 && r.Time != got.readings[i-1].Time+100 {
			t.Fatalf("reading %d is of %d, the one before of %d", i, r.Time, got.readings[i-1].Time)
		}
	}
	if list := drops.List(); len(list) != 1 || list[0].Reason != dropFailed {
		t.Errorf("dropped %+v", list)
	}
	if got.about.Step != 100*time.Millisecond || got.about.Lateness != 100*time.Millisecond || got.about.Source != "prometheus" {
		t.Errorf("about is %+v", got.about)
	}
}
