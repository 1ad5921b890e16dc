package api

import (
	"fmt"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/pipeline"
)

// Explanation is the answer to "why": facts, and the same as text.
type Explanation struct {
	Workload pipeline.Detail   `json:"workload"`       // as it is now
	Events   []foreshock.Event `json:"events"`         // the latest, where it is now that is explained
	Past     *Past             `json:"past,omitempty"` // the moment that is explained, where it is not now
	Text     string            `json:"text"`
}

// Explain says in words what is known of a workload: what was seen and what was normal, how it was scored, what is forecast, what was
// decided and why, and why nothing else, what was done and what came of it. The command line, the API and the pages show this text.
func Explain(x *Explanation) string {
	var b strings.Builder
	if x.Past != nil {
		explainPast(&b, x.Workload.ID, x.Past)
	} else {
		explainNow(&b, &x.Workload)
		explainEvents(&b, "What happened:", x.Events)
	}
	return b.String()
}

// NotHeard says of a workload that is not watched what is shown of it.
func NotHeard(d *pipeline.Detail) string {
	return fmt.Sprintf("Not heard of since %s: not since the program began, or for so long that it was forgotten. This is what is stored; it goes on from there when it is heard of.", clock(d.Time))
}

func explainEvents(b *strings.Builder, head string, events []foreshock.Event) {
	if len(events) == 0 {
		return
	}
	fmt.Fprintln(b, head)
	for i := range events {
		fmt.Fprintf(b, "  %s  %s\n", clock(events[i].Time), Sentence(&events[i]))
	}
}

func explainNow(b *strings.Builder, d *pipeline.Detail) {
	line := func(format string, args ...any) { fmt.Fprintf(b, format+"\n", args...) }
	line("%s (from %s): %s, data %s", d.ID, d.Source, d.Stage, d.Quality)
	if d.Stored {
		line("%s", NotHeard(d))
	}
	if !d.Time.IsZero() {
		line("Last step %s, %s long, %d steps folded.", clock(d.Time), time.Duration(d.StepS*float64(time.Second)), d.Steps)
	}
	explainMetrics(b, d)
	line("Score %.2f, threshold %.2f: severity %s.", d.Score, d.Threshold, d.Severity)
	for _, part := range d.Findings {
		if part.Ready {
			line("  %-8s on %-15s score %5.2f  deviation %+6.1f  expected %s (%s to %s)", part.Method, part.Metric, part.Score, part.Deviation,
				foreshock.FormatMetric(part.Metric, part.Expected), foreshock.FormatMetric(part.Metric, part.Lower), foreshock.FormatMetric(part.Metric, part.Upper))
		}
	}
	if d.Anomaly != nil {
		line("Anomaly since %s: %s", clock(d.Anomaly.Start), d.Anomaly.Text)
	}
	explainForecasts(b, d)
	if d.Resource != nil {
		line("Resource %s of %s has %s (read %s).", d.Resource.Name, d.Resource.Target, amounts(d.Resource.Allocated), clock(d.Resource.At))
	} else if d.ResourceEr != "" {
		line("The resource cannot be read: %s", d.ResourceEr)
	}
	if d.Last != nil {
		explainDecision(b, d.Last)
	}
}

func explainMetrics(b *strings.Builder, d *pipeline.Detail) {
	for m := range foreshock.Metric(foreshock.NumMetrics) {
		x, read := d.Metrics.Get(m)
		s, known := d.Normal(m)
		switch {
		case read && known:
			fmt.Fprintf(b, "  %-15s %s; normal is %s (mean of %d steps, sd %s; p50 %s, p95 %s, p99 %s)\n", m, foreshock.FormatMetric(m, x),
				foreshock.FormatMetric(m, s.Mean), s.Count, foreshock.FormatMetric(m, s.StdDev),
				foreshock.FormatMetric(m, s.P50), foreshock.FormatMetric(m, s.P95), foreshock.FormatMetric(m, s.P99))
		case read:
			fmt.Fprintf(b, "  %-15s %s; what is normal is not known yet\n", m, foreshock.FormatMetric(m, x))
		}
	}
	if d.P99 > 0 {
		fmt.Fprintf(b, "  latency of single requests: p50 %s, p95 %s, p99 %s\n", foreshock.FormatMetric(foreshock.Latency, d.P50),
			foreshock.FormatMetric(foreshock.Latency, d.P95), foreshock.FormatMetric(foreshock.Latency, d.P99))
	}
}

