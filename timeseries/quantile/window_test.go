package quantile

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/fxamacker/cbor/v2"
	"github.com/google/go-cmp/cmp"
	"gonum.org/v1/gonum/stat"
	"pgregory.net/rapid"
)

func ExampleWindow() {
	w := NewWindow(1000)
	for latency := 0.001; latency < 0.1; latency += 0.001 {
		w.Add(latency)
	}
	fmt.Printf("%d readings, mean %.3f, p50 %.3f, p99 %.3f\n",
		w.Count(), w.Mean(), w.Quantile(0.5), w.Quantile(0.99))
	// Output: 99 readings, mean 0.050, p50 0.050, p99 0.098
}

// reading draws readings of all sizes, zero among them.
var reading = rapid.Custom(func(t *rapid.T) float64 {
	if rapid.IntRange(0, 9).Draw(t, "kind") == 0 {
		return 0
	}
	return math.Pow(10, rapid.Float64Range(-12, 17).Draw(t, "log10"))
})

func near(got, want, tolerance float64) bool {
	return got == want || math.Abs(got-want) <= tolerance
}

// typeSeven is R's default quantile, by sorting.
func typeSeven(xs []float64, q float64) float64 {
	sorted := slices.Sorted(slices.Values(xs))
	position := q * float64(len(sorted)-1)
	i := int(position)
	if i+1 == len(sorted) {
		return sorted[i]
	}
	return sorted[i] + (position-float64(i))*(sorted[i+1]-sorted[i])
}

func TestWindowAgainstPlainArithmetic(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		capacity := rapid.IntRange(1, 40).Draw(t, "capacity")
		w := NewWindow(capacity)
		var all []float64
		for _, x := range rapid.SliceOfN(reading, 0, 200).Draw(t, "readings") {
			w.Add(x)
			all = append(all, Decode(Encode(x)))
			held := all[max(0, len(all)-capacity):]
			checkWindow(t, &w, held)
		}
	})
}

func checkWindow(t *rapid.T, w *Window, held []float64) {
	if err := w.Valid(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(held, w.Values(nil)); diff != "" {
		t.Fatal(diff)
	}
	mean, sd := stat.Mean(held, nil), 0.0
	if len(held) > 1 {
		sd = stat.StdDev(held, nil)
	}
	if w.Count() != len(held) || !near(w.Mean(), mean, 1e-9*(mean+sd)) || !near(w.StdDev(), sd, 1e-6*sd+1e-12*mean) {
		t.Fatalf("%d readings, mean %g, sd %g; want %d, %g, %g", w.Count(), w.Mean(), w.StdDev(), len(held), mean, sd)
	}
	for _, q := range []float64{0, 0.1, 0.5, 0.99, 1} {
		if want := typeSeven(held, q); !near(w.Quantile(q), want, 1e-12*want) {
			t.Fatalf("quantile %g is %g, want %g", q, w.Quantile(q), want)
		}
	}
}

// A burst a trillion times as large as the rest must leave no trace once gone.
func TestWindowForgetsABurst(t *testing.T) {
	w := NewWindow(100)
	rng := rand.New(rand.NewPCG(1, 2))
	for i := range 1000 {
		x := 1 + rng.Float64()
		if i%250 == 7 {
			x = 1e15
		}
		w.Add(x)
		held := w.Values(nil)
		if slices.Max(held) < 10 && math.Abs(w.StdDev()/stat.StdDev(held, nil)-1) > 1e-6 {
			t.Fatalf("after %d readings sd is %g, want %g", i+1, w.StdDev(), stat.StdDev(held, nil))
		}
	}
}

func TestWindowConstant(t *testing.T) {
	w := NewWindow(10)
	for _, x := range []float64{0.1, 3.3e14, 0.7} {
		for range 33 {
			w.Add(x)
		}
		if w.StdDev() != 0 || w.Mean() != Decode(Encode(x)) || w.Quantile(0.37) != w.Mean() {
			t.Errorf("ten times %g: mean %g, sd %g", x, w.Mean(), w.StdDev())
		}
	}
}

func TestWindowRefuses(t *testing.T) {
	w := NewWindow(3)
	w.Add(1)
	before := w
	for _, x := range []float64{-1, math.NaN(), math.Inf(-1)} {
		if w.Add(x) {
			t.Errorf("%g was taken in", x)
		}
	}
	if diff := cmp.Diff(before, w); diff != "" {
		t.Error(diff)
	}
}

func TestWindowEmpty(t *testing.T) {
	w := NewWindow(3)
	for name, x := range map[string]float64{
		"mean": w.Mean(), "sd": w.StdDev(), "median": w.Quantile(0.5), "last": w.Last(),
	} {
		if !math.IsNaN(x) {
			t.Errorf("%s of nothing is %g", name, x)
		}
	}
	w.Add(1)
	for _, q := range []float64{-0.1, 1.1, math.NaN()} {
		if x := w.Quantile(q); !math.IsNaN(x) {
			t.Errorf("quantile %g is %g, want NaN", q, x)
		}
	}
}

func TestMerged(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var windows []*Window
		var all []float64
		for range rapid.IntRange(1, 4).Draw(t, "windows") {
			w := NewWindow(rapid.IntRange(1, 30).Draw(t, "capacity"))
			for _, x := range rapid.SliceOfN(reading, 0, 40).Draw(t, "readings") {
				w.Add(x)
			}
			windows = append(windows, &w)
			all = append(all, w.Values(nil)...)
		}
		qs := []float64{0.9, 0.25, 1}
		for i, got := range Merged(nil, windows, qs...) {
			if len(all) == 0 {
				if !math.IsNaN(got) {
					t.Fatalf("quantile of nothing is %g", got)
				}
			} else if want := typeSeven(all, qs[i]); !near(got, want, 1e-12*want) {
				t.Fatalf("quantile %g is %g, want %g", qs[i], got, want)
			}
		}
	})
}

