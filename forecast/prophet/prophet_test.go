package prophet_test

import (
	"context"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/foreshock-io/foreshock/forecast"
	"github.com/foreshock-io/foreshock/forecast/prophet"
)

// Trend and season go on; a remainder that lasts is carried into the next steps and fades.
func TestGoesOn(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 3))
	at := func(i int) float64 { return 50 + 0.02*float64(i) + 8*math.Sin(2*math.Pi*float64(i)/24) }
	s := forecast.Series{Periods: []int{24}}
	rest := 0.0
	for i := range 24 * 30 {
		rest = 0.9*rest + 0.5*rng.NormFloat64()
		s.Values, s.Anomaly = append(s.Values, at(i)+rest), append(s.Anomaly, math.NaN())
	}
	m, err := prophet.Factory.New(func(any) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	f, err := m.Fit(context.Background(), s)
	if err != nil {
		t.Fatal(err)
	}
	n := len(s.Values)
	for i := range 24 {
		f.Update(at(n+i)+5, math.NaN())
	}
	mean, deviation := make([]float64, 72), make([]float64, 72)
	f.Forecast(mean, deviation)
	for k, x := range mean {
		want := at(n+24+k) + 5*math.Pow(0.9, float64(k+1))
		if math.Abs(x-want) > 3 {
			t.Errorf("%.2f is expected in step %d, not %.2f", x, k, want)
		}
	}
	if !(deviation[0] < deviation[71]) {
		t.Errorf("the deviation is %.2f at first and %.2f later", deviation[0], deviation[71])
	}
}
