package detect

import (
	"math"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
)

// leastShare is what remains of the weight of a method that knows no season when a season explains everything.
const leastShare = 0.05

// tiny is the score that a change cannot pass which is too small to matter.
const tiny = 0.9

// Score judges a step before it is learned. It reads the profile and changes only f. Nothing is allocated.
func (d *Detector) Score(f *foreshock.Finding, p *foreshock.Profile, step foreshock.Step) {
	d.score(f, p, &step, tiny)
}

// Explain is Score with expected value and bounds in every part that is ready, however normal the metric is. It is for display.
func (d *Detector) Explain(f *foreshock.Finding, p *foreshock.Profile, step foreshock.Step) {
	d.score(f, p, &step, 0)
}

// Rate makes f the finding on a step that was scored elsewhere: it gives it the profile's threshold and stage, and its severity.
func (d *Detector) Rate(f *foreshock.Finding, p *foreshock.Profile, score float64) {
	f.Score, f.Threshold, f.Stage, f.Methods = score, threshold(p), p.Stage, 0
	f.Severity = d.severity(f, &p.Run)
}

// score judges the metrics; those at a distance of at least explain get bounds in their parts.
func (d *Detector) score(f *foreshock.Finding, p *foreshock.Profile, step *foreshock.Step, explain float64) {
	f.Score, f.Severity, f.Lead = 0, foreshock.None, 0
	f.Threshold, f.Stage, f.Methods = threshold(p), p.Stage, len(d.methods)
	known, middle := d.known(p), step.Time.Add(-p.Length/2)
	for m := range foreshock.Metric(foreshock.NumMetrics) {
		f.Scores[m], f.Distance[m], f.Judged[m] = 0, 0, false
		x, ok := reading(&step.Values, m)
		if mp := p.Metrics[m]; !ok || mp == nil || !(mp.Level.Scale > 0) {
			for i := range d.methods {
				d.part(f, m, i)
			}
			continue
		}
		d.judge(f, p, Reading{Metric: m, Middle: middle, X: x, Y: p.Metrics[m].Level.On(x)}, known, explain)
		if f.Scores[m] > f.Score {
			f.Score, f.Lead = f.Scores[m], m
		}
	}
	f.Severity = d.severity(f, &p.Run)
}

// reading gives the reading of m that is worth a judgement.
func reading(v *foreshock.Values, m foreshock.Metric) (float64, bool) {
	x, ok := v.Get(m)
	if !ok || !(x >= 0 && x <= 1e15) {
		return 0, false
	}
	if m == foreshock.Latency {
		if iops, known := v.Get(foreshock.IOPS); known && iops < 0.5 || x == 0 {
			return 0, false
		}
	}
	return x, true
}

// known says whether the profile's tails belong to the detector's methods.
func (d *Detector) known(p *foreshock.Profile) bool {
	if len(p.Methods) != len(d.methods) {
		return false
	}
	for i, name := range p.Methods {
		if name != d.names[i] {
			return false
		}
	}
	return true
}

// prior is the tail of a method that has no record yet, per probability of the boundary.
func prior(p0 float64) foreshock.Tail {
	var t foreshock.Tail
	fit(&t, p0)
	return t
}

// judge runs the methods on one metric.
func (d *Detector) judge(f *foreshock.Finding, p *foreshock.Profile, r Reading, known bool, explain float64) {
	m, mp := r.Metric, p.Metrics[r.Metric]
	share := 1.0
	if len(mp.Season.Periods) > 0 {
		share = max(leastShare, 1-mp.Season.Strength)
	}
	var verdicts [foreshock.MaxMethods]Judgement
	var boundaries [foreshock.MaxMethods]float64
	var weights, distance float64
	first := 0 // the method that counts most
	for i := range d.methods {
		part := d.part(f, m, i)
		j, ready := d.methods[i].Method.Judge(mp, r)
		if !ready || !(j.Spread > 0) || math.IsNaN(j.Deviation) {
			continue
		}
		var t *foreshock.Tail
		if known && i < len(mp.Tails) && mp.Tails[i].Boundary > 0 {
			t = &mp.Tails[i]
		} else {
			unseen := prior(d.probability(p))
			t = &unseen
		}
		part.Ready, part.Deviation = true, max(-1e6, min(1e6, j.Deviation))
		part.Score = score(t, math.Abs(part.Deviation))
		part.Weight = d.methods[i].Weight * p.Factor(d.names[i])
		if !d.seasonal[i] {
			part.Weight *= share
		}
		weights += part.Weight
		distance += part.Weight * math.Copysign(part.Score, part.Deviation)
		verdicts[i], boundaries[i] = j, float64(t.Boundary)*f.Threshold
		if !f.Parts[m][first].Ready || part.Weight > f.Parts[m][first].Weight {
			first = i
		}
	}
	if weights == 0 {
		return
	}
	f.Judged[m], f.Level[m] = true, r.Y
	f.Expected[m], f.Lower[m], f.Upper[m] = verdicts[first].bounds(boundaries[first])
	f.Distance[m] = d.worth(m, distance/weights, r.X-f.Expected[m], f.Expected[m])
	f.Scores[m] = d.worse(p, f, m, r.Middle)
	if math.Abs(f.Distance[m]) < explain {
		return
	}
	for i := range d.methods {
		if part := &f.Parts[m][i]; part.Ready {
			part.Expected, part.Lower, part.Upper = verdicts[i].bounds(boundaries[i])
		}
	}
}

