package pipeline

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/rehearse"
	"github.com/foreshock-io/foreshock/store"
)

// A workload that is not heard of for [Options.Forget] leaves: it takes no room any more, is in no list, and does not count where a share of those that
// there are is asked for. What it has learned is in the store, and when it comes back it is as after a restart.
//
// When it leaves is said by its data: so long after the end of its last step. The others are told so by that time as well, a minute later, so that what
// they decide does not depend on when the clock was looked at. In that minute it is saved.
const (
	leastSteps = 10          // a workload with long steps is waited for longer
	leftAfter  = time.Minute // until the others count it no more
	newsKept   = time.Hour   // that nobody has asked for; sources are behind by less
	// backAfter is how long the clock must be far behind what a workload has read before that is given up: one that was put right soon has done no harm.
	backAfter = time.Hour
)

// forgetAfter is how long after its last step a workload leaves.
func (o *owner) forgetAfter(w *workload) time.Duration {
	return max(o.Forget, leastSteps*w.profile.Length) + w.about.Lateness
}

// forget lets a workload go when it was not heard of for long, nothing of it is under way, and the store keeps up. While a source pushes something, be it old, it stays; that is asked by
// a clock which nobody sets, so a jump of the other one makes nothing leave.
func (o *owner) forget(w *workload, now time.Time) {
	switch {
	case w.leaving:
		return
	case o.clockWasAhead(w, now):
		if !o.underWay(w) {
			o.giveUp(w, now)
		}
		return
	case o.Forget <= 0:
		return
	case w.heard.IsZero():
		w.heard = now // in virtual time, before the first step
	}
	after, since := o.forgetAfter(w), w.last.Time
	if since.IsZero() {
		since = w.heard
	}
	due := since.Add(after)
	if now.Before(due) || now.Sub(w.heard) < after/2 || len(o.saver.writes) > cap(o.saver.writes)/2 || o.underWay(w) || !o.settled(w, due, now) {
		return
	}
	o.leave(w, due)
}

// underWay says whether something is asked for and not answered.
func (o *owner) underWay(w *workload) bool {
	if w.reserving || w.awaits && w.profile.Steps > 0 || w.awaitsKept && w.rehearsals != [foreshock.NumDimensions]*rehearse.Rehearsal{} {
		return true
	}
	if o.Ledger == nil || !w.scalable() {
		return false
	}
	open, is := o.Ledger.Open(w.policy.Target, w.resource)
	return is && open.Action.Workload == w.id
}

// settled judges an action by what is known of it, and says whether neither that nor a roll-back is still to come.
func (o *owner) settled(w *workload, due, now time.Time) bool {
	for _, at := range []time.Time{due, now} {
		if w.pending != nil {
			o.judge(w, at)
		}
		latch := o.Latches.of(w.id)
		if w.pending == nil && o.rollBack(w, &latch, at) == nil {
			return true
		}
	}
	return false
}

// leave ends what lasts, and has the workload saved for the last time; when it is, it has left.
func (o *owner) leave(w *workload, due time.Time) {
	changes := o.Detector.Stop(w.profile)
	for i := range changes.Anomalies {
		o.incidents.leave(w, due)
		tellIncident(&changes.Anomalies[i])
		o.emit(due, &foreshock.Event{Type: foreshock.EventAnomaly, Anomaly: &changes.Anomalies[i]})
	}
	if o.Virtual {
		if o.inherited == nil {
			o.inherited = map[foreshock.ID]inherited{}
		}
		o.inherited[w.id] = inherited{profile: w.profile, rehearsals: w.lasting()}
	}
	if !o.saver.restores() || w.profile.Steps == 0 {
		o.left(w, due)
		return
	}
	entry, err := seal(w)
	if err != nil {
		o.Log.Error("seal a profile", "workload", w.id, "err", err)
		return
	}
	id, heard, rehearsals := w.id, w.heard, w.copyRehearsals()
	saved := func(ctx context.Context, err error) {
		if err == nil && rehearsals != nil {
			err = o.keeper.write(ctx, rehearsals)
		}
		o.ask(id, func(o *owner, w *workload) {
			w.leaving = false
			switch {
			case err != nil && !errors.Is(err, store.ErrTooLarge): // that is so the next time as well
				w.changed = true
			case w.heard.Equal(heard):
				o.left(w, due)
			}
		})
	}
	select {
	case o.saver.writes <- saving{[]store.Entry{entry}, saved}:
		w.leaving, w.changed, w.saved = true, false, o.time()
	default: // the store is slow: again later
	}
}

// lasting are the rehearsals that are worth keeping.
func (w *workload) lasting() (list [foreshock.NumDimensions]*rehearse.Rehearsal) {
	for d, r := range w.rehearsals {
		if r != nil && r.Seen() >= leastKept {
			list[d] = r
		}
	}
	return list
}

// left takes a workload out of memory.
func (o *owner) left(w *workload, due time.Time) {
	if !w.last.Time.IsZero() {
		kept := "what it has learned is in the store"
		if !o.saver.restores() && !o.Virtual {
			kept = "there is no store that has what it has learned"
		}
		o.emit(due, &foreshock.Event{Type: foreshock.EventNote, Note: fmt.Sprintf("%s was not heard of since %s and is forgotten until it is; %s",
			w.id, w.last.Time.UTC().Format(time.RFC3339), kept)})
		o.Log.Info("a workload is forgotten that was not heard of for long", "workload", w.id, "source", w.about.Source, "last", w.last.Time)
	}
	o.stats.forgotten.add(1)
	o.remove(w, due)
}

// clockWasAhead says whether the workload has read so far into the future that all it reads until then is late, and the clock has stood so for a while.
func (o *owner) clockWasAhead(w *workload, now time.Time) bool {
	if o.Virtual || w.profile.Updated().Sub(now) <= mostWaited {
		w.aheadSince = time.Time{}
		return false
	}
	if w.aheadSince.IsZero() {
		w.aheadSince = now
	}
	return now.Sub(w.aheadSince) >= backAfter
}

// giveUp begins a workload anew that has read the future, as a restart does.
func (o *owner) giveUp(w *workload, now time.Time) {
	why := o.tooFarAhead(w.profile.Updated()) // an error, unless the clock was put right in this moment
	if why == nil {
		return
	}
	o.emit(now, &foreshock.Event{Type: foreshock.EventNote, Note: fmt.Sprintf("%s is learned anew: %v", w.id, why)})
	o.Log.Warn("what is known of a workload is of no use; it is learned anew", "workload", w.id, "err", why)
	o.remove(w, now)
}

func (o *owner) remove(w *workload, at time.Time) {
	o.workloads[o.slot(w.handle)] = nil
	if i := slices.Index(o.rehearsing, w); i >= 0 {
		o.rehearsing = slices.Delete(o.rehearsing, i, i+1)
	}
	from := at.Add(leftAfter)
	if w.scalable() {
		o.resources.left(from, w)
	}
	o.incidents.left(from, w)
	o.cohorts.left(w.member)
	o.places.leave(w.id, w.handle)
}
