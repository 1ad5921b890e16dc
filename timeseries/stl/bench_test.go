package stl

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/foreshock-io/foreshock/timeseries/referencetest"
)

func noisySine(n, period int) []float64 {
	rng := rand.New(rand.NewPCG(1, 2))
	x := make([]float64, n)
	for i := range x {
		x[i] = sine(period, i) + rng.NormFloat64()
	}
	return x
}

var kinds = []struct {
	name string
	args map[string]any // of R's stl
	cfg  Config
}{
	{"periodic", map[string]any{"s.window": "periodic"}, Config{}},
	{"periodic-robust", map[string]any{"s.window": "periodic", "robust": true}, Config{Robust: true}},
	{"w7", map[string]any{"s.window": 7}, Config{SeasonalWindow: 7}},
	{"w7-robust", map[string]any{"s.window": 7, "robust": true}, Config{SeasonalWindow: 7, Robust: true}},
	{
		"w7-jump1",
		map[string]any{"s.window": 7, "s.jump": 1, "t.jump": 1, "l.jump": 1},
		Config{SeasonalWindow: 7, SeasonalJump: 1, TrendJump: 1, LowPassJump: 1},
	},
}

func BenchmarkDecompose(b *testing.B) {
	for _, n := range []int{2016, 20160} {
		x := noisySine(n, 288)
		for _, kind := range kinds {
			cfg := kind.cfg
			cfg.Period = 288
			b.Run(fmt.Sprint(n, "/", kind.name), func(b *testing.B) {
				var w Workspace
				var r Result
				for b.Loop() {
					if err := w.Decompose(&r, x, cfg); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}

// The function, with all its allocations and preparations, beside R's stl in the same run.
func BenchmarkAgainstR(b *testing.B) {
	var calls []rCall
	var cfgs []Config
	var names []string
	for _, size := range []struct{ n, period int }{{240, 12}, {720, 24}, {2016, 288}, {20160, 288}, {8064, 2016}} {
		x := noisySine(size.n, size.period)
		for _, kind := range kinds {
			cfg := kind.cfg
			cfg.Period = size.period
			calls, cfgs = append(calls, rCall{x, size.period, kind.args}), append(cfgs, cfg)
			names = append(names, fmt.Sprint(size.n, "/", size.period, "/", kind.name))
		}
	}
	var seconds []float64
	referencetest.R(b, referencetest.RSeconds+`output <- sapply(input, function(case) {
  x <- ts(case$x, frequency = case$frequency)
  seconds(function() do.call(stl, c(list(x), case$args)))
})`, calls, &seconds)
	for i, name := range names {
		b.Run(name, func(b *testing.B) {
			referencetest.AgainstR(b, seconds[i], func() {
				if _, err := Decompose(calls[i].X, cfgs[i]); err != nil {
					b.Fatal(err)
				}
			})
		})
	}
}
