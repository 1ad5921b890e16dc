package ets

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/foreshock-io/foreshock/timeseries/referencetest"
)

// daily is a series of hours with a daily season.
func daily(n int) []float64 {
	rng := rand.New(rand.NewPCG(1, 2))
	x := make([]float64, n)
	for i := range x {
		x[i] = 100 + 20*math.Sin(2*math.Pi*float64(i)/24) + rng.NormFloat64()
	}
	return x
}

func BenchmarkFit(b *testing.B) {
	for _, n := range []int{168, 1344} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			x := daily(n)
			for b.Loop() {
				if _, err := Fit(x, Config{Period: 24}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkUpdate(b *testing.B) {
	m, err := Fit(daily(168), Config{Period: 24, Season: Additive})
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		m.Update(100 + float64(i%24))
	}
}

// Beside R in the same run: the choice among all models, one model, and Holt-Winters.
func BenchmarkAgainstR(b *testing.B) {
	x := daily(336)
	var seconds struct{ Auto, AAA, HoltWinters float64 }
	referencetest.R(b, referencetest.RSeconds+`if (!requireNamespace("forecast", quietly = TRUE)) quit(status = 77)
x <- ts(input, frequency = 24)
output <- list(Auto = system.time(forecast::ets(x))[[1]],
  AAA = seconds(function() forecast::ets(x, model = "AAA", damped = FALSE)), HoltWinters = seconds(function() HoltWinters(x)))`, x, &seconds)
	f := func(name string, seconds float64, op func() error) {
		b.Run(name, func(b *testing.B) {
			referencetest.AgainstR(b, seconds, func() {
				if err := op(); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
	f("auto", seconds.Auto, func() error { _, err := Fit(x, Config{Period: 24}); return err })
	f("AAA", seconds.AAA, func() error {
		_, err := Fit(x, Config{Period: 24, Error: Additive, Trend: Additive, Season: Additive})
		return err
	})
	f("HoltWinters", seconds.HoltWinters, func() error { _, err := FitHoltWinters(x, HoltWintersConfig{Period: 24}); return err })
}
