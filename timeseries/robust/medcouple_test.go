package robust

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func ExampleSkewFences() {
	rng := rand.New(rand.NewPCG(1, 2))
	latencies := make([]float64, 10000) // ms, log-normal: nothing is wrong with them
	for i := range latencies {
		latencies[i] = 2 * math.Exp(0.5*rng.NormFloat64())
	}
	beyond := func(_, upper float64) (n int) {
		for _, x := range latencies {
			if x > upper {
				n++
			}
		}
		return n
	}
	fmt.Printf("medcouple %.2f; outliers by Tukey's fence %d, by the skewed one %d\n",
		Medcouple(latencies), beyond(Fences(latencies)), beyond(SkewFences(latencies)))
	// Output: medcouple 0.21; outliers by Tukey's fence 349, by the skewed one 79
}

// byPairs is the definition.
func byPairs(x []float64) float64 {
	m := Median(x)
	var up, down, all []float64
	ties := 0
	for _, v := range x {
		switch {
		case v > m:
			up = append(up, v)
		case v < m:
			down = append(down, v)
		default:
			ties++
		}
	}
	for _, u := range up {
		for _, v := range down {
			all = append(all, ((u-m)-(m-v))/(u-v))
		}
		all = append(all, slices.Repeat([]float64{1}, ties)...)
	}
	for range down {
		all = append(all, slices.Repeat([]float64{-1}, ties)...)
	}
	for i := range ties {
		for j := range ties {
			switch {
			case i+j < ties-1:
				all = append(all, 1)
			case i+j > ties-1:
				all = append(all, -1)
			default:
				all = append(all, 0)
			}
		}
	}
	return Median(all)
}

func TestMedcouple(t *testing.T) {
	value := rapid.OneOf(rapid.Float64Range(-5, 5), rapid.SampledFrom([]float64{0, 1, 1, 2}))
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(value, 0, 60).Draw(t, "x")
		got, want := Medcouple(x), byPairs(x)
		if !(math.Abs(got-want) < 1e-9) && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Fatalf("medcouple of %v is %g, want %g", x, got, want)
		}
	})
}

// Shift and scale leave it, a mirror changes its sign.
func TestMedcoupleIsInvariant(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	x := make([]float64, 5001)
	for i := range x {
		x[i] = math.Exp(rng.NormFloat64())
	}
	want := Medcouple(x)
	for _, f := range []func(v float64) float64{
		func(v float64) float64 { return 3*v - 7 },
		func(v float64) float64 { return 1e300 * v },
		func(v float64) float64 { return 1e-300 * v },
	} {
		y := slices.Clone(x)
		for i, v := range x {
			y[i] = f(v)
		}
		if got := Medcouple(y); math.Abs(got-want) > 1e-9 {
			t.Errorf("medcouple %g, want %g", got, want)
		}
		for i := range y {
			y[i] = -y[i]
		}
		if got := Medcouple(y); math.Abs(got+want) > 1e-9 {
			t.Errorf("mirrored %g, want %g", got, -want)
		}
	}
	if !math.IsNaN(Medcouple([]float64{1, 2, math.Inf(1)})) || Medcouple([]float64{5, 5, 5, 5}) != 0 {
		t.Error("of an infinite sample, or of a constant")
	}
}

func TestDefinitions(t *testing.T) {
	x := []float64{15, 20, math.NaN(), 35, 40, 50}
	f := func(d Definition, q, want float64) {
		t.Helper()
		if got := d.Quantile(x, q); math.Abs(got-want) > 1e-12 {
			t.Errorf("definition %d: quantile %g is %g, want %g", d, q, got, want)
		}
	}
	f(InverseECDF, 0, 15)
	f(InverseECDF, 0.2, 15)
	f(InverseECDF, 0.21, 20)
	f(InverseECDF, 1, 50)
	f(Weibull, 0.05, 15)
	f(Weibull, 0.4, 20+0.4*15)
	f(MedianUnbiased, 0.4, 20+0.4666666666666667*15)
	if !math.IsNaN(Weibull.Quantile(nil, 0.5)) || !math.IsNaN(Weibull.Quantile(x, 2)) || !math.IsNaN(Hinges(nil)[2]) {
		t.Error("of nothing, or beyond 1")
	}
}

// Whatever the definition, quantiles are within the sample, rise with q, and carry shift and scale through.
func TestDefinitionsAnySample(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Float64Range(-100, 100), 1, 40).Draw(t, "x")
		p, q := rapid.Float64Range(0, 1).Draw(t, "p"), rapid.Float64Range(0, 1).Draw(t, "q")
		p, q = min(p, q), max(p, q)
		y := slices.Clone(x)
		for i := range y {
			y[i] = 3 + 2*x[i]
		}
		for _, d := range []Definition{InverseECDF, Weibull, MedianUnbiased} {
			low, high := d.Quantile(x, p), d.Quantile(x, q)
			if low < slices.Min(x) || low > high+1e-12 || high > slices.Max(x) || math.Abs(d.Quantile(y, q)-3-2*high) > 1e-9 {
				t.Fatalf("definition %d: %g at %g, %g at %g", d, low, p, high, q)
			}
		}
		if five := Hinges(x); !slices.IsSorted(five[:]) || five[0] != slices.Min(x) || five[4] != slices.Max(x) {
			t.Fatalf("five numbers %v", five)
		}
	})
}

func BenchmarkMedcouple(b *testing.B) {
	for _, n := range []int{360, 8640} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 2))
			x := make([]float64, n)
			for i := range x {
				x[i] = math.Exp(rng.NormFloat64())
			}
			for b.Loop() {
				Medcouple(x)
			}
		})
	}
}
