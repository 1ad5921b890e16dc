package naive_test

import (
	"context"
	"math"
	"testing"

	"github.com/foreshock-io/foreshock/forecast"
	"github.com/foreshock-io/foreshock/forecast/naive"
)

var missing = math.NaN()

// The last known value of each phase is repeated; the deviation grows with the root of the seasons.
func TestRepeats(t *testing.T) {
	f := func(period int, values, updates, want []float64) {
		t.Helper()
		s := forecast.Series{Values: values, Anomaly: make([]float64, len(values))}
		if period > 1 {
			s.Periods = []int{period}
		}
		fitted, err := naive.Model{}.Fit(context.Background(), s)
		if err != nil {
			t.Fatal(err)
		}
		for _, x := range updates {
			fitted.Update(x, 0)
		}
		mean, deviation := make([]float64, len(want)), make([]float64, len(want))
		fitted.Forecast(mean, deviation)
		for k := range want {
			if mean[k] != want[k] {
				t.Errorf("%v, not %v", mean, want)
			}
		}
		if last := len(want) - 1; period < last && deviation[last] <= deviation[0] {
			t.Errorf("the deviation does not grow: %v", deviation)
		}
	}
	f(3, []float64{1, 2, 3, 4, 5, 6}, nil, []float64{4, 5, 6, 4, 5, 6, 4})
	f(3, []float64{1, 2, 3, 4, missing, 6}, nil, []float64{4, 2, 6, 4})
	f(3, []float64{1, 2, 3, 4, 5, 6}, []float64{7, missing}, []float64{6, 7, 5, 6})
	f(1, []float64{1, 2, 4}, []float64{8}, []float64{8, 8, 8})
}

func TestTooLittle(t *testing.T) {
	f := func(period int, values ...float64) {
		t.Helper()
		s := forecast.Series{Values: values, Anomaly: make([]float64, len(values)), Periods: []int{period}}
		if _, err := (naive.Model{}).Fit(context.Background(), s); err == nil {
			t.Errorf("%v were enough", values)
		}
	}
	f(2)
	f(2, 1, 2, 3)
	f(2, 1, missing, 3, missing, 4, missing)
}
