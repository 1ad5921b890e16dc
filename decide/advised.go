package decide

import "github.com/foreshock-io/foreshock"

// ScarceWorth is the share by which less must be advised where changes are scarce.
const ScarceWorth = 0.15

// advised settles for policies that state what capacity and lateness cost: they have what costs least. What grows goes before what shrinks.
func advised(d *deliberation) bool {
	if !d.policy.Objective.Stated() || len(d.Advice) == 0 {
		return false
	}
	for _, kind := range []foreshock.Kind{foreshock.Grow, foreshock.Shrink} {
		for _, m := range d.dims {
			if a, ok := d.Advice[m.Dimension]; ok && finite(a.Amount) && m.known && d.advises(kind, m, a) {
				d.advise(m, a)
				d.emergency = d.emergency || kind == foreshock.Grow && m.saturated && d.slow()
			}
		}
		if d.settle(kind) {
			return true
		}
	}
	return d.rest()
}

// advises says whether the advice is to change the dimension in this direction.
func (d *deliberation) advises(kind foreshock.Kind, m measure, a foreshock.Advice) bool {
	if m.have >= a.Lower && m.have <= a.Upper && !(m.saturated && d.slow()) {
		return false
	}
	w := wish{measure: m}
	to := ceil(d.advisedAmount(m, a), w.quantum())
	if kind == foreshock.Grow {
		return to > m.have*(1+1e-9)
	}
	least := 1e-9
	if a.Scarce {
		least = ScarceWorth
	}
	return d.policy.Reduce.Allowed && m.rule.Down && !m.saturated && !d.slow() && d.idles(m) && to < m.have*(1-least)
}

// advisedAmount is never below what is used. Nothing is lowered below what serves that in time where changes are scarce: to have it again takes another.
func (d *deliberation) advisedAmount(m measure, a foreshock.Advice) float64 {
	if need := d.inTime(m); a.Scarce && need <= m.have {
		return max(a.Amount, need)
	}
	return max(a.Amount, m.demand)
}

// inTime is what serves what is used with the latency that people want.
func (d *deliberation) inTime(m measure) float64 { return m.demand / d.policy.Objective.Utilisation }

func (d *deliberation) advise(m measure, a foreshock.Advice) {
	to := d.advisedAmount(m, a)
	d.wishes = append(d.wishes, wish{measure: m, to: to})
	d.because(Cheapest, "%s costs least: %.2f times %s, a rule that over the last %s would have cost as much as %s, lateness included",
		m.text(a.Rule), a.Multiple, a.Signal, long(a.Over), m.text(a.Cost))
	switch {
	case to > a.Amount && to > m.demand:
		d.because(Demand, "demand %s takes %s to be in time, and changes are scarce: not less than that is had", m.text(m.demand), m.text(to))
	case to > a.Amount:
		d.because(Demand, "demand %s: not less than that is had", m.text(to))
	case to > a.Rule:
		d.because(Hidden, "a limit hides how much is needed, and changes are scarce: %s, rather too much than too little until the next", m.text(to))
	}
}

// suffices says whether what there is serves what is used as the policy wants, and more is not what costs least.
func (d *deliberation) suffices(m measure) bool {
	a, ok := d.Advice[m.Dimension]
	return ok && d.policy.Objective.Stated() && finite(a.Amount) && a.Amount <= m.have && !m.saturated && !d.slow()
}

// idles says whether little use is idleness: latency is known where there is any, and so is what was used of late, and nothing is unusual. What is
// unusual and of low severity is borne where latency is within what the policy wants: after a surge it can last for hours. It is not where changes are scarce:
// what is away may come back, and what was taken away then cannot for hours.
func (d *deliberation) idles(m measure) bool {
	_, known := d.latency()
	borne := d.Finding.Severity <= foreshock.Low && known && d.policy.MaxLatency > 0 && !d.Advice[m.Dimension].Scarce // and not slow
	return (d.quiet() || borne) && d.RecentPeak.Has(m.Dimension) && (known || d.idle())
}
