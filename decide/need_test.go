package decide

import (
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
)

// What is needed is demand or its forecast, whichever is more; a forecast that may not act is none, and what is not fresh is nothing at all.
func TestNeedOf(t *testing.T) {
	now := time.Date(2026, 3, 4, 5, 0, 0, 0, time.UTC)
	forecast := func() *foreshock.Forecast {
		return &foreshock.Forecast{
			At: now, Length: time.Minute, Model: "ets", Mean: []float64{100, 200, 900}, Skill: 0.5, Origins: 5,
			Levels: []float64{0.5, 0.95}, Quantiles: [][]float64{{100, 200, 900}, {120, 240, 1000}},
		}
	}
	f := func(level float64, over time.Duration, want Need, wantWhy string, edit func(*State)) {
		t.Helper()
		policy := Default()
		s := State{
			Now: now, Step: foreshock.Step{Time: now, Length: 10 * time.Second, Quality: foreshock.Fresh}, Quality: foreshock.Fresh, Policy: &policy,
			Forecasts: map[foreshock.Dimension]*foreshock.Forecast{foreshock.DimIOPS: forecast()},
		}
		s.Demand.Set(foreshock.DimIOPS, 150)
		edit(&s)
		got, why := NeedOf(s, foreshock.DimIOPS, level, over)
		if got != want || !strings.HasPrefix(why, wantWhy) || (why == "") != (wantWhy == "") {
			t.Errorf("%+v %q, want %+v %q", got, why, want, wantWhy)
		}
	}
	same := func(*State) {}
	f(0, 0, Need{Now: 150, Ahead: 240, Level: 0.95, Over: 100 * time.Second, Capacity: 300}, "", same) // a lead time of a minute, its half and a step
	f(0.5, 50*time.Second, Need{Now: 150, Ahead: 100, Level: 0.5, Over: 50 * time.Second, Capacity: 187.5}, "", same)
	f(0.95, time.Hour, Need{Now: 150, Ahead: 1000, Level: 0.95, Over: time.Hour, Capacity: 1250}, "", same)
	f(0, 0, Need{Now: 150, Ahead: 240, Level: 0.95, Over: 100 * time.Second, Capacity: 300}, "", func(s *State) { s.Policy = nil })
	f(0, 0, Need{Now: 150, Level: 0.95, Over: 100 * time.Second, Capacity: 187.5}, "", func(s *State) { s.Forecasts = nil })
	f(0, 0, Need{Now: 150, Level: 0.95, Over: 100 * time.Second, Capacity: 187.5}, "", func(s *State) { s.Forecasts[foreshock.DimIOPS].Skill = 0 })
	f(0, 0, Need{}, "the data are stale", func(s *State) { s.Quality = foreshock.Stale })
	f(0, 0, Need{}, "the data are stale", func(s *State) { s.Now = now.Add(time.Hour) })
	f(0, 0, Need{}, "the demand for iops is not known", func(s *State) { s.Demand = foreshock.Allocation{} })
}
