package http

import (
	"context"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"net"
	nethttp "net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/config"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

// freePort is an address at which nobody listens.
func freePort(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// serve starts a server that answers with each of the handlers in turn, and then with the last one.
func serve(t *testing.T, handlers ...nethttp.HandlerFunc) (p *Planner, waits *[]time.Duration, calls func() int) {
	t.Helper()
	var n atomic.Int64
	waits = new([]time.Duration)
	s := httptest.NewServer(nethttp.HandlerFunc(func(w nethttp.ResponseWriter, r *nethttp.Request) {
		i := int(n.Add(1)) - 1
		handlers[min(i, len(handlers)-1)](w, r)
	}))
	t.Cleanup(s.Close)
	cfg := Defaults()
	cfg.URL, cfg.Client, cfg.Token, cfg.Timeout = s.URL+"/base/", "one", "s3cret-token", 30*time.Second
	p, err := New(cfg, capacity.Env{})
	if err != nil {
		t.Fatal(err)
	}
	p.wait = func(_ context.Context, d time.Duration) error { *waits = append(*waits, d); return nil }
	return p, waits, func() int { return int(n.Load()) }
}

func says(status int, body string, header ...string) nethttp.HandlerFunc {
	return func(w nethttp.ResponseWriter, _ *nethttp.Request) {
		for i := 0; i+1 < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

func grant(iops float64) string {
	return fmt.Sprintf(`{"id":"a","granted":{"iops":%g},"expires_in_seconds":90,"reason":"as\nit is","more":[1]}`, iops)
}

func TestWhatIsSent(t *testing.T) {
	var got Reserve
	p, _, _ := serve(t, func(w nethttp.ResponseWriter, r *nethttp.Request) {
		if r.Method != "POST" || r.URL.Path != "/base/v1/reserve" || r.Header.Get("Authorization") != "Bearer s3cret-token" ||
			r.Header.Get("Content-Type") != "application/json" {
			t.Errorf("%s %s %v", r.Method, r.URL, r.Header)
		}
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		fmt.Fprint(w, grant(150))
	})
	g, err := p.Reserve(t.Context(), noon, request("a", 100, 200))
	if err != nil || g.Granted != iops(150) || !g.Expires.Equal(noon.Add(90*time.Second)) || g.Reason != "as it is" {
		t.Errorf("%+v, %v", g, err)
	}
	want := Reserve{Client: "one", ID: "a", Workload: "db/a", Target: "production", Resource: "vol-a", From: iops(100), To: iops(200), ForSeconds: 300}
	if got != want {
		t.Errorf("%+v", got)
	}
}

// What is no grant is an error, and an error is tried again only where that can help.
func TestAnswers(t *testing.T) {
	f := func(h nethttp.HandlerFunc, tries int, want string) {
		t.Helper()
		p, _, calls := serve(t, h)
		g, err := p.Reserve(t.Context(), noon, request("a", 100, 200))
		switch {
		case want == "" && err != nil, want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%v, want %q", err, want)
		case err != nil && (!g.Granted.Empty() || strings.Contains(err.Error(), "s3cret")):
			t.Errorf("%+v, %v", g, err)
		}
		if calls() != tries {
			t.Errorf("%d tries, want %d: %v", calls(), tries, err)
		}
	}
	f(says(200, grant(200)), 1, "")
	f(says(200, grant(100)), 1, "")
	f(says(200, grant(201)), 1, "more than the 200 IOPS that was asked for")
	f(says(200, grant(99)), 1, "less than the 100 IOPS that there is")
	f(says(200, `{"id":"b","granted":{"iops":150},"expires_in_seconds":90}`), 1, `the grant is that of "b"`)
	f(says(200, `{"id":"a","granted":{"iops":150}}`), 1, "expires in 0 s")
	f(says(200, `{"id":"a","granted":{},"expires_in_seconds":90}`), 1, "the dimensions differ")
	f(says(200, `{"id":"a","granted":{"iops":150,"size":7},"expires_in_seconds":90}`), 1, "the dimensions differ")
	f(says(200, `{"id":"a","granted":{"iops":150,"speed":7},"expires_in_seconds":90}`), 1, `no dimension is called "speed"`)
	f(says(200, `{}`), 1, "the grant is that of")
	f(says(200, `null`), 1, "the grant is that of")
	f(says(200, ``), 1, "the answer cannot be read")
	f(says(200, `<html>`), 1, "the answer cannot be read")
	f(says(200, `{"id":"`+strings.Repeat("x", maxAnswer)+`"}`), 1, "longer than 65536 bytes")
	f(says(202, grant(200)), 1, "status 202, not 200")
	f(says(204, ``), 1, "status 204, not 200")
	f(says(400, `{"error":"no\tsuch thing"}`), 1, "answered 400 Bad Request: no such thing")
	f(says(401, `s3cret`), 1, "answered 401")
	f(says(404, ``), 1, "answered 404")
	f(says(409, `{"error":"of another"}`), 1, "of another")
	f(says(307, ``, "Location", "/elsewhere"), 1, "redirects are not followed")
	f(says(429, ``), 3, "answered 429")
	f(says(500, ``), 3, "answered 500")
	f(says(503, `{"error":"`+strings.Repeat("é", 1000)+`"}`), 3, strings.Repeat("é", 300)+"…")
	f(func(nethttp.ResponseWriter, *nethttp.Request) { panic(nethttp.ErrAbortHandler) }, 3, "EOF")
}

func TestTriesAgain(t *testing.T) {
	p, waits, calls := serve(t, says(503, ``), says(429, ``, "Retry-After", "7"), says(200, grant(200)))
	if g, err := p.Reserve(t.Context(), noon, request("a", 100, 200)); err != nil || g.Granted != iops(200) || calls() != 3 {
		t.Errorf("%+v, %v after %d", g, err, calls())
	}
	if w := *waits; len(w) != 2 || w[0] > 200*time.Millisecond || w[1] != 7*time.Second {
		t.Errorf("waited %v", w)
	}
	// Longer than there is time for: the answer is not waited for.
	p, waits, calls = serve(t, says(429, ``, "Retry-After", "3600"))
	if _, err := p.Reserve(t.Context(), noon, request("a", 100, 200)); status(err) != 429 || calls() != 1 || len(*waits) != 0 {
		t.Errorf("%v after %d, waited %v", err, calls(), *waits)
	}
}

func TestCommitReleaseRestore(t *testing.T) {
	f := func(h nethttp.HandlerFunc, call func(p *Planner) error, want error, ok bool) {
		t.Helper()
		p, _, _ := serve(t, h)
		err := call(p)
		if ok != (err == nil) || want != nil && !errors.Is(err, want) || want == nil && errors.Is(err, capacity.ErrNotHeld) {
			t.Error(err)
		}
	}
	commit := func(p *Planner) error { return p.Commit(t.Context(), noon, "a") }
	release := func(p *Planner) error { return p.Release(t.Context(), noon, "a") }
	restore := func(p *Planner) error { return p.Restore(t.Context(), noon, nil) }
	for _, call := range []func(*Planner) error{commit, release, restore} {
		f(says(200, `{}`), call, nil, true)
		f(says(204, ``), call, nil, true)
		f(says(500, ``), call, nil, false)
		f(says(403, ``), call, nil, false)
		f(says(302, ``, "Location", "/login"), call, nil, false)
	}
	f(says(404, ``), commit, capacity.ErrNotHeld, false)
	f(says(404, ``), release, nil, true)
	for _, lacks := range []int{404, 405, 501} {
		f(says(lacks, ``), restore, nil, true)
	}
	var got Restore
	f(func(_ nethttp.ResponseWriter, r *nethttp.Request) {
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
	}, restore, nil, true)
	if got.Client != "one" || got.Held == nil {
		t.Errorf("with nothing held an empty list is sent, not %+v", got)
	}
}

func TestEndsWithTheContext(t *testing.T) {
	p, _, _ := serve(t, func(_ nethttp.ResponseWriter, r *nethttp.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // only then the server sees that the client goes
		<-r.Context().Done()
	})
	ctx, cancel := context.WithCancel(t.Context())
	go cancel()
	if _, err := p.Reserve(ctx, noon, request("a", 100, 200)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
	p.cfg.Timeout = time.Millisecond
	if _, err := p.Reserve(t.Context(), noon, request("a", 100, 200)); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

func TestAddresses(t *testing.T) {
	cfg := Defaults()
	cfg.URL, cfg.Client, cfg.Tries = "https://169.254.169.254", "one", 1
	p, err := New(cfg, capacity.Env{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.Reserve(t.Context(), noon, request("a", 1, 2)); err == nil || !strings.Contains(err.Error(), "169.254.169.254 is not an address of a service") {
		t.Error(err)
	}
}

func TestTLS(t *testing.T) {
	s := httptest.NewTLSServer(says(200, grant(200)))
	defer s.Close()
	cfg := Defaults()
	cfg.URL, cfg.Client, cfg.Tries = s.URL, "one", 1
	cfg.CAFile = filepath.Join(t.TempDir(), "ca.pem")
	f := func(ok bool) {
		t.Helper()
		p, err := New(cfg, capacity.Env{})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Reserve(t.Context(), noon, request("a", 100, 200)); ok != (err == nil) {
			t.Error(err)
		}
	}
	write(t, cfg.CAFile, string(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: s.Certificate().Raw})))
	f(true)
	cfg.CAFile = ""
	f(false)
}

func load(text string) (capacity.Planner, error) {
	c, err := config.Parse("f.yaml", []byte(text))
	if err != nil {
		return nil, err
	}
	p, err := Factory.New(c.Capacity[0].Block.Decode, capacity.Env{})
	if err != nil {
		return nil, c.Capacity[0].Block.Fault(err)
	}
	return p, nil
}

func TestConfig(t *testing.T) {
	sample, err := os.ReadFile("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := load(string(sample)); err != nil {
		t.Error(err)
	}
	f := func(block string, want ...string) {
		t.Helper()
		_, err := load("capacity:\n- http: " + block + "\n")
		if len(want) == 0 && err != nil {
			t.Error(err)
		}
		for _, w := range want {
			if err == nil || !strings.Contains(err.Error(), w) {
				t.Errorf("%s:\n%v\nwant %q", block, err, w)
			}
		}
		if err != nil && strings.Contains(err.Error(), "hunter2") {
			t.Errorf("a secret is in the message: %v", err)
		}
	}
	f("{url: 'http://localhost:9'}")
	f("{url: 'http://[::1]:9/x'}")
	f("{url: 'http://planner:9', allow_http: true}")
	f("{}", "url is missing")
	f("{url: 'http://planner:9'}", "without TLS")
	f("{url: 'ftp://planner'}", "write for example")
	f("{url: 'planner'}", "write for example")
	f("{url: 'https://me:hunter2@planner'}", "must not hold a user")
	f("{url: 'https://me:hunter2@plan ner'}", "url is not an address")
	f("{url: 'https://planner?token=hunter2'}", "without ? and #")
	f("{url: 'https://planner', client: 'a/b', token: hunter2, token_file: t, timeout: 0s, tries: 0}",
		"client is", "exclude each other", "timeout is", "tries is")
	f("{url: 'https://planner', ca_file: /nowhere/ca.pem}", "ca_file")
	f("{uri: 'https://planner'}", "did you mean url?")
}

func TestTokenFile(t *testing.T) {
	p, _, calls := serve(t, says(200, grant(200)))
	p.cfg.Token, p.cfg.TokenFile = "", filepath.Join(t.TempDir(), "token")
	f := func(text string, want string) {
		t.Helper()
		write(t, p.cfg.TokenFile, text)
		before := calls()
		_, err := p.Reserve(t.Context(), noon, request("a", 100, 200))
		if (err == nil) != (want == "") || err != nil && (!strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2")) {
			t.Error(err)
		}
		if err != nil && calls() != before {
			t.Error("it was called without a token")
		}
	}
	f("hunter2\n", "")
	f("", "must hold one line")
	f("hunter2\nhunter2", "must hold one line")
	os.Remove(p.cfg.TokenFile)
	if _, err := p.Reserve(t.Context(), noon, request("a", 100, 200)); !errors.Is(err, os.ErrNotExist) {
		t.Error(err)
	}
}

func FuzzGrant(f *testing.F) {
	f.Add([]byte(grant(150)))
	f.Add([]byte(`{"id":"a","granted":{"iops":1e308},"expires_in_seconds":1e308}`))
	f.Fuzz(func(t *testing.T, body []byte) {
		r := request("a", 100, 200)
		var g Grant
		if json.Unmarshal(body, &g) != nil || check(&r, &g) != nil {
			return
		}
		got, stated := g.Granted.Get(0)
		if !stated || got < 100 || got > 200 || seconds(g.ExpiresInSeconds) < 0 {
			t.Errorf("%s was taken as a grant", body)
		}
	})
}

// A planning system that answers to a release of nothing is there; one that refuses the token is not of use.
func TestProbe(t *testing.T) {
	for status, want := range map[int]string{200: "", 404: "", 401: "is the token right?"} {
		p, _, _ := serve(t, says(status, ""))
		_, err := p.Probe(t.Context())
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%d: %v, want %q", status, err, want)
		}
	}
}
