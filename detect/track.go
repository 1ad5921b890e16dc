package detect

import (
	"fmt"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/timeseries/surprise"
)

// Changes is what a step brought that belongs into the journal.
type Changes struct {
	// Anomalies that began, changed severity or ended, in this order; each is a copy.
	Anomalies []foreshock.Anomaly
	// Correction is a move of the workload's threshold, or nil.
	Correction *foreshock.Correction
}

// Track leads the workload's anomaly through a judged step: it begins, becomes more or less severe, and ends once the score
// has been low for Config.Quiet steps. An incident of hours is one anomaly. f.Severity becomes that of the anomaly. Call it
// after Score and before Learn.
func (d *Detector) Track(p *foreshock.Profile, f *foreshock.Finding, step *foreshock.Step) Changes {
	var c Changes
	ratio := f.Score / f.Threshold
	if p.Current != nil && time.Duration(step.Time.UnixNano()-p.UpdatedAt) > max(d.cfg.Gap, time.Duration(d.quiet(p))*p.Length) {
		c.add(d.end(p, stopped))
	}
	d.count(p, f, ratio)
	switch over := f.Severity > foreshock.None; {
	case p.Current != nil:
		d.goOn(&c, p, f, step, over)
	case over && d.resting(p, f, ratio, step.Time):
		f.Severity = foreshock.None
	case over:
		p.Run.Lower = 0
		p.Current = begin(p, f, step)
		c.add(speak(p.Current, false, ""))
	}
	if p.Current != nil {
		f.Severity = p.Current.Severity
		keepOut(p.Current, f)
	}
	d.watch(&c, p, step)
	return c
}

// keepOut marks what takes part in an anomaly that was told of, so that it is no part of what is usual though it is not far outside: an anomaly does not explain
// itself. Of low ones many are chance.
func keepOut(a *foreshock.Anomaly, f *foreshock.Finding) {
	if a.Severity <= foreshock.Low {
		return
	}
	for m := range f.Rarity {
		f.Rarity[m].Told = f.Judged[m] && f.Scores[m] >= f.Threshold
	}
}

const stopped = "data stopped coming"

// Stop ends the anomaly of a workload of which no more is expected, as its next step would after a gap.
func (d *Detector) Stop(p *foreshock.Profile) (c Changes) {
	if p.Current != nil {
		c.add(d.end(p, stopped))
	}
	return c
}

func (c *Changes) add(a foreshock.Anomaly) { c.Anomalies = append(c.Anomalies, a) }

// count keeps the run of steps up to date. A step between release and threshold neither counts nor breaks it.
func (d *Detector) count(p *foreshock.Profile, f *foreshock.Finding, ratio float64) {
	run := &p.Run
	switch {
	case ratio >= 1:
		run.Over, run.Quiet = saturate(run.Over), 0
	case ratio >= d.cfg.Release:
		run.Quiet = 0
	case away(p, f) && p.Steps%restless != 0:
		run.Over = 0
	default:
		run.Over, run.Quiet = 0, saturate(run.Quiet)
	}
	switch {
	case ratio >= d.cfg.Severity.Medium:
		run.Medium = saturate(run.Medium)
	case ratio < 1:
		run.Medium = 0
	}
}

// quiet is for how many steps the score must have been low for an anomaly to end: where they are long for those of an hour, but for three.
func (d *Detector) quiet(p *foreshock.Profile) int32 {
	return int32(min(d.cfg.Quiet, max(3, int(time.Hour/p.Length))))
}

// restless: so many steps far from usual, though for the better, count for one that is quiet.
const restless = 8

// away says whether the metric of the anomaly that lasts is still far from usual: what swings to both sides of its level is not at rest in between.
func away(p *foreshock.Profile, f *foreshock.Finding) bool {
	return p.Current != nil && f.Judged[p.Current.Metric] && f.Rarity[p.Current.Metric].Outside
}

func saturate(n int32) int32 { return min(n+1, math.MaxInt32-1) }

// resting says whether it is too soon after the last anomaly for another; a strong one comes through.
func (d *Detector) resting(p *foreshock.Profile, f *foreshock.Finding, ratio float64, now time.Time) bool {
	return now.UnixNano() < p.Threshold.RestsTill && ratio < d.cfg.Severity.Medium && f.Severity <= foreshock.Low
}

