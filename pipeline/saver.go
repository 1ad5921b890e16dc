package pipeline

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/profile"
	"github.com/foreshock-io/foreshock/store"
)

// saver moves profiles to and from the store. A store that is away slows nothing: what could not be saved stays changed and is
// tried again, what could not be restored is asked for again.
type saver struct {
	p      *Pipeline
	asks   asks
	writes chan saving
}

// saving is what is written in one call of the store.
type saving struct {
	entries []store.Entry
	then    func(context.Context, error) // told how it went; nil: after an error the workloads are saved again
}

const (
	saveAtOnce  = 64              // profiles that an owner seals in one go between samples
	saveBatch   = 512             // profiles in one call of the store
	storeCall   = 5 * time.Second // bound on one call
	retryStore  = 2 * time.Second // pause after the store was away
	restoreWait = 20 * time.Millisecond
)

func (s *saver) init(p *Pipeline) {
	s.p, s.asks = p, newAsks(p, "profiles")
	s.writes = make(chan saving, 64)
}

// restores says whether profiles come from the store.
func (s *saver) restores() bool { return s.p.Profiles != nil && !s.p.Virtual }

// run restores and writes until ctx ends; what is not written by then is for saveAll.
func (s *saver) run(ctx context.Context) {
	if s.p.Profiles == nil {
		return
	}
	var reads sync.WaitGroup
	reads.Go(func() { s.asks.run(ctx, saveBatch, s.fetch) })
	for {
		select {
		case list := <-s.writes:
			s.write(ctx, list)
		case <-ctx.Done():
			reads.Wait()
			return
		}
	}
}

func (s *saver) fetch(ctx context.Context, ids []foreshock.ID) error {
	ctx, cancel := context.WithTimeout(ctx, storeCall)
	defer cancel()
	found, err := s.p.Profiles.Get(ctx, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		restored := s.open(id, found[id])
		s.p.ask(id, func(o *owner, w *workload) {
			w.awaits = false
			if restored == nil {
				return
			}
			if joined := profile.Restore(restored, w.profile); joined != nil {
				w.profile, w.changed = joined, true
				o.adopt(w)
			}
		})
	}
	return nil
}

// open gives a stored profile, or nil where there is none that is of use.
func (s *saver) open(id foreshock.ID, sealed []byte) *foreshock.Profile {
	if sealed == nil {
		return nil
	}
	restored, err := unseal(id, sealed)
	if err == nil {
		err = s.p.tooFarAhead(restored.Updated())
	}
	if err != nil {
		s.asks.useless(id, err)
		return nil
	}
	return restored
}

// mostWaited is how long a workload waits at most until the clock has come to what is stored of it.
const mostWaited = 24 * time.Hour

// tooFarAhead is an error for what was stored while the clock was so far ahead that all that is read until then would be late.
func (p *Pipeline) tooFarAhead(end time.Time) error {
	if ahead := end.Sub(p.Now()); ahead > mostWaited {
		return fmt.Errorf("it goes on until %s, %s after now: the clock was ahead when it was stored", end.UTC().Format(time.RFC3339), ahead.Round(time.Minute))
	}
	return nil
}

// adopt makes the detector's and the pipeline's own view of a profile that came from outside.
func (o *owner) adopt(w *workload) {
	w.stage = profile.StageOf(w.profile, w.profile.Updated(), &o.Profile)
}

func unseal(id foreshock.ID, sealed []byte) (*foreshock.Profile, error) {
	version, payload, err := store.Open(id, sealed)
	if err != nil {
		return nil, err
	}
	if version > profile.Version {
		return nil, fmt.Errorf("%w: %d, this program reads up to %d", profile.ErrNewer, version, profile.Version)
	}
	p, err := profile.Decode(payload)
	if err != nil {
		return nil, err
	}
	if p.ID != id {
		return nil, fmt.Errorf("%w: the profile is that of %q", store.ErrDamaged, p.ID)
	}
	return p, nil
}

func seal(w *workload) (store.Entry, error) {
	payload, err := profile.Encode(w.profile)
	if err != nil {
		return store.Entry{}, err
	}
	return store.Entry{ID: w.id, Value: store.Seal(w.id, profile.Version, payload)}, nil
}

// saveChanged seals up to most profiles that changed and were not saved for the interval, and hands them to the writer.
func (o *owner) saveChanged(now time.Time, interval time.Duration, most int) {
	if o.Profiles == nil || o.Virtual {
		return
	}
	// All workloads are to be visited once in half an interval, so a large shard seals more at once.
	rounds := max(1, int(interval/(2*o.tick)))
	most = max(most, len(o.order)/rounds)
	var entries []store.Entry
	for range o.order {
		if len(entries) >= most {
			break
		}
		o.saveNext = (o.saveNext + 1) % len(o.order)
		w := o.order[o.saveNext]
		if !w.changed || w.awaits || now.Sub(w.saved) < interval {
			continue
		}
		entry, err := seal(w)
		if err != nil {
			o.Log.Error("seal a profile", "workload", w.id, "err", err)
			continue
		}
		w.changed, w.saved = false, now
		entries = append(entries, entry)
	}
	if entries == nil {
		return
	}
	select {
	case o.saver.writes <- saving{entries: entries}:
	default: // the store is slow: again later
		o.markChanged(entries)
	}
}

func (o *owner) markChanged(entries []store.Entry) {
	for _, e := range entries {
		if handle, known := o.find(e.ID); known {
			o.workloads[o.slot(handle)].changed = true
		}
	}
}

func (s *saver) write(ctx context.Context, list saving) {
	call, cancel := context.WithTimeout(ctx, storeCall)
	err := s.p.Profiles.Put(call, list.entries)
	cancel()
	if list.then != nil {
		list.then(ctx, err)
	}
	if err == nil {
		s.p.stats.saved.add(int64(len(list.entries)))
		return
	}
	s.p.stats.saveErrors.add(1)
	s.p.Log.Warn("profiles cannot be saved; scoring goes on, and they are tried again", "profiles", len(list.entries), "err", err)
	if list.then == nil {
		for _, e := range list.entries {
			s.p.ask(e.ID, func(_ *owner, w *workload) { w.changed = true })
		}
	}
	select {
	case <-time.After(retryStore):
	case <-ctx.Done():
	}
}

// saveAll saves every profile that changed. The owners have stopped.
func (p *Pipeline) saveAll(ctx context.Context) error {
	if p.Profiles == nil {
		return nil
	}
	var errs []error
	var entries []store.Entry
	flush := func() {
		if len(entries) > 0 {
			if err := p.Profiles.Put(ctx, entries); err != nil {
				errs = append(errs, err)
			} else {
				p.stats.saved.add(int64(len(entries)))
			}
		}
		entries = entries[:0]
	}
	for pending := true; pending; {
		select {
		case more := <-p.saver.writes:
			entries = append(entries, more.entries...)
			flush()
		default:
			pending = false
		}
	}
	for _, o := range p.owners {
		for _, w := range o.order {
			if !w.changed || w.awaits {
				continue
			}
			if entry, err := seal(w); err == nil {
				entries = append(entries, entry)
			} else {
				errs = append(errs, err)
			}
			if len(entries) == saveBatch {
				flush()
			}
		}
	}
	flush()
	if errs != nil {
		return fmt.Errorf("save profiles: %w", errors.Join(errs...))
	}
	return nil
}
