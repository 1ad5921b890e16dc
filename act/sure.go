package act

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptrace"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/foreshock-io/foreshock"
)

// Sure says whether an error means that nothing came of a change.
func Sure(err error) bool {
	return slices.ContainsFunc([]error{ErrRefused, ErrThrottled, ErrDenied, ErrNotFound, ErrRule}, func(kind error) bool { return errors.Is(err, kind) })
}

// Surely makes an error of what went wrong before a change was sent: nothing came of it.
func Surely(err error) error {
	if Sure(err) {
		return err
	}
	return fmt.Errorf("%w: nothing was sent: %w", ErrRefused, err)
}

// Send makes the call of a change over HTTP, and says what is known of it: where there was no connection on which anything could have been
// sent, surely nothing came of it. The call must not be tried again. sayable makes an error of the call's that wraps what it means.
func Send(ctx context.Context, call func(context.Context) error, sayable func(error) error) error {
	var sent atomic.Bool
	err := call(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{GotConn: func(httptrace.GotConnInfo) { sent.Store(true) }}))
	switch {
	case err == nil:
		return nil
	case !sent.Load():
		return Surely(sayable(err))
	}
	return sayable(err)
}

// Unchanged says that what there is now is what an action was decided upon, or else how it has changed.
func Unchanged(has foreshock.Allocation, action foreshock.Action) error {
	for _, d := range action.To.Dimensions() {
		was, known := action.From.Get(d)
		if is, _ := has.Get(d); known && is != was {
			return fmt.Errorf("%w: %s has changed since, from %g to %g; nothing was sent", ErrRefused, d, was, is)
		}
	}
	return nil
}

// Readings are what was last read of each resource, so that Validate needs no call. The zero value is empty. It is safe for concurrent use.
type Readings[T any] struct {
	mu   sync.Mutex // guards read
	read map[string]T
}

// Put keeps what was read.
func (m *Readings[T]) Put(resource string, x T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.read == nil {
		m.read = map[string]T{}
	}
	m.read[resource] = x
}

// Get gives what was last read, if anything was.
func (m *Readings[T]) Get(resource string) (T, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	x, known := m.read[resource]
	return x, known
}

// Of gives what was last read of a resource that an action is about; that nothing was is an error that wraps ErrRule.
func (m *Readings[T]) Of(resource string) (T, error) {
	x, known := m.Get(resource)
	if !known {
		return x, fmt.Errorf("%w: %s was not read yet", ErrRule, resource)
	}
	return x, nil
}
