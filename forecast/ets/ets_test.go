package ets_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/foreshock-io/foreshock/forecast"
	"github.com/foreshock-io/foreshock/forecast/ets"
)

// A season longer than exponential smoothing could have is forecast, and a level that moves is followed.
func TestSeasonAndLevel(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	s := forecast.Series{Periods: []int{96}}
	season := func(i int) float64 { return 20 * math.Sin(2*math.Pi*float64(i)/96) }
	level := 200.0
	for i := range 96 * 8 {
		level += 0.5 * rng.NormFloat64()
		s.Values, s.Anomaly = append(s.Values, level+season(i)+rng.NormFloat64()), append(s.Anomaly, math.NaN())
	}
	m, err := ets.Factory.New(func(any) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	f, err := m.Fit(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 48 {
		f.Update(level+30+season(i), 0)
	}
	mean, deviation := make([]float64, 96), make([]float64, 96)
	f.Forecast(mean, deviation)
	for k, x := range mean {
		if want := level + 30 + season(48+k); math.Abs(x-want) > 6 {
			t.Errorf("%.1f is expected in step %d, not %.1f", x, k, want)
		}
	}
	if !(deviation[0] < deviation[95]) {
		t.Errorf("the deviation is %.2f at first and %.2f later", deviation[0], deviation[95])
	}
}
