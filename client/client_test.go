package client_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/api/access"
	"github.com/foreshock-io/foreshock/api/access/accesstest"
	"github.com/foreshock-io/foreshock/client"
	"github.com/foreshock-io/foreshock/pipeline"
)

// program has lists of a length, and takes pauses.
type program struct {
	api.Program
	length int
}

func (p *program) Workloads(context.Context) ([]pipeline.View, error) {
	list := []pipeline.View{}
	for i := range p.length {
		list = append(list, pipeline.View{ID: foreshock.ID(fmt.Sprintf("vol/%05d", i)), Score: float64(p.length - i%7), Severity: foreshock.Severity(3 - i*4/max(p.length, 1))})
	}
	slices.SortFunc(list, func(a, b pipeline.View) int {
		if c := int(b.Severity) - int(a.Severity); c != 0 {
			return c
		}
		if a.Score != b.Score {
			return int(b.Score - a.Score)
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	return list, nil
}

func (p *program) Events(q api.Query) []foreshock.Event {
	list := []foreshock.Event{}
	for i := 1; i <= p.length; i++ {
		if q.Before == 0 || uint64(i) < q.Before {
			list = append(list, foreshock.Event{Seq: uint64(i), Type: foreshock.EventNote})
		}
	}
	return list[max(0, len(list)-q.Limit):]
}

func (p *program) Actions() []foreshock.ActionChange {
	list := []foreshock.ActionChange{}
	for i := range p.length {
		list = append(list, foreshock.ActionChange{Action: foreshock.Action{ID: fmt.Sprintf("a%d", i)}})
	}
	return list
}

func (p *program) Status() api.Status { return api.Status{Version: fmt.Sprint("of ", p.length)} }

func (p *program) Approve(_ context.Context, id, actor string) error {
	return fmt.Errorf("%s of %s: %w", id, actor, act.ErrNotFound)
}

// served serves p, and counts the answers of each status.
type served struct {
	url string

	mu       sync.Mutex // guards statuses
	statuses map[int]int
}

type recorder struct {
	http.ResponseWriter
	s *served
}

func (r recorder) WriteHeader(status int) {
	r.s.mu.Lock()
	r.s.statuses[status]++
	r.s.mu.Unlock()
	r.ResponseWriter.WriteHeader(status)
}

func serve(t *testing.T, p api.Program, tokens string) *served {
	t.Helper()
	guard, err := access.New(access.Default(), tokens, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	mux := access.NewMux(guard)
	api.Register(mux, p)
	s := &served{statuses: map[int]int{}}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { mux.ServeHTTP(recorder{w, s}, r) }))
	t.Cleanup(server.Close)
	s.url = server.URL
	return s
}

func open(t *testing.T, o client.Options) *client.Client {
	t.Helper()
	c, err := client.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// What is listed over several pages is the whole list, in its order, and each once.
func TestPages(t *testing.T) {
	p := &program{length: 2500}
	c := open(t, client.Options{Server: serve(t, p, "").url})
	workloads, err := c.Workloads(t.Context())
	want, _ := p.Workloads(t.Context())
	if err != nil || !slices.EqualFunc(workloads, want, func(a, b pipeline.View) bool { return a.ID == b.ID }) {
		t.Errorf("%d workloads, or another order, %v", len(workloads), err)
	}
	actions, err := c.Actions(t.Context(), client.Query{})
	if err != nil || len(actions) != 2500 || actions[0].Action.ID != "a0" || actions[2499].Action.ID != "a2499" {
		t.Errorf("%d actions, %v", len(actions), err)
	}
	p.length = 11_000
	f := func(limit, length int, first uint64) {
		t.Helper()
		list, err := c.Events(t.Context(), client.Query{Limit: limit})
		ordered := slices.IsSortedFunc(list, func(a, b foreshock.Event) int { return int(int64(a.Seq) - int64(b.Seq)) })
		if err != nil || len(list) != length || list[0].Seq != first || list[length-1].Seq != 11_000 || !ordered {
			t.Errorf("limit %d: %d events, %v", limit, len(list), err)
		}
	}
	f(50, 50, 10_951)
	f(10_500, 10_500, 501)
	f(0, 11_000, 1)
	f(99_999, 11_000, 1)
}

// Pages are of the size that is asked for, the worst first as well, and a cursor that is none is refused.
func TestCursors(t *testing.T) {
	s := serve(t, &program{length: 10}, "")
	f := func(path string, status, pages int) {
		t.Helper()
		got, n := 0, 0
		for next := path; next != "" && n < 20; n++ {
			resp, err := http.Get(s.url + "/api/v1" + next)
			if err != nil {
				t.Fatal(err)
			}
			_ = resp.Body.Close()
			got = resp.StatusCode
			next, _, _ = strings.Cut(strings.TrimPrefix(resp.Header.Get("Link"), "</api/v1"), ">")
		}
		if got != status || n != pages {
			t.Errorf("%s: %d pages, then status %d; want %d, %d", path, n, got, pages, status)
		}
	}
	f("/workloads?limit=4", 200, 3)
	f("/workloads?limit=4&order=id", 200, 3)
	f("/workloads?limit=10", 200, 1)
	f("/workloads", 200, 1)
	f("/actions?limit=5", 200, 2)
	f("/events?limit=3", 200, 4)
	f("/events?limit=10&type=note", 200, 1)
	f("/workloads?order=size", 400, 1)
	f("/workloads?cursor=x", 400, 1)
	f("/actions?cursor=x", 400, 1)
	f("/events?cursor=x", 400, 1)
	f("/events?cursor=0", 400, 1)
	f("/workloads?limit=0", 400, 1)
}

// What has not changed is not sent again, and what has changed is.
func TestNotModified(t *testing.T) {
	p := &program{length: 3}
	s := serve(t, p, "")
	c := open(t, client.Options{Server: s.url})
	f := func(version string, unchanged int) {
		t.Helper()
		status, err := c.Status(t.Context())
		if err != nil || status.Version != version || s.statuses[http.StatusNotModified] != unchanged {
			t.Errorf("%q, %v, %v; want %q, %d not modified", status.Version, err, s.statuses, version, unchanged)
		}
	}
	f("of 3", 0)
	f("of 3", 1)
	p.length = 4
	f("of 4", 1)
	f("of 4", 2)
}

// A refusal has its status and the program's words.
func TestRefusals(t *testing.T) {
	file, secrets := accesstest.Tokens(t)
	s := serve(t, &program{}, file)
	f := func(token string, status int, detail string) {
		t.Helper()
		_, err := open(t, client.Options{Server: s.url, Token: token}).Approve(t.Context(), "x/y")
		var refused *client.Error
		if !errors.As(err, &refused) || refused.Status != status || !strings.Contains(refused.Detail, detail) {
			t.Errorf("%v; want %d %s", err, status, detail)
		}
	}
	f("", 401, "a token is needed")
	f("wrong", 401, "not known")
	f(secrets["read"], 403, "approve is needed")
	f(secrets["approve"], 404, "x/y of approve: ")
}

// What changes nothing is asked again while the program cannot answer; what changes something is not, but where it was turned away unseen.
func TestTries(t *testing.T) {
	var asked int
	status := http.StatusServiceUnavailable
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		if asked++; asked < 3 {
			w.WriteHeader(status)
			return
		}
		_, _ = w.Write([]byte("{}"))
	}))
	defer server.Close()
	c := open(t, client.Options{Server: server.URL})
	f := func(answer int, ask func() error, tries int, failed bool) {
		t.Helper()
		asked, status = 0, answer
		if err := ask(); asked != tries || (err != nil) != failed {
			t.Errorf("after status %d: %d tries, %v; want %d", answer, asked, err, tries)
		}
	}
	get := func() error { _, err := c.Status(t.Context()); return err }
	post := func() error { _, err := c.Pause(t.Context(), api.PauseRequest{}); return err }
	f(503, get, 3, false)
	f(503, post, 1, true)
	f(429, post, 3, false)
	f(500, get, 1, true)
	f(404, get, 1, true)
	f(502, func() error {
		c := open(t, client.Options{Server: server.URL, Tries: 1})
		_, err := c.Status(t.Context())
		return err
	}, 1, true)
}

