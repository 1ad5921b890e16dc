package stl

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func ExampleFindPeriod() {
	rng := rand.New(rand.NewPCG(1, 2))
	hourly := make([]float64, 4*168)
	for i := range hourly {
		if hour, day := i%24, i/24%7; hour >= 8 && hour < 18 && day < 5 {
			hourly[i] = 3 // busy in office hours, but not at the weekend
		}
		hourly[i] += rng.NormFloat64()
	}
	for _, s := range FindPeriod(hourly, 12, 24, 168) {
		fmt.Printf("every %d h: strength %.1f\n", s.Period, s.Strength)
	}
	fmt.Println(FindPeriod(hourly, 7, 100))
	// Output:
	// every 24 h: strength 0.5
	// every 168 h: strength 0.4
	// []
}

func sine(period, i int) float64 {
	return math.Sin(2 * math.Pi * float64(i) / float64(period))
}

// draw counts the series in which exactly the wanted periods are found, and gives what was found in another.
func draw(draws int, stream uint64, n int, at func(rng *rand.Rand, i int) float64, candidates, want []int) (hits int, other []int) {
	for seed := range draws {
		rng := rand.New(rand.NewPCG(stream, uint64(seed)))
		x := make([]float64, n)
		for i := range x {
			x[i] = at(rng, i)
		}
		var got []int
		for _, s := range FindPeriod(x, candidates...) {
			got = append(got, s.Period)
		}
		if cmp.Equal(want, got, cmpopts.EquateEmpty()) {
			hits++
		} else {
			other = got
		}
	}
	return hits, other
}

// Nearly all draws of a kind must give the wanted periods.
func TestFindPeriod(t *testing.T) {
	const draws = 20
	f := func(name string, n int, at func(rng *rand.Rand, i int) float64, candidates, want []int) {
		t.Helper()
		hits, other := draw(draws, 9, n, at, candidates, want)
		if hits < draws*9/10 {
			t.Errorf("%s: found %v in %d of %d draws, else %v", name, want, hits, draws, other)
		}
	}
	f("noise", 1000, func(rng *rand.Rand, _ int) float64 { return rng.NormFloat64() }, []int{12, 24, 168}, nil)
	f("heavy tails", 1000, func(rng *rand.Rand, _ int) float64 { return math.Exp(3 * rng.NormFloat64()) }, []int{12, 24, 168}, nil)
	f("a sine", 200, func(rng *rand.Rand, i int) float64 { return sine(24, i) + rng.NormFloat64() }, []int{12, 24, 48, 168}, []int{24})
	f("its neighbours", 200, func(rng *rand.Rand, i int) float64 { return sine(24, i) + rng.NormFloat64() }, []int{23, 24, 25}, []int{24})
	f("a steep trend", 336, func(rng *rand.Rand, i int) float64 { return 9*float64(i) + sine(24, i) + rng.NormFloat64() }, []int{12, 24}, []int{24})
	f("a shift", 336, func(rng *rand.Rand, i int) float64 { return 20*float64(i/100) + rng.NormFloat64() }, []int{12, 24}, nil)
	f("a short peak", 336, func(rng *rand.Rand, i int) float64 {
		return rng.NormFloat64() + 10*float64((i%24)/23)
	}, []int{12, 24, 48}, []int{24})
	f("a short peak in silence", 336, func(_ *rand.Rand, i int) float64 { return float64((i % 24) / 23) }, []int{12, 24, 48}, []int{24})
	f("wild outliers", 336, func(rng *rand.Rand, i int) float64 {
		if i == 10 || i == 77 {
			return 1e12
		}
		return sine(24, i) + rng.NormFloat64()
	}, []int{12, 24}, []int{24})
	f("half of it missing", 336, func(rng *rand.Rand, i int) float64 {
		if rng.Float64() < 0.5 {
			return math.NaN()
		}
		return sine(24, i) + rng.NormFloat64()
	}, []int{12, 24}, []int{24})
	f("two cycles", 60, func(_ *rand.Rand, i int) float64 { return sine(24, i) }, []int{24}, nil)
	f("a day of five minutes", 2016, func(rng *rand.Rand, i int) float64 { return sine(288, i) + rng.NormFloat64() }, []int{12, 144, 288, 2016}, []int{288})
	f("a constant", 200, func(*rand.Rand, int) float64 { return 0.1 }, []int{12, 24}, nil)
}

