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
	f := func(name, call string, op func() error) {
		b.Run(name, func(b *testing.B) {
			var seconds float64
			referencetest.R(b, referencetest.RSeconds+`if (!requireNamespace("forecast", quietly = TRUE)) quit(status = 77)
x <- ts(input, frequency = 24)
start <- proc.time()[[3]]
invisible(`+call+`)
once <- proc.time()[[3]] - start
output <- if (once > 0.5) once else seconds(function() `+call+`)`, x, &seconds)
			referencetest.AgainstR(b, seconds, func() {
				if err := op(); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
	f("auto", "forecast::ets(x)", func() error { _, err := Fit(x, Config{Period: 24}); return err })
	f("AAA", `forecast::ets(x, model = "AAA", damped = FALSE)`, func() error {
		_, err := Fit(x, Config{Period: 24, Error: Additive, Trend: Additive, Season: Additive})
		return err
	})
	f("HoltWinters", "HoltWinters(x)", func() error { _, err := FitHoltWinters(x, HoltWintersConfig{Period: 24}); return err })
}
