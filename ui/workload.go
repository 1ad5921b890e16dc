package ui

import (
	"fmt"
	"math"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/api/problem"
	"github.com/foreshock-io/foreshock/pipeline"
)

// workload is what the page of one workload shows.
type workload struct {
	pipeline.Detail
	Path      string
	Span      span
	Drawings  []drawing
	Parts     []partRow
	Metrics   []metricRow
	Week      *week
	Story     []storyLine
	Waiting   []foreshock.ActionChange // for a person
	Paused    []foreshock.Pause        // that are about it alone
	Anomalies []foreshock.Anomaly      // the latest first
	Why       api.Explanation
	At        time.Time // the moment that is explained; zero: now
}

// storyLine is an event with its sentence.
type storyLine struct {
	foreshock.Event
	Text string
	Bad  bool
}

// metricRow is one metric as it is and as it usually is.
type metricRow struct {
	Metric        foreshock.Metric
	Now, P50, P99 string
	Season        string
}

// partRow is what one method says of one metric.
type partRow struct {
	foreshock.Part
	Bounds string
}

// mostTold bounds the events of a workload that its page tells.
const mostTold = 40

func workloadData(s *site, r *http.Request) (any, error) {
	id := foreshock.ID(r.PathValue("id"))
	d, ok, err := s.program.Workload(r.Context(), id)
	if err == nil && !ok {
		err = fmt.Errorf("no workload is called %q: %w", id, errNotFound)
	}
	if err != nil {
		return nil, err
	}
	w := &workload{Detail: d, Path: pathOf(id)}
	if w.At, err = api.Moment("at", r.URL.Query().Get("at")); err != nil {
		return nil, err
	}
	if w.Why, err = api.Why(r.Context(), s.program, d, w.At); err != nil {
		return nil, err
	}
	if w.Span, err = spanOf(r.URL.Query(), &d); err != nil {
		return nil, err
	}
	events := s.program.Events(api.Query{Workload: id, Limit: 2000})
	w.tell(events)
	w.rows()
	if err := w.draw(r, s.program, events); err != nil {
		return nil, err
	}
	if w.Week, err = weekOf(r, s.program, &d); err != nil {
		return nil, err
	}
	for _, a := range s.program.Actions() {
		if a.Action.Workload == id && a.State == foreshock.Proposed {
			w.Waiting = append(w.Waiting, a)
		}
	}
	for _, p := range s.program.Pauses() {
		if p.Scope == "workload/"+string(id) {
			w.Paused = append(w.Paused, p)
		}
	}
	return w, nil
}

// NotHeard is said of a workload that is not watched, or "".
func (w *workload) NotHeard() string {
	if !w.Stored {
		return ""
	}
	return api.NotHeard(&w.Detail)
}

// tell gathers what happened, the newest first, and the anomalies as they were last.
func (w *workload) tell(events []foreshock.Event) {
	seen := map[string]bool{}
	slices.SortStableFunc(events, func(a, b foreshock.Event) int { return a.Time.Compare(b.Time) })
	for i := range slices.Backward(events) {
		e := &events[i]
		if a := e.Anomaly; a != nil && !seen[a.ID] {
			seen[a.ID] = true
			w.Anomalies = append(w.Anomalies, *a)
		}
		if len(w.Story) < mostTold {
			bad := e.Evaluation != nil && e.Evaluation.Verdict == foreshock.DidNotHelp || e.Change != nil && e.Change.State == foreshock.Failed
			w.Story = append(w.Story, storyLine{Event: *e, Text: api.Sentence(e), Bad: bad})
		}
	}
}

// rows fills the tables of metrics and of methods.
func (w *workload) rows() {
	for m := range foreshock.Metric(foreshock.NumMetrics) {
		x, read := w.View.Metrics.Get(m)
		s, known := w.Normal(m)
		if !read && !known {
			continue
		}
		row := metricRow{Metric: m, Now: "–", P50: "–", P99: "–"}
		if read {
			row.Now = brief(m, x)
		}
		if known {
			row.P50, row.P99 = brief(m, s.P50), brief(m, s.P99)
			for i, period := range s.Periods {
				if i > 0 {
					row.Season += ", "
				}
				row.Season += strings.TrimSuffix(took(period), " 00 min")
			}
		}
		w.Metrics = append(w.Metrics, row)
	}
	for _, p := range w.Findings {
		if p.Ready {
			w.Parts = append(w.Parts, partRow{p, brief(p.Metric, p.Lower) + " – " + brief(p.Metric, p.Upper)})
		}
	}
}

// span is the time that the charts show.
type span struct {
	From, To time.Time
	Now      time.Time // the workload's last step
	Moves    bool      // with the time
	Links    []option  // how long it may be
	Earlier  string
	Later    string // "" where it ends now
	Out      string
}

var lengths = []struct {
	text string
	d    time.Duration
}{{"15 min", 15 * time.Minute}, {"1 h", time.Hour}, {"3 h", 3 * time.Hour}, {"12 h", 12 * time.Hour}, {"2 d", 48 * time.Hour}, {"14 d", 14 * 24 * time.Hour}, {"28 d", 28 * 24 * time.Hour}}

const (
	usualLength    = 3 * time.Hour
	shortest       = time.Second
	longest        = 60 * 24 * time.Hour
	aheadOfHistory = 0.25 // of the time shown may be a forecast
)