// Without candidates, seasons of any period must be found, and where none is there, hardly any.
func TestFindPeriodUnnamed(t *testing.T) {
	const draws = 20
	f := func(name string, n, least int, at func(rng *rand.Rand, i int) float64, want ...int) {
		t.Helper()
		hits, other := draw(draws, 21, n, at, nil, want)
		if hits < least {
			t.Errorf("%s: found %v in %d of %d draws, else %v", name, want, hits, draws, other)
		}
	}
	noise := func(rng *rand.Rand, _ int) float64 { return rng.NormFloat64() }
	level := 0.0
	walk := func(rng *rand.Rand, i int) float64 {
		if i == 0 {
			level = 0
		}
		level += rng.NormFloat64()
		return level
	}
	f("noise", 1000, 19, noise)
	f("a random walk", 1000, 18, walk)
	f("heavy tails", 1000, 18, func(rng *rand.Rand, _ int) float64 { return math.Exp(3 * rng.NormFloat64()) })
	f("a constant", 300, 20, func(*rand.Rand, int) float64 { return 7 })
	f("a sine", 672, 19, func(rng *rand.Rand, i int) float64 { return sine(24, i) + noise(rng, i) }, 24)
	f("a sine of an odd period", 500, 19, func(rng *rand.Rand, i int) float64 { return sine(7, i) + noise(rng, i) }, 7)
	f("a short peak", 672, 19, func(rng *rand.Rand, i int) float64 { return 3*float64(i%24/22) + noise(rng, i) }, 24)
	f("an odd cycle on a random walk", 1000, 18, func(rng *rand.Rand, i int) float64 { return 3*walk(rng, i) + 20*float64(i%37/25) + noise(rng, i) }, 37)
	f("a day and a week", 2016, 17, func(rng *rand.Rand, i int) float64 {
		busy := 0.0
		if hour, day := i%24, i/24%7; hour >= 8 && hour < 18 && day < 5 {
			busy = 3
		}
		return busy + noise(rng, i)
	}, 24, 168)
	f("half of it missing", 672, 18, func(rng *rand.Rand, i int) float64 {
		if rng.Float64() < 0.5 {
			return math.NaN()
		}
		return 2*sine(24, i) + noise(rng, i)
	}, 24)
}

// The sum of squares after folding must be what the autocovariances say.
func TestAutocovariance(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Float64Range(-10, 10), 1, 70).Draw(t, "x")
		got := autocovariance(x)
		for k := range x {
			want := 0.0
			for i := k; i < len(x); i++ {
				want += x[i] * x[i-k]
			}
			if math.Abs(got[k]-want) > 1e-9 {
				t.Fatalf("at %d %g, want %g", k, got[k], want)
			}
		}
	})
}

// Autocorrelated noise has no season, however wavy it looks.
func TestWalksHaveNoSeason(t *testing.T) {
	for _, memory := range []float64{0.7, 0.95, 1} {
		found := 0
		for seed := range uint64(100) {
			rng := rand.New(rand.NewPCG(4, seed))
			x := make([]float64, 300)
			for i := 1; i < len(x); i++ {
				x[i] = memory*x[i-1] + rng.NormFloat64()
			}
			if len(FindPeriod(x, 24)) > 0 {
				found++
			}
		}
		if found > 5 {
			t.Errorf("memory %g: a season in %d of 100 draws, want about 1", memory, found)
		}
	}
}

func TestFindPeriodAnyInput(t *testing.T) {
	value := rapid.SampledFrom([]float64{0, 1, 1, 2, -5, 1e300, 1e-300, math.NaN(), math.Inf(1), math.Inf(-1)})
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(value, 0, 80).Draw(t, "x")
		for _, s := range FindPeriod(x, rapid.SliceOfN(rapid.IntRange(-2, 45), 0, 4).Draw(t, "candidates")...) {
			if !(s.Strength >= LeastStrength && s.Strength <= 1) || !(s.PValue > 0 && s.PValue <= Significance) || 2*s.Period >= len(x) {
				t.Fatalf("%d readings: %+v", len(x), s)
			}
		}
	})
}

func BenchmarkFindPeriod(b *testing.B) {
	for _, n := range []int{2016, 20160} {
		b.Run(fmt.Sprint(n, "/named"), func(b *testing.B) {
			x := noisySine(n, 288)
			for b.Loop() {
				FindPeriod(x, 288, 2016)
			}
		})
		b.Run(fmt.Sprint(n, "/unnamed"), func(b *testing.B) {
			x := noisySine(n, 288)
			for b.Loop() {
				FindPeriod(x)
			}
		})
	}
}
