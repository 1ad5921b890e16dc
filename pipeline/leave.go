package pipeline

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/rehearse"
	"github.com/foreshock-io/foreshock/store"
)

// A workload that is not heard of for [Options.Forget] leaves: it takes no room any more, is in no list, and does not count where a share of those that
// there are is asked for. What it has learned is in the store, and when it comes back it is as after a restart.
//
// When it leaves is said by its data: so long after the end of its last step. What is told of that has this time; what is read of it from then on is read
// as after a restart, be it in memory still or not; and the others count it no more from a little later on, by their data. So nothing depends on when the clock
// was looked at, on how late its data come, or on how long it took to save it.
const (
	leastSteps = 10          // a workload with long steps is waited for longer
	leftAfter  = time.Minute // until the others count it no more, when by the clock it has left: by then its owner has looked at that
	newsKept   = time.Hour   // that nobody has asked for; sources are behind by less
	// backAfter is how long the clock must be far behind what a workload has read before that is given up: one that was put right soon has done no harm.
	backAfter = time.Hour
)

// forgetAfter is how long after its last step a workload leaves.
func (o *owner) forgetAfter(w *workload) time.Duration {
	return max(o.Forget, leastSteps*w.profile.Length)
}

// onItsWay is how long after a time what was read before it may still come.
func (w *workload) onItsWay() time.Duration { return w.profile.Length + w.about.Lateness }

// untilLeft is how long after a workload has left the others count it no more. In virtual time the clock is looked at once in a step.
func (w *workload) untilLeft() time.Duration { return w.onItsWay() + w.profile.Length + leftAfter }

// forget lets a workload go when it was not heard of for long, and the store keeps up. While a source pushes something, be it old, it stays; that is asked by
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
	case w.heard.IsZero():
		w.heard = now // in virtual time, before the first step
	}
	if now.Sub(w.heard) < o.forgetAfter(w)/2 || len(o.saver.writes) > cap(o.saver.writes)/2 {
		return
	}
	if at, may := o.leaves(w, now.Add(-w.onItsWay())); may {
		o.leave(w, at)
	}
}

