package decide

import (
	"fmt"
	"math"

	"github.com/foreshock-io/foreshock"
)

// weigh tells, once the decision stands, of every amount that was to be weighed: those that are wanted with what bound them, the others with the
// figure that would have to change. It changes nothing of the decision.
func (d *deliberation) weigh() {
	for i := range d.dims {
		m := &d.dims[i]
		if a, ok := d.Advice[m.Dimension]; ok && d.policy.Objective.Stated() && m.known && finite(a.Amount) {
			d.weighAdvice(m, a)
			continue
		}
		d.weighDemand(m)
		d.weighForecast(m)
		d.weighLess(m)
	}
	d.weighRest()
}

// wished is the wish for a dimension, as it was before the constraints, and what they left of it; 0 where they left nothing.
func (d *deliberation) wished(dim foreshock.Dimension) (want, to float64) {
	want, _ = d.out.Want.Get(dim)
	to, _ = d.out.To.Get(dim)
	return want, to
}

// grows says whether growth is what was wished.
func (d *deliberation) grows(m *measure) bool {
	want, _ := d.wished(m.Dimension)
	return want > m.have
}

// candidate adds one. Where it is the amount that is wished, it has the bounds of the wish; a code that binds before is given with what it needs.
func (d *deliberation) candidate(kind foreshock.Kind, m *measure, reason string, amount float64, code, needs string) {
	c := foreshock.Candidate{Kind: kind, Dimension: m.Dimension, Reason: reason, Have: m.have, Want: orZero(amount), Needs: needs}
	want, to := d.wished(m.Dimension)
	switch {
	case code != "":
		c.Bounds = []string{code}
	case math.Abs(want-amount) <= 1e-9*want:
		c.To = to
		for _, b := range d.trimmed {
			if b.Dimension == m.Dimension {
				c.Bounds = append(c.Bounds, b.code)
			}
		}
		c.Bounds = append(c.Bounds, d.holds...)
		if len(d.holds) == 0 && d.out.Bound != "" && to > 0 && (d.ask || d.out.Reserve || d.out.Bound == Observing) {
			c.Bounds = append(c.Bounds, d.out.Bound)
		}
	default:
		c.Bounds, c.Needs = []string{Outranked}, "more than the "+m.text(want)+" that is wanted"
	}
	d.out.Candidates = append(d.out.Candidates, c)
}

// room is the demand above which headroom is used.
func (d *deliberation) room(m *measure) float64 { return m.have / (1 + d.policy.Headroom) }

func (d *deliberation) weighDemand(m *measure) {
	amount := d.withHeadroom(m.demand)
	switch {
	case !m.known:
		d.candidate(foreshock.Grow, m, Demand, 0, DemandUnknown, "a reading that shows the use of "+m.Dimension.String())
	case amount <= m.have:
		d.candidate(foreshock.Grow, m, Demand, amount, AlreadyThere, fmt.Sprintf("demand above %s; it is %s", m.text(d.room(m)), m.text(m.demand)))
	case !d.grows(m):
		d.candidate(foreshock.Grow, m, Demand, amount, NotPressed, d.pressing(m))
	default:
		d.candidate(foreshock.Grow, m, Demand, amount, "", "")
	}
}

// pressing is what would call for more now.
func (d *deliberation) pressing(m *measure) string {
	text := fmt.Sprintf("severity medium or high (score %.2f, threshold %.2f)", d.out.Score, d.Finding.Threshold)
	if d.policy.MaxLatency > 0 {
		text += ", or latency above " + span(d.policy.MaxLatency)
	}
	if d.policy.Above > 0 {
		text += fmt.Sprintf(", or demand above %s; it is %s", m.text(d.policy.Above*m.have), m.text(m.demand))
	}
	return text
}

func (d *deliberation) weighForecast(m *measure) {
	why, may := d.acting(*m)
	e, ok := d.foretold(*m, d.lasting(*m))
	soon, near := d.foretold(*m, d.soon(*m))
	amount := d.withHeadroom(e.peak)
	least := fmt.Sprintf("a forecast peak above %s within %s; it is %s", m.text(d.room(m)*(1+worthwhile)), span(soon.over), m.text(soon.peak))
	switch {
	case !may:
		d.candidate(foreshock.Grow, m, Forecast, 0, NoForecast, "a forecast that can be used: "+why)
	case !ok || !near:
		d.candidate(foreshock.Grow, m, Forecast, 0, NoForecast, "a forecast that reaches "+span(d.lasting(*m)))
	case d.grows(m):
		d.candidate(foreshock.Grow, m, Forecast, amount, "", "")
	case !d.policy.Forecast:
		d.candidate(foreshock.Grow, m, Forecast, amount, NotAllowed, "forecast: true in the policy, or "+d.pressing(m))
	case d.withHeadroom(soon.peak) <= m.have:
		d.candidate(foreshock.Grow, m, Forecast, amount, AlreadyThere, least)
	default:
		d.candidate(foreshock.Grow, m, Forecast, amount, TooSmall, least)
	}
}

// weighLess asks what [less] asks, in its order.
func (d *deliberation) weighLess(m *measure) {
	peak, watched := d.RecentPeak.Get(m.Dimension)
	highest := math.Max(m.demand, orZero(peak))
	if e, ok := d.foretold(*m, d.until(*m)); ok {
		highest = math.Max(highest, e.peak)
	}
	want, _ := d.wished(m.Dimension)
	if d.out.Want.Has(m.Dimension) && want < m.have && !d.undoes {
		d.candidate(foreshock.Shrink, m, LowUse, want, "", "")
		return
	}
	code, needs := d.against(m, highest, watched)
	d.candidate(foreshock.Shrink, m, LowUse, d.withHeadroom(highest), code, needs)
}

