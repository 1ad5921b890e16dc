package decide

import (
	"time"

	"github.com/foreshock-io/foreshock"
)

// strain is how hard it presses.
type strain uint8

const (
	easy strain = iota // nothing presses
	firm               // a small step is called for
	hard               // what is needed is wanted now
)

// pressure is how hard it presses: an anomaly's severity, or latency above what people want.
func (d *deliberation) pressure() strain {
	switch {
	case d.Finding.Severity == foreshock.High, d.slow():
		return hard
	case d.Finding.Severity == foreshock.Medium:
		return firm
	}
	return easy
}

// more settles when more is wanted: for what presses now, for what is forecast, for what is crowded, for what the calendar says.
func more(d *deliberation) bool {
	d.relieve()
	d.ahead()
	d.crowded()
	d.awaited()
	return d.settle(foreshock.Grow)
}

// relieve wants what relieves the pressure of now.
func (d *deliberation) relieve() {
	level := d.pressure()
	if level == easy {
		return
	}
	limits, blind := d.limiting()
	if len(limits) == 0 {
		d.notNeeded()
		return
	}
	if level == hard {
		d.size()
	} else if d.Resource.Budget.Limited || d.fellShort() { // a scarce change must not leave it saturated, nor a second one
		d.each(limits, d.demanded)
	}
	if d.coming() {
		d.because(NotVerified, "latency tells nothing yet of action %s, which works from %s on: demand alone counts", d.Last.ID, clock(d.Last.Effective))
	}
	for _, m := range limits {
		if !d.coming() {
			d.step(m, level, blind)
		}
		d.emergency = d.emergency || d.Finding.Severity == foreshock.High || (level == hard && m.saturated)
	}
}

// fellShort says whether the last action was growth that was judged to be too little.
func (d *deliberation) fellShort() bool {
	return d.Last != nil && d.Last.Grew && d.Last.Verdict == foreshock.TooLittle.String()
}

func (d *deliberation) each(list []measure, f func(measure)) {
	for _, m := range list {
		f(m)
	}
}

// limiting lists the dimensions that limit: the saturated ones; else those whose headroom is in use; else the one nearest to saturation, unless
// it is far from it; else, blind, those of which nothing tells the use.
func (d *deliberation) limiting() (list []measure, blind bool) {
	for _, limits := range []func(m *measure) bool{
		func(m *measure) bool { return m.saturated },
		func(m *measure) bool { return m.known && d.withHeadroom(m.demand) > m.have },
		func(m *measure) bool { return m.known && m.share() >= nearSaturation && m.Dimension == d.fullest() },
	} {
		for i := range d.dims {
			if limits(&d.dims[i]) {
				list = append(list, d.dims[i])
			}
		}
		if list != nil {
			return list, false
		}
	}
	for i := range d.dims {
		if m := &d.dims[i]; !m.known && unmetered(m.Dimension) {
			list = append(list, *m)
		}
	}
	return list, true
}

// unmetered says whether no reading of a workload shows the use of a dimension, so that it may be tried without one. What can be
// read and was not is no zero, and a disk does not become faster by its size.
func unmetered(dim foreshock.Dimension) bool {
	return dim == foreshock.DimVCPU || dim == foreshock.DimMemory || dim == foreshock.DimReplicas
}

// fullest is the dimension with the greatest share in use.
func (d *deliberation) fullest() foreshock.Dimension {
	best := -1
	for i := range d.dims {
		if d.dims[i].known && (best < 0 || d.dims[i].share() > d.dims[best].share()) {
			best = i
		}
	}
	if best < 0 {
		return foreshock.NumDimensions
	}
	return d.dims[best].Dimension
}

// notNeeded tells why more capacity is no remedy.
func (d *deliberation) notNeeded() {
	dim := d.fullest()
	if dim == foreshock.NumDimensions {
		d.because(DemandUnknown, "the demand is not known, so it cannot be said whether more capacity would help")
		return
	}
	for _, m := range d.dims {
		if m.Dimension != dim {
			continue
		}
		a := d.Finding.Anomaly
		if a != nil && (a.Metric == foreshock.IOPS || a.Metric == foreshock.Throughput) && !d.slow() {
			d.because(RoomLeft, "demand is unusual, but %s is at most %s of what is allocated (%s): there is room",
				dim, percent(m.share()), foreshock.FormatAmount(dim, m.have))
			return
		}
		d.because(WouldNotHelp, "latency is up but demand for %s is %s of what is allocated (%s of %s): more capacity would not help",
			dim, percent(m.share()), foreshock.FormatAmount(dim, m.demand), foreshock.FormatAmount(dim, m.have))
	}
}

