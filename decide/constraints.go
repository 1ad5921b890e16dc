package decide

import "github.com/foreshock-io/foreshock"

// amounts are the constraints on how much, in order. Each may change a wish; ok is false when no amount is left.
var amounts = []func(d *deliberation, kind foreshock.Kind, w *wish) (ok bool){
	withinPolicy,   // the policy's min and max
	withinCalendar, // what is to be ready
	withinTime,     // when the provider allows the next change of the amount
	withinProvider, // the provider's min, max and multiples, the instance's ceiling among them
	withinRatio,    // how far one action may go
	withinSpend,    // what growth may cost
	different,      // an amount that is there already is no change
}

// permissions are the constraints on whether, in order. All are asked, so that a person sees everything that stands in the way.
var permissions = []func(d *deliberation, kind foreshock.Kind){
	owner,      // does another controller own it?
	busy,       // is a change under way at the provider?
	openAction, // is an action of ours not settled?
	verified,   // is the last action judged, and are all figures newer than it?
	budget,     // does the provider allow another change?
	cooldown,   // was the last action long enough ago?
	window,     // is it a time for it?
	fleet,      // is enough going on elsewhere?
	reporting,  // does enough of the policy's group report for a reduction?
	paused,     // did a person pause actions?
	latched,    // did feedback stop them?
	granted,    // is there capacity to be had?
}

// settle takes what is wanted through the constraints; it does not settle when nothing is wanted, nor where nothing is left of growth: what is at its most
// keeps no other dimension from being reduced.
func (d *deliberation) settle(kind foreshock.Kind) bool {
	if len(d.wishes) == 0 {
		return false
	}
	d.out.Kind, d.out.Bound = kind, ""
	d.out.Want = d.out.Want.Over(allocation(d.wishes))
	if d.trim(kind); len(d.wishes) == 0 {
		d.out.Kind, d.emergency = foreshock.Hold, false
		return kind == foreshock.Shrink || d.undoes
	}
	for _, permitted := range permissions {
		permitted(d, kind)
	}
	d.out.To = allocation(d.wishes)
	switch {
	case d.held:
		d.out.Kind, d.out.Waits = foreshock.Hold, d.inLine()
	case !d.out.Reserve:
		d.act(kind)
	}
	return true
}

// trim takes each wish through the constraints on amounts, and drops those of which nothing is left.
func (d *deliberation) trim(kind foreshock.Kind) {
	kept := d.wishes[:0]
	for _, w := range d.wishes {
		ok := true
		w.need = w.to
		for _, fits := range amounts {
			if ok = fits(d, kind, &w); !ok {
				break
			}
		}
		if ok {
			d.spent += d.cost(&w)
			kept = append(kept, w)
		}
	}
	d.wishes = kept
}

func allocation(wishes []wish) foreshock.Allocation {
	var a foreshock.Allocation
	for _, w := range wishes {
		a.Set(w.Dimension, w.to)
	}
	return a
}

// limit tells that a constraint changed a wish.
func (d *deliberation) limit(w *wish, to float64, code, format string, args ...any) {
	d.drop(w, code, format, args...)
	w.to = to
}

// drop tells that a constraint left nothing of a wish. It is false, as the constraint is.
func (d *deliberation) drop(w *wish, code, format string, args ...any) bool {
	d.because(code, format, args...)
	d.out.Bound = code
	d.trimmed = append(d.trimmed, binding{w.Dimension, code})
	return false
}
