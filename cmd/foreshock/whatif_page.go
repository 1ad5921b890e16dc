package main

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/simulate"
	"github.com/foreshock-io/foreshock/ui/chart"
	"github.com/foreshock-io/foreshock/ui/report"
)

const (
	pagePoints  = 500  // of a chart, each with the least and the greatest of its steps
	pageLatency = 40.0 // ms, beyond which latency is drawn no higher
	pageRows    = 200  // of a list
)

// page draws the comparison.
func (w *whatIf) page() *report.WhatIf {
	t := w.table()
	for i, name := range t.head {
		t.head[i] = strings.NewReplacer("iops", "IOPS", "i/o", "I/O").Replace(name)
	}
	p := &report.WhatIf{Title: "What if: " + w.trace.Name + " on " + w.provider.Name, About: w.about(), Verdict: w.verdict(), Head: t.head, Rows: t.rows, Warmup: w.trace.Warmup > 0}
	for i := range w.runs {
		section := w.section(&w.runs[i])
		if section.Own { // comes first
			p.Runs = slices.Insert(p.Runs, 0, section)
		} else {
			p.Runs = append(p.Runs, section)
		}
	}
	return p
}

// verdict compares the program's own policy with the best of those that can be run.
func (w *whatIf) verdict() (list []string) {
	var own, peer *whatIfRun
	for i := range w.runs {
		switch r := &w.runs[i]; {
		case r.Policy == ownPolicy:
			own = r
		case r.Policy != "oracle" && r.Policy != "static-peak" && peer == nil:
			peer = r
		}
	}
	for _, r := range []*whatIfRun{own, peer} {
		if r == nil {
			continue
		}
		s := &r.Score
		cost := foreshock.FormatAmount(foreshock.DimIOPS, paid(s)) + " on average"
		if w.price > 0 {
			cost += fmt.Sprintf(", which comes to %.2f in money", r.Money)
		}
		late := time.Duration(s.Violated / 100 * s.Days * 24 * float64(time.Hour))
		scored := time.Duration(s.Days * 24 * float64(time.Hour))
		text := fmt.Sprintf("%s: latency too high for %s of %s, with %.2f\u00a0%% of the I/O in them; paid for %s; merit %.2f.", r.Policy, inWords(late), inWords(scored), s.Late, cost, s.FoM)
		if r == peer && own != nil {
			text = "The best of the others, " + text
		}
		list = append(list, text)
	}
	return list
}

// inWords is a length of time for people.
func inWords(d time.Duration) string {
	switch {
	case d < 2*time.Hour:
		return fmt.Sprintf("%.0f minutes", d.Minutes())
	case d < 72*time.Hour:
		return fmt.Sprintf("%.0f hours", d.Hours())
	}
	return fmt.Sprintf("%.3g days", d.Hours()/24)
}

func (w *whatIf) section(r *whatIfRun) report.WhatIfRun {
	own := r.Policy == ownPolicy
	run := report.WhatIfRun{Name: r.Policy, About: r.About, Own: own}
	capacity := w.chart(r, "capacity of "+r.Policy, func(s *simulate.StepRecord) float64 { return simulate.Need(s.Demand) })
	capacity.Height = 240
	for i := range r.plant.Steps {
		capacity.Include[0] = max(capacity.Include[0], r.plant.Steps[i].Effective)
	}
	run.Plots = append(run.Plots, report.Plot{Name: "capacity needed and capacity that worked, IOPS", Chart: capacity})
	latency := w.chart(r, "latency of "+r.Policy, func(s *simulate.StepRecord) float64 { return min(s.Latency, pageLatency) })
	latency.Height, latency.Spans = 120, w.warmup()
	latency.Rules, latency.Include = []chart.Rule{{At: simulate.Objective}}, []float64{0, simulate.Objective}
	latency.Format = func(x float64) string { return chart.Short(x) + " ms" }
	run.Plots = append(run.Plots, report.Plot{Name: fmt.Sprintf("latency, drawn up to %g ms; the line is the objective, %g ms", pageLatency, simulate.Objective), Chart: latency})
	if !own {
		capacity.Spans = append(w.warmup(), capacity.Spans...)
		return run
	}
	capacity.Spans = slices.Concat(w.warmup(), w.anomalous(r), capacity.Spans)
	run.Lists = []report.List{decisionList(r.decisions), anomalyList(r.anomalies)}
	return run
}

