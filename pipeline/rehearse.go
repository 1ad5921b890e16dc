package pipeline

import (
	"context"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/rehearse"
)

// growAfter is when a forest comes into use after it was asked for, by the data's time.
const growAfter = 10 * time.Minute

// rehearse tries rules of capacity on the step's demand, for workloads whose policy says what capacity and lateness cost.
func (o *owner) rehearse(w *workload, step *foreshock.Step, found *foreshock.Finding) {
	if !w.states() {
		return
	}
	resource := o.resources.get(w.key()).resource
	if resource == nil {
		return
	}
	o.keeps(w)
	latency, size := unusual(step, found)
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		rule, possible := resource.Rules[d]
		if !possible || !w.policy.Changes(d) {
			continue
		}
		r := w.rehearsals[d]
		terms := termsOf(w, d, rule, resource)
		if o.Without.Planning {
			terms.Spacing = 0
		}
		if r == nil {
			r = rehearse.New(terms)
			r.Draws = o.Draws
			w.rehearsals[d] = r
		}
		r.SetTerms(terms)
		n := w.need(d, step, terms.Delay+step.Length)
		if !o.Without.Anomalies {
			n.Score, n.Latency, n.Size = w.score, latency, size
		}
		r.Observe(n)
		o.growForest(w, d, step.Time)
	}
}

// deviation is how far x is from what is expected; see [rehearse.Need].
func deviation(x, expected float64) float64 {
	if !(x+expected > 0) {
		return 0
	}
	return (x - expected) / (x + expected)
}

// unusual gives the deviations of latency and of the size of requests.
func unusual(step *foreshock.Step, f *foreshock.Finding) (latency, size float64) {
	v := &step.Values
	if x, ok := v.Get(foreshock.Latency); ok && f.Judged[foreshock.Latency] {
		latency = deviation(x, f.Expected[foreshock.Latency])
	}
	bytes, known := v.Get(foreshock.Throughput)
	if iops, ok := v.Get(foreshock.IOPS); ok && known && f.Judged[foreshock.IOPS] && f.Judged[foreshock.Throughput] {
		size = deviation(bytes*f.Expected[foreshock.IOPS], iops*f.Expected[foreshock.Throughput])
	}
	return latency, size
}

// expectedLevel is the quantile of a forecast that rules look at.
const expectedLevel = 0.9

// need is what a step's demand of a dimension needed, and what the forecast says of the time until a change made now can help.
func (w *workload) need(d foreshock.Dimension, step *foreshock.Step, ahead time.Duration) rehearse.Need {
	demand, known := w.asked.Get(d)
	n := rehearse.Need{
		Time: step.Time, Amount: demand / w.policy.Objective.Utilisation, Known: known && w.quality == foreshock.Fresh,
		Hidden: w.hidden,
	}
	if w.policy.Forecast && int(d) < len(w.forecasts) {
		if peak, _, ok := w.forecasts[d].Peak(expectedLevel, step.Time, step.Time.Add(ahead)); ok {
			others := w.others()
			if x, share := others.Get(d); share {
				peak += x
			}
			n.Expected = peak / w.policy.Objective.Utilisation
		}
	}
	return n
}

// termsOf are the terms of changing a dimension of a workload's resource.
func termsOf(w *workload, d foreshock.Dimension, rule foreshock.Rule, resource *foreshock.Resource) rehearse.Terms {
	bounds, costs := w.policy.Bounds[d], w.policy.Objective
	t := rehearse.Terms{
		Quantum: max(rule.Quantum, bounds.Quantum), Min: max(rule.Min, bounds.Min), Max: rule.Max,
		Delay: min(w.policy.LeadTimeOf(w.profile.LearnedOf(d)), rehearse.LongestDelay), Late: costs.LateSecond * time.Hour.Seconds() / costs.UnitHour,
		Utilisation: costs.Utilisation, Worth: decide.ScarceWorth,
	}
	if bounds.Max > 0 && (t.Max == 0 || bounds.Max < t.Max) {
		t.Max = bounds.Max
	}
	if b := resource.Budget; b.Limited && b.Total > 0 {
		t.Spacing = b.Window / time.Duration(b.Total)
	}
	return t
}

// growForest grows the forest of a rehearsal in the background when that is due.
func (o *owner) growForest(w *workload, d foreshock.Dimension, now time.Time) {
	r := w.rehearsals[d]
	if !r.GrowDue() {
		return
	}
	from := r.Clone() // as it is now, whenever that is done
	if o.later(w, now.Add(growAfter), func(context.Context) func(*workload) {
		grown := from.Grow()
		return func(*workload) { r.SetForest(grown) }
	}) {
		r.SetForest(nil) // it is under way
	}
}

// advice is what rehearsals say.
func (w *workload) advice() map[foreshock.Dimension]foreshock.Advice {
	list := map[foreshock.Dimension]foreshock.Advice{}
	for d, r := range w.rehearsals {
		if r == nil {
			continue
		}
		if a, ok := r.Advice(); ok {
			list[foreshock.Dimension(d)] = a
		}
	}
	return list
}
