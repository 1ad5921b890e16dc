package arima

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// airline simulates (0,1,1)(0,1,1)[period].
func airline(n, period int) []float64 {
	r := rand.New(rand.NewPCG(7, 7))
	e := make([]float64, n)
	y := make([]float64, n)
	at := func(x []float64, t int) float64 {
		if t < 0 {
			return 0
		}
		return x[t]
	}
	for t := range y {
		e[t] = r.NormFloat64()
		w := e[t] - 0.4*at(e, t-1) - 0.6*at(e, t-period) + 0.24*at(e, t-period-1)
		y[t] = w + at(y, t-1) + at(y, t-period) - at(y, t-period-1)
	}
	return y
}

var airlineOrders = Config{Order: Order{0, 1, 1}, Seasonal: Order{0, 1, 1}}

// One exact likelihood of the airline model.
func BenchmarkLikelihood(b *testing.B) {
	for _, c := range []struct{ n, period int }{{144, 12}, {720, 24}, {4032, 288}} {
		for _, gaps := range []int{0, 5} {
			b.Run(fmt.Sprintf("n=%d/period=%d/gaps=%d", c.n, c.period, gaps), func(b *testing.B) {
				cfg := airlineOrders
				cfg.Period = c.period
				y := airline(c.n, c.period)
				for g := range gaps {
					y[c.n/3+17*g] = math.NaN()
				}
				p, err := newProblem(y, cfg.spec(), nil, nil, false)
				if err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for b.Loop() {
					if !p.evaluate([]float64{-0.4, -0.6}, exact) {
						b.Fatal("not stationary")
					}
				}
			})
		}
	}
}

func BenchmarkFit(b *testing.B) {
	for _, c := range []struct{ n, period int }{{144, 12}, {720, 24}, {2880, 24}} {
		b.Run(fmt.Sprintf("n=%d/period=%d", c.n, c.period), func(b *testing.B) {
			cfg := airlineOrders
			cfg.Period = c.period
			y := airline(c.n, c.period)
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Fit(y, cfg); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkChoose(b *testing.B) {
	for _, c := range []struct{ n, period int }{{144, 12}, {720, 24}} {
		b.Run(fmt.Sprintf("n=%d/period=%d", c.n, c.period), func(b *testing.B) {
			y := airline(c.n, c.period)
			for b.Loop() {
				if _, err := Choose(y, ChooseConfig{Period: c.period}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The time does not depend on the length of the series.
func BenchmarkUpdate(b *testing.B) {
	for _, n := range []int{720, 7200} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			cfg := airlineOrders
			cfg.Period = 24
			cfg.Fixed = map[string]float64{"ma1": -0.4, "sma1": -0.6}
			y := airline(n, 24)
			m, err := Fit(y, cfg)
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				m.Update(y[i%n])
			}
		})
	}
}
