package ui

import (
	"fmt"
	"html/template"
	"math"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/pipeline"
	"github.com/foreshock-io/foreshock/ui/chart"
)

// drawing is a chart with what is said of it.
type drawing struct {
	Name string
	Key  []key // what its lines are
	SVG  template.HTML
}

// key is an entry of a legend.
type key struct{ Class, Text string }

// leadIn is which part of the time shown is drawn before it, out of sight.
const leadIn = 10

// mostHovered bounds the moments of a chart that are said when they are pointed at.
const mostHovered = 400

// draw draws the workload over the span.
func (w *workload) draw(r *http.Request, p api.Program, events []foreshock.Event) error {
	before := w.Span.To.Sub(w.Span.From) / leadIn // so that lines begin at the edge
	s, err := p.Series(r.Context(), w.ID, w.Span.From.Add(-before), w.Span.To)
	if err != nil {
		return err
	}
	d := &drawer{workload: w, series: &s, spans: w.spans(), marks: marks(events, w.Span.From, w.Span.To)}
	for _, m := range []foreshock.Metric{foreshock.Latency, foreshock.IOPS, foreshock.Throughput, foreshock.QueueDepth} {
		d.metric(m)
	}
	if shown, has := s.Dimension.Metric(); !has || !d.drew[shown] {
		d.capacity()
	}
	d.score()
	w.Drawings = d.list
	return d.err
}

// drawer makes the charts of a workload.
type drawer struct {
	workload *workload
	series   *pipeline.Series
	spans    []chart.Span
	marks    []chart.Mark
	drew     [foreshock.NumMetrics]bool
	list     []drawing
	err      error
}

func (d *drawer) chart(title string, height int) *chart.Chart {
	return &chart.Chart{Title: title, From: d.workload.Span.From, To: d.workload.Span.To, Height: height, Trace: new(chart.Trace)}
}

func (d *drawer) add(name string, c *chart.Chart, keys ...key) {
	var b strings.Builder
	d.err = c.SVG(&b)
	d.list = append(d.list, drawing{name, keys, template.HTML(b.String())}) //nolint:gosec // it escapes what it is given
}

// metric draws what was read of a metric, with what was expected; and the demand where it is the metric's.
func (d *drawer) metric(m foreshock.Metric) {
	c := d.chart("", 96)
	c.Bare = true
	band := false
	for i := range d.series.Points {
		p := &d.series.Points[i]
		r := reading(p, m)
		c.Trace.Add(r)
		band = band || !math.IsNaN(r.Lower)
		if math.IsNaN(r.Value) {
			continue
		}
		if !math.IsNaN(r.Upper) { // a band far beyond the readings is cut
			c.Include = append(c.Include, min(r.Upper, 4*max(r.Value, r.Expected)))
		}
	}
	if c.Trace.Empty() {
		return
	}
	d.drew[m] = true
	keys := []key{{"line", "read"}}
	if band {
		keys = append(keys, key{"band", "expected"})
	}
	c.Spans = d.leading(m)
	if m == foreshock.Latency {
		c.Height, c.Marks, c.Spans, c.Bare = 200, d.marks, d.spans, false // all of them, whatever led
		keys = append(keys, key{"low", "anomaly: low"}, key{"medium", "medium"}, key{"high", "high"})
	}
	if shown, has := d.series.Dimension.Metric(); has && shown == m {
		c.Height = 160
		keys = append(keys, d.demand(c)...)
	}
	c.Measure(m)
	c.Title = metricNames[m] + " of " + string(d.workload.ID) + ", " + summary(c)
	c.Hover = d.hover(m)
	d.add(metricNames[m], c, keys...)
}

// summary says in words what a chart shows, for those who cannot see it.
func summary(c *chart.Chart) string {
	return fmt.Sprintf("%s to %s UTC; %s. The arrow keys read single values.", day(c.From), day(c.To), foreshock.Count(len(c.Spans), "anomaly", "anomalies"))
}

// leading are the anomalies in which a metric led.
func (d *drawer) leading(m foreshock.Metric) (list []chart.Span) {
	for i, s := range d.spans {
		if d.workload.Anomalies[i].Metric == m {
			list = append(list, s)
		}
	}
	return list
}

// capacity draws the demand for a dimension that no metric is of.
func (d *drawer) capacity() {
	c := d.chart(d.series.Dimension.String()+" of "+string(d.workload.ID), 150)
	keys := d.demand(c)
	if len(keys) == 0 {
		return
	}
	dim := d.series.Dimension
	c.Bare = true
	c.Format = func(x float64) string { return foreshock.FormatAmount(dim, x) }
	d.add(dim.String(), c, keys...)
}

// demand adds demand, allocation and forecast of the series' dimension to a chart.
func (d *drawer) demand(c *chart.Chart) (keys []key) {
	demand, allocated := chart.Line{Class: "demand"}, chart.Line{Class: "allocated", Steps: true}
	known := func(x float64) float64 {
		if x < 0 {
			return math.NaN()
		}
		return x
	}
	for i := range d.series.Points {
		p := &d.series.Points[i]
		demand.Values = append(demand.Values, chart.Value{At: p.Time, X: known(p.Demand)})
		if p.Allocated >= 0 {
			allocated.Values = append(allocated.Values, chart.Value{At: p.Time, X: p.Allocated})
		}
	}
	if some(demand.Values) {
		c.Lines = append(c.Lines, demand)
		keys = append(keys, key{"demand", "demand"})
	}
	if some(allocated.Values) {
		c.Lines = append(c.Lines, allocated)
		keys = append(keys, key{"allocated", "allocated"})
	}
	for _, f := range d.series.Forecasts {
		if f.Dimension == d.series.Dimension && f.Usable() {
			c.Fan = fanOf(f)
			keys = append(keys, key{"forecast", "forecast"}, key{"fan", levels(f)})
		}
	}
	return keys
}