// against is the first thing that speaks against less, and what it needs.
func (d *deliberation) against(m *measure, highest float64, watched bool) (code, needs string) {
	f := d.Finding
	limit := math.Min(d.policy.Reduce.Below, 1-worthwhile) * d.room(m)
	switch {
	case !d.policy.Reduce.Allowed:
		return NotAllowed, "reduce.allowed: true in the policy"
	case !m.rule.Down:
		return OneWay, "a target that can lower " + m.Dimension.String()
	case !m.known:
		return DemandUnknown, "a reading that shows the use of " + m.Dimension.String()
	case d.grows(m) || d.undoes:
		return Outranked, "that nothing else is wanted of it"
	case f.Severity > foreshock.None || f.Anomaly != nil || !(f.Score < f.Threshold):
		return Anomalous, fmt.Sprintf("a score below %.2f and no anomaly; it is %.2f", f.Threshold, d.out.Score)
	case m.saturated || !d.little(*m, m.demand):
		return InUse, fmt.Sprintf("demand below %s; it is %s", m.text(limit), m.text(m.demand))
	case !watched:
		return NotLongEnough, "to be watched for " + span(d.policy.Reduce.After)
	case !d.little(*m, highest):
		return InUse, fmt.Sprintf("a peak, of the last %s and forecast, below %s; it is %s", span(d.policy.Reduce.After), m.text(limit), m.text(highest))
	case d.slow():
		return LatencyHigh, "latency below " + span(d.policy.MaxLatency)
	}
	if _, known := d.latency(); !known && !d.idle() {
		return LatencyUnknown, "a reading of latency"
	}
	return ForecastDisagrees, "a forecast that reaches " + span(d.until(*m)) + ", or reduce.blind: true in the policy"
}

// weighAdvice tells of the amount that costs least, in the direction that it lies in.
func (d *deliberation) weighAdvice(m *measure, a foreshock.Advice) {
	amount := d.advisedAmount(*m, a)
	kind := foreshock.Grow
	if amount < m.have {
		kind = foreshock.Shrink
	}
	want, _ := d.wished(m.Dimension)
	code, needs := "", ""
	switch {
	case d.out.Want.Has(m.Dimension) && !d.undoes && math.Abs(want-amount) <= 1e-9*want:
	case !d.out.Want.Empty():
		code, needs = Outranked, "that nothing else is wanted"
	default:
		code, needs = d.againstAdvice(kind, m, a)
	}
	d.candidate(kind, m, Cheapest, amount, code, needs)
}

// againstAdvice is the first thing that speaks against a change to what costs least, and what it needs; see [deliberation.advises].
func (d *deliberation) againstAdvice(kind foreshock.Kind, m *measure, a foreshock.Advice) (code, needs string) {
	_, known := d.latency()
	kept := m.have >= a.Lower && m.have <= a.Upper
	switch {
	case kind == foreshock.Grow && (!kept || d.advisedAmount(*m, a) <= m.have):
		return AlreadyThere, "a rule that costs less at more than " + m.text(m.have)
	case kept:
		return TooSmall, fmt.Sprintf("less than %s or more than %s allocated: between them to wait costs less than to change now", m.text(a.Lower), m.text(a.Upper))
	case !d.policy.Reduce.Allowed:
		return NotAllowed, "reduce.allowed: true in the policy"
	case !m.rule.Down:
		return OneWay, "a target that can lower " + m.Dimension.String()
	case m.saturated || d.slow():
		return LatencyHigh, "no saturation, and latency as the policy wants it"
	case !known && !d.idle():
		return LatencyUnknown, "a reading of latency"
	case !d.RecentPeak.Has(m.Dimension):
		return NotLongEnough, "to be watched for " + span(d.policy.Reduce.After)
	case !d.idles(*m):
		borne := " above low severity"
		if a.Scarce {
			borne = ", as changes are scarce"
		}
		return Anomalous, fmt.Sprintf("a score below %.2f and no anomaly%s; it is %.2f", d.Finding.Threshold, borne, d.out.Score)
	case a.Scarce:
		return TooSmall, fmt.Sprintf("less than %s, as changes are scarce", m.text(m.have*(1-ScarceWorth)))
	}
	w := wish{measure: *m}
	return TooSmall, fmt.Sprintf("at most %s: amounts come in multiples of %s", m.text(m.have-w.quantum()), m.text(w.quantum()))
}

// weighRest tells of what is wished for another reason: a step, a roll-back.
func (d *deliberation) weighRest() {
	for i := range d.dims {
		m := &d.dims[i]
		want, _ := d.wished(m.Dimension)
		if !d.out.Want.Has(m.Dimension) || d.told(m.Dimension, want) {
			continue
		}
		kind, reason := foreshock.Grow, Step
		if want < m.have {
			kind = foreshock.Shrink
		}
		if d.undoes {
			reason = RollBack
		}
		d.candidate(kind, m, reason, want, "", "")
	}
}

// told says whether the amount that is wished is among the candidates.
func (d *deliberation) told(dim foreshock.Dimension, want float64) bool {
	for _, c := range d.out.Candidates {
		if c.Dimension == dim && math.Abs(c.Want-want) <= 1e-9*want {
			return true
		}
	}
	return false
}