// part clears a method's part.
func (d *Detector) part(f *foreshock.Finding, m foreshock.Metric, i int) *foreshock.Part {
	part := &f.Parts[m][i]
	if part.Method != d.names[i] { // the pointer in it is dear to write
		part.Method = d.names[i]
	}
	part.Metric, part.Ready, part.Deviation, part.Score, part.Weight = m, false, 0, 0, 0
	part.Expected, part.Lower, part.Upper = 0, 0, 0
	return part
}

// bounds gives what is expected, and the readings with the deviation that is the boundary, in the metric's unit.
func (j *Judgement) bounds(boundary float64) (expected, lower, upper float64) {
	return j.Scale.Value(j.Expected), j.Scale.Value(j.Lower - boundary*j.Spread), j.Scale.Value(j.Upper + boundary*j.Spread)
}

// worth takes back a distance whose change is too small to matter, whatever its probability.
func (d *Detector) worth(m foreshock.Metric, distance, change, expected float64) float64 {
	least := max(d.limits[m].Absolute, d.limits[m].Relative*expected)
	if size := math.Abs(change); size < least {
		limit := tiny * size / least
		return max(-limit, min(limit, distance))
	}
	return distance
}

// worse turns a distance into a score: only changes for the worse count, and none that an own action explains.
func (d *Detector) worse(p *foreshock.Profile, f *foreshock.Finding, m foreshock.Metric, middle time.Time) float64 {
	distance := f.Distance[m]
	if p.Shift.Explains(f, m, middle) {
		return 0
	}
	if distance > 0 {
		return distance * d.limits[m].Up
	}
	return -distance * d.limits[m].Down
}

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

func threshold(p *foreshock.Profile) float64 {
	if p.Threshold.Value > 0 {
		return p.Threshold.Value
	}
	return 1
}

// Record takes the deviations of a judged step into the tails by which later ones are calibrated. Call it after Track. What
// is kept out of the profile is kept out here; what an anomaly was counts once, when it has ended (see learnAnomaly).
func (d *Detector) Record(p *foreshock.Profile, f *foreshock.Finding) {
	d.align(p)
	p0, memory := d.probability(p), memory(p)
	for m, mp := range p.Metrics {
		if mp == nil || !f.Judged[m] || math.Abs(f.Distance[m]) >= 1 {
			continue
		}
		for i := range d.methods {
			if part := &f.Parts[m][i]; part.Ready {
				record(&mp.Tails[i], math.Abs(part.Deviation), 1, memory, p0)
			}
		}
	}
}

// memory is how many deviations a tail holds: those of a week.
func memory(p *foreshock.Profile) float64 {
	return max(4096, min(1<<20, float64(week)/float64(max(p.Length, 1))))
}

// learnAnomaly records an anomaly that has ended as one event, with its deviations at the peak cut off a little beyond the
// boundary: what recurs comes to be expected, while a single incident, however great or long, changes little. One
// that was above low severity counts for less: how many of those there may be is the threshold's business.
func (d *Detector) learnAnomaly(p *foreshock.Profile, a *foreshock.Anomaly) {
	mp := p.Metrics[a.Metric]
	if mp == nil || !d.known(p) || len(mp.Tails) != len(d.methods) {
		return
	}
	weight := 1.0
	if a.Worst > foreshock.Low {
		weight = 0.25
	}
	for i := range min(len(a.Parts), len(d.methods)) {
		if t, part := &mp.Tails[i], &a.Parts[i]; part.Ready && part.Method == p.Methods[i] && t.Boundary > 0 {
			record(t, min(math.Abs(part.Deviation), overshoot*float64(t.Boundary)), weight, memory(p), d.probability(p))
		}
	}
}

// align makes the profile's tails those of the detector's methods: kept by name, empty for a new method.
func (d *Detector) align(p *foreshock.Profile) {
	if d.known(p) {
		d.fill(p)
		return
	}
	names := slices.Clone(d.names)
	from := make([]int, len(d.methods))
	for i := range names {
		from[i] = -1
		for k, old := range p.Methods {
			if old == names[i] {
				from[i] = k
			}
		}
	}
	for _, mp := range p.Metrics {
		if mp == nil {
			continue
		}
		tails := make([]foreshock.Tail, len(names))
		for i, k := range from {
			if k >= 0 && k < len(mp.Tails) {
				tails[i] = mp.Tails[k]
			}
		}
		mp.Tails = tails
	}
	p.Methods = names
}

// fill gives tails to metrics that were seen for the first time.
func (d *Detector) fill(p *foreshock.Profile) {
	for _, mp := range p.Metrics {
		if mp != nil && len(mp.Tails) != len(d.methods) {
			mp.Tails = make([]foreshock.Tail, len(d.methods))
		}
	}
}
