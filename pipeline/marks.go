package pipeline

import (
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/feedback"
)

// nearMiss is a run of steps in which a method saw something and the others did not, so that there was no anomaly: what people say was missed may be among them.
type nearMiss struct {
	from, to time.Time
	loudest  float64
	said     []feedback.Said
}

const (
	mostNearMisses = 4                // per workload
	nearMissScore  = 0.25             // of the threshold: below it no method can be at the boundary while others count as much
	nearMissApart  = 3                // steps between two runs
	nearMissWithin = 15 * time.Minute // of the time that a person names; more where steps are long
	latestWithin   = 24 * time.Hour   // an opinion that names no anomaly is of the latest one, unless that is older
)

// notice keeps what the methods said in a step without an anomaly if one of them was at the boundary.
func (w *workload) notice(step *foreshock.Step, f *foreshock.Finding) {
	if w.profile.Current != nil || f.Score < nearMissScore*f.Threshold || f.Score >= f.Threshold {
		return
	}
	parts := f.Parts[f.Lead][:f.Methods]
	loudest := 0.0
	for i := range parts {
		if parts[i].Ready {
			loudest = max(loudest, parts[i].Score)
		}
	}
	if loudest < f.Threshold {
		return
	}
	last := len(w.near) - 1
	if last < 0 || step.Time.Sub(w.near[last].to) > nearMissApart*step.Length {
		if last+1 == mostNearMisses {
			copy(w.near, w.near[1:])
			w.near = w.near[:last]
		}
		w.near = append(w.near, nearMiss{from: step.Time})
		last = len(w.near) - 1
	}
	n := &w.near[last]
	if n.to = step.Time; loudest > n.loudest {
		n.loudest, n.said = loudest, feedback.SaidBy(parts, f.Threshold)
	}
}

// missed is what the methods said around a time, or before now where none is named; nil where none said anything.
func (w *workload) missed(at time.Time) []feedback.Said {
	within := max(nearMissWithin, nearMissApart*w.profile.Length)
	if at.IsZero() {
		at = w.last.Time
	}
	for i := len(w.near) - 1; i >= 0; i-- {
		if n := &w.near[i]; !n.from.After(at.Add(within)) && !n.to.Before(at.Add(-within)) {
			return n.said
		}
	}
	return nil
}

// saidOf is what the methods said of an anomaly, of the latest one where it is nil.
func (w *workload) saidOf(a *foreshock.Anomaly) []feedback.Said {
	if a == nil {
		if a = w.latest; a == nil || w.last.Time.Sub(a.Time) > latestWithin {
			return nil
		}
	}
	return feedback.SaidBy(a.Parts, a.Threshold)
}

// weigh moves the weights of the detection methods by what they said of something that was real or was not, and tells by whom.
func (o *owner) weigh(w *workload, said []feedback.Said, genuine bool, why, actor string, now time.Time) {
	weights, corrections := feedback.Weigh(w.profile.Weights(), w.id, said, genuine, why)
	w.profile.Weigh(weights)
	for i := range corrections {
		o.emit(now, &foreshock.Event{Type: foreshock.EventCorrection, Actor: actor, Correction: &corrections[i]})
	}
}

// mark takes into the detection what the verdict on an action upon an anomaly says of that.
func (o *owner) mark(w *workload, p *pending, e *foreshock.Evaluation, now time.Time) {
	if p.said == nil {
		return
	}
	why := "action " + e.Action + ": " + e.Text
	genuine, known := feedback.Genuine(e)
	if known {
		o.weigh(w, p.said, genuine, why, "", now)
	}
	switch {
	case known && genuine:
		o.corrected(now, []foreshock.Correction{o.Detector.Helped(w.profile, why)})
	case known, e.Verdict == foreshock.DidNotHelp:
		o.corrected(now, []foreshock.Correction{o.Detector.Wasted(w.profile, why)})
	}
}
