package pipeline

import (
	"context"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/capacity"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/ingest"
)

// state gathers all that a decision may depend on.
func (o *owner) state(w *workload, now time.Time) decide.State {
	if w.sequence == 0 {
		// It begins with the time, so that no two runs of the program give two decisions the same number.
		w.sequence = uint64(now.UnixMilli())
	}
	s := decide.State{
		Now: now, Step: w.last, Stage: w.stage, Quality: w.quality,
		Finding:  decide.Finding{Score: w.score, Threshold: w.threshold, Severity: w.severity, Anomaly: w.profile.Current},
		Policy:   w.policy,
		Demand:   w.asked,
		Learned:  w.learned(),
		Grant:    w.grant,
		Sequence: w.sequence,
		Planner:  o.Planner != nil,
	}
	s.Late = o.late(now)
	if _, stale := ingest.SilentAt(now, w.profile.Length, w.about.Lateness); s.Late >= stale.Sub(now) {
		s.Quality = foreshock.Stale // of what was read at start to learn from, or come to too late, nothing is done about it any more
	}
	s.Saturated = map[foreshock.Dimension]bool{}
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		if w.saturated&(1<<d) != 0 {
			s.Saturated[d] = true
		}
	}
	s.Forecasts, s.Others = w.expected(), w.others()
	if !w.scalable() {
		return s
	}
	s.Advice = w.advice()
	known := o.resources.get(w.key())
	s.Resource, s.ResourceErr = known.resource, known.err
	s.RecentPeak = w.recent.peak(now, w.policy.Reduce.After)
	latch := o.Latches.of(w.id)
	if lately := w.recent.window(now, beforeSteps); lately.Steps == beforeSteps { // one step alone, after a restart, is no other level
		if opened, yes := latch.Opens(w.id, now, lately.Mean); yes {
			o.corrected(now, []foreshock.Correction{opened})
			latch = o.Latches.of(w.id)
		}
	}
	s.Latched, s.NoReduce = latch.Closed(now), latch.NoReduce(now)
	s.Undo = o.rollBack(w, &latch, now)
	if o.Ledger != nil {
		o.fromLedger(&s, w, now)
	}
	return s
}

// late is by how much the clock is later than what the data say. In virtual time they are the clock.
func (o *owner) late(now time.Time) time.Duration {
	if o.Virtual {
		return 0
	}
	return o.Now().Sub(now)
}

// learned is what acting on each dimension has taught.
func (w *workload) learned() (list [foreshock.NumDimensions]foreshock.Learned) {
	for d := range list {
		list[d] = w.profile.LearnedOf(foreshock.Dimension(d))
	}
	return list
}

// others is what is asked, beside the workload's own demand, by those who share what it has.
func (w *workload) others() (a foreshock.Allocation) {
	for _, d := range w.asked.Dimensions() {
		all, _ := w.asked.Get(d)
		if own, _ := w.demand.Get(d); all > own {
			a.Set(d, all-own)
		}
	}
	return a
}

// expected are the forecasts that there are.
func (w *workload) expected() map[foreshock.Dimension]*foreshock.Forecast {
	found := map[foreshock.Dimension]*foreshock.Forecast{}
	for d, f := range w.forecasts {
		if f != nil {
			found[foreshock.Dimension(d)] = f
		}
	}
	return found
}

// submit hands an action over to be done. It is a copy: the decision's own is on its way to the journal already.
func (o *owner) submit(w *workload, a foreshock.Action, now time.Time) {
	w.sequence++
	undo := w.undo
	w.undo = nil
	a.Before = w.recent.window(now, beforeSteps)
	w.controls, w.said = o.cohorts.choose(w, &a), nil
	if current := w.profile.Current; current != nil && !a.Reduces() && a.Undoes == "" {
		w.said = w.saidOf(current)
	}
	if a.Mode == foreshock.Auto {
		// It is valid from now on, not from when that was which it is about. The decision says what a replay says, so it cannot know.
		a.Expires = a.Expires.Add(max(0, o.late(now)))
	}
	if err := o.Executor.Submit(a); err != nil {
		o.Log.Warn("an action was decided but is not taken", "workload", w.id, "action", a.ID, "err", err)
		w.undo, w.decideAt = undo, now.Add(1)
	}
}

