package decide

import (
	"fmt"
	"math"

	"github.com/foreshock-io/foreshock"
)

// Price is what a unit of a dimension costs for an hour, or 0 where that is not stated.
func (p *Policy) Price(dim foreshock.Dimension) float64 {
	if b := p.Bounds[dim]; b.Price > 0 {
		return b.Price
	}
	return p.Objective.UnitHour
}

// cost is what the growth of a wish adds to the cost of an hour.
func (d *deliberation) cost(w *wish) float64 {
	return math.Max(0, w.to-w.have) * d.policy.Price(w.Dimension)
}

// withinSpend keeps what the growth of an hour adds to the cost of an hour, emergencies and roll-backs included. What was begun in the last
// hour counts, and what is wished of other dimensions.
func withinSpend(d *deliberation, kind foreshock.Kind, w *wish) bool {
	price := d.policy.Price(w.Dimension)
	if kind != foreshock.Grow || price <= 0 {
		return true
	}
	for _, cap := range []struct {
		whose       string
		most, begun float64
	}{
		{"the policy's growth", d.policy.Limits.Spend, d.Counts.PolicySpend},
		{"the fleet's growth", d.policy.Limits.FleetSpend, d.Counts.Spend},
	} {
		left := cap.most - cap.begun - d.spent
		if !(left > 0) { // what is no number allows nothing
			left = 0
		}
		if cap.most <= 0 || d.cost(w) <= left {
			continue
		}
		q := w.quantum()
		to := math.Max(w.have, floor(w.have+left/price, q))
		if (to-w.have)*price > left { // floor forgives rounding errors, a cap does not
			to = math.Max(w.have, to-q)
		}
		d.limit(w, to, SpendCap, "%s of %s would add %.6g an hour, %s may add at most %.6g within an hour and has added %.6g",
			w.text(w.to), w.Dimension, d.cost(w), cap.whose, cap.most, cap.begun+d.spent)
	}
	return w.to <= w.have || d.lawful(kind, w)
}

// Overspent says why growth may not begin that brings what is begun within an hour to these sums, or "".
func (p *Policy) Overspent(policy, fleet float64) string {
	const rounding = 1 + 1e-9
	switch l := &p.Limits; {
	case l.Spend > 0 && !(policy <= l.Spend*rounding):
		return fmt.Sprintf("the policy's growth would add %.6g an hour, at most %.6g is allowed within an hour", policy, l.Spend)
	case l.FleetSpend > 0 && !(fleet <= l.FleetSpend*rounding):
		return fmt.Sprintf("the fleet's growth would add %.6g an hour, at most %.6g is allowed within an hour", fleet, l.FleetSpend)
	}
	return ""
}

// spend is what an action adds to the cost of an hour.
func (d *deliberation) spend() float64 {
	sum := 0.0
	for i := range d.wishes {
		sum += d.cost(&d.wishes[i])
	}
	return sum
}
