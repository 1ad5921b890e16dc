package awstest

import (
	"encoding/xml"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock/act/acttest"
)

// Faults passes calls on, and lets those that change something go wrong in a mood. It is safe for concurrent use.
type Faults struct {
	next    http.Handler
	actions []string

	mu    sync.Mutex // guards the rest
	mood  acttest.Mood
	calls []url.Values
	gone  chan struct{}
}

// NewFaults passes calls to next. The actions named, as "ModifyVolume", change something.
func NewFaults(next http.Handler, actions ...string) *Faults {
	return &Faults{next: next, actions: actions, mood: acttest.Fine, gone: make(chan struct{})}
}

// Close lets the calls end that would hang for ever.
func (f *Faults) Close() { close(f.gone) }

// SetMood says how changes go from now on. FailingLater and AcceptsOnly are the next handler's to do.
func (f *Faults) SetMood(m acttest.Mood) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mood = m
}

// Calls gives the changes that were asked for, right or wrong, with their parameters.
func (f *Faults) Calls() []url.Values {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// ServeHTTP answers one call.
func (f *Faults) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	form, _ := url.ParseQuery(string(body))
	if !slices.Contains(f.actions, form.Get("Action")) {
		f.next.ServeHTTP(w, r)
		return
	}
	f.mu.Lock()
	mood := f.mood
	f.calls = append(f.calls, form)
	f.mu.Unlock()
	f.change(w, r, mood)
}

func (f *Faults) change(w http.ResponseWriter, r *http.Request, mood acttest.Mood) {
	switch mood {
	case acttest.Slow:
		time.Sleep(50 * time.Millisecond)
		f.next.ServeHTTP(w, r)
	case acttest.Erring:
		say(w, http.StatusInternalServerError, "InternalError", "An internal error has occurred")
	case acttest.Throttling:
		say(w, http.StatusServiceUnavailable, "RequestLimitExceeded", "Request limit exceeded.")
	case acttest.Denying:
		say(w, http.StatusForbidden, "UnauthorizedOperation", "You are not authorized to perform this operation. Encoded authorization failure message: "+strings.Repeat("Zm9yZXNo", 60))
	case acttest.InConflict:
		say(w, http.StatusBadRequest, "IncorrectState", "another change came first")
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

// say answers with an error in the forms of EC2 and of the other services of the query protocol.
func say(w http.ResponseWriter, status int, code, message string) {
	w.Header().Set("Content-Type", "text/xml")
	w.WriteHeader(status)
	type fault struct {
		Code    string `xml:"Code"`
		Message string `xml:"Message"`
	}
	_ = xml.NewEncoder(w).Encode(struct {
		XMLName xml.Name `xml:"Response"`
		EC2     fault    `xml:"Errors>Error"`
		Other   fault    `xml:"Error"`
		ID      string   `xml:"RequestID"`
	}{EC2: fault{code, message}, Other: fault{code, message}, ID: "awstest"})
}
