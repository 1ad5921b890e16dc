package notify

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/cenkalti/backoff/v5"
)

// Retry says how long one thing is tried to be told.
type Retry struct {
	Timeout  time.Duration `yaml:"timeout"`  // of one try; default 5s
	Backoff  time.Duration `yaml:"backoff"`  // before the second try; then half as long again each time, with chance, up to a minute; default 500ms
	Patience time.Duration `yaml:"patience"` // with all tries and the waits between them; then it is given up; default 10m
}

// DefaultRetry is how it is tried where a file says nothing.
func DefaultRetry() Retry {
	return Retry{Timeout: 5 * time.Second, Backoff: 500 * time.Millisecond, Patience: 10 * time.Minute}
}

// Check says what is wrong with the settings.
func (r Retry) Check() error {
	if r.Timeout <= 0 || r.Backoff <= 0 || r.Patience < r.Timeout {
		return fmt.Errorf("timeout (%s) and backoff (%s) must be above 0, patience (%s) at least timeout", r.Timeout, r.Backoff, r.Patience)
	}
	return nil
}

// ErrRefused says that another try would have the same answer. Wrap it.
var ErrRefused = errors.New("refused")

// AfterError is an error of who asks to be left alone for a while.
type AfterError struct {
	After time.Duration
	Err   error
}

func (e *AfterError) Error() string { return e.Err.Error() }

func (e *AfterError) Unwrap() error { return e.Err }

// Do tries f, each try within Timeout, until it succeeds, is refused, or Patience or ctx ends.
func (r Retry) Do(ctx context.Context, f func(context.Context) error) error {
	pauses := backoff.NewExponentialBackOff()
	pauses.InitialInterval, pauses.MaxInterval = r.Backoff, time.Minute
	_, err := backoff.Retry(ctx, func() (struct{}, error) {
		once, cancel := context.WithTimeout(ctx, r.Timeout)
		defer cancel()
		err := f(once)
		var after *AfterError
		switch {
		case errors.Is(err, ErrRefused):
			return struct{}{}, backoff.Permanent(err)
		case errors.As(err, &after):
			return struct{}{}, &afterError{&backoff.RetryAfterError{Duration: after.After}, err}
		}
		return struct{}{}, err
	}, backoff.WithBackOff(pauses), backoff.WithMaxElapsedTime(r.Patience))
	return err
}

// afterError is the error itself, which the library finds its own in.
type afterError struct {
	pause *backoff.RetryAfterError
	error
}

func (e *afterError) Unwrap() []error { return []error{e.pause, e.error} }

// Queue tells of one thing after another, most often of events. It holds so many and drops what comes while it is full.
type Queue[T any] struct {
	retry   Retry
	send    func(context.Context, T) error
	log     *slog.Logger
	waiting chan T
	sent    atomic.Int64
	failed  atomic.Int64
	dropped atomic.Int64
}

// NewQueue makes a queue of a size.
func NewQueue[T any](size int, retry Retry, log *slog.Logger, send func(context.Context, T) error) *Queue[T] {
	return &Queue[T]{retry: retry, send: send, log: log, waiting: make(chan T, size)}
}

// Take puts something into the queue, or drops it.
func (q *Queue[T]) Take(e T) {
	select {
	case q.waiting <- e:
	default:
		if q.dropped.Add(1) == 1 {
			q.log.Warn("too many notifications wait; what comes is dropped and counted until there is room", "waiting", len(q.waiting))
		}
	}
}

// Run tells until ctx ends, and tries what is not told by then once more, for two seconds in all.
func (q *Queue[T]) Run(ctx context.Context) {
	var left []T
	for ctx.Err() == nil {
		select {
		case e := <-q.waiting:
			err := q.retry.Do(ctx, func(ctx context.Context) error { return q.send(ctx, e) })
			if err != nil && ctx.Err() != nil {
				left = append(left, e)
				continue
			}
			q.count(err)
		case <-ctx.Done():
		}
	}
	for len(q.waiting) > 0 {
		left = append(left, <-q.waiting)
	}
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 2*time.Second)
	defer cancel()
	for _, e := range left {
		q.count(q.send(last, e))
	}
}

func (q *Queue[T]) count(err error) {
	if err == nil {
		q.sent.Add(1)
		return
	}
	q.failed.Add(1)
	q.log.Warn("a notification is given up", "err", err)
}

// Counts implements [Notifier].
func (q *Queue[T]) Counts() Counts {
	return Counts{Sent: q.sent.Load(), Failed: q.failed.Load(), Dropped: q.dropped.Load(), Waiting: len(q.waiting)}
}
