package ewma

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func ExampleAverage() {
	a := New(Alpha(10))
	for i := range 50 {
		a.Update(100 + float64(i%3))
	}
	lower, upper := a.Limits(3, 0)
	fmt.Printf("mean %.1f, expected %.1f to %.1f; 110 is %+.1f sigmas away\n", a.Mean, lower, upper, a.Deviation(110, 0))
	// Output: mean 101.0, expected 98.5 to 103.5; 110 is +10.9 sigmas away
}

func ExampleChart() {
	const mean, sd = 5.0, 0.5
	chart := NewChart(0.1)
	for i := 1; ; i++ {
		chart.Update((5.4 - mean) / sd) // less than one sigma, but it stays
		if chart.Z > 3*chart.Sigma() {
			fmt.Println("out of control after", i, "readings")
			break
		}
	}
	// Output: out of control after 19 readings
}

func TestUpdate(t *testing.T) {
	f := func(alpha float64, xs []float64, mean, variance float64) {
		t.Helper()
		a := New(alpha)
		for _, x := range xs {
			a.Update(x)
		}
		if math.Abs(a.Mean-mean) > 1e-12 || math.Abs(a.Variance-variance) > 1e-12 {
			t.Errorf("alpha %g, %v: mean %g, variance %g; want %g, %g", alpha, xs, a.Mean, a.Variance, mean, variance)
		}
	}
	f(0.5, nil, 0, 0)
	f(0.5, []float64{4}, 4, 0)
	f(0.5, []float64{4, 8}, 20.0/3, 32.0/9) // weights 1/4 and 1/2
	f(0.5, []float64{4, math.NaN(), 8}, 20.0/3, 32.0/9)
	f(1, []float64{4, 8}, 8, 0)
	f(0.1, []float64{7, 7, 7, 7}, 7, 0)
}

func TestAlpha(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		h := math.Exp(rapid.Float64Range(-1, 12).Draw(t, "ln half-life"))
		if got := HalfLife(Alpha(h)); math.Abs(got/h-1) > 1e-9 {
			t.Fatalf("half-life %g comes back as %g", h, got)
		}
		if left := math.Pow(1-Alpha(h), h); math.Abs(left-0.5) > 1e-9 {
			t.Fatalf("after one half-life %g is left", left)
		}
	})
}

var value = rapid.Custom(func(t *rapid.T) float64 {
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 0:
		return math.NaN()
	case 1:
		return rapid.Float64().Draw(t, "any")
	}
	return rapid.Float64Range(-1000, 1000).Draw(t, "usual")
})

func TestNeverNaN(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		alpha := rapid.Float64Range(1e-6, 1).Draw(t, "alpha")
		a, c, d := New(alpha), NewChart(alpha), NewDecayed(rapid.Float64Range(1e-3, 1e6).Draw(t, "half-life"))
		for _, x := range rapid.SliceOf(value).Draw(t, "readings") {
			deviation := a.Deviation(x, 0)
			a.Update(x)
			c.Update(x)
			d.Update(rapid.Float64Range(-1e9, 1e9).Draw(t, "at"), x)
			for _, err := range []error{a.Valid(), c.Valid(), d.Valid()} {
				if err != nil {
					t.Fatal(err)
				}
			}
			lower, upper := a.Limits(3, 0)
			if !math.IsNaN(x) && (math.IsNaN(deviation) || !(lower <= upper)) {
				t.Fatalf("after %g: deviation %g, limits %g to %g", x, deviation, lower, upper)
			}
		}
	})
}

// Shifting and scaling the readings shifts and scales the average, and leaves
// deviations as they are.
func TestShiftAndScale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		shift, scale := rapid.Float64Range(-100, 100).Draw(t, "shift"), rapid.Float64Range(0.1, 10).Draw(t, "scale")
		a, b := New(0.2), New(0.2)
		for _, x := range rapid.SliceOfN(rapid.Float64Range(-100, 100), 2, 50).Draw(t, "readings") {
			a.Update(x)
			b.Update(shift + scale*x)
		}
		if math.Abs(b.Mean-shift-scale*a.Mean) > 1e-9 || math.Abs(b.StdDev()-scale*a.StdDev()) > 1e-6 {
			t.Fatalf("mean %g, sd %g became %g, %g", a.Mean, a.StdDev(), b.Mean, b.StdDev())
		}
		if da, db := a.Deviation(150, 1), b.Deviation(shift+scale*150, scale); math.Abs(da-db) > 1e-6*math.Abs(da) {
			t.Fatalf("deviation %g became %g", da, db)
		}
	})
}

