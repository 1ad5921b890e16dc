package profile

import (
	"math"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/timeseries/ewma"
	"github.com/foreshock-io/foreshock/timeseries/quantile"
)

const (
	// chartLimit is where a reading's deviation is cut off on its way into the chart, in spreads: far enough out for an
	// alarm, near enough for the chart to be back within a few steps of the incident's end.
	chartLimit = 6
	// admitted is how many steps of an excursion go into the window, and how far from the level they may be.
	admitted        = 2
	admittedSpreads = 3
	// idleIOPS is the rate below which the latency of a step says nothing.
	idleIOPS = 0.5
)

// Learn folds a step that detection has judged into the profile. Steps must come in order of time: one that is not later
// than the last changes nothing. f may be nil when nothing was judged. demand is what [Demand] gave for the step. In
// the steady state nothing is allocated.
func Learn(p *foreshock.Profile, step foreshock.Step, f *foreshock.Finding, demand foreshock.Allocation, cfg *Config) {
	if !step.Time.After(p.Updated) || p.Length <= 0 {
		return
	}
	if p.Steps == 0 {
		p.Created = step.Time
		p.Coarse.Length = cfg.coarseLength(p.Length)
		p.Coarse.End = roundUp(step.Time, p.Coarse.Length)
	}
	advance(p, step.Time, cfg)
	gap := p.Steps > 0 && step.Time.Sub(p.Updated) > 10*p.Length
	middle := step.Time.Add(-p.Length / 2)
	learnCeiling(p, &step)
	learnBacklog(p, &step)
	for m := range foreshock.Metric(foreshock.NumMetrics) {
		x, ok := Reading(&step.Values, m)
		if !ok {
			continue
		}
		mp := p.Metrics[m]
		if mp == nil {
			mp = newMetric(p, cfg)
			p.Metrics[m] = mp
		}
		if gap {
			mp.Chart = ewma.NewChart(cfg.Lambda)
		}
		l := learner{mp: mp, p: p, cfg: cfg, metric: m, at: middle}
		l.learn(x, f)
		mp.Last = x
		p.Coarse.Sum[m] += x
		p.Coarse.Count[m]++
	}
	foldCoarse(p, f, demand)
	p.Steps++
	p.Updated = step.Time
	p.Stage = StageOf(p, step.Time, cfg)
}

// Reading gives the reading of m that counts: a latency of a step without requests says nothing, and what is negative or not
// finite is no reading.
func Reading(v *foreshock.Values, m foreshock.Metric) (float64, bool) {
	x, ok := v.Get(m)
	if !ok || !(x >= 0 && x <= quantile.MaxValue) {
		return 0, false
	}
	if m == foreshock.Latency {
		if iops, known := v.Get(foreshock.IOPS); known && iops < idleIOPS || x == 0 {
			return 0, false
		}
	}
	return x, true
}

func newMetric(p *foreshock.Profile, cfg *Config) *foreshock.MetricProfile {
	return &foreshock.MetricProfile{
		Window: quantile.NewWindow(cfg.windowSteps(p.Length)),
		Chart:  ewma.NewChart(cfg.Lambda),
		Rest:   ewma.New(ewma.Alpha(restHalfLife(p.Length))),
		Coarse: quantile.NewRing(coarseCapacity(p, cfg)),
		Held:   quantile.NewRing(heldSteps),
		Tails:  make([]foreshock.Tail, len(p.Methods)),
	}
}

// learner takes one reading of one metric in.
type learner struct {
	mp     *foreshock.MetricProfile
	p      *foreshock.Profile
	cfg    *Config
	metric foreshock.Metric
	at     time.Time // the middle of the step
}

func (l *learner) learn(x float64, f *foreshock.Finding) {
	level := &l.mp.Level
	distance, y := 0.0, 0.0
	switch {
	case f != nil && f.Judged[l.metric]:
		distance, y = f.Distance[l.metric], f.Level[l.metric]
	case level.Scale > 0:
		y = level.On(x)
	}
	if level.Spread > 0 {
		e := (y - level.Mean) / level.Spread
		l.mp.Chart.Update(max(-chartLimit, min(chartLimit, e)))
	}
	if math.Abs(distance) < 1 {
		l.inside(x, y)
		return
	}
	l.outside(x, y, l.p.Shift.Explains(f, l.metric, l.at))
}

// inside takes in a clean reading; a shift that is being watched loses two steps by it.
func (l *learner) inside(x, y float64) {
	if l.mp.Outside > 0 {
		l.mp.Held.Add(x)
		if l.mp.Outside = max(0, l.mp.Outside-2); l.mp.Outside == 0 {
			release(&l.mp.Held)
		}
	}
	l.add(x, y)
	if len(l.mp.Season.Periods) > 0 {
		l.mp.Rest.Update(l.mp.Season.Remainder(l.mp.Season.On(x), l.mp.Rest.Mean, l.at))
	}
}

// outside keeps a reading out, until there are so many that they are what is normal.
func (l *learner) outside(x, y float64, expected bool) {
	l.mp.Outside++
	l.mp.Held.Add(x)
	switch {
	case expected && l.mp.Outside >= int32(l.cfg.ShiftSteps):
		l.move()
	case l.mp.Outside >= l.cfg.persistSteps(l.p.Length, l.p.Stage):
		l.replace()
	case l.mp.Outside <= admitted && !expected:
		l.add(l.cutOff(y))
	}
}

// cutOff brings a reading to within admittedSpreads of the level.
func (l *learner) cutOff(y float64) (admittedX, admittedY float64) {
	level := &l.mp.Level
	most := admittedSpreads * level.Spread
	y = max(level.Mean-most, min(level.Mean+most, y))
	return level.Value(y), y
}

// replace makes the readings held what is normal.
func (l *learner) replace() {
	held := l.mp.Held.Values(nil)
	l.mp.Window = quantile.NewWindow(l.cfg.windowSteps(l.p.Length))
	for _, x := range held {
		l.mp.Window.Add(x)
	}
	l.rescale(true)
	l.relearned()
}

// move multiplies what is normal so that its middle is that of the readings held: the level is new at once, and the spread is
// still known.
func (l *learner) move() {
	recent := l.mp.Held.Values(nil)
	if n := len(recent) - l.cfg.ShiftSteps; n > 0 {
		recent = recent[n:]
	}
	middle, old := median(recent), l.mp.Window.Quantile(0.5)
	if !(middle > 0 && old > 0) {
		l.replace()
		return
	}
	moved := quantile.NewWindow(int(l.mp.Window.Ring.Capacity))
	for _, x := range l.mp.Window.Values(nil) {
		moved.Add(x * (middle / old))
	}
	l.mp.Window = moved
	l.rescale(true)
	l.relearned()
}

// relearned starts anew what had followed the old level.
func (l *learner) relearned() {
	l.mp.Chart = ewma.NewChart(l.mp.Chart.Lambda)
	if s := &l.mp.Season; len(s.Periods) > 0 {
		at, _, _ := s.At(l.at)
		l.mp.Rest.Mean = s.On(l.mp.Window.Quantile(0.5)) - at
	}
	l.mp.Outside = 0
	release(&l.mp.Held)
	l.mp.Relearned = l.p.Updated.Add(l.p.Length)
}

func release(held *quantile.Ring) { held.Codes, held.Head = nil, 0 }
