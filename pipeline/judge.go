package pipeline

import (
	"slices"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/feedback"
	"github.com/foreshock-io/foreshock/timeseries/robust"
)

// Latches remembers which workloads are left alone because acting did not help. It is folded from the journal at start, outlives a
// generation, and is safe for concurrent use. The zero value is ready.
type Latches struct {
	mu sync.Mutex // guards by
	by map[foreshock.ID]feedback.Latch
}

// Fold takes an event in.
func (l *Latches) Fold(e *foreshock.Event) {
	if e.Evaluation == nil && (e.Correction == nil || e.Correction.What != "latch") {
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.by == nil {
		l.by = map[foreshock.ID]feedback.Latch{}
	}
	id := e.Workload()
	l.by[id] = l.by[id].Fold(*e)
}

func (l *Latches) of(id foreshock.ID) feedback.Latch {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.by[id]
}

// pending is an action in effect that is to be judged.
type pending struct {
	action    foreshock.Action
	done      time.Time
	leadTime  time.Duration
	normal    feedback.Normal
	forecasts map[foreshock.Dimension]*foreshock.Forecast // as they were
	before    []feedback.Step
	controls  controls
	said      []feedback.Said
}

// judge says what came of an action that is in effect for long enough, and learns from it.
func (o *owner) judge(w *workload, now time.Time) {
	p := w.pending
	if p == nil {
		w.judgeAt = never
		return
	}
	evaluation, ready := feedback.Judge(o.evidence(w, p, now))
	if !ready {
		w.judgeAt = now.Add(1)
		return
	}
	o.judged(w, evaluation, now)
	if evaluation.RollBack {
		undo := feedback.RollBack(p.action, evaluation, now)
		w.undo = &undo // the next decisions take it up, until it is done or moot
	}
}

// rollBack is what feedback asks to take back; nil where nothing is to be. One that is moot is given up, and the journal has why.
func (o *owner) rollBack(w *workload, latch *feedback.Latch, now time.Time) *foreshock.Action {
	if w.undo == nil {
		return nil
	}
	why := latch.Moot(w.undo, now)
	if last, ok := o.lastAction(w); ok && last.Action.ID != w.undo.Undoes {
		why = "action " + last.Action.ID + " took effect since"
	}
	if why == "" {
		return w.undo
	}
	o.emit(now, &foreshock.Event{Type: foreshock.EventNote, Note: "the roll-back of action " + w.undo.Undoes + " on " + string(w.id) + " is given up: " + why})
	w.undo = nil
	return nil
}

// lastAction is the last that took effect on the workload's resource.
func (o *owner) lastAction(w *workload) (act.Past, bool) {
	if o.Ledger == nil || !w.scalable() {
		return act.Past{}, false
	}
	return o.Ledger.Last(w.policy.Target, w.resource)
}

// judged tells the verdict on the action that was watched, and learns from it.
func (o *owner) judged(w *workload, evaluation foreshock.Evaluation, now time.Time) {
	p := w.pending
	w.pending, w.judgeAt, w.decideAt = nil, never, now
	o.settle(now, &foreshock.Event{Type: foreshock.EventEvaluation, Evaluation: &evaluation})
	for _, d := range p.action.To.Dimensions() {
		learned, corrections := feedback.Learn(w.profile.LearnedOf(d), d, evaluation)
		w.profile.Learn(d, learned)
		o.corrected(now, corrections)
	}
	o.mark(w, p, &evaluation, now)
}

// settle emits an event that the latch must know of before the next decision.
func (o *owner) settle(now time.Time, e *foreshock.Event) {
	e.Time = now
	o.Latches.Fold(e)
	o.emit(now, e)
}

func (o *owner) corrected(now time.Time, list []foreshock.Correction) {
	for i := range list {
		o.settle(now, &foreshock.Event{Type: foreshock.EventCorrection, Correction: &list[i]})
	}
}

// evidence gathers what a judgement may depend on.
func (o *owner) evidence(w *workload, p *pending, now time.Time) feedback.Input {
	in := feedback.Input{
		Now: now, Action: p.action, Completed: p.done, LeadTime: p.leadTime, Length: w.profile.Length, Normal: p.normal,
		Reversible: map[foreshock.Dimension]bool{}, Forecasts: p.forecasts, Before: p.before, Controls: p.controls.seen(now, w.profile.Length),
	}
	if in.Normal == (feedback.Normal{}) && w.stage == foreshock.Trusted { // when it took effect the store had not said yet what it has
		in.Normal = normal(w)
	}
	if r := o.resources.get(resourceKey{p.action.Target, p.action.Resource}).resource; r != nil {
		for d, rule := range r.Rules {
			if w.policy != nil && w.policy.Changes(d) {
				in.Reversible[d] = rule.Down
			}
		}
	}
	if w.policy != nil {
		in.MaxLatency = w.policy.MaxLatency
	}
	w.recent.between(p.action.Evidence, now, func(s *recentStep) {
		step := feedback.Step{Time: s.time, Values: s.values, Demand: s.demand, Abnormal: s.abnormal}
		if s.time.After(p.done) {
			in.After = append(in.After, step)
		} else {
			in.Meanwhile = append(in.Meanwhile, step)
		}
	})
	return in
}

// supersede judges the actions on a resource that are watched, whichever of its users they were for, by what is known of them: another has taken effect.
func (o *owner) supersede(target, name string, now time.Time) {
	for _, h := range o.resources.users(resourceKey{target, name}) {
		if w := o.held(h); w != nil && w.pending != nil && w.pending.action.Target == target && w.pending.action.Resource == name {
			o.overtake(w, now)
		}
	}
}

// overtake judges the action that is watched, if one is, by what is known of it.
func (o *owner) overtake(w *workload, now time.Time) {
	if w.pending != nil {
		o.judged(w, feedback.Superseded(o.evidence(w, w.pending, now)), now)
	}
}

// begin watches an action that is in effect at a time. The one that was watched until now is judged by what is known of it.
func (o *owner) begin(w *workload, a foreshock.Action, at, now time.Time) {
	o.overtake(w, now)
	asked := a.Evidence
	if o.Ledger != nil {
		if called := o.Ledger.Called(a.ID); !called.IsZero() && !called.After(at) {
			asked = called
		}
	}
	w.profile.Shift = &foreshock.Shift{From: asked, Until: feedback.Due(at, w.profile.Length), ActionID: a.ID}
	if o.Without.Feedback {
		return
	}
	p := &pending{action: a, done: at, leadTime: max(0, at.Sub(asked)), normal: normal(w), forecasts: map[foreshock.Dimension]*foreshock.Forecast{}}
	for _, f := range w.forecasts {
		if f != nil {
			p.forecasts[f.Dimension] = f
		}
	}
	w.recent.between(a.Evidence.Add(-beforeSteps*w.profile.Length), a.Evidence, func(s *recentStep) {
		p.before = append(p.before, feedback.Step{Time: s.time, Values: s.values, Demand: s.demand, Abnormal: s.abnormal})
	})
	if p.before == nil { // the program was restarted: what the action itself remembers
		for i := range a.Before.Steps {
			p.before = append(p.before, feedback.Step{
				Time: a.Evidence.Add(-time.Duration(a.Before.Steps-1-i) * w.profile.Length), Values: a.Before.Mean, Demand: a.Before.Demand,
				Abnormal: a.Severity > foreshock.None,
			})
		}
	}
	if p.controls, p.said = w.controls, w.said; p.controls.action != a.ID { // the program was restarted
		p.controls, p.said = o.cohorts.choose(w, &a), nil
	}
	w.controls, w.said = controls{}, nil
	w.member.touch(at)
	w.pending = p
	w.judgeAt = w.profile.Shift.Until
}

// normal is the latency that is normal for the workload.
func normal(w *workload) feedback.Normal {
	mp := w.profile.Metrics[foreshock.Latency]
	if mp == nil || mp.Window.Len() == 0 {
		return feedback.Normal{}
	}
	q := robust.Quantiles(nil, mp.Window.Values(nil), 0.5, 0.99)
	return feedback.Normal{Level: q[0], Upper: q[1]}
}

// resume takes up the judgement of an action that took effect before the program was started, or the roll-back that it led to.
func (o *owner) resume(w *workload) {
	last, ok := o.lastAction(w)
	if !ok || last.Action.Workload != w.id {
		return
	}
	if !last.Judged {
		o.begin(w, last.Action, last.Effective, last.Effective)
		return
	}
	w.undo = o.wanted(w)
}

// wanted is the roll-back that the verdict on the last action asks for and that is not begun yet; nil where there is none. One that was refused or expired before
// it was begun is wanted still, unless a person was asked.
func (o *owner) wanted(w *workload) *foreshock.Action {
	last, ok := o.lastAction(w)
	latch := o.Latches.of(w.id)
	if !ok || latch.RollBack == nil || latch.RollBack.Action != last.Action.ID {
		return nil
	}
	begun := func(c foreshock.ActionChange) bool {
		never := c.Action.Mode == foreshock.Auto && (c.State == foreshock.Refused || c.State == foreshock.Expired)
		return c.Action.Undoes == last.Action.ID && !never
	}
	if slices.ContainsFunc(o.Ledger.Actions(), begun) {
		return nil
	}
	undo := feedback.RollBack(last.Action, *latch.RollBack, latch.Wanted)
	return &undo
}

// learnBias compares the demand of the coarse step that has just ended with what was forecast for it when the models were last fitted: what they
// say a step ahead has little bias, while decisions look further.
func (o *owner) learnBias(w *workload, now, end time.Time) {
	if o.Without.Feedback {
		return
	}
	for _, f := range w.planned {
		if !f.Usable() || f.Length <= 0 {
			continue
		}
		ring := w.profile.DemandOf(f.Dimension)
		at := int(end.Sub(f.At)/f.Length) - 1
		if ring.Empty() || at < 0 || at >= len(f.Mean) {
			continue
		}
		learned, corrections := feedback.LearnBias(w.profile.LearnedOf(f.Dimension), f.Dimension, w.id, ring.Last(), f.Mean[at])
		w.profile.Learn(f.Dimension, learned)
		o.corrected(now, corrections)
	}
}
