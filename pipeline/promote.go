package pipeline

import (
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/promote"
)

// observes says whether the workload's policy only says what it would do.
func (w *workload) observes() bool { return w.scalable() && w.policy.Mode == foreshock.Observe }

// tryOut follows what a decision would have done, were the policy let.
func (o *owner) tryOut(w *workload, d *foreshock.Decision, now time.Time) {
	if d.Bound != decide.Observing || !w.observes() {
		return
	}
	r := o.resources.get(w.key()).resource
	for _, dim := range d.To.Dimensions() {
		to, _ := d.To.Get(dim)
		from, known := r.Allocated.Get(dim)
		if !known {
			continue
		}
		would := o.would(w, dim)
		would.Kind, would.From, would.To, would.At = d.Kind, from, to, now
		for _, e := range d.Expected {
			if e.Dimension == dim {
				would.Over = max(would.Over, e.Over)
			}
		}
		would.Over = max(would.Over, w.policy.Reduce.After) // sooner it would not have been taken back
		if ended := w.trial(dim).Begin(&would); ended != nil {
			o.emit(now, &foreshock.Event{Type: foreshock.EventFollowUp, FollowUp: ended})
		}
	}
}

// trial is that of a dimension. It is in the profile, so that it goes on after a restart.
func (w *workload) trial(dim foreshock.Dimension) *promote.Trial {
	t := w.profile.TrialOf(dim)
	if t == nil {
		t = new(foreshock.Trial)
		w.profile.Try(dim, t)
	}
	return (*promote.Trial)(t)
}

// would is what is the same of all that the policy would do to a dimension.
func (o *owner) would(w *workload, dim foreshock.Dimension) promote.Would {
	lead := w.policy.LeadTimeOf(w.profile.LearnedOf(dim))
	return promote.Would{
		Workload: w.id, Policy: w.policy.Name, Dimension: dim, LeadTime: lead, Headroom: w.policy.Headroom,
		Over: max(lead+w.policy.Cooldown, followedSteps*w.profile.Length),
	}
}

// followedSteps is the least number of steps that a would-be action is followed for.
const followedSteps = 6

// followUp tells what came after what would have been done, and of surges that nothing would have been done about.
func (o *owner) followUp(w *workload, step *foreshock.Step) {
	if !w.observes() {
		return
	}
	r := o.resources.get(w.key()).resource
	if r == nil {
		return
	}
	for dim := range foreshock.Dimension(foreshock.NumDimensions) {
		have, known := r.Allocated.Get(dim)
		if !known || !w.policy.Changes(dim) {
			continue
		}
		reading := promote.Reading{Time: step.Time, Length: step.Length, Have: have}
		reading.Demand, reading.Known = w.asked.Get(dim)
		if w.profile.TrialOf(dim) == nil && !reading.Late() {
			continue
		}
		about, trial := o.would(w, dim), w.trial(dim)
		for _, ended := range trial.Observe(reading, &about) {
			o.emit(step.Time, &foreshock.Event{Type: foreshock.EventFollowUp, FollowUp: ended})
		}
		if !trial.Follows() {
			w.profile.Try(dim, nil)
		}
	}
}
