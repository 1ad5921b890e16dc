package gcptest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock/act/acttest"
)

// Request is a change that was asked for: method, path below the project with its query, and body.
type Request struct{ Method, Path, Body string }

// Faults passes calls on, and lets those that change something go wrong in a mood. It is safe for concurrent use.
type Faults struct {
	next http.Handler

	mu    sync.Mutex // guards the rest
	mood  acttest.Mood
	only  string
	calls []Request
	gone  chan struct{}
}

// NewFaults passes calls to next.
func NewFaults(next http.Handler) *Faults {
	return &Faults{next: next, mood: acttest.Fine, gone: make(chan struct{})}
}

// Close lets the calls end that would hang for ever.
func (f *Faults) Close() { close(f.gone) }

// SetMood says how changes go from now on. FailingLater and AcceptsOnly are the next handler's to do.
func (f *Faults) SetMood(m acttest.Mood) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mood = m
}

// Only lets changes pass, uncounted, whose path does not end with verb.
func (f *Faults) Only(verb string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.only = verb
}

// Calls gives the changes that were asked for, right or wrong.
func (f *Faults) Calls() []Request {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// ServeHTTP answers one call.
func (f *Faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	f.mu.Lock()
	only := f.only
	f.mu.Unlock()
	if r.Method == http.MethodGet || !strings.HasSuffix(r.URL.Path, only) {
		f.next.ServeHTTP(w, r)
		return
	}
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	f.mu.Lock()
	mood := f.mood
	f.calls = append(f.calls, Request{r.Method, strings.TrimPrefix(r.URL.RequestURI(), "/compute/v1/projects/"+Project+"/"), string(body)})
	f.mu.Unlock()
	f.change(w, r, mood)
}

func (f *Faults) change(w http.ResponseWriter, r *http.Request, mood acttest.Mood) {
	switch mood {
	case acttest.Slow:
		time.Sleep(50 * time.Millisecond)
		f.next.ServeHTTP(w, r)
	case acttest.Erring:
		say(w, &refusal{http.StatusInternalServerError, "backendError", "Internal error"})
	case acttest.Throttling:
		say(w, &refusal{http.StatusForbidden, "rateLimitExceeded", "Rate Limit Exceeded"})
	case acttest.Denying:
		say(w, &refusal{http.StatusForbidden, "forbidden", "Required 'compute.disks.update' permission; Authorization: " + r.Header.Get("Authorization")})
	case acttest.InConflict:
		say(w, &refusal{http.StatusConflict, "resourceInUseByAnotherResource", "another change came first"})
	case acttest.Lost:
		f.hang(r)
	case acttest.TimingOut:
		f.next.ServeHTTP(httptest.NewRecorder(), r)
		f.hang(r)
	case acttest.Resetting:
		f.next.ServeHTTP(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	default:
		f.next.ServeHTTP(w, r)
	}
}

// hang never answers.
func (f *Faults) hang(r *http.Request) {
	select {
	case <-f.gone:
	case <-r.Context().Done():
	}
	panic(http.ErrAbortHandler)
}
