// Package report makes one page of what a replay has seen: each workload's readings with what was expected, its anomalies and what was
// decided. The page needs nothing else and asks nothing of a network.
package report

import (
	"cmp"
	_ "embed"
	"fmt"
	"html/template"
	"io"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ui/chart"
)

// What is bounded, so that a long replay of many workloads makes a page that can be opened.
const (
	mostWorkloads = 50   // that are gathered
	mostAnomalies = 2000 // of a workload
	mostDecisions = 500  // of a workload
)

// Report gathers a replay. Its methods are for one goroutine.
type Report struct {
	title     string
	workloads []*workload
	byID      map[foreshock.ID]*workload
	more      map[foreshock.ID]bool // workloads that are not drawn
}

// New returns an empty report with the title that its page has.
func New(title string) *Report {
	return &Report{title: title, byID: map[foreshock.ID]*workload{}, more: map[foreshock.ID]bool{}}
}

// workload is what is drawn of one.
type workload struct {
	id        foreshock.ID
	metrics   [foreshock.NumMetrics]chart.Trace
	score     chart.Trace
	anomalies []foreshock.Anomaly // as they were last
	byID      map[string]int
	decisions []foreshock.Decision
	left      int // anomalies and decisions beyond the bounds
}

func (r *Report) of(id foreshock.ID) *workload {
	w := r.byID[id]
	switch {
	case w != nil:
	case len(r.workloads) == mostWorkloads:
		r.more[id] = true
	default:
		w = &workload{id: id, byID: map[string]int{}}
		r.workloads, r.byID[id] = append(r.workloads, w), w
	}
	return w
}

// Step takes in a step and what was found in it.
func (r *Report) Step(step *foreshock.Step, f *foreshock.Finding) {
	w := r.of(step.ID)
	if w == nil {
		return
	}
	unknown := math.NaN()
	for m := range foreshock.Metric(foreshock.NumMetrics) {
		x, ok := step.Values.Get(m)
		if !ok {
			continue
		}
		reading := chart.Reading{At: step.Time, Value: x, Expected: unknown, Lower: unknown, Upper: unknown}
		if f.Judged[m] {
			reading.Expected, reading.Lower, reading.Upper = f.Expected[m], f.Lower[m], f.Upper[m]
		}
		w.metrics[m].Add(reading)
	}
	w.score.Add(chart.Reading{At: step.Time, Value: chart.Bounded(f.Score / max(f.Threshold, 1e-9)), Expected: unknown, Lower: unknown, Upper: unknown})
}

// Event takes in an anomaly or a decision; the others are passed over.
func (r *Report) Event(e *foreshock.Event) {
	if e.Anomaly == nil && e.Decision == nil {
		return
	}
	w := r.of(e.Workload())
	if w == nil {
		return
	}
	if a := e.Anomaly; a != nil {
		switch at, known := w.byID[a.ID]; {
		case known:
			w.anomalies[at] = *a
		case len(w.anomalies) == mostAnomalies:
			w.left++
		default:
			w.byID[a.ID] = len(w.anomalies)
			w.anomalies = append(w.anomalies, *a)
		}
	}
	if d := e.Decision; d != nil && d.Kind != foreshock.Nothing {
		if len(w.decisions) == mostDecisions {
			w.left++
			return
		}
		w.decisions = append(w.decisions, *d)
	}
}

// worst is the severity of a workload's worst anomaly.
func (w *workload) worst() (worst foreshock.Severity) {
	for i := range w.anomalies {
		worst = max(worst, w.anomalies[i].Worst)
	}
	return worst
}

//go:embed report.html
var page string

// pageHead and pageStyle are how every page begins: what comes after them is the page's own style.
var (
	//go:embed head.html
	pageHead string
	//go:embed style.css
	pageStyle string
)

// pageOf parses a page with the head that all have.
func pageOf(name, text string, f template.FuncMap) *template.Template {
	t := template.Must(template.New(name).Funcs(f).Parse(text))
	return template.Must(t.New("head").Parse(pageHead + pageStyle)).Lookup(name)
}

var pageTemplate = pageOf("report", page, template.FuncMap{
	"clock": func(t time.Time) string { return t.UTC().Format("2006-01-02 15:04:05") },
	"lasted": func(a foreshock.Anomaly) string {
		if a.End.IsZero() {
			return "goes on"
		}
		return a.End.Sub(a.Start).String()
	},
	"reasons": func(d foreshock.Decision) string { return d.Text() },
})

