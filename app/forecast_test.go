package app_test

import (
	"context"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock/app"
)

// A series without times is forecast as a workload's demand is; by one model when one is asked for; and what cannot be forecast is told.
func TestForecastSeries(t *testing.T) {
	s := app.Series{Periods: []int{12}, Steps: 24, Levels: []float64{0.025, 0.5, 0.975}}
	for i := range 240 {
		s.Values = append(s.Values, 10*math.Sin(2*math.Pi*float64(i)/12)+float64(i*31%7)/7)
	}
	for _, model := range append(app.Models(), "auto", "") {
		s.Model = model
		f, err := app.ForecastSeries(context.Background(), s)
		if err != nil {
			t.Fatalf("%s: %s", model, err)
		}
		if len(f.Mean) != 24 || math.Abs(f.Mean[2]-10) > 3 || f.Mean[8] > -5 || !slices.IsSorted([]float64{f.Quantiles[0][8], f.Mean[8], f.Quantiles[2][8]}) {
			t.Errorf("%s forecasts %.2f", model, f.Mean)
		}
	}
	f := func(change func(*app.Series), want string) {
		t.Helper()
		bad := s
		change(&bad)
		if _, err := app.ForecastSeries(context.Background(), bad); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q, not %q", err, want)
		}
	}
	f(func(s *app.Series) { s.Model = "oracle" }, `no model is called "oracle"`)
	f(func(s *app.Series) { s.Values = s.Values[:5] }, "5 steps are known")
	f(func(s *app.Series) { s.Steps = 0 }, "at least one step")
	f(func(s *app.Series) { s.Levels = []float64{1.5} }, "levels")
}
