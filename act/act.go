// Package act asks infrastructure for what was decided, once.
//
// A [Target] knows one kind of infrastructure and its rules. The [Executor] takes an action through its states, journal
// first; an unknown outcome is resolved by reading what is there, never by asking again.
package act

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Target is one kind of infrastructure. It is safe for concurrent use. It never retries a mutating call by itself.
type Target interface {
	// Read gives what the resource has now, and the rules and the budget for changing it.
	Read(ctx context.Context, resource string) (foreshock.Resource, error)
	// Validate says whether the action keeps the provider's rules, given what was just read. It makes no call.
	Validate(now foreshock.Resource, action foreshock.Action) error
	// Apply asks once for the absolute amounts of action.To. A nil error means accepted. An error that wraps
	// ErrRefused means surely not in effect; any other error leaves it unknown.
	Apply(ctx context.Context, action foreshock.Action) error
	// Follow reads how far an accepted or unknown action is. It makes no change.
	Follow(ctx context.Context, action foreshock.Action) (Progress, error)
}

// Conclusive is a Target whose calls are atomic and whose readings are true at once: an unknown change of which nothing is to be
// seen after the settle time never comes. For other targets such a change is parked, unless Follow says that it failed.
type Conclusive interface{ Conclusive() bool }

// Progress is what Follow saw.
type Progress struct {
	Observed foreshock.Allocation
	// Done: the provider's terminal state with the amounts in effect, or surely to come. Failed: terminal, and not in effect. UnderWay: the
	// provider is at it. None of them: nothing of the change is to be seen, or not yet.
	Done, Failed, UnderWay bool
	// Since is when it was done, where the provider says so. Works is when the amounts are to work, where that is later, and another
	// change may be asked for meanwhile.
	Since, Works time.Time
	Note         string
}

// The errors by which a target says what happened. Wrap them. From Apply, each but ErrConflict means that the change is surely
// not in effect.
var (
	ErrRefused   = errors.New("refused by the provider")
	ErrNotFound  = errors.New("not found")
	ErrThrottled = errors.New("throttled")
	ErrDenied    = errors.New("permission denied")
	ErrRule      = errors.New("breaks a rule of the provider") // from Validate
)

// ErrConflict says that an action is not in a state in which that can be done.
var ErrConflict = errors.New("conflict")

// Factory offers a target to configuration files.
type Factory struct {
	Name string
	New  func(decode func(any) error, env Env) (Target, error)
}

// Env is what the program lends to a target.
type Env struct {
	Log  *slog.Logger
	Name string // the name that the configuration gives to this target
	// Target finds a target that the configuration names before this one, for targets that wrap others; it may be nil.
	Target func(name string) (Target, bool)
}

// RecorderFunc is a function as a Recorder.
type RecorderFunc func(ctx context.Context, events ...*foreshock.Event) error

// Append calls f.
func (f RecorderFunc) Append(ctx context.Context, events ...*foreshock.Event) error {
	return f(ctx, events...)
}

// Recorder keeps the changes of actions; the journal does. A nil error means that they are durable.
type Recorder interface {
	Append(ctx context.Context, events ...*foreshock.Event) error
}

// Guard is asked at the last look, after the intent is on disk and before the provider is called. It
// says why not, or "".
type Guard func(now time.Time, action foreshock.Action, resource foreshock.Resource) (refusal string)