// leaves says whether a workload of which nothing more comes from before a time has left by then, and when: nothing of it is under way any more.
func (o *owner) leaves(w *workload, by time.Time) (at time.Time, may bool) {
	if o.Forget <= 0 || !w.fold.Idle() {
		return at, false
	}
	at = w.last.Time
	if at.IsZero() {
		at = w.heard
	}
	if at = at.Add(o.forgetAfter(w)); at.Before(w.tryAt) {
		at = w.tryAt
	}
	if by.Before(at) || o.underWay(w) {
		return at, false
	}
	for ; !by.Before(at); at = at.Add(w.profile.Length) {
		if o.settled(w, at) {
			return at, true
		}
	}
	w.tryAt = at
	return at, false
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

// settled judges an action by what is known of it at a time, and says whether neither that nor a roll-back is still to come.
func (o *owner) settled(w *workload, at time.Time) bool {
	if w.pending != nil {
		o.judge(w, at)
	}
	latch := o.Latches.of(w.id)
	return w.pending == nil && o.rollBack(w, &latch, at) == nil
}

// away gives the workload that a reading of a time is for: where it was away for so long that it has left, it begins anew, as one that is
// registered again does.
func (o *owner) away(w *workload, until time.Time) *workload {
	if w.last.Time.IsZero() || until.Sub(w.last.Time) < o.Forget {
		return w
	}
	at, may := o.leaves(w, until)
	if !may {
		return w
	}
	o.stop(w, at)
	o.tellLeft(w, at)
	var kept inherited
	if o.remembers() {
		kept = inherited{profile: w.profile, seen: w.seen, rehearsals: w.lasting()}
	}
	again := o.newWorkload(w.id, w.handle, w.about, kept)
	again.early, again.awaitsKept, again.changed = w.early, w.awaitsKept, true
	again.groups, again.member = w.groups, w.member
	o.resume(again)
	o.drop(w)
	o.add(again)
	return again
}

// stop ends what lasts. The others know of it when they count the workload no more.
func (o *owner) stop(w *workload, at time.Time) {
	changes := o.Detector.Stop(w.profile)
	for i := range changes.Anomalies {
		o.incidents.leave(w, at.Add(w.untilLeft()))
		tellIncident(&changes.Anomalies[i])
		o.emit(at, &foreshock.Event{Type: foreshock.EventAnomaly, Anomaly: &changes.Anomalies[i]})
	}
}

// leave ends what lasts, and has the workload saved for the last time; then it goes.
func (o *owner) leave(w *workload, at time.Time) {
	o.stop(w, at)
	if o.Virtual {
		if o.inherited == nil {
			o.inherited = map[foreshock.ID]inherited{}
		}
		o.inherited[w.id] = inherited{profile: w.profile, rehearsals: w.lasting()}
	}
	if !o.saver.restores() || w.profile.Steps == 0 {
		o.left(w, at)
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
			going := w.leaving // else it came back meanwhile
			w.leaving = false
			switch {
			case err != nil && !errors.Is(err, store.ErrTooLarge): // that is so the next time as well
				w.changed = true
			case going && w.heard.Equal(heard):
				o.left(w, at)
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
func (o *owner) left(w *workload, at time.Time) {
	o.tellLeft(w, at)
	o.remove(w, at)
}

// remembers says whether what those have learned that have left is kept.
func (o *owner) remembers() bool { return o.saver.restores() || o.Virtual }

func (o *owner) tellLeft(w *workload, at time.Time) {
	o.stats.forgotten.add(1)
	if w.last.Time.IsZero() {
		return
	}
	kept := "what it has learned is in the store"
	if !o.remembers() {
		kept = "there is no store that has what it has learned"
	}
	o.emit(at, &foreshock.Event{Type: foreshock.EventNote, Note: fmt.Sprintf("%s was not heard of since %s and is forgotten until it is; %s",
		w.id, w.last.Time.UTC().Format(time.RFC3339), kept)})
	o.Log.Info("a workload is forgotten that was not heard of for long", "workload", w.id, "source", w.about.Source, "last", w.last.Time)
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
	o.drop(w)
	from := at.Add(w.untilLeft())
	if w.scalable() {
		o.resources.left(from, w)
	}
	o.incidents.left(from, w)
	w.member.leave(from)
	o.departed.add(w, o.time())
	o.turns.done(w.id)
	o.places.leave(w.id, w.handle)
}

// departed are those that left lately, by handle: what was on its way to them when they left brings them back.
type departed struct {
	lately, before map[ingest.Handle]departure
	since          time.Time // lately begins
}

type departure struct {
	id    foreshock.ID
	about ingest.About
	at    time.Time
}

// straysKept is how long a source may take from asking for a workload until what it pushes is here.
const straysKept = 10 * time.Minute

func (d *departed) add(w *workload, now time.Time) {
	if d.lately == nil || now.Sub(d.since).Abs() > straysKept {
		d.lately, d.before, d.since = map[ingest.Handle]departure{}, d.lately, now
	}
	d.lately[w.handle] = departure{w.id, w.about, now}
}

func (d *departed) of(h ingest.Handle, now time.Time) (who departure, lately bool) {
	who, is := d.lately[h]
	if !is {
		who, is = d.before[h]
	}
	return who, is && now.Sub(who.at) <= straysKept
}

// bringBack registers workloads anew for which something came when they had just left, and pushes it to them: in the background, since the owner is
// told of them.
func (o *owner) bringBack(strays []ingest.Reading) {
	known := strays[:0]
	who := map[ingest.Handle]departure{}
	for _, r := range strays {
		left, is := o.departed.of(r.Handle, o.time())
		if !is {
			o.Drops.Add("", ingest.DropGone, 1)
			continue
		}
		who[r.Handle] = left
		known = append(known, r)
	}
	work := func(ctx context.Context) {
		now := map[ingest.Handle]ingest.Handle{}
		back := known[:0]
		for _, r := range known {
			h, is := now[r.Handle]
			if !is {
				var err error
				if h, err = o.Register(who[r.Handle].id, who[r.Handle].about); err != nil {
					o.Drops.Add(who[r.Handle].about.Source, ingest.DropTooMany, 1)
					continue
				}
				now[r.Handle] = h
			}
			r.Handle = h
			back = append(back, r)
		}
		_ = o.Push(ctx, back) // else it stops: what a source pushes then is lost as well
	}
	switch {
	case len(known) == 0:
	case o.Virtual:
		work(context.Background())
	default:
		select {
		case o.work.queue <- work:
		default:
			o.Drops.Add("", ingest.DropGone, len(known))
		}
	}
}
