package pipeline

import (
	"time"

	"github.com/foreshock-io/foreshock"
)

// part is what of an allocation there is for a workload. What others use as well is divided by what each uses, so that all are at their limit when
// together they use up what there is, however little one of them does; what the source says that the workload has is not exceeded by it.
func (o *owner) part(w *workload, step *foreshock.Step, allocated foreshock.Allocation) foreshock.Allocation {
	if !w.scalable() {
		return allocated
	}
	var all foreshock.Allocation
	mine := servedOf(step)
	if all, w.shares = o.sum(w, served, mine, step.Time); !w.shares {
		return allocated
	}
	whole := o.resources.get(w.key()).resource
	if whole == nil {
		return allocated
	}
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		have, known := whole.Allocated.Get(d)
		uses, read := mine.Get(d)
		total, _ := all.Get(d)
		if !known || !read || !(total > 0) {
			continue
		}
		most, _ := allocated.Get(d)
		allocated.Set(d, min(most, have*uses/total))
	}
	return allocated
}

// servedOf is what a step says of use, by dimension.
func servedOf(step *foreshock.Step) (a foreshock.Allocation) {
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		if m, shows := d.Metric(); shows {
			if x, ok := step.Values.Reading(m); ok {
				a.Set(d, x)
			}
		}
	}
	return a
}

// asked is the demand for what a workload has: its own and that of all who share it.
func (o *owner) asked(w *workload, at time.Time, demand foreshock.Allocation) foreshock.Allocation {
	if !w.scalable() {
		return demand
	}
	all, _ := o.sum(w, demanded, demand, at)
	return all
}

// sum is that of what all who use a workload's resource state of it, with what it states itself at a time.
func (o *owner) sum(w *workload, of account, mine foreshock.Allocation, at time.Time) (all foreshock.Allocation, shared bool) {
	until := never
	if o.Forget > 0 {
		until = at.Add(o.forgetAfter(w) + w.untilLeft())
	}
	return o.resources.sum(w, of, mine, at, until)
}
