package decide

import "github.com/foreshock-io/foreshock"

// granted asks the planner for what grows, when nothing else stands in the way and it would be done.
func granted(d *deliberation, kind foreshock.Kind) {
	if !d.Planner || kind != foreshock.Grow || d.held || d.policy.Mode == foreshock.Observe {
		return
	}
	g := d.Grant
	if g == nil || !g.Expires.After(d.Now) || !g.For.Covers(stated(g.For, d.wishes)) {
		d.because(GrantNeeded, "the capacity planner is asked for it first")
		d.out.Bound, d.out.Reserve = GrantNeeded, true
		return
	}
	d.grant = g.ID
	d.cap(g)
	if len(d.wishes) == 0 {
		d.hold(GrantRefused, "no capacity was granted%s", why(g.Reason))
	}
}

// stated gives a's own amounts for what is wished; a dimension that was not asked for is one that a does not cover.
func stated(a foreshock.Allocation, wishes []wish) foreshock.Allocation {
	var asked foreshock.Allocation
	for _, w := range wishes {
		x, _ := a.Get(w.Dimension)
		asked.Set(w.Dimension, x)
	}
	return asked
}

// cap lowers the wishes to what was granted.
func (d *deliberation) cap(g *Grant) {
	kept := d.wishes[:0]
	for _, w := range d.wishes {
		most, known := g.Granted.Get(w.Dimension)
		if !known || !finite(most) {
			most = 0
		}
		if w.to <= most*(1+1e-9) {
			kept = append(kept, w)
			continue
		}
		part := floor(most, w.quantum())
		if part <= w.have*(1+1e-9) || part < w.rule.Min {
			continue
		}
		d.limit(&w, part, GrantPartial, "%s of %s is wanted, %s was granted%s", w.text(w.to), w.Dimension, w.text(most), why(g.Reason))
		kept = append(kept, w)
	}
	d.wishes = kept
}

func why(reason string) string {
	if reason == "" {
		return ""
	}
	return ": " + reason
}
