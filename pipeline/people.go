package pipeline

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/feedback"
)

// within runs f on the owner of a workload and waits until it has ended.
func (p *Pipeline) within(ctx context.Context, id foreshock.ID, f func(*owner, *workload) error) error {
	done := make(chan error, 1)
	p.askOr(id, func(o *owner, w *workload) { done <- f(o, w) }, func() {
		done <- fmt.Errorf("workload %q: %w; foreshock workloads lists what there is", id, act.ErrNotFound)
	})
	select {
	case err := <-done:
		return err
	case <-p.done:
		return ErrStopping
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Opine takes in what a person says of an anomaly: the workload's threshold and the weights of the methods move by it, within bounds. About is the anomaly that the
// opinion names, nil where it names none or it is not known any more.
func (p *Pipeline) Opine(ctx context.Context, opinion foreshock.Opinion, about *foreshock.Anomaly, actor string) error {
	return p.within(ctx, opinion.Workload, func(o *owner, w *workload) error {
		now := o.Now().UTC()
		move := map[string]func(*foreshock.Profile) foreshock.Correction{
			foreshock.FalseAlarm: o.Detector.FalseAlarm, foreshock.Missed: o.Detector.Missed, foreshock.Useful: o.Detector.Useful,
		}[opinion.Says]
		correction := move(w.profile)
		w.saveSoon()
		o.Emit(&foreshock.Event{Time: now, Type: foreshock.EventOpinion, Actor: actor, Opinion: &opinion})
		o.Emit(&foreshock.Event{Time: now, Type: foreshock.EventCorrection, Actor: actor, Correction: &correction})
		var said []feedback.Said
		switch {
		case opinion.Says == foreshock.Missed:
			said = w.missed(opinion.At)
		case about != nil || opinion.Anomaly == "":
			said = w.saidOf(about)
		}
		o.weigh(w, said, opinion.Says != foreshock.FalseAlarm, correction.Why, actor, now)
		return nil
	})
}

// Undo takes back what an event of the journal tells of: a correction, or the latch that a verdict closed. It is a correction itself, with who did it.
func (p *Pipeline) Undo(ctx context.Context, e foreshock.Event, actor, why string) error {
	if e.Correction == nil && (e.Evaluation == nil || !e.Evaluation.Latch) {
		return fmt.Errorf("undo %d: %w: it is of type %s; only corrections and latches can be undone", e.Seq, act.ErrConflict, e.Type)
	}
	return p.within(ctx, e.Workload(), func(o *owner, w *workload) error {
		now := o.Now().UTC()
		correction, err := o.undone(w, &e, now)
		if err != nil {
			return fmt.Errorf("undo %d: %w: %w", e.Seq, act.ErrConflict, err)
		}
		correction.Undoes = e.Seq
		if why != "" {
			correction.Why = why + "; " + correction.Why
		}
		w.saveSoon()
		o.settle(now, &foreshock.Event{Type: foreshock.EventCorrection, Actor: actor, Correction: &correction})
		return nil
	})
}

// undone changes the workload's state back.
func (o *owner) undone(w *workload, e *foreshock.Event, now time.Time) (foreshock.Correction, error) {
	switch {
	case e.Evaluation != nil && e.Evaluation.Latch:
		latch := o.Latches.of(w.id)
		if latch.Action != e.Evaluation.Action || latch.Closed(now) == "" {
			return foreshock.Correction{}, fmt.Errorf("action %s does not hold the workload back any more", e.Evaluation.Action)
		}
		return feedback.Open(w.id, "undone: "+e.Evaluation.Text), nil
	case e.Correction.What == "threshold":
		return o.Detector.Undo(w.profile, *e.Correction), nil
	case strings.HasPrefix(e.Correction.What, "weight/"):
		weights, correction, err := feedback.UndoWeight(w.profile.Weights(), *e.Correction)
		w.profile.Weigh(weights)
		return correction, err
	}
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		if strings.HasSuffix(e.Correction.What, "/"+d.String()) {
			learned, correction, err := feedback.Undo(w.profile.LearnedOf(d), *e.Correction)
			w.profile.Learn(d, learned)
			return correction, err
		}
	}
	return foreshock.Correction{}, fmt.Errorf("a correction of %q cannot be undone", e.Correction.What)
}
