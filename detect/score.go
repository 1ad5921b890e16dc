package detect

import (
	"math"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/timeseries/surprise"
)

const (
	// tiny is the score that a change cannot pass which is too small to matter.
	tiny = 0.9
	// heard is the score from which on the leading metric's methods are asked what they said, for feedback on what was missed.
	heard = 0.25
)

// scales says which method answers for each scale, and how much it counts.
type scales struct {
	owner  [surprise.NumScales]int8 // -1: none does
	weight [surprise.NumScales]float64
	total  float64 // of the weights
}

// share gives each scale to a method: to the first that answers for it, but to one that knows the season before the others.
func share(methods []Weighted, seasonal bool) (s scales) {
	for scale := range surprise.NumScales {
		s.owner[scale] = -1
		for i, w := range methods {
			_, first := w.Method.(Seasonal)
			if w.Method.Judges(scale, seasonal) && (s.owner[scale] < 0 || seasonal && first) {
				s.owner[scale], s.weight[scale] = int8(i), w.Weight
			}
		}
		s.total += s.weight[scale]
	}
	return s
}

func (d *Detector) scales(m *surprise.Metric) *scales {
	if m.Season >= 0 {
		return &d.season
	}
	return &d.plain
}

// Score judges a step before it is learned. It reads the profile and changes only f. Nothing is allocated.
func (d *Detector) Score(f *foreshock.Finding, p *foreshock.Profile, step *foreshock.Step) {
	d.score(f, p, step)
	d.explain(f, p, f.Lead, f.Judged[f.Lead] && f.Score >= heard, f.Severity > foreshock.None)
}

// Explain is Score with the parts of every metric, and with expected value and bounds in each that is ready, however normal the metric is. It is for display.
func (d *Detector) Explain(f *foreshock.Finding, p *foreshock.Profile, step *foreshock.Step) {
	d.score(f, p, step)
	for m := range foreshock.Metric(foreshock.NumMetrics) {
		d.explain(f, p, m, f.Judged[m], f.Judged[m])
	}
}

// Rate makes f the finding on a step whose surprise was found elsewhere: it gives it the profile's threshold and stage, and its severity.
func (d *Detector) Rate(f *foreshock.Finding, p *foreshock.Profile, surprise float64) {
	f.Score, f.Threshold, f.Stage, f.Methods = d.Scored(p, surprise), threshold(p), p.Stage, 0
	f.Severity = d.severity(f, &p.Run)
}

// Scored is the score of a surprise on the workload's scale.
func (d *Detector) Scored(p *foreshock.Profile, surprise float64) float64 {
	return scored(surprise, d.boundary(p))
}

func (d *Detector) score(f *foreshock.Finding, p *foreshock.Profile, step *foreshock.Step) {
	f.Surprise, f.Severity, f.Lead = 0, foreshock.None, 0
	f.Threshold, f.Stage, f.Methods = threshold(p), p.Stage, len(d.methods)
	boundary, middle := d.boundary(p), step.Time.Add(-p.Length/2)
	second := middle.Unix()
	for m := range foreshock.Metric(foreshock.NumMetrics) {
		f.Scores[m], f.Distance[m], f.Judged[m], f.Read[m] = 0, 0, false, false
		x, ok := step.Values.Reading(m)
		if mp := p.Metrics[m]; ok && mp != nil {
			f.Read[m] = mp.Rarity.Judge(&f.Rarity[m], second, x)
			f.Judged[m] = f.Read[m] && f.Rarity[m].Ready
		}
		if !f.Judged[m] {
			continue
		}
		if s := d.judge(f, p, m, x, boundary, middle); s > f.Surprise || !f.Judged[f.Lead] {
			f.Surprise, f.Lead = s, m
		}
	}
	f.Score = scored(p.Row.Judge(second, f.Surprise), boundary)
	if f.Judged[f.Lead] { // what the steps before left of a score begins no anomaly
		f.Severity = d.severity(f, &p.Run)
	}
}

// judge weighs what is said of a metric, and gives its surprise as far as it is for the worse.
func (d *Detector) judge(f *foreshock.Finding, p *foreshock.Profile, m foreshock.Metric, x, boundary float64, middle time.Time) float64 {
	j := &f.Rarity[m]
	up, down := d.weigh(p, j, d.scales(&p.Metrics[m].Rarity))
	f.Expected[m], f.Lower[m], f.Upper[m] = j.Expected, j.Expected, j.Expected
	limit := &d.limits[m]
	strange, worse := root(up+down), root(fourth(limit.Up)*up+fourth(limit.Down)*down)
	if change := math.Abs(x - j.Expected); change < limit.Absolute || change < limit.Relative*math.Abs(j.Expected) { // too small to matter, however rare
		most := tiny * boundary * change / max(limit.Absolute, limit.Relative*math.Abs(j.Expected))
		strange, worse = min(strange, most), min(worse, most)
	}
	f.Distance[m] = math.Copysign(scored(strange, boundary), up-down)
	if p.Shift.Explains(f, m, middle) {
		return 0
	}
	f.Scores[m] = scored(worse, boundary)
	return worse
}

// weigh gives the weighted means of the fourth powers of the surprises of what is above its level, and of what is below. Weights are those of the
// configuration times what feedback made of them.
func (d *Detector) weigh(p *foreshock.Profile, j *surprise.Judgement, s *scales) (up, down float64) {
	if len(p.Weights()) > 0 {
		moved := d.moved(p, s)
		s = &moved
	}
	if s.total == 0 { // no method that is there knows anything without a season
		return 0, 0
	}
	for i, decades := range &j.Scales {
		add(&up, &down, j.Deviations[i], s.weight[i]*fourth(decades))
	}
	add(&up, &down, j.Deviations[surprise.Reading], s.weight[surprise.Reading]*fourth(j.Record))
	return up / s.total, down / s.total
}

// moved are scales with what feedback made of their weights.
func (d *Detector) moved(p *foreshock.Profile, s *scales) scales {
	moved := *s
	moved.total = 0
	for i, owner := range &s.owner {
		if owner >= 0 {
			moved.weight[i] *= p.Factor(d.names[owner])
		}
		moved.total += moved.weight[i]
	}
	return moved
}

// add adds x to what has its sign, without a branch: the signs of deviations are what a processor cannot guess.
func add(up, down *float64, sign, x float64) {
	below := uint64(int64(math.Float64bits(sign+0)) >> 63) // all bits or none; 0 has no sign
	*down += math.Float64frombits(math.Float64bits(x) & below)
	*up += math.Float64frombits(math.Float64bits(x) &^ below)
}

func fourth(x float64) float64 { return x * x * x * x }

func root(x float64) float64 { return math.Sqrt(math.Sqrt(x)) }

// severity of a step from its score over the threshold and how long it has been there. p.Run tells of the steps before.
func (d *Detector) severity(f *foreshock.Finding, run *foreshock.Run) foreshock.Severity {
	s := &d.cfg.Severity
	ratio := f.Score / f.Threshold
	if ratio < 1 || f.Stage < foreshock.Provisional {
		return foreshock.None
	}
	over, medium := int(run.Over)+1, 0
	if ratio >= s.Medium {
		medium = int(run.Medium) + 1
	}
	switch {
	case f.Stage < foreshock.Trusted:
		return foreshock.Low
	case ratio >= s.High && over >= s.HighSteps, medium >= s.HighAfter:
		return foreshock.High
	case medium > 0 && over >= s.MediumSteps, over >= s.MediumAfter:
		return foreshock.Medium
	}
	return foreshock.Low
}