// reserve asks the planner, in the background; the decision comes again with the answer.
func (o *owner) reserve(w *workload, d *foreshock.Decision, now time.Time) {
	if w.reserving {
		return
	}
	w.reserving = true
	resource := o.resources.get(w.key()).resource
	request := capacity.Request{
		ID: decide.RequestID(*d, w.sequence), Workload: w.id, Target: w.policy.Target, Resource: w.resource,
		To: d.To, For: grantFor,
	}
	if resource != nil {
		request.From = resource.Allocated
	}
	work := func(ctx context.Context) func(*workload) {
		answer, err := o.Planner.Reserve(ctx, now, request)
		return func(w *workload) {
			w.reserving = false
			w.grant = &decide.Grant{ID: answer.ID, For: request.To, Granted: answer.Granted, Expires: answer.Expires, Reason: answer.Reason}
			if err != nil {
				w.grant = &decide.Grant{ID: request.ID, For: request.To, Granted: request.From, Expires: now.Add(plannerRetry), Reason: "no answer: " + err.Error()}
			}
			o.emit(now, reservationEvent(w, request, answer, err))
			w.decideAt = time.Time{}
		}
	}
	if !o.later(w, now, work) {
		w.reserving = false
	}
}

const (
	grantFor     = 5 * time.Minute  // an action is in effect by then, or the grant is given back
	plannerRetry = 30 * time.Second // before a planner that gave no answer is asked again
)

func reservationEvent(w *workload, r capacity.Request, g capacity.Grant, err error) *foreshock.Event {
	res := &foreshock.Reservation{ID: r.ID, Workload: w.id, State: "granted", Asked: r.To, Granted: g.Granted, Expires: g.Expires, Reason: g.Reason}
	switch {
	case err != nil:
		res.State, res.Reason = "refused", err.Error()
	case r.From.Covers(g.Granted):
		res.State = "refused"
	case !g.Granted.Covers(r.To):
		res.State = "partial"
	}
	return &foreshock.Event{Type: foreshock.EventReservation, Reservation: res}
}

// ActionChanged is called by the executor after each change of an action that is in the journal.
func (p *Pipeline) ActionChanged(e *foreshock.Event) {
	change := e.Change
	if change == nil {
		return // a pause: the next decisions see it
	}
	if change.State.Terminal() {
		p.settleGrant(change)
		p.resources.refresh(change.Action.Target, change.Action.Resource)
	}
	p.ask(change.Action.Workload, func(o *owner, w *workload) {
		switch change.State {
		case foreshock.Done:
			_, effective := change.Times(e.Time)
			o.supersede(change.Action.Target, change.Action.Resource, e.Time)
			o.begin(w, change.Action, effective, e.Time)
		case foreshock.Failed, foreshock.Refused, foreshock.Expired, foreshock.Parked:
			if change.Action.Undoes != "" {
				w.undo = o.wanted(w)
			}
			w.decideAt = time.Time{}
		}
	})
}

// settleGrant commits the capacity of an action that is in effect, and gives back that of one that is not; and what was granted
// before and is no longer used once an action has taken it back.
func (p *Pipeline) settleGrant(change *foreshock.ActionChange) {
	if p.Planner == nil || change.State == foreshock.Parked {
		return
	}
	action := &change.Action
	var settlements [][2]string // grant and its new state
	switch {
	case action.Grant == "":
	case change.State == foreshock.Done:
		settlements = append(settlements, [2]string{action.Grant, "committed"})
	default:
		settlements = append(settlements, [2]string{action.Grant, "released"})
	}
	if change.State == foreshock.Done && action.Reduces() && p.Ledger != nil {
		for _, held := range p.Ledger.Held() {
			if held.Committed && held.Target == action.Target && held.Resource == action.Resource && undone(held.From, action.To) {
				settlements = append(settlements, [2]string{held.Reservation.ID, "released"})
			}
		}
	}
	for _, s := range settlements {
		work := func(ctx context.Context) { p.settleAt(ctx, s[0], s[1], action) }
		if p.Virtual {
			work(context.Background())
			continue
		}
		p.work.queue <- work
	}
}