// chart draws a value of each step, and beside that the capacity that worked, in as many points as a screen has.
func (w *whatIf) chart(r *whatIfRun, title string, value func(*simulate.StepRecord) float64) *chart.Chart {
	steps := r.plant.Steps
	c := &chart.Chart{Title: title, From: w.time(0), To: w.time(len(steps)), Trace: &chart.Trace{}, Include: []float64{0, 0}}
	each := max(1, (len(steps)+pagePoints-1)/pagePoints)
	for from := 0; from < len(steps); from += each {
		to := min(from+each, len(steps))
		low, high, works, late := math.Inf(1), math.Inf(-1), 0.0, false
		for i := from; i < to; i++ {
			if s := &steps[i]; !s.Missing {
				low, high = min(low, value(s)), max(high, value(s))
				late = late || s.Latency > simulate.Objective
			}
			works += steps[i].Effective / float64(to-from)
		}
		for k, x := range []float64{low, high} {
			at := w.time(from).Add(time.Duration(k*each) * simulate.Step / 2)
			reading := chart.Reading{At: at, Value: x, Expected: works, Lower: math.NaN(), Upper: math.NaN()}
			if title == "latency of "+r.Policy {
				reading.Expected = math.NaN()
			}
			c.Trace.Add(reading)
		}
		if late {
			c.Spans = merged(c.Spans, chart.Span{From: w.time(from), To: w.time(to), Class: "high", Text: "latency too high"})
		}
	}
	return c
}

// warmup is what was run and not scored.
func (w *whatIf) warmup() []chart.Span {
	if w.trace.Warmup == 0 {
		return nil
	}
	return []chart.Span{{From: w.time(0), To: w.time(w.trace.Warmup), Class: "apart", Label: "warm-up", Text: "warm-up: run, to learn from, and not scored"}}
}

// merged adds a span, to the last one where it begins when that ends.
func merged(list []chart.Span, s chart.Span) []chart.Span {
	if n := len(list); n > 0 && !list[n-1].To.Before(s.From) {
		list[n-1].To = s.To
		return list
	}
	return append(list, s)
}

// anomalous are the worst anomalies.
func (w *whatIf) anomalous(r *whatIfRun) (list []chart.Span) {
	for _, a := range worstFirst(r.anomalies) {
		if len(list) == pageRows {
			break
		}
		end := a.End
		if end.IsZero() {
			end = a.Time
		}
		list = append(list, chart.Span{From: a.Start, To: end, Class: "low", Text: a.Worst.String() + ": " + a.Text})
	}
	return list
}

func worstFirst(anomalies []foreshock.Anomaly) []foreshock.Anomaly {
	list := slices.Clone(anomalies)
	slices.SortStableFunc(list, func(a, b foreshock.Anomaly) int {
		return cmp.Or(-cmp.Compare(a.Worst, b.Worst), -cmp.Compare(a.Peak/max(a.Threshold, 1e-9), b.Peak/max(b.Threshold, 1e-9)))
	})
	return list
}

const pageClock = "2006-01-02 15:04"

func anomalyList(anomalies []foreshock.Anomaly) report.List {
	l := report.List{Name: fmt.Sprintf("anomalies, the worst first (UTC): %d", len(anomalies)), Left: max(0, len(anomalies)-pageRows)}
	for _, a := range worstFirst(anomalies)[:min(pageRows, len(anomalies))] {
		l.Rows = append(l.Rows, [2]string{a.Start.UTC().Format(pageClock), a.Worst.String() + ": " + a.Text})
	}
	return l
}

// decisionList are the last actions.
func decisionList(decisions []foreshock.Decision) report.List {
	l := report.List{Name: fmt.Sprintf("actions with their reasons, the last first (UTC): %d", len(decisions)), Left: max(0, len(decisions)-pageRows)}
	for i := len(decisions) - 1; i >= l.Left; i-- {
		d := &decisions[i]
		l.Rows = append(l.Rows, [2]string{d.Time.UTC().Format(pageClock), d.Text()})
	}
	return l
}