func TestWindowThroughCBOR(t *testing.T) {
	w := NewWindow(360)
	for i := range 1000 {
		w.Add(float64(i % 77))
	}
	data, err := cbor.Marshal(w)
	if err != nil {
		t.Fatal(err)
	}
	if len(data) > 2*360+100 {
		t.Errorf("360 readings take %d bytes", len(data))
	}
	var got Window
	if err := cbor.Unmarshal(data, &got); err != nil {
		t.Fatal(err)
	}
	if err := got.Valid(); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(w, got); diff != "" {
		t.Error(diff)
	}
}

func TestWindowInvalid(t *testing.T) {
	f := func(name string, damage func(*Window)) {
		t.Helper()
		w := NewWindow(4)
		for _, x := range []float64{1, 2, 3, 4, 5} {
			w.Add(x)
		}
		if damage(&w); w.Valid() == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	f("a missing code", func(w *Window) { w.Ring.Codes[1] = Missing })
	f("another code", func(w *Window) { w.Ring.Codes[1] += 4000 })
	f("a head beyond the end", func(w *Window) { w.Ring.Head = 4 })
	f("a mean that is NaN", func(w *Window) { w.Mu = math.NaN() })
	f("a wrong mean", func(w *Window) { w.Mu *= 1.01 })
	f("a negative sum of squares", func(w *Window) { w.M2 = -1 })
	f("a sum of squares that is NaN", func(w *Window) { w.M2 = math.NaN() })
	f("an infinite peak", func(w *Window) { w.Peak = math.Inf(1) })
}

// What Valid lets through must be safe to use.
func FuzzValid(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4}, uint32(2), uint32(1), 1.0, 2.0, 3.0)
	f.Add([]byte{}, uint32(2), uint32(0), 0.0, 0.0, 0.0)
	f.Fuzz(func(t *testing.T, codes []byte, capacity, head uint32, mu, m2, peak float64) {
		w := Window{Ring: Ring{Capacity: capacity, Head: head}, Mu: mu, M2: m2, Peak: peak}
		if w.Ring.Codes.UnmarshalBinary(codes) != nil || w.Valid() != nil {
			return
		}
		for range 3 {
			w.Quantiles(w.Values(nil), 0, 0.5, 1)
			w.Add(w.Last() + 1)
		}
	})
}

func TestNoAllocation(t *testing.T) {
	w := NewWindow(64)
	for range 64 {
		w.Add(1)
	}
	dst := make([]float64, 64)
	if n := testing.AllocsPerRun(1000, func() {
		w.Add(3)
		dst = w.Quantiles(dst, 0.5, 0.9, 0.95, 0.99)
		dst = w.Values(dst)
	}); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func BenchmarkAdd(b *testing.B) {
	for _, n := range []int{360, 8640} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := NewWindow(n)
			for i := 0; b.Loop(); i++ {
				w.Add(float64(i & 1023))
			}
		})
	}
}

func BenchmarkQuantiles(b *testing.B) {
	for _, n := range []int{360, 8640} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			w := NewWindow(n)
			rng := rand.New(rand.NewPCG(1, 2))
			for range n {
				w.Add(math.Exp(rng.NormFloat64()))
			}
			dst := make([]float64, 4)
			for b.Loop() {
				dst = w.Quantiles(dst, 0.5, 0.9, 0.95, 0.99)
			}
		})
	}
}
