package notify

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/foreshock-io/foreshock"
)

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// run runs a queue until the test's bubble has nothing to do, then stops it and gives how long it ran.
func run(t *testing.T, q *Queue[*foreshock.Event], events int, until time.Duration) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), until)
	defer cancel()
	done := make(chan struct{})
	go func() {
		q.Run(ctx)
		close(done)
	}()
	for i := range events {
		q.Take(&foreshock.Event{Seq: uint64(i + 1)})
		synctest.Wait()
	}
	<-done
}

func TestQueueTellsInOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var told []uint64
		q := NewQueue(8, DefaultRetry(), quiet(), func(_ context.Context, e *foreshock.Event) error {
			told = append(told, e.Seq)
			return nil
		})
		run(t, q, 3, time.Minute)
		if len(told) != 3 || told[0] != 1 || told[2] != 3 || q.Counts() != (Counts{Sent: 3}) {
			t.Errorf("%v, %+v", told, q.Counts())
		}
	})
}

// Who tells is never held up: what is above the bound is dropped and counted.
func TestQueueIsBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log bytes.Buffer
		release := make(chan struct{})
		q := NewQueue(2, DefaultRetry(), slog.New(slog.NewTextHandler(&log, nil)), func(context.Context, *foreshock.Event) error {
			<-release
			return nil
		})
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() {
			q.Run(ctx)
			close(done)
		}()
		for range 10 { // one is being told, two wait
			q.Take(&foreshock.Event{})
			synctest.Wait()
		}
		if got, want := q.Counts(), (Counts{Dropped: 7, Waiting: 2}); got != want {
			t.Errorf("%+v, want %+v", got, want)
		}
		if n := strings.Count(log.String(), "dropped"); n != 1 {
			t.Errorf("said %d times that something is dropped", n)
		}
		close(release)
		cancel()
		<-done
		if got, want := q.Counts(), (Counts{Sent: 3, Dropped: 7}); got != want {
			t.Errorf("in the end %+v, want %+v", got, want)
		}
	})
}

func TestRetry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		retry := Retry{Timeout: time.Second, Backoff: time.Second, Patience: time.Minute}
		f := func(what string, answers []error, sent, failed int64, least, most time.Duration) {
			t.Helper()
			tries, start := 0, time.Now()
			var last time.Time
			q := NewQueue(1, retry, quiet(), func(context.Context, *foreshock.Event) error {
				err := answers[min(tries, len(answers)-1)]
				tries++
				last = time.Now()
				return err
			})
			run(t, q, 1, 2*time.Minute)
			c := q.Counts()
			if took := last.Sub(start); c.Sent != sent || c.Failed != failed || took < least || took > most {
				t.Errorf("%s: %+v after %d tries and %s", what, c, tries, took)
			}
		}
		away := errors.New("away")
		f("at once", []error{nil}, 1, 0, 0, 0)
		f("after two tries", []error{away, away, nil}, 1, 0, time.Second, 4*time.Second)
		f("never", []error{away}, 0, 1, 20*time.Second, time.Minute)
		f("refused", []error{ErrRefused}, 0, 1, 0, 0)
		f("asked to wait", []error{&AfterError{After: 30 * time.Second, Err: away}, nil}, 1, 0, 30*time.Second, 30*time.Second)
		f("asked to wait too long", []error{&AfterError{After: time.Hour, Err: away}, nil}, 0, 1, 0, 0)
	})
}

// A try that hangs ends with its time.
func TestTryHasItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		err := Retry{Timeout: time.Second, Backoff: time.Second, Patience: 5 * time.Second}.Do(t.Context(), func(ctx context.Context) error {
			<-ctx.Done()
			return ctx.Err()
		})
		if !errors.Is(err, context.DeadlineExceeded) {
			t.Error(err)
		}
	})
}

func TestPost(t *testing.T) {
	f := func(status int, header string, want error, after time.Duration) {
		t.Helper()
		server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if header != "" {
				w.Header().Set("Retry-After", header)
			}
			w.WriteHeader(status)
			_, _ = w.Write([]byte("two\nlines"))
		}))
		defer server.Close()
		r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, server.URL, http.NoBody)
		err := Post(server.Client(), r)
		var again *AfterError
		waits := errors.As(err, &again)
		switch {
		case status < 300 && err != nil, status >= 300 && err == nil, errors.Is(err, ErrRefused) != (want != nil):
			t.Errorf("%d: %v", status, err)
		case waits != (after > 0) || waits && again.After != after:
			t.Errorf("%d: waits %v: %v", status, waits, err)
		case err != nil && strings.Contains(err.Error(), "\n"):
			t.Errorf("%d: text from outside is not on one line: %q", status, err)
		}
	}
	f(200, "", nil, 0)
	f(204, "", nil, 0)
	f(302, "", ErrRefused, 0)
	f(400, "", ErrRefused, 0)
	f(410, "", ErrRefused, 0)
	f(429, "7", nil, 7*time.Second)
	f(429, "soon", nil, 0)
	f(500, "", nil, 0)
	f(503, "1", nil, time.Second)

	r, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://127.0.0.1:1/a-secret-path", http.NoBody)
	if err := Post(http.DefaultClient, r); err == nil || strings.Contains(err.Error(), "a-secret-path") {
		t.Errorf("the address is told: %v", err)
	}
}

func TestFilter(t *testing.T) {
	f := DefaultFilter()
	is := func(e foreshock.Event, want bool) {
		t.Helper()
		if f.Takes(&e) != want {
			t.Errorf("%+v: %v", e, !want)
		}
	}
	anomaly := func(worst foreshock.Severity) foreshock.Event {
		return foreshock.Event{Type: foreshock.EventAnomaly, Anomaly: &foreshock.Anomaly{Worst: worst}}
	}
	is(anomaly(foreshock.Low), false)
	is(anomaly(foreshock.Medium), true)
	decision := func(k foreshock.Kind) foreshock.Event {
		return foreshock.Event{Type: foreshock.EventDecision, Decision: &foreshock.Decision{Kind: k}}
	}
	is(decision(foreshock.Watch), false)
	is(decision(foreshock.Grow), true)
	is(decision(foreshock.Hold), true)
	change := func(s foreshock.ActionState) foreshock.Event {
		return foreshock.Event{Type: foreshock.EventAction, Change: &foreshock.ActionChange{State: s}}
	}
	is(change(foreshock.Proposed), true)
	is(change(foreshock.Called), false)
	is(change(foreshock.Done), true)
	is(foreshock.Event{Type: foreshock.EventNote, Note: "started"}, false)
	f.On = []string{foreshock.EventNote}
	is(foreshock.Event{Type: foreshock.EventNote, Note: "started"}, true)
	is(anomaly(foreshock.High), false)
	if f.Check() != nil || (Filter{}).Check() == nil || (Filter{On: []string{"anomalies"}}).Check() == nil {
		t.Error("the filter's check")
	}
}
