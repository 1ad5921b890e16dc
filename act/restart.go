package act

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Restart is a change that a machine takes only while it is stopped.
type Restart struct {
	Machine string                      // its name
	Stop    func(context.Context) error // asks for it
	Stopped func(context.Context) (bool, error)
	Change  func(context.Context) error
	// Start asks for it. Until the machine has stopped it may be refused; starting what runs does no harm.
	Start func(context.Context) error
	Every time.Duration // between two looks
}

// startFor is how long it is tried to start a machine again, also when the call's time is over.
const startFor = time.Minute

// Do stops the machine, changes it, and starts it again, whatever came of the change. Its error is one of Target.Apply.
func (r Restart) Do(ctx context.Context) error {
	err := r.Stop(ctx)
	if err != nil && Sure(err) {
		return fmt.Errorf("stop: %w", err)
	}
	if err = r.await(ctx); err == nil {
		err = r.Change(ctx)
	}
	return errors.Join(err, r.start(ctx))
}

// await waits until the machine has stopped.
func (r Restart) await(ctx context.Context) error {
	for {
		stopped, err := r.Stopped(ctx)
		switch {
		case ctx.Err() != nil:
			return fmt.Errorf("%w: it did not stop in time, and was not changed", ErrRefused)
		case err == nil && stopped:
			return nil
		}
		r.pause(ctx)
	}
}

func (r Restart) start(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), startFor)
	defer cancel()
	for {
		switch err := r.Start(ctx); {
		case err == nil:
			return nil
		case errors.Is(err, ErrDenied), errors.Is(err, ErrNotFound), ctx.Err() != nil:
			return fmt.Errorf("%s was stopped and could not be started again: %s; start it", r.Machine, err) //nolint:errorlint // that says nothing of the change
		}
		r.pause(ctx) // it may be stopping still
	}
}

func (r Restart) pause(ctx context.Context) {
	select {
	case <-ctx.Done():
	case <-time.After(r.Every):
	}
}
