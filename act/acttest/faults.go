package acttest

import (
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"time"
)

// Faults lets the changes that a stand-in is asked for go wrong in a mood, and remembers them; C is a change. It is safe for concurrent use.
type Faults[C any] struct {
	mu    sync.Mutex // guards the rest
	mood  Mood
	calls []C
	gone  chan struct{}
}

// NewFaults lets all go well.
func NewFaults[C any]() *Faults[C] { return &Faults[C]{mood: Fine, gone: make(chan struct{})} }

// Close lets the calls end that would hang for ever.
func (f *Faults[C]) Close() { close(f.gone) }

// SetMood says how changes go from now on.
func (f *Faults[C]) SetMood(m Mood) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.mood = m
}

// Mood is how changes go.
func (f *Faults[C]) Mood() Mood {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.mood
}

// Calls gives the changes that were asked for, right or wrong.
func (f *Faults[C]) Calls() []C {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.calls)
}

// Change notes a change, which next makes, and lets it go as the mood is. In the moods Erring, Throttling, Denying and InConflict refuse answers, as the
// provider words it; FailingLater and AcceptsOnly are for next to heed.
func (f *Faults[C]) Change(w http.ResponseWriter, r *http.Request, change C, next http.HandlerFunc, refuse func(http.ResponseWriter, Mood)) {
	f.mu.Lock()
	mood := f.mood
	f.calls = append(f.calls, change)
	f.mu.Unlock()
	switch mood {
	case Slow:
		time.Sleep(50 * time.Millisecond)
		next(w, r)
	case Erring, Throttling, Denying, InConflict:
		refuse(w, mood)
	case Lost:
		f.hang(r)
	case TimingOut:
		next(httptest.NewRecorder(), r)
		f.hang(r)
	case Resetting:
		next(httptest.NewRecorder(), r)
		panic(http.ErrAbortHandler)
	default:
		next(w, r)
	}
}

// hang never answers.
func (f *Faults[C]) hang(r *http.Request) {
	select {
	case <-f.gone:
	case <-r.Context().Done():
	}
	panic(http.ErrAbortHandler)
}

// Body reads what a call says, and leaves it to be read again. Where that fails, it answers, and ok is false.
func Body(w http.ResponseWriter, r *http.Request) (text string, ok bool) {
	body, err := io.ReadAll(io.LimitReader(r.Body, 1<<20))
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return "", false
	}
	r.Body = io.NopCloser(strings.NewReader(string(body)))
	return string(body), true
}