// Write writes the page, the worst workload first. The summary is text that stands above all.
func (r *Report) Write(w io.Writer, summary string) error {
	data := struct {
		Title, Summary string
		Style          template.CSS
		Workloads      []section
		More           int
	}{Title: r.title, Summary: strings.TrimSpace(summary), Style: template.CSS(chart.Style), More: len(r.more)} //nolint:gosec // a constant
	list := slices.Clone(r.workloads)
	slices.SortStableFunc(list, func(a, b *workload) int {
		return cmp.Or(-cmp.Compare(a.worst(), b.worst()), -cmp.Compare(len(a.anomalies), len(b.anomalies)), cmp.Compare(a.id, b.id))
	})
	for i, one := range list {
		s, err := one.section(i)
		if err != nil {
			return err
		}
		data.Workloads = append(data.Workloads, s)
	}
	return pageTemplate.ExecuteTemplate(w, "report", data)
}

// section is a workload on the page.
type section struct {
	ID        foreshock.ID
	Charts    []drawing
	Anomalies []foreshock.Anomaly
	Anchor    string // of its anomalies
	Counts    string
	Decisions []foreshock.Decision
	Left      int
}

type drawing struct {
	Name string
	SVG  template.HTML
}

func (w *workload) section(i int) (section, error) {
	s := section{ID: w.id, Anomalies: w.anomalies, Decisions: w.decisions, Left: w.left, Anchor: fmt.Sprintf("w%d-", i)}
	counts := [foreshock.High + 1]int{}
	for k := range w.anomalies {
		counts[w.anomalies[k].Worst]++
	}
	s.Counts = fmt.Sprintf("%s: %d high, %d medium, %d low", foreshock.Count(len(w.anomalies), "anomaly", "anomalies"), counts[foreshock.High], counts[foreshock.Medium], counts[foreshock.Low])
	from, to := w.score.Span()
	for m := range foreshock.Metric(foreshock.NumMetrics) {
		t := &w.metrics[m]
		if t.Empty() {
			continue
		}
		c := &chart.Chart{
			Title: fmt.Sprintf("%s of %s", m, w.id), From: from, To: to, Trace: t, Height: 240,
			Spans: w.spans(s.Anchor, &m), Marks: w.marks(),
		}
		c.Measure(m)
		if err := s.draw(m.String(), c); err != nil {
			return s, err
		}
	}
	score := &chart.Chart{Title: fmt.Sprintf("anomaly score of %s over its threshold", w.id), From: from, To: to, Trace: &w.score, Height: 100, Spans: w.spans(s.Anchor, nil)}
	score.Score("")
	return s, s.draw("anomaly score over its threshold: 1 is the boundary", score)
}

func (s *section) draw(name string, c *chart.Chart) error {
	var b strings.Builder
	if err := c.SVG(&b); err != nil {
		return err
	}
	s.Charts = append(s.Charts, drawing{name, template.HTML(b.String())}) //nolint:gosec // it escapes what it is given
	return nil
}

// spans are the anomalies; those that another metric led than the given one are pale.
func (w *workload) spans(anchor string, m *foreshock.Metric) (list []chart.Span) {
	for i := range w.anomalies {
		a := &w.anomalies[i]
		class := a.Worst.String()
		if m != nil && a.Metric != *m {
			class += " pale"
		}
		end := a.End
		if end.IsZero() {
			end = a.Time
		}
		list = append(list, chart.Span{From: a.Start, To: end, Class: class, Text: a.Worst.String() + ": " + a.Text, Link: "#" + anchor + a.ID})
	}
	return list
}

// marks are the decisions that would have changed something, or did not for a reason.
func (w *workload) marks() (list []chart.Mark) {
	for i := range w.decisions {
		d := &w.decisions[i]
		sign := map[foreshock.Kind]string{foreshock.Grow: "▲", foreshock.Shrink: "▼", foreshock.Hold: "◆"}[d.Kind]
		if sign == "" {
			continue
		}
		list = append(list, chart.Mark{At: d.Time, Class: d.Kind.String(), Sign: sign, Text: d.Text()})
	}
	return list
}
