package arima_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/foreshock-io/foreshock/timeseries/arima"
)

// simulated is a seasonal random walk with noise, with gaps.
func simulated(n, period int, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	y := make([]float64, n)
	level := 100.0
	for t := range y {
		level += r.NormFloat64()
		y[t] = level + 10*math.Sin(2*math.Pi*float64(t)/float64(period)) + r.NormFloat64()
	}
	return y
}

// A model that has taken in readings one by one is where a filter over all is.
func TestUpdate(t *testing.T) {
	f := func(cfg arima.Config, gap ...int) {
		t.Helper()
		y := simulated(200, 12, 1)
		for _, at := range gap {
			y[at] = math.NaN()
		}
		m, err := arima.Fit(y[:150], cfg)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Fixed = map[string]float64{}
		for i, name := range m.Names() {
			cfg.Fixed[name] = m.Coef[i]
		}
		for _, v := range y[150:] {
			m.Update(v)
		}
		all, err := arima.Fit(y, cfg)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := m.Forecast(30, nil)
		want, _ := all.Forecast(30, nil)
		for i := range want.Mean {
			if math.Abs(got.Mean[i]-want.Mean[i]) > 1e-9 || math.Abs(got.StdDev[i]/m.Sigma-want.StdDev[i]/all.Sigma) > 1e-9 {
				t.Fatalf("%v: step %d: %g ± %g, want %g ± %g", m.Spec, i, got.Mean[i], got.StdDev[i]/m.Sigma, want.Mean[i], want.StdDev[i]/all.Sigma)
			}
		}
	}
	f(arima.Config{Order: arima.Order{P: 1, Q: 1}, Mean: true})
	f(arima.Config{Order: arima.Order{P: 2, D: 1, Q: 1}, Drift: true})
	f(arima.Config{Order: arima.Order{D: 1, Q: 1}, Seasonal: arima.Order{D: 1, Q: 1}, Period: 12})
	f(arima.Config{Order: arima.Order{D: 1, Q: 1}, Seasonal: arima.Order{D: 1, Q: 1}, Period: 12}, 0, 3, 77, 78, 79, 120, 160, 161, 162, 199)
	f(arima.Config{Order: arima.Order{P: 1}, Seasonal: arima.Order{P: 1, D: 1}, Period: 12}, 148, 149, 150, 170)
}