func explainForecasts(b *strings.Builder, d *pipeline.Detail) {
	for _, f := range d.Forecasts {
		if !f.Usable() {
			fmt.Fprintf(b, "No forecast of %s: %s\n", f.Dimension, f.Reason)
			continue
		}
		fmt.Fprintf(b, "Forecast of %s by %s: skill %.2f against seasonal naive, coverage %.0f %% below p%g, %s\n", f.Dimension, models(f), f.Skill,
			100*f.Coverage, 100*f.Levels[len(f.Levels)-1], foreshock.Count(f.Origins, "origin", "origins"))
		end := f.At.Add(time.Duration(len(f.Mean)) * f.Length)
		fmt.Fprintf(b, "  fitted to %s, updated to %s, up to %s: ", clock(f.Fitted), clock(f.At), clock(end))
		for i, level := range f.Levels {
			peak, at, _ := f.Peak(level, f.At, end)
			if i > 0 {
				b.WriteString(", ")
			}
			fmt.Fprintf(b, "p%g peak %s at %s", 100*level, foreshock.FormatAmount(f.Dimension, peak), clock(at))
		}
		b.WriteString("\n")
	}
}

// models names the model of a forecast, or those that are combined, with their weights.
func models(f *foreshock.Forecast) string {
	var parts []string
	for _, m := range f.Choice {
		if m.Weight > 0 && m.Weight < 1 {
			parts = append(parts, fmt.Sprintf("%.0f %% %s", 100*m.Weight, m.Model))
		}
	}
	if parts == nil {
		return f.Model
	}
	return f.Model + " of " + strings.Join(parts, ", ")
}

func amounts(a foreshock.Allocation) string {
	var parts []string
	for _, d := range a.Dimensions() {
		x, _ := a.Get(d)
		parts = append(parts, foreshock.FormatAmount(d, x))
	}
	if parts == nil {
		return "no limit that is known"
	}
	return strings.Join(parts, ", ")
}

func clock(t time.Time) string {
	if t.IsZero() {
		return "-"
	}
	return t.UTC().Format("2006-01-02 15:04:05Z")
}

// Sentence is an event as one line.
func Sentence(e *foreshock.Event) string {
	switch {
	case e.Anomaly != nil && !e.Anomaly.End.IsZero():
		return fmt.Sprintf("anomaly ended after %s, worst %s, peak score %.2f", e.Anomaly.End.Sub(e.Anomaly.Start), e.Anomaly.Worst, e.Anomaly.Peak)
	case e.Anomaly != nil:
		return fmt.Sprintf("anomaly %s: %s", e.Anomaly.Severity, e.Anomaly.Text)
	case e.Decision != nil:
		return "decision " + e.Decision.Text()
	case e.Change != nil:
		s := fmt.Sprintf("action %s %s: %s from %s to %s", e.Change.Action.ID, e.Change.State, e.Change.Action.Resource, amounts(e.Change.Action.From), amounts(e.Change.Action.To))
		if _, works := e.Change.Times(e.Time); e.Change.State == foreshock.Done && works.After(e.Time) {
			s += ", works from " + works.UTC().Format("15:04:05 UTC")
		}
		return withNote(s, e.Change.Note, e.Change.Actor)
	case e.Evaluation != nil:
		return "verdict " + e.Evaluation.Text
	case e.Reservation != nil:
		return withNote(fmt.Sprintf("capacity %s: asked %s, granted %s", e.Reservation.State, amounts(e.Reservation.Asked), amounts(e.Reservation.Granted)), e.Reservation.Reason, "")
	case e.Correction != nil:
		return withNote(fmt.Sprintf("%s corrected from %s to %s", e.Correction.What, e.Correction.Text(e.Correction.From), e.Correction.Text(e.Correction.To)), e.Correction.Why, e.Actor)
	case e.FollowUp != nil:
		return "followed up: " + e.FollowUp.Text
	case e.Opinion != nil:
		return withNote("a person says "+e.Opinion.Says, "", e.Actor)
	case e.Pause != nil && e.Pause.Lifted:
		return withNote("resumed "+e.Pause.Text(), e.Pause.Reason, e.Actor)
	case e.Pause != nil:
		return withNote("paused "+e.Pause.Text(), e.Pause.Reason, e.Actor)
	case e.Rules != nil:
		return fmt.Sprintf("policy %s is in force in mode %s, rules %s", e.Rules.Policy, e.Rules.Mode, e.Rules.Hash)
	}
	return e.Note
}

func withNote(s, note, actor string) string {
	if actor != "" {
		s += " by " + actor
	}
	if note != "" {
		s += ": " + note
	}
	return s
}
