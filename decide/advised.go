package decide

import (
	"time"

	"github.com/foreshock-io/foreshock"
)

// Advice is the amount of a dimension that costs least by the policy's objective, as rules that were tried on the demand that came say.
type Advice struct {
	Amount   float64       // in the dimension's unit
	Rule     string        // what the rule that would have cost least looks at
	Multiple float64       // of what it looks at
	Cost     float64       // of having followed it, units of capacity, lateness included
	Over     time.Duration // that the rules were tried
	Scarce   bool          // changes are: a small reduction is not worth one
}

// ScarceWorth is the share by which less must be advised where changes are scarce.
const ScarceWorth = 0.15

// advised settles for policies that state what capacity and lateness cost: they have what costs least. What grows goes before what shrinks.
func advised(d *deliberation) bool {
	if !d.policy.Objective.Stated() || len(d.Advice) == 0 {
		return false
	}
	for _, kind := range []foreshock.Kind{foreshock.Grow, foreshock.Shrink} {
		for _, m := range d.dims {
			if a, ok := d.Advice[m.Dimension]; ok && finite(a.Amount) && m.known && a.speaksFor(kind, m, d) {
				d.advise(m, a)
				d.emergency = d.emergency || kind == foreshock.Grow && m.saturated && d.slow()
			}
		}
		if len(d.wishes) > 0 {
			return d.settle(kind)
		}
	}
	return d.rest()
}

// speaksFor says whether the advice is to change the dimension in this direction.
func (a Advice) speaksFor(kind foreshock.Kind, m measure, d *deliberation) bool {
	w := wish{measure: m}
	to := ceil(a.amount(m), w.quantum())
	if kind == foreshock.Grow {
		return to > m.have*(1+1e-9)
	}
	least := 1e-9
	if a.Scarce {
		least = ScarceWorth
	}
	return d.policy.Reduce.Allowed && m.rule.Down && !m.saturated && !d.slow() && to < m.have*(1-least)
}

// amount is never below what is used.
func (a Advice) amount(m measure) float64 { return max(a.Amount, m.demand) }

func (d *deliberation) advise(m measure, a Advice) {
	d.wishes = append(d.wishes, wish{measure: m, to: a.amount(m)})
	d.because(Cheapest, "%s costs least: %.2f times %s, a rule that over the last %s would have cost as much as %s, lateness included",
		m.text(a.amount(m)), a.Multiple, a.Rule, span(a.Over), m.text(a.Cost))
}
