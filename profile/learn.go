package profile

import (
	"math"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/timeseries/quantile"
	"github.com/foreshock-io/foreshock/timeseries/surprise"
)

// incidentWeight is how many deviations latency and a queue that were outside count for in the record (see surprise.Handling): hardly any. A
// workload that is slow every day is not well, and how often it is told of is for its threshold to follow; demand that comes every day is usual.
const incidentWeight = 0.125

// Learn folds a step that detection has judged into the profile. Steps must come in order of time: one that is not later
// than the last changes nothing. The step says what is allocated. f may be nil when nothing was judged. use is what [Demand] gave for
// the step. In the steady state nothing is allocated.
func Learn(p *foreshock.Profile, step *foreshock.Step, f *foreshock.Finding, use *Use, cfg *Config) {
	at := step.Time.UnixNano()
	if p.Steps > 0 && at <= p.UpdatedAt || p.Length <= 0 {
		return
	}
	if p.Steps == 0 {
		p.CreatedAt = at
		p.Coarse.Length = cfg.coarseLength(p.Length)
		p.Coarse.EndsAt = roundUp(step.Time, p.Coarse.Length).UnixNano()
		p.History = quantile.NewHistories(cfg.historySteps(p.Coarse.Length))
	}
	advance(p, at, cfg)
	middle := step.Time.Add(-p.Length / 2)
	learnCeiling(p, step, &use.strain)
	learnBacklog(p, &use.strain)
	for m := range foreshock.Metric(foreshock.NumMetrics) {
		x, ok := step.Values.Reading(m)
		if !ok {
			continue
		}
		mp := p.Metrics[m]
		if mp == nil {
			mp = newMetric(p, cfg)
			p.Metrics[m] = mp
		}
		l := &learner{mp: mp, p: p, cfg: cfg, metric: m, middle: middle}
		if l.learn(x, f) {
			mp.Sum += float32(x)
			mp.Count++
		}
		mp.Last = x
	}
	if f != nil {
		p.Row.Learn(middle.Unix(), f.Surprise)
	}
	foldCoarse(p, f, &use.Demand)
	p.Steps++
	p.UpdatedAt = at
	p.Stage = StageOf(p, step.Time, cfg)
}

func newMetric(p *foreshock.Profile, cfg *Config) *foreshock.MetricProfile {
	return &foreshock.MetricProfile{
		Window: quantile.NewCompact(cfg.windowSteps(p.Length)),
		Rarity: surprise.NewMetric(p.Length.Seconds()),
		Peak:   none,
	}
}

// learner takes one reading of one metric in.
type learner struct {
	mp     *foreshock.MetricProfile
	p      *foreshock.Profile
	cfg    *Config
	metric foreshock.Metric
	middle time.Time // of the step
}

// learn says whether the reading was kept in: what is outside is no part of a season either.
func (l *learner) learn(x float64, f *foreshock.Finding) (kept bool) {
	r, second := &l.mp.Rarity, l.middle.Unix()
	how := surprise.Handling{Weight: surprise.EventWeight}
	if l.metric == foreshock.Latency || l.metric == foreshock.QueueDepth {
		how.Weight = incidentWeight
	}
	if f == nil || !f.Read[l.metric] {
		var j surprise.Judgement
		r.Judge(&j, second, x)
		if how.Out = j.Outside; how.Out {
			how.Patience = l.cfg.PersistSteps(l.p.Length, l.p.Stage)
		}
		r.Learn(&j, how)
		l.keep(x)
		return !how.Out
	}
	j := &f.Rarity[l.metric]
	switch {
	case l.shifts(f, how.Weight):
		how.Out, how.Patience = true, int32(l.cfg.ShiftSteps)
	case j.Outside:
		how.Out, how.Patience = true, l.cfg.PersistSteps(l.p.Length, l.p.Stage)
	case j.Told && l.lasts() < l.cfg.PersistSteps(l.p.Length, l.p.Stage):
		r.Pass(j)
		return false
	default:
		l.keep(x)
		r.Learn(j, how)
		return true
	}
	before, _ := r.Expect(second)
	if r.Learn(j, how) {
		after, _ := r.Expect(second)
		l.move(before, after)
	}
	return false
}

// shifts says whether the reading is far from normal and an own action explains that. With the first of such readings what was outside before, which is not
// the action's effect, ends as an event of that weight.
func (l *learner) shifts(f *foreshock.Finding, weight float64) bool {
	s := l.p.Shift
	if s == nil {
		return false
	}
	explained := s.Explains(f, l.metric, l.middle) && math.Abs(f.Distance[l.metric]) >= 1
	if explained && !s.Explained[l.metric] {
		l.mp.Rarity.Over(weight)
	}
	s.Explained[l.metric] = explained
	return explained
}

// lasts is for how many steps the workload's anomaly has.
func (l *learner) lasts() int32 {
	return int32(min(l.middle.Sub(l.p.Current.Start)/l.p.Length, 1<<30))
}

// keep takes a reading into the window: each, or where the window has fewer places than the time that it spans has steps, such a share of them as if by chance,
// so that a rhythm of readings is not taken for all of them. The first ones are kept until the window is full.
func (l *learner) keep(x float64) {
	places := int64(l.mp.Window.Size)
	if spans := time.Duration(places) * l.p.Length; spans < l.cfg.Window && l.p.Steps >= places {
		turn := uint64(l.p.Steps) * 0x9e3779b97f4a7c15 >> 32 // Fibonacci hashing (Knuth 6.4): shares of any part are even
		if float64(turn)*float64(l.cfg.Window) >= float64(spans)*(1<<32) {
			return
		}
	}
	l.mp.Window.Add(x)
}

// move takes the window along to a level that is normal from now on: its readings grow and shrink with what is expected, and their spread is
// still known. Where nothing was expected before there is no window to take along.
func (l *learner) move(before, after float64) {
	l.mp.LearnedAt = l.p.UpdatedAt + int64(l.p.Length)
	old := l.mp.Window.Values(nil)
	l.mp.Window = quantile.NewCompact(int(l.mp.Window.Size))
	if !(before > 0 && after > 0) {
		return
	}
	for _, x := range old {
		l.mp.Window.Add(x * after / before)
	}
}