// step wants a small step, twice as large where it presses hard and nothing tells the use.
func (d *deliberation) step(m measure, level strain, blind bool) {
	size := m.bounds.Step
	if blind && level == hard {
		size *= 2
	}
	to := m.have * (1 + size)
	if to <= d.wanted(m) {
		return
	}
	d.want(m, to)
	switch {
	case blind:
		d.because(DemandUnknown, "nothing tells the use of %s: a step of %s from %s to %s is tried", m.Dimension, percent(size), m.text(m.have), m.text(to))
	case m.saturated:
		d.because(Step, "%s is saturated (%s of %s): a step of %s to %s", m.Dimension, m.use(), m.text(m.have), percent(size), m.text(to))
	default:
		d.because(Step, "%s is nearest to saturation (%s of %s): a step of %s to %s", m.Dimension, m.use(), m.text(m.have), percent(size), m.text(to))
	}
}

// size wants, in every dimension, the demand of now and the one forecast, each with headroom.
func (d *deliberation) size() {
	for _, m := range d.dims {
		d.demanded(m)
		if why, ok := d.acting(m); !ok {
			if m.known || m.saturated {
				d.because(NoForecast, "no forecast of %s can be used (%s): demand alone decides", m.Dimension, why)
			}
			continue
		}
		d.foreseen(m)
	}
}

// demanded wants the demand of now with headroom.
func (d *deliberation) demanded(m measure) {
	to := d.withHeadroom(m.demand)
	if !m.known || to <= d.wanted(m) {
		return
	}
	d.want(m, to)
	d.because(Demand, "demand %s + %s headroom = %s", m.shared(m.demand, d.others(m)), percent(d.policy.Headroom), m.text(to))
}

// foreseen wants the forecast's peak with headroom, until the next change could be in effect.
func (d *deliberation) foreseen(m measure) {
	e, ok := d.peak(m, d.lasting(m))
	to := d.withHeadroom(e.peak)
	if !ok || to <= d.wanted(m) {
		return
	}
	d.want(m, to)
	d.because(Forecast, "forecast peak %s within %s at %s + %s headroom = %s (%s, skill %.2f)",
		e.text(&m), span(e.over), percent(e.level), percent(d.policy.Headroom), m.text(to), e.model, e.skill)
}

// soon is the time by which a change must be decided now: the lead time with a margin.
func (d *deliberation) soon(m measure) time.Duration {
	lead := d.leadTime(m.Dimension)
	return lead + lead/2 + d.Step.Length
}

// lasting is how far a change must see: until the next one could be in effect.
func (d *deliberation) lasting(m measure) time.Duration {
	return max(d.soon(m), d.leadTime(m.Dimension)+max(d.policy.Cooldown, d.spacing(), d.pace()))
}

// pace is the time between growths by which the day's actions suffice, as many reductions counted in.
func (d *deliberation) pace() time.Duration {
	if n := d.policy.Limits.PerDay; n > 0 {
		return 12 * time.Hour / time.Duration(n)
	}
	return 0
}

// ahead wants, before anything is wrong, what a forecast says will soon be needed.
func (d *deliberation) ahead() {
	if !d.policy.Forecast {
		return
	}
	for _, m := range d.dims {
		e, ok := d.peak(m, d.soon(m))
		if _, may := d.acting(m); !may || !ok || d.withHeadroom(e.peak) <= d.wanted(m) {
			continue
		}
		if d.withHeadroom(e.peak) < m.have*(1+worthwhile) {
			d.because(TooSmall, "forecast peak %s within %s at %s + %s headroom is less than %s above %s: no change is worth it",
				e.text(&m), span(e.over), percent(e.level), percent(d.policy.Headroom), percent(worthwhile), m.text(m.have))
			continue
		}
		d.foreseen(m)
	}
}

// crowded wants headroom back where demand has come near to what is allocated, if the policy says so.
func (d *deliberation) crowded() {
	for _, m := range d.dims {
		if d.policy.Above > 0 && m.known && m.share() > d.policy.Above {
			d.demanded(m)
		}
	}
}

func (m *measure) text(x float64) string { return foreshock.FormatAmount(m.Dimension, x) }

// use is the demand as text.
func (m *measure) use() string {
	if !m.known {
		return "demand not known"
	}
	return "demand " + m.text(m.demand)
}
