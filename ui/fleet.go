package ui

import (
	"fmt"
	"html/template"
	"math"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/pipeline"
	"github.com/foreshock-io/foreshock/ui/chart"
)

// fleet is what the first page shows.
type fleet struct {
	Query    pipeline.FleetQuery
	Filters  []filter
	Picked   bool // something is filtered
	Severity string
	Fleet    pipeline.Fleet
	Counts   []count
	Rows     []fleetRow
	Pages    pages
}

// fleetRow is a workload as its row shows it.
type fleetRow struct {
	*pipeline.FleetRow
	Path, Latency, Normal, Room string
	Little                      bool   // room is left
	Dimension                   string // of the room
	Spark                       template.HTML
}

// filter is a choice of one field.
type filter struct {
	Name, Label string
	Options     []option
}

type option struct {
	Value, Text string
	Chosen      bool
}

// count is how many workloads there are of a kind, with a link to them.
type count struct {
	N     int
	Text  string
	Class string
	Link  string
}

// pages lead to the other pages of a list.
type pages struct {
	First, Last, Of int
	Before, After   string // addresses; "" where there is none
}

func fleetData(s *site, r *http.Request) (any, error) {
	q, err := api.FleetQuery(r)
	if err != nil {
		return nil, err
	}
	found, err := s.program.Fleet(r.Context(), q)
	if err != nil {
		return nil, err
	}
	f := &fleet{Query: q, Fleet: found, Picked: q.Search != "" || q.Severity > 0 || q.Quality != "" || q.Stage != "" || q.Policy != ""}
	f.Filters = fleetFilters(&q, s.program.Status().Policies)
	f.Counts = fleetCounts(&found)
	f.Pages = pagesOf(r.URL, q.Skip, len(found.Rows), found.Matched, q.Limit)
	for i := range found.Rows {
		row, err := newFleetRow(&found.Rows[i])
		if err != nil {
			return nil, err
		}
		f.Rows = append(f.Rows, row)
	}
	return f, nil
}

func fleetFilters(q *pipeline.FleetQuery, policies []string) []filter {
	choose := func(name, label, chosen string, options ...option) filter {
		for i := range options {
			options[i].Chosen = options[i].Value == chosen
		}
		return filter{name, label, options}
	}
	severity := ""
	if q.Severity > foreshock.None {
		severity = q.Severity.String()
	}
	list := []filter{
		choose("severity", "Severity", severity, option{"", "any severity", false}, option{"low", "low and above", false}, option{"medium", "medium and above", false}, option{"high", "high", false}),
		choose("quality", "Data", q.Quality, option{"", "any data", false}, option{"fresh", "fresh", false}, option{"not fresh", "not fresh", false}),
		choose("stage", "Trust", q.Stage, option{"", "any trust", false}, option{"trusted", "trusted", false}, option{"provisional", "provisional", false}, option{"learning", "learning", false}),
	}
	if len(policies) > 1 {
		options := []option{{"", "any policy", false}}
		for _, p := range policies {
			options = append(options, option{p, p, false})
		}
		list = append(list, choose("policy", "Policy", q.Policy, options...))
	}
	return append(list, choose("sort", "Order", q.Sort, option{"", "worst first", false}, option{"headroom", "least headroom first", false},
		option{"latency", "slowest first", false}, option{"name", "by name", false}))
}

func fleetCounts(f *pipeline.Fleet) []count {
	list := []count{{f.Total, "workloads", "", "/"}}
	for s := foreshock.High; s > foreshock.None; s-- {
		list = append(list, count{f.Severity[s], s.String(), s.String(), "/?severity=" + s.String()})
	}
	list = append(list, count{f.NotFresh, "not fresh", "", "/?quality=not+fresh"})
	learning := f.Stages[foreshock.NoData] + f.Stages[foreshock.Learning]
	return append(list, count{learning, "learning", "", "/?stage=learning"})
}

// pagesOf says where in a list a page is, and where the next ones are.
func pagesOf(u *url.URL, skip, shown, of, limit int) pages {
	p := pages{First: min(skip+1, of), Last: skip + shown, Of: of}
	to := func(skip int) string {
		v := u.Query()
		v.Set("page", strconv.Itoa(skip/limit+1))
		return u.Path + "?" + v.Encode()
	}
	if skip > 0 {
		p.Before = to(max(0, skip-limit))
	}
	if skip+shown < of {
		p.After = to(skip + limit)
	}
	return p
}

// littleRoom is the headroom below which it stands out.
const littleRoom = 0.1

func newFleetRow(f *pipeline.FleetRow) (fleetRow, error) {
	row := fleetRow{FleetRow: f, Path: pathOf(f.ID), Latency: metricOf(f.Metrics, "latency_seconds"), Normal: "–", Room: "–"}
	if n, ok := f.Normal(foreshock.Latency); ok {
		row.Normal = foreshock.FormatMetric(foreshock.Latency, n.P50)
	}
	if f.Limited {
		row.Room, row.Little, row.Dimension = strings.Replace(fmt.Sprintf("%.0f %%", 100*f.Headroom), "-", "−", 1), f.Headroom < littleRoom, f.Tight.String()
	}
	spark := chart.Spark{Title: "latency in the last hour: now " + row.Latency + ", usually " + row.Normal, Class: f.Severity.String()}
	for i := range f.Recent {
		spark.Readings = append(spark.Readings, reading(&f.Recent[i], foreshock.Latency))
	}
	var b strings.Builder
	err := spark.SVG(&b)
	row.Spark = template.HTML(b.String()) //nolint:gosec // it escapes what it is given
	return row, err
}

// reading is a metric of a point, for a chart.
func reading(p *pipeline.Point, m foreshock.Metric) chart.Reading {
	get := func(v *foreshock.Values) float64 {
		x, ok := v.Get(m)
		if !ok {
			return math.NaN()
		}
		return x
	}
	r := chart.Reading{At: p.Time, Value: get(&p.Values), Expected: get(&p.Expected), Lower: get(&p.Lower), Upper: get(&p.Upper)}
	if m == foreshock.Latency {
		r.Most = p.Highest
	}
	return r
}
