package azuretest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock/act/acttest"
)

// faults is how changes go, and which were asked for.
type faults struct {
	mood  acttest.Mood
	calls []Call
	gone  chan struct{}
}

// Call is a change that was asked for, right or wrong.
type Call struct {
	Path, Body string
	IfMatch    string
}

// Close lets the calls end that would hang for ever.
func (c *Cloud) Close() { close(c.faults.gone) }

// SetMood says how changes go from now on.
func (c *Cloud) SetMood(m acttest.Mood) { c.mu.Lock(); defer c.mu.Unlock(); c.faults.mood = m }

// Calls gives the changes that were asked for.
func (c *Cloud) Calls() []Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.faults.calls)
}

func (c *Cloud) mood() acttest.Mood { c.mu.Lock(); defer c.mu.Unlock(); return c.faults.mood }

// change notes a change and lets it go as the mood is. FailingLater and AcceptsOnly are what is behind the fake servers.
func (c *Cloud) change(w http.ResponseWriter, r *http.Request, call route) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	c.mu.Lock()
	c.faults.calls = append(c.faults.calls, Call{r.URL.Path, string(body), r.Header.Get("If-Match")})
	c.mu.Unlock()
	switch c.mood() {
	case acttest.Slow:
		time.Sleep(50 * time.Millisecond)
		c.serve(w, r, call)
	case acttest.Erring:
		say(w, &refusal{http.StatusInternalServerError, "InternalServerError", "Encountered an internal server error."})
	case acttest.Throttling:
		w.Header().Set("Retry-After", "1")
		say(w, &refusal{http.StatusTooManyRequests, "TooManyRequests", "The request is being throttled."})
	case acttest.Denying:
		say(w, &refusal{http.StatusForbidden, "AuthorizationFailed", "The client does not have authorization to perform action; token " + Token})
	case acttest.InConflict:
		say(w, &refusal{http.StatusConflict, "Conflict", "Another operation on this resource is in progress."})
	case acttest.Lost:
		c.hang(r)
	case acttest.TimingOut:
		c.serve(httptest.NewRecorder(), r, call)
		c.hang(r)
	case acttest.Resetting:
		c.serve(httptest.NewRecorder(), r, call)
		panic(http.ErrAbortHandler)
	default:
		c.serve(w, r, call)
	}
}

// hang never answers.
func (c *Cloud) hang(r *http.Request) {
	select {
	case <-c.faults.gone:
	case <-r.Context().Done():
	}
	panic(http.ErrAbortHandler)
}
