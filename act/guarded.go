package act

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Guarded wraps a target so that no call takes longer than the timeout, a panic in it is an error, and nothing that breaks the
// resource's own rules passes Validate. The executor wraps every target with it.
func Guarded(t Target, timeout time.Duration) Target { return guarded{t, timeout} }

type guarded struct {
	Target
	timeout time.Duration
}

func (g guarded) Unwrap() Target { return g.Target }

func (g guarded) Read(ctx context.Context, resource string) (r foreshock.Resource, err error) {
	defer recovered(&err)
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	return g.Target.Read(ctx, resource)
}

func (g guarded) Validate(now foreshock.Resource, action foreshock.Action) (err error) {
	defer recovered(&err)
	if err := CheckRules(now, action); err != nil {
		return err
	}
	return g.Target.Validate(now, action)
}

func (g guarded) Apply(ctx context.Context, action foreshock.Action) (err error) {
	defer recovered(&err)
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	return g.Target.Apply(ctx, action)
}

func (g guarded) Follow(ctx context.Context, action foreshock.Action) (p Progress, err error) {
	defer recovered(&err)
	ctx, cancel := context.WithTimeout(ctx, g.timeout)
	defer cancel()
	return g.Target.Follow(ctx, action)
}

func recovered(err *error) {
	if r := recover(); r != nil {
		*err = fmt.Errorf("panic: %v\n%s", r, debug.Stack())
	}
}

// conclusive says whether a target, or the one that it wraps, is a Conclusive one.
func conclusive(t Target) bool {
	c, ok := seek[Conclusive](t)
	return ok && c.Conclusive()
}