func some(list []chart.Value) bool {
	return slices.ContainsFunc(list, func(v chart.Value) bool { return !math.IsNaN(v.X) })
}

// fanOf is a forecast as it is drawn: between its middle and each upper quantile.
func fanOf(f *foreshock.Forecast) *chart.Fan {
	// Each value is of a step: the first holds from its begin on.
	from := func(x []float64) []float64 { return append([]float64{x[0]}, x...) }
	mean := from(f.Mean)
	fan := &chart.Fan{Middle: mean, Times: []time.Time{f.At}}
	for i := range f.Mean {
		fan.Times = append(fan.Times, f.At.Add(time.Duration(i+1)*f.Length))
	}
	for i := len(f.Levels) - 1; i >= 0; i-- {
		switch {
		case f.Levels[i] > 0.99: // so far out that nothing else could be seen
		case f.Levels[i] > 0.5:
			fan.Bands = append(fan.Bands, chart.Band{Lower: mean, Upper: from(f.Quantiles[i])})
		case f.Levels[i] < 0.5:
			fan.Bands = append(fan.Bands, chart.Band{Lower: from(f.Quantiles[i]), Upper: mean})
		}
	}
	return fan
}

// levels names the quantiles that a fan shows.
func levels(f *foreshock.Forecast) string {
	var list []string
	for _, l := range f.Levels {
		if l != 0.5 && l <= 0.99 {
			list = append(list, fmt.Sprintf("p%g", 100*l))
		}
	}
	return strings.Join(list, ", ")
}

// score draws the anomaly score over its threshold, as reports do: 1 is the boundary.
func (d *drawer) score() {
	c := d.chart("anomaly score of "+string(d.workload.ID)+" over its threshold; 1 is the boundary", 84)
	threshold := max(d.workload.Threshold, 1e-9)
	unknown := math.NaN()
	for i := range d.series.Points {
		p := &d.series.Points[i]
		c.Trace.Add(chart.Reading{At: p.Time, Value: chart.Bounded(p.Score / threshold), Expected: unknown, Lower: unknown, Upper: unknown})
	}
	if c.Trace.Empty() {
		return
	}
	c.Score("limit")
	c.Spans = d.spans
	d.add("anomaly score", c, key{"line", "score"}, key{"limit", "boundary"})
}

// hover says what is known of each moment.
func (d *drawer) hover(m foreshock.Metric) (list []chart.Hover) {
	points := d.series.Points
	every := (len(points) + mostHovered - 1) / mostHovered
	_, isDemand := d.series.Dimension.Metric()
	shown, _ := d.series.Dimension.Metric()
	for i := range points {
		p := &points[i]
		x, ok := p.Values.Get(m)
		if !ok || i%max(every, 1) != 0 {
			continue
		}
		text := day(p.Time) + "  " + foreshock.FormatMetric(m, x)
		lower, known := p.Lower.Get(m)
		if upper, too := p.Upper.Get(m); known && too {
			text += ", expected " + foreshock.FormatMetric(m, lower) + " to " + foreshock.FormatMetric(m, upper)
		}
		if isDemand && shown == m && p.Demand >= 0 {
			text += ", demand " + foreshock.FormatAmount(d.series.Dimension, p.Demand)
			if p.Allocated >= 0 {
				text += " of " + foreshock.FormatAmount(d.series.Dimension, p.Allocated)
			}
		}
		list = append(list, chart.Hover{At: p.Time, Text: text})
	}
	return list
}

// spans are the anomalies, in the order of the workload's.
func (w *workload) spans() (list []chart.Span) {
	for i := range w.Anomalies {
		a := &w.Anomalies[i]
		end := a.End
		switch {
		case !end.IsZero():
		case w.Anomaly != nil && w.Anomaly.ID == a.ID:
			end = w.Time
		default:
			end = a.Time
		}
		list = append(list, chart.Span{From: a.Start, To: end, Class: a.Worst.String(), Text: a.Worst.String() + ": " + a.Text})
	}
	return list
}

// marks are what was done and how it was judged, and what was held back.
func marks(events []foreshock.Event, from, to time.Time) (list []chart.Mark) {
	for i := range events {
		e := &events[i]
		if e.Time.Before(from) || e.Time.After(to) {
			continue
		}
		text := day(e.Time) + ": " + api.Sentence(e)
		switch {
		case e.Change != nil && e.Change.State == foreshock.Done:
			kind := e.Change.Action.Direction()
			list = append(list, chart.Mark{At: e.Time, Class: kind.String(), Sign: signs[kind.String()], Text: text})
		case e.Evaluation != nil:
			class := "helped"
			if e.Evaluation.Verdict == foreshock.DidNotHelp {
				class = "unhelped"
			}
			list = append(list, chart.Mark{At: e.Time, Class: class, Sign: signs[e.Evaluation.Verdict.String()], Text: text})
		case e.Decision != nil && e.Decision.Kind == foreshock.Hold:
			list = append(list, chart.Mark{At: e.Time, Class: "hold", Sign: signs["hold"], Text: text})
		}
	}
	return list
}
