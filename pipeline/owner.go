package pipeline

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/detect"
	"github.com/foreshock-io/foreshock/ingest"
)

// owner holds the workloads of one shard. Everything it does, it does in one goroutine, or in virtual time in the caller's.
type owner struct {
	*Pipeline
	index     int
	workloads []*workload // by slot
	order     []*workload // the same by ID; sorted gives it
	unsorted  bool        // some were added to it since
	inbox     chan message
	finding   foreshock.Finding // scratch, so that a step costs no allocation
	step      foreshock.Step    // scratch
	shown     foreshock.Finding // scratch, for what people are shown
	clock     time.Time         // of the workloads: wall clock, or virtual
	saveNext  int               // where the last round of saving stopped
	departed  departed

	rehearsing []*workload // that have rehearsals
	keepNext   int         // where the last round of keeping these stopped
}

// message is what an owner is asked to do: fold a batch, or run a function.
type message struct {
	batch *batch
	do    func(*owner)
}

// batch is a slice of readings that goes back to its pool.
type batch struct{ readings []ingest.Reading }

// run serves the inbox until ctx ends and the inbox is empty.
func (o *owner) run(ctx context.Context) {
	tick := time.NewTicker(o.tick)
	defer tick.Stop()
	for {
		select {
		case m := <-o.inbox:
			o.handle(m)
		case <-tick.C:
			now := o.Now()
			o.advance(now)
			o.saveChanged(now, o.Snapshot, saveAtOnce)
			o.keep(now)
		case <-ctx.Done():
			for {
				select {
				case m := <-o.inbox:
					o.handle(m)
				default:
					return
				}
			}
		}
	}
}

func (o *owner) handle(m message) {
	if m.do != nil {
		m.do(o)
		return
	}
	o.foldBatch(m.batch.readings)
	o.pool.Put(m.batch)
}

// foldBatch folds readings, and observes each step that they complete.
func (o *owner) foldBatch(readings []ingest.Reading) {
	var strays []ingest.Reading // of workloads that left after the source had asked for them
	future, now := int64(1<<63-1), o.time()
	if !o.Virtual {
		future = now.Add(ingest.MostAhead).UnixMilli()
	}
	for i := range readings {
		r := &readings[i]
		w := o.held(r.Handle)
		if w == nil {
			strays = append(strays, *r)
			continue
		}
		w.heard = now
		if r.Time > future {
			o.Drops.Add(w.about.Source, ingest.DropFuture, 1)
			continue
		}
		for w.fold.Close(r.Time, &o.step) {
			o.observe(w, &o.step)
		}
		if w.fold.Idle() {
			w = o.away(w, time.UnixMilli(r.Time))
		}
		if why := w.fold.Add(r); why != "" {
			o.Drops.Add(w.about.Source, why, 1)
			continue
		}
		o.stats.readings.add(1)
	}
	if len(strays) > 0 {
		o.bringBack(strays)
	}
}

// sorted gives the workloads by ID. In this order they go on: who of those that share a resource is asked first is the same however they came.
func (o *owner) sorted() []*workload {
	if o.unsorted {
		slices.SortStableFunc(o.order, func(a, b *workload) int { return cmp.Compare(a.id, b.id) }) // soon done where few are out of order
		o.unsorted = false
	}
	return o.order
}

// add takes a workload in.
func (o *owner) add(w *workload) {
	slot := o.slot(w.handle)
	for len(o.workloads) <= slot {
		o.workloads = append(o.workloads, nil)
	}
	o.workloads[slot], o.order, o.unsorted = w, append(o.order, w), true
}

// drop takes a workload off the lists.
func (o *owner) drop(w *workload) {
	o.workloads[o.slot(w.handle)] = nil
	for _, list := range []*[]*workload{&o.order, &o.rehearsing} {
		if i := slices.Index(*list, w); i >= 0 {
			*list = slices.Delete(*list, i, i+1)
		}
	}
}

// held is the workload of a handle, or nil when it is not here any more.
func (o *owner) held(h ingest.Handle) *workload {
	if slot := o.slot(h); slot < len(o.workloads) && o.workloads[slot] != nil && o.workloads[slot].handle == h {
		return o.workloads[slot]
	}
	return nil
}

// time is what the clock says: that of the machine, or in virtual time the data's.
func (o *owner) time() time.Time {
	if o.Virtual {
		return o.clock
	}
	return o.Now()
}

// advance moves the clock on: steps that are complete are observed, and workloads that fell silent are noticed, and in the end forgotten.
func (o *owner) advance(now time.Time) {
	o.clock = now
	ms := now.UnixMilli()
	for i := 0; i < len(o.sorted()); {
		w := o.order[i]
		for w.fold.Close(ms, &o.step) {
			o.observe(w, &o.step)
		}
		if !w.last.Time.IsZero() {
			o.silence(w, now)
		}
		if o.forget(w, now); i < len(o.order) && o.order[i] == w { // it is here still
			i++
		}
	}
}

