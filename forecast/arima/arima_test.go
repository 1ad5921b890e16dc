package arima_test

import (
	"context"
	"errors"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/foreshock-io/foreshock/forecast"
	"github.com/foreshock-io/foreshock/forecast/arima"
)

func model(t *testing.T) forecast.Model {
	t.Helper()
	m, err := arima.Factory.New(func(any) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// noise with a season of m steps, raised by 6 in the two steps after an anomaly.
func series(n, m int, scores bool) forecast.Series {
	rng := rand.New(rand.NewPCG(4, 5))
	s := forecast.Series{Periods: []int{m}}
	e := 0.0
	for i := range n {
		e = 0.6*e + rng.NormFloat64()
		s.Values = append(s.Values, 100+10*math.Sin(2*math.Pi*float64(i)/float64(m))+e)
		s.Anomaly = append(s.Anomaly, math.NaN())
	}
	for i := 7; scores && i < n-2; i += 10 + rng.IntN(15) {
		s.Anomaly[i] = 5
		s.Values[i+1] += 6
		s.Values[i+2] += 6
	}
	return s
}

// A season is forecast, whether it is the model's own or STL's; and followed by updates.
func TestSeasons(t *testing.T) {
	for _, m := range []int{7, 48} {
		s := series(480, m, false)
		f, err := model(t).Fit(context.Background(), s)
		if err != nil {
			t.Fatal(err)
		}
		for range m / 3 {
			f.Update(math.NaN(), math.NaN())
		}
		mean, deviation := make([]float64, m), make([]float64, m)
		f.Forecast(mean, deviation)
		for k, x := range mean {
			if want := 100 + 10*math.Sin(2*math.Pi*float64(480+m/3+k)/float64(m)); math.Abs(x-want) > 3 {
				t.Errorf("season of %d: %.1f is expected in step %d, not %.1f", m, x, k, want)
			}
		}
	}
}

// An anomaly raises what is expected of the steps after it by what it did before, and no further.
func TestAnomaly(t *testing.T) {
	expect := func(score float64) []float64 {
		f, err := model(t).Fit(context.Background(), series(480, 48, true))
		if err != nil {
			t.Fatal(err)
		}
		f.Update(100, score)
		mean, deviation := make([]float64, 6), make([]float64, 6)
		f.Forecast(mean, deviation)
		return mean
	}
	with, without := expect(5), expect(0.5)
	for k, want := range []float64{6, 6, 0, 0, 0, 0} {
		if got := with[k] - without[k]; math.Abs(got-want) > 1.5 {
			t.Errorf("step %d is raised by %.1f, not %.0f", k, got, want)
		}
	}
}

// No time is no fit.
func TestNoTime(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := model(t).Fit(ctx, series(480, 48, false)); !errors.Is(err, context.Canceled) {
		t.Error(err)
	}
}