// The stated limits must hold what they say from the second reading on.
func TestLimitsCover(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	outside, total := 0, 0
	for range 200 {
		a := New(0.02)
		for i := range 300 {
			x := rng.NormFloat64()
			if i > 100 {
				total++
				if math.Abs(a.Deviation(x, 0)) > 2 {
					outside++
				}
			}
			a.Update(x)
		}
	}
	if rate := float64(outside) / float64(total); rate < 0.045 || rate > 0.055 { // normal: 0.0455, plus the error of sigma
		t.Errorf("%.4f of readings are beyond 2 sigmas", rate)
	}
}

func TestChartSigma(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	const runs = 20000
	var squares [30]float64
	chart := NewChart(0.1)
	for range runs {
		chart = NewChart(0.1)
		for i := range squares {
			chart.Update(rng.NormFloat64())
			squares[i] += chart.Z * chart.Z
		}
	}
	chart = NewChart(0.1)
	for i, sum := range squares {
		chart.Update(0)
		if ratio := math.Sqrt(sum/runs) / chart.Sigma(); math.Abs(ratio-1) > 0.03 {
			t.Errorf("after %d readings the chart spreads %.3f times its sigma", i+1, ratio)
		}
	}
}

func TestDeviationOfConstants(t *testing.T) {
	a := New(0.1)
	if a.Deviation(5, 0) != 0 {
		t.Error("a deviation from nothing")
	}
	for range 10 {
		a.Update(5)
	}
	f := func(x, floor, want float64) {
		t.Helper()
		if got := a.Deviation(x, floor); math.Abs(got-want) > 0.2 && got != want {
			t.Errorf("deviation of %g with floor %g is %g, want %g", x, floor, got, want)
		}
	}
	f(5, 0, 0)
	f(6, 0, math.Inf(1))
	f(4, 0, math.Inf(-1))
	f(6, 0.5, 2)
}

func TestDecayed(t *testing.T) {
	d := NewDecayed(60)
	d.Update(1000, 10)
	d.Update(1060, 40) // the first now counts half
	if math.Abs(d.Mean-30) > 1e-12 || math.Abs(d.Weight-1.5) > 1e-12 || math.Abs(d.WeightAt(1120)-0.75) > 1e-12 {
		t.Errorf("%+v", d)
	}
	late := NewDecayed(60)
	late.Update(1060, 40)
	late.Update(1000, 10)
	if math.Abs(late.Mean-d.Mean) > 1e-12 || late.At != 1060 {
		t.Errorf("in the other order %+v, want %+v", late, d)
	}
	long := NewDecayed(1)
	long.Update(0, 3)
	long.Update(1e12, 5)
	if long.Mean != 5 {
		t.Errorf("after an age the mean is %g, want 5", long.Mean)
	}
}

func TestInvalid(t *testing.T) {
	f := func(state interface{ Valid() error }) {
		t.Helper()
		if state.Valid() == nil {
			t.Errorf("%+v was accepted", state)
		}
	}
	f(&Average{})
	f(&Average{Alpha: 2})
	f(&Average{Alpha: 0.1, Mean: math.NaN(), Weight: 1})
	f(&Average{Alpha: 0.1, Variance: -1, Weight: 1})
	f(&Average{Alpha: 0.1, Weight: 1.5})
	f(&Average{Alpha: 0.1, Mean: 1})
	f(&Chart{Lambda: math.NaN()})
	f(&Chart{Lambda: 0.1, Z: math.Inf(1)})
	f(&Chart{Lambda: 0.1, Weight: -1})
	f(&Decayed{})
	f(&Decayed{HalfLife: 1, At: math.NaN()})
	f(&Decayed{HalfLife: 1, Weight: math.Inf(1)})
	f(&Decayed{HalfLife: 1, Mean: math.NaN()})
}

func BenchmarkUpdate(b *testing.B) {
	for _, n := range []int{360, 8640} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			for b.Loop() {
				a := New(0.1)
				for i := range n {
					a.Update(float64(i & 63))
				}
			}
		})
	}
}