// undone says whether nothing is left of what was granted above from, now that there is to.
func undone(from, to foreshock.Allocation) bool {
	for _, d := range to.Dimensions() {
		now, _ := to.Get(d)
		if before, known := from.Get(d); known && now > before {
			return false
		}
	}
	return true
}

func (p *Pipeline) settleAt(ctx context.Context, id, state string, action *foreshock.Action) {
	ask := p.Planner.Release
	if state == "committed" {
		ask = p.Planner.Commit
	}
	r := &foreshock.Reservation{ID: id, Workload: action.Workload, State: state, Asked: action.To, Granted: action.To}
	now := action.Evidence
	if !p.Virtual {
		now = p.Now()
	}
	if err := ask(ctx, now, id); err != nil {
		r.Reason = err.Error()
		p.Log.Warn("settle a reservation", "reservation", id, "state", state, "err", err)
	}
	p.Emit(&foreshock.Event{Time: now.UTC(), Type: foreshock.EventReservation, Reservation: r})
}

// fromLedger fills in what was done before.
func (o *owner) fromLedger(s *decide.State, w *workload, now time.Time) {
	target, resource := w.policy.Target, w.resource
	if open, ok := o.Ledger.Open(target, resource); ok {
		s.Open = &open.Action
	}
	if last, ok := o.Ledger.Last(target, resource); ok {
		s.Last = &decide.Past{ID: last.Action.ID, Time: last.Time, Effective: last.Effective, Grew: !last.Action.Reduces(), Due: !last.Judged && !o.Without.Feedback}
		if last.Judged {
			s.Last.Verdict = last.Verdict.String()
		}
	}
	s.Paused = decide.Pauses{
		Grow:   o.Ledger.Paused(w.policy.Name, w.id, foreshock.Grow, now),
		Shrink: o.Ledger.Paused(w.policy.Name, w.id, foreshock.Shrink, now),
	}
	done := o.Ledger.Counts(act.Asked{Policy: w.policy.Name, Workload: w.id, Target: target, Resource: resource, Now: now})
	size := o.resources.count(w.policy.Name, now.Add(-w.profile.Length)) // what fell silent within this step is known in the next
	s.Counts = Counted(done)
	s.Counts.Ahead = o.turns.ahead(w, s)
	s.Counts.PolicySize, s.Counts.PolicySilent, s.Counts.FleetSize = size.size, size.silent, size.of
}

// Counted is what was done, as decide wants it; how large the fleet is it does not say.
func Counted(done act.Counts) decide.Counts {
	return decide.Counts{
		Open: done.Open, LastHour: done.LastHour, NotHelped: done.NotHelped,
		PolicyResources: done.PolicyResources, PolicyMine: done.PolicyMine,
		PolicyJudged: done.PolicyJudged, PolicyDue: done.PolicyDue, PolicyHelped: done.PolicyHelped,
		WorkloadLastDay: done.WorkloadLastDay, Spend: done.Spend, PolicySpend: done.PolicySpend,
	}
}

// Before counts what was begun before an action that is about to be asked for, for the limits on it. It is safe for concurrent use.
func (p *Pipeline) Before(a *foreshock.Action, now time.Time) decide.Counts {
	c := Counted(p.Ledger.Counts(act.Asked{Policy: a.Policy, Workload: a.Workload, Target: a.Target, Resource: a.Resource, Now: now, Before: a.ID}))
	c.PolicySize, c.FleetSize = p.resources.sizes(a.Policy)
	return c
}