// silence notices that a workload's data are late, and lets it decide (nothing, with the reason) as of the time when that changed, which does not
// depend on when the clock was looked at.
func (o *owner) silence(w *workload, now time.Time) {
	late, stale := ingest.SilentAt(w.last.Time, w.profile.Length, w.about.Lateness)
	if !o.Virtual && w.last.Time.Sub(now) > ingest.MostAhead { // the clock was set back: until it is there again what is read is late
		late, stale = now, now
	}
	if now.Before(late) || w.quality == foreshock.Implausible {
		return
	}
	if w.quality == foreshock.Fresh {
		o.silent(w, foreshock.Late, late)
	}
	if w.quality == foreshock.Late && !now.Before(stale) {
		o.silent(w, foreshock.Stale, stale)
	}
}

func (o *owner) silent(w *workload, quality foreshock.Quality, at time.Time) {
	o.setQuality(w, quality, at)
	o.applyDue(w, at)
	o.decide(w, at)
}

// judgeQuality says what the step is worth.
func (o *owner) judgeQuality(w *workload, step *foreshock.Step) {
	step.Quality = foreshock.Fresh
	if !w.little.Plausible(step) {
		step.Quality = foreshock.Implausible
		if w.quality != foreshock.Implausible {
			o.Log.Warn("queue depth, IOPS and latency contradict each other (Little's law); the source may read other units than it says",
				"workload", w.id, "source", w.about.Source)
		}
	}
	o.setQuality(w, step.Quality, step.Time)
	o.stats.steps.add(1)
}

func (o *owner) setQuality(w *workload, quality foreshock.Quality, at time.Time) {
	if w.scalable() && (w.quality == foreshock.Fresh) != (quality == foreshock.Fresh) {
		o.resources.heard(at, hearing{key: w.key(), user: w.id, fresh: quality == foreshock.Fresh})
	}
	w.quality = quality
}

// allocation is what the workload has: what the source read, over what the target read.
func (o *owner) allocation(w *workload, step *foreshock.Step) foreshock.Allocation {
	var known foreshock.Allocation
	if w.scalable() {
		if r := o.resources.get(w.key()); r.resource != nil {
			known = r.resource.Allocated
		}
	}
	return known.Over(step.Allocated)
}

// given is the step with all that is known of what is allocated.
func given(step *foreshock.Step, allocated foreshock.Allocation) foreshock.Step {
	known := *step
	known.Allocated = allocated
	return known
}

// score judges a step, with bounds for every metric where someone looks at them.
func (o *owner) score(f *foreshock.Finding, p *foreshock.Profile, step *foreshock.Step) {
	if o.Scored != nil {
		o.Detector.Explain(f, p, step)
		return
	}
	o.Detector.Score(f, p, step)
}

// report emits what a step brought.
func (o *owner) report(w *workload, step *foreshock.Step, found *foreshock.Finding, changes *detect.Changes) {
	o.follow(w, step, changes)
	w.notice(step, found)
	for i := range changes.Anomalies {
		w.latest = &changes.Anomalies[i]
		o.emit(step.Time, &foreshock.Event{Type: foreshock.EventAnomaly, Anomaly: &changes.Anomalies[i]})
	}
	if changes.Correction != nil {
		o.emit(step.Time, &foreshock.Event{Type: foreshock.EventCorrection, Correction: changes.Correction})
	}
	if o.Scored != nil {
		o.Scored(step, found)
	}
}

// follow looks whether the workload's anomaly is a part of an incident. That it is becomes known with the anomaly's next change, or
// at once when it was not so before.
func (o *owner) follow(w *workload, step *foreshock.Step, changes *detect.Changes) {
	for i := range changes.Anomalies {
		if a := &changes.Anomalies[i]; !a.End.IsZero() {
			o.incidents.leave(w, step.Time)
			tellIncident(a)
		}
	}
	a := w.profile.Current
	if a == nil {
		return
	}
	before := a.Incident
	if now := o.incidents.join(w, a, step.Time, max(beginTogether, 3*step.Length)); now != nil {
		a.Incident = now
	}
	if a.Incident == nil {
		return
	}
	last := len(changes.Anomalies) - 1
	switch {
	case last >= 0 && changes.Anomalies[last].ID == a.ID:
		changes.Anomalies[last].Incident = a.Incident
	case before == nil:
		told := *a
		told.Parts = slices.Clone(a.Parts) // the owner writes into them
		changes.Anomalies = append(changes.Anomalies, told)
		last++
	default:
		return
	}
	tellIncident(&changes.Anomalies[last])
	a.Text = changes.Anomalies[last].Text
}

// beginTogether is how far apart the anomalies of an incident may begin; more where steps are long.
const beginTogether = 2 * time.Minute

// tellIncident adds the incident to what an anomaly says.
func tellIncident(a *foreshock.Anomaly) {
	if a.Incident != nil {
		a.Text += "; " + a.Incident.Text()
	}
}