func TestAway(t *testing.T) {
	server := httptest.NewServer(nil)
	server.Close()
	var away *client.AwayError
	if _, err := open(t, client.Options{Server: server.URL}).Status(t.Context()); !errors.As(err, &away) || away.Server != server.URL {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := open(t, client.Options{Server: server.URL}).Status(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}

// An answer that takes too long is none.
func TestTimeout(t *testing.T) {
	stop := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		select {
		case <-stop:
		case <-r.Context().Done():
		}
	}))
	defer server.Close()
	defer close(stop)
	var away *client.AwayError
	if _, err := open(t, client.Options{Server: server.URL, Timeout: time.Millisecond, Tries: 2}).Status(t.Context()); !errors.As(err, &away) {
		t.Errorf("%v", err)
	}
}

func TestNew(t *testing.T) {
	f := func(o client.Options, ok bool) {
		t.Helper()
		if _, err := client.New(o); (err == nil) != ok {
			t.Errorf("%+v: %v", o, err)
		}
	}
	f(client.Options{}, true)
	f(client.Options{Server: "https://foreshock.example:9750/"}, true)
	f(client.Options{Server: "foreshock.example"}, false)
	f(client.Options{Server: "ftp://foreshock.example"}, false)
	f(client.Options{CA: "none.pem"}, false)
	f(client.Options{Cert: "none.pem"}, false)
}

// A client shows its certificate, and believes the authority that it is told of and no other.
func TestTLS(t *testing.T) {
	authority, other := accesstest.NewAuthority(t), accesstest.NewAuthority(t)
	cert, key := authority.Server("foreshock.example")
	settings := access.Default()
	settings.TLS = &access.TLS{Cert: cert, Key: key, ClientCA: authority.File, Clients: []access.Client{{Name: "erika", Role: access.Approve}}}
	guard, err := access.New(settings, "", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	mux := access.NewMux(guard)
	api.Register(mux, &program{})
	server := httptest.NewUnstartedServer(mux)
	server.TLS = guard.TLS()
	server.StartTLS()
	defer server.Close()
	_, err = open(t, client.Options{Server: server.URL, CA: other.File, Tries: 1}).Approve(t.Context(), "x")
	var away *client.AwayError
	if !errors.As(err, &away) {
		t.Errorf("%v", err)
	}
	var refused *client.Error
	_, err = open(t, client.Options{Server: server.URL, CA: authority.File}).Approve(t.Context(), "x")
	if !errors.As(err, &refused) || refused.Status != http.StatusUnauthorized {
		t.Errorf("%v", err)
	}
	cert, key = authority.Client("erika")
	_, err = open(t, client.Options{Server: server.URL, CA: authority.File, Cert: cert, Key: key}).Approve(t.Context(), "x")
	if !errors.As(err, &refused) || refused.Detail != "x of cert:erika: not found" {
		t.Errorf("%v", err)
	}
}
