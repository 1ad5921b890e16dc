package decide

import (
	"math"
	"time"

	"github.com/foreshock-io/foreshock"
)

// less settles when less would do. It asks for every sign: missing is not zero, and low use while latency is high is no idleness.
func less(d *deliberation) bool {
	if !d.policy.Reduce.Allowed || !d.quiet() {
		return false
	}
	for _, m := range d.dims {
		d.spare(m)
	}
	return d.settle(foreshock.Shrink)
}

// quiet says whether nothing is unusual.
func (d *deliberation) quiet() bool {
	f := d.Finding
	return f.Severity == foreshock.None && f.Anomaly == nil && f.Score < f.Threshold
}

// spare wants less of a dimension if it was, is and will be used little.
func (d *deliberation) spare(m measure) {
	if !m.rule.Down || m.saturated || !m.known || !d.little(m, m.demand) {
		return
	}
	peak, watched := d.RecentPeak.Get(m.Dimension)
	switch {
	case !watched || !finite(peak):
		d.because(NotLongEnough, "%s is used little (%s of %s), but was not watched for %s yet",
			m.Dimension, m.text(m.demand), m.text(m.have), span(d.policy.Reduce.After))
		return
	case !d.little(m, peak):
		return
	case !d.calm(m):
		return
	}
	need, told, ok := d.lowForecast(m, math.Max(peak, m.demand))
	if !ok {
		return
	}
	to := d.withHeadroom(need) // little, as all that it is the highest of
	d.want(m, to)
	d.because(LowUse, "at most %s were used in the last %s%s: + %s headroom = %s, below %s of the %s allocated",
		m.text(math.Max(peak, m.demand)), span(d.policy.Reduce.After), told, percent(d.policy.Headroom), m.text(to),
		percent(d.policy.Reduce.Below), m.text(m.have))
}

// little says whether a demand with headroom is below the share at which less would do.
func (d *deliberation) little(m measure, demand float64) bool {
	return d.withHeadroom(demand) < math.Min(d.policy.Reduce.Below, 1-worthwhile)*m.have
}

// calm says whether latency shows that low use is idleness.
func (d *deliberation) calm(m measure) bool {
	if _, known := d.latency(); !known && !d.idle() {
		d.because(LatencyUnknown, "%s is used little, but the latency is not known: it may not be idleness", m.Dimension)
		return false
	}
	if d.slow() {
		d.because(LatencyHigh, "%s is used little, but latency is high: that is no idleness", m.Dimension)
		return false
	}
	return true
}

// idle says whether nothing at all was asked for, so that there is no latency to read.
func (d *deliberation) idle() bool {
	iops, ok := d.Step.Values.Get(foreshock.IOPS)
	return ok && iops == 0
}

// lowForecast gives the highest demand that is to be served, with the forecast's, and tells of it; ok is false where the forecast speaks
// against less, or does not reach far enough to speak for it.
func (d *deliberation) lowForecast(m measure, need float64) (highest float64, told string, ok bool) {
	over := d.until(m)
	e, has := d.peak(m, over)
	switch {
	case has && !d.little(m, e.peak):
		d.because(ForecastDisagrees, "%s is used little, but the forecast peak within %s at %s is %s: it would have to be undone",
			m.Dimension, span(over), percent(e.level), e.text(&m))
		return 0, "", false
	case has && e.full:
		return math.Max(need, e.peak), " and at most " + e.text(&m) + " are forecast for the next " + span(over) + " at " + percent(e.level), true
	case d.policy.Reduce.Blind:
		return math.Max(need, e.peak), "", true
	}
	d.because(ForecastDisagrees, "%s is used little, but no forecast says that it stays so for the next %s", m.Dimension, span(over))
	return 0, "", false
}

// until is how long less must do: until it could be undone by a growth that is in effect. Where the provider's changes would be used up by
// it, that is when the next one frees up.
func (d *deliberation) until(m measure) time.Duration {
	over := max(d.policy.Reduce.Cooldown, d.policy.Cooldown) + 2*d.leadTime(m.Dimension)
	b := d.Resource.Budget
	if !b.Limited || b.Left-1 > d.kept() {
		return over
	}
	free := b.Window
	if wait := b.NextFree.Sub(d.Now); wait > 0 {
		free = min(free, wait)
	}
	return max(over, free+2*d.leadTime(m.Dimension))
}

// undo settles a roll-back that feedback asks for, while the resource is still as the action left it.
func undo(d *deliberation) bool {
	u := d.State.Undo
	if u == nil || (!u.Expires.IsZero() && d.Now.After(u.Expires)) {
		return false
	}
	kind := foreshock.Grow
	if u.Reduces() {
		kind = foreshock.Shrink
	}
	for _, m := range d.dims {
		from, known := u.From.Get(m.Dimension)
		to, stated := u.To.Get(m.Dimension)
		switch {
		case !stated || !finite(to):
		case !known || math.Abs(from-m.have) > 1e-6*math.Max(1, m.have):
			d.because(RollBack, "the roll-back of %s is dropped: %s is %s, not as it was left", u.Undoes, m.Dimension, m.text(m.have))
		case kind == foreshock.Shrink && (m.saturated || !m.known || m.demand*(1+d.policy.Headroom/2) > to):
			d.because(RollBack, "the roll-back of %s is dropped: with %s there is no room at %s", u.Undoes, m.use(), m.text(to))
		case kind == foreshock.Grow && d.suffices(m):
			d.because(RollBack, "%s is not taken back now: %s of %s serves what is used as is wanted, and more would not cost less", u.Undoes, m.text(m.have), m.Dimension)
		default:
			d.want(m, to)
			d.because(RollBack, "%s is taken back: %s from %s to %s", u.Undoes, m.Dimension, m.text(m.have), m.text(to))
		}
	}
	d.undoes = len(d.wishes) > 0
	d.emergency = d.undoes && kind == foreshock.Grow
	return d.settle(kind)
}
