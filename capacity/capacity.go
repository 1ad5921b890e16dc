// Package capacity asks, before anything is scaled, whether there is capacity to be had.
//
// A [Planner] grants all of what is asked, a part, or nothing; the grant is then committed when the capacity is in use, or released.
package capacity

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Request asks for the capacity of one action.
type Request struct {
	ID       string               `json:"id"` // the action's; see Planner.Reserve for asking again
	Workload foreshock.ID         `json:"workload"`
	Target   string               `json:"target"`
	Resource string               `json:"resource"`
	From     foreshock.Allocation `json:"from"` // what there is now, of those dimensions at least
	To       foreshock.Allocation `json:"to"`   // only the dimensions that grow
	For      time.Duration        `json:"for_ns"`
}

// Grant is the answer. Granted states absolute amounts between Request.From and Request.To: equal to To all was granted,
// equal to From nothing.
type Grant struct {
	ID      string               `json:"id"`
	Granted foreshock.Allocation `json:"granted"`
	Expires time.Time            `json:"expires"` // not committed by then, it is released; of a refusal: when to ask again
	Reason  string               `json:"reason,omitempty"`
}

// Planner hands out capacity. It is safe for concurrent use.
type Planner interface {
	// Reserve answers with a grant; an error means that no answer could be had, and then nothing may grow. While a grant is held, asking
	// again with the same ID gives the same grant; where less is asked for and it is not committed, it is cut down to that. It never
	// becomes more.
	Reserve(ctx context.Context, now time.Time, r Request) (Grant, error)
	// Commit says that the capacity is in use; again does no harm. Committing an unknown or expired grant is an error that wraps ErrNotHeld.
	Commit(ctx context.Context, now time.Time, id string) error
	// Release gives the capacity of a grant, committed or not, back. Releasing what is unknown is no error.
	Release(ctx context.Context, now time.Time, id string) error
	// Restore tells the planner at start which grants the journal shows as held, with their requests; all others are released. One
	// that is not committed and expired is not held any more.
	Restore(ctx context.Context, now time.Time, held []Held) error
}

// ErrNotHeld says that a grant is not held: it was never given, has expired, or was released.
var ErrNotHeld = errors.New("no such grant is held")

// Held is a grant that is in use or about to be.
type Held struct {
	Request   Request
	Grant     Grant
	Committed bool
}

// Factory offers a planner to configuration files.
type Factory struct {
	Name string
	New  func(decode func(any) error, env Env) (Planner, error)
}

// Env is what the program lends to a planner.
type Env struct {
	Log *slog.Logger
}
