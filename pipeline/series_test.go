package pipeline_test

import (
	"fmt"
	"log/slog"
	"math"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/pipeline"
)

// watched is a pipeline that has read a workload for a while.
func watched(t *testing.T, recent int, span time.Duration) *pipeline.Pipeline {
	t.Helper()
	stages := stages(t)
	stages.Forecast = nil
	p := pipeline.New(stages, pipeline.Options{Step: 10 * time.Second, Most: 100, Virtual: true, Recent: recent, Log: slog.New(slog.DiscardHandler)})
	handle, err := p.Register("vol/a", ingest.About{Source: "test"})
	if err != nil {
		t.Fatal(err)
	}
	begin := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	for at := begin.Add(10 * time.Second); at.Before(begin.Add(span)); at = at.Add(10 * time.Second) {
		latency := 0.001
		if at.Second() == 30 {
			latency = 0.0012
		}
		batch := []ingest.Reading{
			{Handle: handle, Time: at.UnixMilli(), Field: ingest.Latency, Value: latency},
			{Handle: handle, Time: at.UnixMilli(), Field: ingest.IOPS, Value: 100},
		}
		if err := p.Push(t.Context(), batch); err != nil {
			t.Fatal(err)
		}
	}
	return p
}

// A series goes from coarse steps over rows to single steps without a gap or an overlap, with what was expected where that is kept.
func TestSeries(t *testing.T) {
	p := watched(t, 4096, 12*time.Hour)
	s, err := p.Series(t.Context(), "vol/a", time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	lengths := map[time.Duration]int{}
	for i := range s.Points {
		a := &s.Points[i]
		lengths[a.Length]++
		if x, ok := a.Values.Get(foreshock.Latency); !ok || x < 0.0009 || x > 0.0013 {
			t.Errorf("at %s: latency %g", a.Time, x)
		}
		if i > 0 && a.Time.Add(-a.Length).After(s.Points[i-1].Time) {
			t.Errorf("nothing is there between %s and %s", s.Points[i-1].Time, a.Time.Add(-a.Length))
		}
		lower, known := a.Lower.Get(foreshock.Latency)
		upper, too := a.Upper.Get(foreshock.Latency)
		if fine := a.Length == 10*time.Second; fine && !(known && too && lower < 0.001 && upper > 0.001) {
			t.Errorf("at %s: expected %g to %g", a.Time, lower, upper)
		}
	}
	if lengths[10*time.Second] < 153-18 || lengths[3*time.Minute] < 40 || lengths[15*time.Minute] < 30 {
		t.Errorf("points by length: %v", lengths)
	}
	last := s.Points[len(s.Points)-1]
	some, err := p.Series(t.Context(), "vol/a", last.Time.Add(-time.Minute), last.Time)
	if err != nil || len(some.Points) != 7 {
		t.Errorf("in the last minute: %d points, %v", len(some.Points), err)
	}
	if _, err := p.Series(t.Context(), "vol/b", time.Time{}, time.Time{}); err == nil {
		t.Error("a workload that is not known has a series")
	}
}

// Without memory for charts there are the profile's coarse steps, and nothing else changes.
func TestSeriesWithoutRecent(t *testing.T) {
	p := watched(t, 0, 3*time.Hour)
	s, err := p.Series(t.Context(), "vol/a", time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	for _, point := range s.Points {
		if point.Length != 15*time.Minute {
			t.Errorf("a point of %s", point.Length)
		}
	}
	if len(s.Points) < 10 {
		t.Errorf("%d points", len(s.Points))
	}
}

// The hours of the week are from Monday on; those in which nothing was read are NaN.
func TestWeek(t *testing.T) {
	p := watched(t, 0, 5*time.Hour) // from a Monday's midnight on
	week, err := p.Week(t.Context(), "vol/a", foreshock.IOPS)
	if err != nil {
		t.Fatal(err)
	}
	for hour, x := range week {
		if read := hour < 4; read != (math.Abs(x-100) < 1) && hour != 4 {
			t.Errorf("hour %d: %g", hour, x)
		}
	}
}

// A page of the fleet has those that are asked for, the worst first, with what was read lately; the counts are of all.
func TestFleet(t *testing.T) {
	stages := stages(t)
	stages.Forecast = nil
	p := pipeline.New(stages, pipeline.Options{Step: time.Minute, Most: 100, Virtual: true, Recent: 4096, Log: slog.New(slog.DiscardHandler)})
	begin := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	const n, minutes = 30, 200
	for i := range n {
		handle, err := p.Register(foreshock.ID(fmt.Sprintf("vol/%02d", i)), ingest.About{Source: "test"})
		if err != nil {
			t.Fatal(err)
		}
		for k := range minutes {
			latency := 0.001 + 0.00001*float64((i*7+k*13)%11)
			if i == 17 && k > minutes-8 {
				latency *= 30
			}
			at := begin.Add(time.Duration(k) * time.Minute).UnixMilli()
			batch := []ingest.Reading{
				{Handle: handle, Time: at, Field: ingest.Latency, Value: latency},
				{Handle: handle, Time: at, Field: ingest.IOPS, Value: 100 + float64(i)},
				{Handle: handle, Time: at, Field: ingest.AllocatedAt, Value: 200 + 10*float64(i)},
			}
			if err := p.Push(t.Context(), batch); err != nil {
				t.Fatal(err)
			}
		}
	}
	f := func(q pipeline.FleetQuery, matched int, ids ...foreshock.ID) {
		t.Helper()
		page, err := p.Fleet(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		if page.Total != n || page.Matched != matched || len(page.Rows) != len(ids) {
			t.Errorf("%+v: %d of %d, %d rows; want %d, %d rows", q, page.Matched, page.Total, len(page.Rows), matched, len(ids))
			return
		}
		for i, id := range ids {
			row := &page.Rows[i]
			if row.ID != id || len(row.Recent) < 50 || len(row.Recent) > 64 || !row.Limited || row.Tight != foreshock.DimIOPS {
				t.Errorf("%+v: row %d is %s with %d points, headroom %g; want %s", q, i, row.ID, len(row.Recent), row.Headroom, id)
			}
		}
		if page.Severity[foreshock.High] != 1 || page.Severity[foreshock.None] != n-1 {
			t.Errorf("severities %v", page.Severity)
		}
	}
	f(pipeline.FleetQuery{Limit: 1}, n, "vol/17")
	f(pipeline.FleetQuery{Limit: 3, Sort: "name", Skip: 4}, n, "vol/04", "vol/05", "vol/06")
	f(pipeline.FleetQuery{Limit: 3, Sort: "headroom"}, n, "vol/00", "vol/01", "vol/02")
	f(pipeline.FleetQuery{Limit: 1, Sort: "latency"}, n, "vol/17")
	f(pipeline.FleetQuery{Limit: 9, Search: "VOL/2", Sort: "name"}, 10, "vol/20", "vol/21", "vol/22", "vol/23", "vol/24", "vol/25", "vol/26", "vol/27", "vol/28")
	f(pipeline.FleetQuery{Limit: 9, Severity: foreshock.Medium}, 1, "vol/17")
	f(pipeline.FleetQuery{Limit: 9, Quality: "not fresh"}, 0)
	f(pipeline.FleetQuery{Limit: 9, Stage: "learning"}, 0)
	f(pipeline.FleetQuery{Limit: 1, Policy: "watch"}, n, "vol/17")
	f(pipeline.FleetQuery{Limit: 1, Policy: "other"}, 0)
	f(pipeline.FleetQuery{Limit: 5, Skip: 1000}, n)
}
