package median_test

import (
	"context"
	"math"
	"testing"

	"github.com/foreshock-io/foreshock/forecast"
	"github.com/foreshock-io/foreshock/forecast/median"
)

// A job that comes each day is forecast for its hour; one that came once, even yesterday, is not, and moves nothing.
func TestJobs(t *testing.T) {
	s := forecast.Series{Periods: []int{24}}
	for i := range 24 * 14 {
		x := 10.0
		switch {
		case i%24 == 3:
			x = 500 // the nightly backup
		case i == 24*13+15:
			x = 900 // somebody's copy
		}
		s.Values, s.Anomaly = append(s.Values, x), append(s.Anomaly, math.NaN())
	}
	m, err := median.Factory.New(func(any) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range m.(forecast.Varied).Variants(s.Periods) {
		f, err := v.Fit(context.Background(), s)
		if err != nil {
			t.Fatal(err)
		}
		mean, deviation := make([]float64, 24), make([]float64, 24)
		f.Forecast(mean, deviation)
		for hour, x := range mean {
			if want := 10.0; hour != 3 && x != want || hour == 3 && x != 500 {
				t.Errorf("%s: %v is expected at %d", v.Name(), x, hour)
			}
		}
	}
}

// The variants are those of the settings, for the seasons that there are; a setting out of range is refused.
func TestVariants(t *testing.T) {
	make := func(cycles []int, weeks int) (forecast.Model, error) {
		return median.Factory.New(func(into any) error {
			*into.(*median.Config) = median.Config{Cycles: cycles, Weeks: weeks}
			return nil
		})
	}
	m, err := make([]int{2, 5}, 4)
	if err != nil {
		t.Fatal(err)
	}
	f := func(periods []int, want ...string) {
		t.Helper()
		var names []string
		for _, v := range m.(forecast.Varied).Variants(periods) {
			names = append(names, v.Name())
		}
		if len(names) != len(want) {
			t.Fatalf("%q, not %q", names, want)
		}
		for i, name := range names {
			if name != want[i] {
				t.Errorf("%q, not %q", name, want[i])
			}
		}
	}
	f(nil, "median of 2", "median of 2, levelled", "median of 5", "median of 5, levelled")
	f([]int{24}, "median of 2", "median of 2, levelled", "median of 5", "median of 5, levelled", "median of 4 weeks", "median of 4 weeks, levelled")
	f([]int{24, 168}, "median of 2", "median of 2, levelled", "median of 5", "median of 5, levelled", "median of 4 weeks", "median of 4 weeks, levelled")
	for _, cycles := range [][]int{{0}, {3, 1000}, {}} {
		if _, err := make(cycles, 3); err == nil {
			t.Errorf("cycles %v are accepted", cycles)
		}
	}
}
