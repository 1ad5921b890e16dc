// Package store remembers: profiles in a key-value store, and everything that happened in a journal.
//
// Profiles may live in a cache that forgets: a lost or damaged profile only means that its workload learns anew.
// The journal may not: it is local, ordered and synced before Append returns.
package store

import (
	"context"
	"errors"
	"log/slog"

	"github.com/foreshock-io/foreshock"
)

// ErrDamaged says that what was stored is not what was read.
var ErrDamaged = errors.New("damaged")

// ErrCannotList says that a store cannot name what it holds.
var ErrCannotList = errors.New("this store cannot list what it holds")

// ErrTooLarge says that values are above what the store takes. All others of their batch were stored, unless it says more.
var ErrTooLarge = errors.New("too large for the store")

// Profiles is a key-value store of sealed profiles, and what is kept beside them (see Seal). It is safe for concurrent use. A call
// that cannot be served returns within a bounded time with an error.
type Profiles interface {
	// Get gives the values that are there; what is missing is missing from the answer.
	Get(ctx context.Context, ids []foreshock.ID) (map[foreshock.ID][]byte, error)
	// Put stores a batch. When it fails, any part of the batch may have been stored; values that are too large (ErrTooLarge, which names
	// them) keep no other from being stored.
	Put(ctx context.Context, batch []Entry) error
	Delete(ctx context.Context, ids []foreshock.ID) error
	// Range calls f for each profile, in no order, until f returns an error; or it answers ErrCannotList.
	Range(ctx context.Context, f func(Entry) error) error
	Close() error
}

// Entry is one sealed profile.
type Entry struct {
	ID    foreshock.ID
	Value []byte
}

// Journal is the durable, ordered record of events.
type Journal interface {
	// Append gives the events their numbers, writes and syncs them; when it returns nil they survive a power cut.
	// After a failed sync, which cannot be tried again, it refuses everything until the program starts anew; a write that found
	// no room is taken back, and may be tried again.
	Append(ctx context.Context, events ...*foreshock.Event) error
	// Read calls f for each event with a number of at least from, in order, until f returns an error.
	Read(ctx context.Context, from uint64, f func(*foreshock.Event) error) error
	// Last is the number of the last event, 0 when there is none.
	Last() uint64
	Close() error
}

// Factory offers a store of profiles to configuration files.
type Factory struct {
	Name string
	New  func(decode func(any) error, env Env) (Profiles, error)
}

// Env is what the program lends to a store.
type Env struct {
	Log *slog.Logger
	Dir string // the program's data folder
}
