package lags_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/foreshock-io/foreshock/forecast"
	"github.com/foreshock-io/foreshock/forecast/lags"
)

// An autoregression is found again: its forecasts fall towards the mean as those of the process, and their deviation grows to that of the process.
func TestAutoregression(t *testing.T) {
	const phi, sigma = 0.8, 2.0
	rng := rand.New(rand.NewPCG(1, 2))
	s := forecast.Series{}
	y := 0.0
	for range 5000 {
		y = phi*y + sigma*rng.NormFloat64()
		s.Values, s.Anomaly = append(s.Values, 100+y), append(s.Anomaly, math.NaN())
	}
	f, err := lags.Model{}.Fit(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	for range 10 {
		f.Update(110, 0)
	}
	mean, deviation := make([]float64, 30), make([]float64, 30)
	f.Forecast(mean, deviation)
	near := func(what string, got, want, tolerance float64) {
		t.Helper()
		if math.Abs(got-want) > tolerance {
			t.Errorf("%s is %.2f, not %.2f", what, got, want)
		}
	}
	near("the next", mean[0], 100+10*phi, 0.6)
	near("the fourth", mean[3], 100+10*math.Pow(phi, 4), 0.8)
	near("deviation of the next", deviation[0], sigma, 0.1)
	near("deviation far ahead", deviation[29], sigma/math.Sqrt(1-phi*phi), 0.2)
}

// What is constant cannot be regressed, and says so.
func TestConstant(t *testing.T) {
	s := forecast.Series{Values: make([]float64, 100), Anomaly: make([]float64, 100)}
	f, err := lags.Model{}.Fit(context.Background(), s)
	if err != nil {
		return
	}
	mean, deviation := make([]float64, 5), make([]float64, 5)
	f.Forecast(mean, deviation)
	if mean[4] != 0 || deviation[4] != 0 {
		t.Errorf("%v, %v of a constant 0", mean, deviation)
	}
}
