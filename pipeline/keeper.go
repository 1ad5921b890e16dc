package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/rehearse"
	"github.com/foreshock-io/foreshock/store"
)

// keeper moves rehearsals to and from the store, beside the profiles: they are a hundred times as large, so each is written once an hour, spread over
// the hour, and when the program stops. What is on its way to the store is a copy that its owner has made, and the rest is done here.
type keeper struct {
	p      *Pipeline
	asks   asks
	writes chan []copied
}

// copied is a rehearsal to write.
type copied struct {
	id        foreshock.ID
	dimension foreshock.Dimension
	rehearsal *rehearse.Rehearsal
}

const (
	keepEvery  = time.Hour
	keepAgain  = time.Minute // after the store was away
	keptAtOnce = 16          // workloads whose rehearsals one question asks for
	leastKept  = 2 * 60      // minutes that a rehearsal has seen
)

func (k *keeper) init(p *Pipeline) {
	k.p, k.asks = p, newAsks(p, "rehearsals")
	k.writes = make(chan []copied, 4)
}

// keeperKey is the store's key of a rehearsal. No workload has it for an id: these have no control characters.
func keeperKey(id foreshock.ID, d foreshock.Dimension) foreshock.ID {
	return id + "\x1frehearsal of " + foreshock.ID(d.String())
}

// states says whether rehearsals are of use to a workload.
func (w *workload) states() bool { return w.scalable() && w.policy.Objective.Stated() }

// run restores and writes until ctx ends.
func (k *keeper) run(ctx context.Context) {
	if k.p.Profiles == nil {
		return
	}
	var reads sync.WaitGroup
	reads.Go(func() { k.asks.run(ctx, keptAtOnce, k.fetch) })
	for {
		select {
		case list := <-k.writes:
			if err := k.write(ctx, list); err != nil {
				k.p.stats.saveErrors.add(1)
				k.p.Log.Warn("a rehearsal cannot be saved; it is tried again", "workload", list[0].id, "err", err)
				if !errors.Is(err, store.ErrTooLarge) { // that is so in a minute as well
					k.p.ask(list[0].id, func(o *owner, w *workload) { w.keepAt = o.Now().Add(keepAgain) })
				}
			}
		case <-ctx.Done():
			reads.Wait()
			return
		}
	}
}

// fetch restores rehearsals. To grow their forests anew takes a tenth of a second each, here.
func (k *keeper) fetch(ctx context.Context, ids []foreshock.ID) error {
	var keys []foreshock.ID
	for _, id := range ids {
		for d := range foreshock.Dimension(foreshock.NumDimensions) {
			keys = append(keys, keeperKey(id, d))
		}
	}
	call, cancel := context.WithTimeout(ctx, storeCall)
	found, err := k.p.Profiles.Get(call, keys)
	cancel()
	if err != nil {
		return err
	}
	for _, id := range ids {
		if ctx.Err() != nil {
			return ctx.Err()
		}
		var restored [foreshock.NumDimensions]*rehearse.Rehearsal
		for d := range restored {
			restored[d] = k.open(id, foreshock.Dimension(d), found)
		}
		k.p.ask(id, func(_ *owner, w *workload) {
			w.awaitsKept = false
			w.takeRehearsals(restored)
		})
	}
	return nil
}

// open gives a stored rehearsal, or nil where there is none that is of use.
func (k *keeper) open(id foreshock.ID, d foreshock.Dimension, found map[foreshock.ID][]byte) *rehearse.Rehearsal {
	key := keeperKey(id, d)
	sealed := found[key]
	if sealed == nil {
		return nil
	}
	r, err := k.unseal(key, sealed)
	if err != nil {
		k.asks.useless(id, fmt.Errorf("%s: %w", d, err))
		return nil
	}
	return r
}

func (k *keeper) unseal(key foreshock.ID, sealed []byte) (*rehearse.Rehearsal, error) {
	_, payload, err := store.Open(key, sealed)
	if err != nil {
		return nil, err
	}
	r, err := rehearse.Decode(payload)
	if err != nil {
		return nil, err
	}
	return r, k.p.tooFarAhead(r.End())
}

// takeRehearsals goes on with others' rehearsals of what the policy changes, except where more has been seen meanwhile.
func (w *workload) takeRehearsals(others [foreshock.NumDimensions]*rehearse.Rehearsal) {
	for d, r := range others {
		live := w.rehearsals[d]
		if r == nil || !w.policy.Changes(foreshock.Dimension(d)) || live != nil && live.Seen() >= r.Seen() {
			continue
		}
		if live != nil {
			r.Follow(live)
		}
		w.rehearsals[d] = r
	}
}

// keeps puts a workload on the list of those whose rehearsals are written.
func (o *owner) keeps(w *workload) {
	if !w.keepAt.IsZero() || !o.saver.restores() {
		return
	}
	share := xxhash.Sum64String(string(w.id)) % 256
	w.keepAt = o.Now().Add(keepEvery * time.Duration(share+1) / 256) //nolint:gosec // below 256
	o.rehearsing = append(o.rehearsing, w)
}

// keep hands the rehearsals of one workload that is due to the keeper.
func (o *owner) keep(now time.Time) {
	for range o.rehearsing {
		o.keepNext = (o.keepNext + 1) % len(o.rehearsing)
		w := o.rehearsing[o.keepNext]
		if w.awaitsKept || now.Before(w.keepAt) {
			continue
		}
		if list := w.copyRehearsals(); list != nil {
			select {
			case o.keeper.writes <- list:
			default: // the store is slow: again later
				return
			}
		}
		w.keepAt = now.Add(keepEvery)
		return
	}
}

func (w *workload) copyRehearsals() (list []copied) {
	for d, r := range w.rehearsals {
		if r != nil && r.Seen() >= leastKept {
			list = append(list, copied{w.id, foreshock.Dimension(d), r.Clone()})
		}
	}
	return list
}

func (k *keeper) write(ctx context.Context, list []copied) error {
	var errs []error
	var entries []store.Entry
	for _, c := range list {
		payload, err := c.rehearsal.Encode()
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", c.dimension, err))
			continue
		}
		key := keeperKey(c.id, c.dimension)
		entries = append(entries, store.Entry{ID: key, Value: store.Seal(key, rehearse.Version, payload)})
	}
	if len(entries) > 0 {
		call, cancel := context.WithTimeout(ctx, storeCall)
		errs = append(errs, k.p.Profiles.Put(call, entries))
		cancel()
	}
	return errors.Join(errs...)
}

// writeAll writes all rehearsals, as many as the time allows. The owners have stopped.
func (k *keeper) writeAll(ctx context.Context) error {
	if !k.p.saver.restores() {
		return nil
	}
	var errs []error
	for _, o := range k.p.owners {
		for at, w := range o.rehearsing {
			if ctx.Err() != nil {
				k.p.Log.Warn("the time to stop is over; rehearsals that are not saved are kept as they were up to an hour ago", "workloads", len(o.rehearsing)-at)
				break
			}
			if list := w.copyRehearsals(); list != nil && !w.awaitsKept {
				errs = append(errs, k.write(ctx, list))
			}
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("save rehearsals: %w", err)
	}
	return nil
}