// spanOf reads ?range=3h or ?from=&to=. A range ends with what is forecast.
func spanOf(v url.Values, d *pipeline.Detail) (s span, err error) {
	s.Now = d.Time
	if s.Now.IsZero() {
		s.Now = time.Now().UTC()
	}
	if s.From, err = api.Moment("from", v.Get("from")); err != nil {
		return s, err
	}
	if s.To, err = api.Moment("to", v.Get("to")); err != nil {
		return s, err
	}
	length := usualLength
	if text := v.Get("range"); text != "" {
		if length, err = time.ParseDuration(text); err != nil || length < shortest || length > longest {
			return s, problem.New(http.StatusBadRequest, "range=%s: a duration is expected, for example 3h, at most %s", text, longest)
		}
	}
	if s.From.IsZero() || s.To.IsZero() {
		s.Moves = true
		s.From, s.To = s.Now.Add(-length), s.Now.Add(ahead(d.Forecasts, s.Now, length))
	}
	if whole := s.To.Sub(s.From); whole < shortest || whole > longest {
		return s, problem.New(http.StatusBadRequest, "from and to: between %s and %s can be drawn, not %s", shortest, longest, whole)
	}
	s.link(v, length)
	return s, nil
}

// ahead is how far into the future forecasts are drawn.
func ahead(list []*foreshock.Forecast, now time.Time, length time.Duration) time.Duration {
	most := time.Duration(0)
	for _, f := range list {
		if f.Usable() {
			most = max(most, f.At.Add(time.Duration(len(f.Mean))*f.Length).Sub(now))
		}
	}
	return min(most, time.Duration(aheadOfHistory*float64(length)))
}

func (s *span) link(v url.Values, length time.Duration) {
	to := func(set func(url.Values)) string {
		u := url.Values{}
		for _, keep := range []string{"metric", "at"} {
			if x := v.Get(keep); x != "" {
				u.Set(keep, x)
			}
		}
		set(u)
		return "?" + u.Encode()
	}
	fixed := func(from, end time.Time) string {
		return to(func(u url.Values) {
			u.Set("from", from.UTC().Format(time.RFC3339))
			u.Set("to", end.UTC().Format(time.RFC3339))
		})
	}
	for _, l := range lengths {
		s.Links = append(s.Links, option{to(func(u url.Values) { u.Set("range", l.d.String()) }), l.text, s.Moves && l.d == length})
	}
	half := s.To.Sub(s.From) / 2
	s.Earlier = fixed(s.From.Add(-half), s.To.Add(-half))
	if !s.Moves && s.To.Before(s.Now) {
		s.Later = fixed(s.From.Add(half), s.To.Add(half))
	}
	if !s.Moves && 4*half < longest {
		s.Out = fixed(s.From.Add(-half), s.To.Add(half))
	}
}

// week is the heat map of a metric.
type week struct {
	Metric  foreshock.Metric
	Days    []weekDay
	Choices []option
	Low     string
	High    string
}

type weekDay struct {
	Name  string
	Cells []cell
}

// cell is an hour of the week: its value in words, and how high it is among the others, from 0 to heatLevels-1; -1 where nothing was read.
type cell struct {
	Hour  int
	Text  string
	Level int
}

const heatLevels = 8

// weekOf is the profile of a workload by hour of day and week; nil where there is none yet.
func weekOf(r *http.Request, p api.Program, d *pipeline.Detail) (*week, error) {
	w := &week{Metric: foreshock.Latency}
	if name := r.URL.Query().Get("metric"); name != "" {
		if err := w.Metric.UnmarshalText([]byte(name)); err != nil {
			return nil, problem.New(http.StatusBadRequest, "%s", err)
		}
	}
	hours, err := p.Week(r.Context(), d.ID, w.Metric)
	if err != nil {
		return nil, err
	}
	for m := range foreshock.Metric(foreshock.NumMetrics) {
		if _, known := d.Normal(m); known {
			v := r.URL.Query()
			v.Set("metric", m.String())
			w.Choices = append(w.Choices, option{"?" + v.Encode() + "#week", metricNames[m], m == w.Metric})
		}
	}
	low, high := math.Inf(1), math.Inf(-1)
	for _, x := range hours {
		if !math.IsNaN(x) {
			low, high = min(low, x), max(high, x)
		}
	}
	if low > high {
		return nil, nil //nolint:nilnil // there is nothing to show
	}
	w.Low, w.High = foreshock.FormatMetric(w.Metric, low), foreshock.FormatMetric(w.Metric, high)
	for i, name := range []string{"Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"} {
		day := weekDay{Name: name}
		for hour := range 24 {
			c := cell{Hour: hour, Level: -1, Text: "not read"}
			if x := hours[24*i+hour]; !math.IsNaN(x) {
				c.Text = foreshock.FormatMetric(w.Metric, x)
				c.Level = 0
				if high > low {
					c.Level = min(heatLevels-1, int(heatLevels*(x-low)/(high-low)))
				}
			}
			day.Cells = append(day.Cells, c)
		}
		w.Days = append(w.Days, day)
	}
	return w, nil
}

var metricNames = [foreshock.NumMetrics]string{"latency", "throughput", "IOPS", "queue depth"}
