package robust

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func Example() {
	latencies := []float64{1.9, 2.1, 2.0, 2.2, 1.8, 2.0, 950} // ms, one of them wild
	fmt.Printf("median %.1f, MAD %.2f, Huber %.2f\n",
		Median(latencies), MAD(latencies), Huber(latencies, DefaultHuber))
	// Output: median 2.0, MAD 0.15, Huber 2.04
}

func TestStatistics(t *testing.T) {
	nan := math.NaN()
	f := func(x []float64, median, mad, trimmed, huber float64) {
		t.Helper()
		got := []float64{Median(x), MAD(x), TrimmedMean(x, 0.2), Huber(x, 1.5)}
		if diff := cmp.Diff([]float64{median, mad, trimmed, huber}, got,
			cmpopts.EquateNaNs(), cmpopts.EquateApprox(1e-9, 1e-12)); diff != "" {
			t.Errorf("%v: %s", x, diff)
		}
	}
	f(nil, nan, nan, nan, nan)
	f([]float64{nan}, nan, nan, nan, nan)
	f([]float64{3}, 3, 0, 3, 3)
	f([]float64{3, nan, 5}, 4, 1.4826, 4, 4)
	f([]float64{7, 7, 7, 100}, 7, 0, 30.25, 7)
	f([]float64{1, 2, 3, 4, 100}, 3, 1.4826, 3, 2.5+1.5*1.4826/4) // the mean of the others, pulled by one at its limit
}

func TestQuantile(t *testing.T) {
	f := func(x []float64, q, want float64) {
		t.Helper()
		if got := Quantile(x, q); got != want && !(math.IsNaN(got) && math.IsNaN(want)) {
			t.Errorf("quantile %g of %v is %g, want %g", q, x, got, want)
		}
	}
	f([]float64{4, 1, 3, 2}, 0, 1)
	f([]float64{4, 1, 3, 2}, 0.5, 2.5)
	f([]float64{4, 1, 3, 2}, 1, 4)
	f([]float64{4, 1, 3, 2}, 1.01, math.NaN())
	f([]float64{4, 1, 3, 2}, math.NaN(), math.NaN())
	f([]float64{-math.MaxFloat64, math.MaxFloat64}, 0.5, 0)
	f([]float64{math.Inf(1), 1, 2}, 0.5, 2)
}

func TestSelect(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Float64Range(0, float64(rapid.SampledFrom([]int{3, 1e6}).Draw(t, "range"))), 1, 300).Draw(t, "x")
		if rapid.Bool().Draw(t, "ties") {
			for i := range x {
				x[i] = math.Floor(x[i])
			}
		}
		k := rapid.IntRange(0, len(x)-1).Draw(t, "k")
		want := slices.Sorted(slices.Values(x))
		got := Select(x, k)
		if got != want[k] || slices.Max(x[:k+1]) > got || slices.Min(x[k:]) < got {
			t.Fatalf("rank %d is %g, want %g", k, got, want[k])
		}
		slices.Sort(x)
		if diff := cmp.Diff(want, x); diff != "" {
			t.Fatal(diff)
		}
	})
}

// Orders that are bad for simple pivots: with quadratic time this test would take
// minutes.
func TestSelectManyEqualAndOrdered(t *testing.T) {
	const n = 200_000
	for name, at := range map[string]func(int) float64{
		"equal": func(int) float64 { return 1 },
		"up":    func(i int) float64 { return float64(i) },
		"down":  func(i int) float64 { return float64(-i) },
		"organ": func(i int) float64 { return float64(min(i, n-i)) },
		"saw":   func(i int) float64 { return float64(i % 7) },
	} {
		x := make([]float64, n)
		for i := range x {
			x[i] = at(i)
		}
		want := slices.Sorted(slices.Values(x))[n/3]
		if got := Select(x, n/3); got != want {
			t.Errorf("%s: %g, want %g", name, got, want)
		}
	}
}

func TestShiftAndScale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Float64Range(-100, 100), 1, 60).Draw(t, "x")
		shift, scale := rapid.Float64Range(-50, 50).Draw(t, "shift"), rapid.Float64Range(0.1, 10).Draw(t, "scale")
		y := make([]float64, len(x))
		for i, v := range x {
			y[i] = shift + scale*v
		}
		before := slices.Clone(x)
		f := func(name string, got, want float64) {
			if math.Abs(got-want) > 1e-6 {
				t.Fatalf("%s is %g, want %g", name, got, want)
			}
		}
		f("median", Median(y), shift+scale*Median(x))
		f("MAD", MAD(y), scale*MAD(x))
		f("quantile", Quantile(y, 0.3), shift+scale*Quantile(x, 0.3))
		f("trimmed mean", TrimmedMean(y, 0.15), shift+scale*TrimmedMean(x, 0.15))
		if MAD(x) > 1e-6 {
			f("Huber", Huber(y, 1.345), shift+scale*Huber(x, 1.345))
		}
		if diff := cmp.Diff(before, x); diff != "" {
			t.Fatalf("the sample was changed: %s", diff)
		}
	})
}

func TestFiniteInputNeverNaN(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Float64(), 1, 40).Draw(t, "x")
		lo, hi := slices.Min(x), slices.Max(x)
		f := func(name string, got float64) {
			if !(got >= lo && got <= hi) {
				t.Fatalf("%s %g is outside %g..%g", name, got, lo, hi)
			}
		}
		f("median", Median(x))
		f("quantile", Quantile(x, 0.77))
		if mad := MAD(x); !(mad >= 0) {
			t.Fatalf("MAD is %g", mad)
		}
		slack := 1e-9 * max(math.Abs(lo), math.Abs(hi))
		lo, hi = lo-slack, hi+slack
		f("trimmed mean", TrimmedMean(x, 0.2))
		f("Huber", Huber(x, 1.345))
	})
}

func TestWorkspaceAllocatesOnce(t *testing.T) {
	x := []float64{5, 2, math.NaN(), 9, 1, 4}
	var w Workspace
	dst := make([]float64, 2)
	if n := testing.AllocsPerRun(100, func() {
		w.Median(x)
		w.MAD(x)
		w.TrimmedMean(x, 0.2)
		w.Huber(x, 1.345)
		dst = w.Quantiles(dst, x, 0.1, 0.9)
	}); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func BenchmarkMAD(b *testing.B) {
	for _, n := range []int{360, 8640} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			rng := rand.New(rand.NewPCG(1, 2))
			x := make([]float64, n)
			for i := range x {
				x[i] = rng.NormFloat64()
			}
			var w Workspace
			for b.Loop() {
				w.MAD(x)
			}
		})
	}
}