func begin(p *foreshock.Profile, f *foreshock.Finding, step *foreshock.Step) *foreshock.Anomaly {
	hash := fnv.New64a()
	fmt.Fprint(hash, p.ID, step.Time.UnixNano())
	a := &foreshock.Anomaly{
		ID:       fmt.Sprintf("%s-%08x", step.Time.UTC().Format("20060102T150405"), hash.Sum64()>>32),
		Workload: p.ID, Start: step.Time.Add(-p.Length), Severity: f.Severity, Worst: f.Severity, Stage: f.Stage,
	}
	see(a, f, step)
	return a
}

// see takes a step that is not normal into the anomaly.
func see(a *foreshock.Anomaly, f *foreshock.Finding, step *foreshock.Step) {
	a.Time, a.Score, a.Threshold = step.Time, f.Score, f.Threshold
	a.Steps++
	if a.Peak >= f.Score {
		return
	}
	m := f.Lead
	if a.Steps > 1 {
		a.First = firstLed(a, m)
	}
	a.Peak, a.Metric = f.Score, m
	a.Observed, _ = step.Values.Get(m)
	a.Expected, a.Lower, a.Upper = f.Expected[m], f.Lower[m], f.Upper[m]
	a.Parts = append(a.Parts[:0], f.Parts[m][:f.Methods]...)
}

// firstLed is the metric that led when the anomaly began, nil where that is m, which leads from now on.
func firstLed(a *foreshock.Anomaly, m foreshock.Metric) *foreshock.Metric {
	first := a.Metric
	if a.First != nil {
		first = *a.First
	}
	if first == m {
		return nil
	}
	return &first
}

// goOn takes a step into the anomaly that lasts.
func (d *Detector) goOn(c *Changes, p *foreshock.Profile, f *foreshock.Finding, step *foreshock.Step, over bool) {
	a := p.Current
	a.Score, a.Stage = f.Score, f.Stage
	if over {
		see(a, f, step)
	}
	switch {
	case p.Run.Quiet >= d.quiet(p):
		why := ""
		if mp := p.Metrics[a.Metric]; mp != nil && mp.LearnedAt > a.Start.UnixNano() {
			why = "what lasted is now taken as normal"
		}
		c.add(d.end(p, why))
		f.Severity = foreshock.None
		return
	case f.Severity > a.Severity:
		a.Severity, p.Run.Lower = f.Severity, 0
		a.Worst = max(a.Worst, a.Severity)
		c.add(speak(a, false, ""))
		return
	case max(f.Severity, foreshock.Low) == a.Severity:
		p.Run.Lower = 0
		return
	}
	// It becomes less severe only when it has been so for as long as it takes to end, so that it does not flicker.
	if p.Run.Lower = saturate(p.Run.Lower); p.Run.Lower >= d.quiet(p) {
		a.Severity, p.Run.Lower = max(f.Severity, foreshock.Low), 0
		c.add(speak(a, false, ""))
	}
}

// end closes the workload's anomaly at its last step that was not normal.
func (d *Detector) end(p *foreshock.Profile, why string) foreshock.Anomaly {
	a := p.Current
	a.End, a.Severity = a.Time, foreshock.None
	p.Current, p.Run = nil, foreshock.Run{}
	p.Threshold.RestsTill = p.UpdatedAt + int64(max(d.cfg.Rest, surprise.Hold*p.Length))
	return speak(a, true, why)
}

// speak gives a copy of the anomaly with its sentence.
func speak(a *foreshock.Anomaly, ended bool, why string) foreshock.Anomaly {
	a.Text = text(a, ended, why)
	told := *a
	told.Parts = slices.Clone(a.Parts)
	return told
}

// text is for example "latency_seconds 15.90 ms, expected 0.30 ms (0.10 to 0.60 ms): 3.2x the boundary; zscore 4.1, ewma 3.3; it began with queue_depth".
func text(a *foreshock.Anomaly, ended bool, why string) string {
	var b strings.Builder
	if ended {
		fmt.Fprintf(&b, "ended after %s (worst %s, %s", a.End.Sub(a.Start).Round(time.Second), a.Worst, foreshock.Count(a.Steps, "step", "steps"))
		if why != "" {
			b.WriteString(", " + why)
		}
		b.WriteString("); at its peak ")
	}
	fmt.Fprintf(&b, "%s %s: %.1fx the boundary", a.Metric, a.Compared(), a.Peak/a.Threshold)
	separator := "; "
	for _, part := range a.Parts {
		if part.Ready {
			fmt.Fprintf(&b, "%s%s %.1f", separator, part.Method, math.Copysign(part.Score, part.Deviation))
			separator = ", "
		}
	}
	if a.First != nil {
		fmt.Fprintf(&b, "; it began with %s", *a.First)
	}
	return b.String()
}
