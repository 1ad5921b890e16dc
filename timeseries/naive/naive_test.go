package naive

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/foreshock-io/foreshock/timeseries/referencetest"
)

func ExampleSeasonal() {
	f, err := Seasonal([]float64{10, 50, 30, 12, 54, 28}, 3, 4)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("mean %v, 95%% below %.0f\n", f.Mean, f.Quantile(nil, 0.95))
	// Output: mean [12 54 28 12], 95% below [17 59 33 19]
}

func TestReferenceBaselines(t *testing.T) {
	var file struct {
		Cases []struct {
			Series struct {
				Name      string
				Frequency int
				Values    referencetest.Values
			}
			Results []struct {
				ID                           string
				Mean, Lo80, Hi80, Lo95, Hi95 []float64
			}
		}
	}
	referencetest.Load(t, "baselines/baselines.json", &file)
	for _, c := range file.Cases {
		x := []float64(c.Series.Values)
		for _, r := range c.Results {
			var f Forecast
			var err error
			switch h := len(r.Mean); r.ID {
			case "snaive":
				f, err = Seasonal(x, c.Series.Frequency, h)
			case "naive":
				f, err = Seasonal(x, 1, h)
			case "drift":
				f, err = Drift(x, h)
			case "mean":
				f, err = Mean(x, h)
			default: // of exponential smoothing: see package ets
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			got := slices.Concat(f.Mean, f.Quantile(nil, 0.1), f.Quantile(nil, 0.9), f.Quantile(nil, 0.025), f.Quantile(nil, 0.975))
			want := slices.Concat(r.Mean, r.Lo80, r.Hi80, r.Lo95, r.Hi95)
			d := referencetest.Apart(got, want) / referencetest.Size(want)
			referencetest.Within(t, "baselines, "+c.Series.Name, r.ID+" with limits, relative", d, 1e-9)
		}
	}
}

var methods = map[string]func(x []float64, h int) (Forecast, error){
	"mean": Mean, "drift": Drift,
	"naive":    func(x []float64, h int) (Forecast, error) { return Seasonal(x, 1, h) },
	"seasonal": func(x []float64, h int) (Forecast, error) { return Seasonal(x, 3, h) },
}

func TestShiftAndScale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Float64Range(-100, 100), 6, 40).Draw(t, "x")
		shift, scale := rapid.Float64Range(-50, 50).Draw(t, "shift"), rapid.Float64Range(0.1, 10).Draw(t, "scale")
		y := slices.Clone(x)
		for i := range y {
			y[i] = shift + scale*x[i]
		}
		for name, method := range methods {
			want, err := method(x, 8)
			if err != nil {
				t.Fatal(err)
			}
			got, err := method(y, 8)
			if err != nil {
				t.Fatal(err)
			}
			for i := range want.Mean {
				want.Mean[i] = shift + scale*want.Mean[i]
				want.StdDev[i] *= scale
			}
			if diff := cmp.Diff(want, got, cmpopts.EquateApprox(1e-6, 1e-6)); diff != "" {
				t.Fatalf("%s: %s", name, diff)
			}
		}
	})
}

func TestAnySeries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		value := rapid.OneOf(rapid.SampledFrom([]float64{0, 1, 1, -1, 1e-300, 1e149, 1e300, math.NaN(), math.Inf(1)}), rapid.Float64Range(-2, 2))
		x := rapid.SliceOfN(value, 0, 30).Draw(t, "x")
		before := slices.Clone(x)
		for name, method := range methods {
			f, err := method(x, 7)
			if err != nil {
				if !errors.Is(err, ErrShort) && !errors.Is(err, ErrValues) {
					t.Fatal(err)
				}
				continue
			}
			lower, upper := f.Quantile(nil, 0.05), f.Quantile(nil, 0.95)
			for i, mean := range f.Mean {
				if !(lower[i] <= mean && mean <= upper[i]) || math.IsInf(upper[i]-lower[i], 0) {
					t.Fatalf("%s: %g within %g..%g", name, mean, lower[i], upper[i])
				}
			}
		}
		if diff := cmp.Diff(before, x, cmpopts.EquateNaNs()); diff != "" {
			t.Fatalf("the series was changed: %s", diff)
		}
	})
}

func TestGaps(t *testing.T) {
	nan := math.NaN()
	f, err := Seasonal([]float64{1, 10, 3, 12, nan, 14}, 2, 3)
	if err != nil {
		t.Fatal(err)
	}
	want := Forecast{Mean: []float64{3, 14, 3}, StdDev: []float64{2 * math.Sqrt2, 2, 2 * math.Sqrt(3)}}
	if diff := cmp.Diff(want, f, cmpopts.EquateApprox(1e-12, 0)); diff != "" {
		t.Error(diff)
	}
	if f, err = Drift([]float64{nan, 1, 2, 4, 4, nan}, 1); err != nil || math.Abs(f.Mean[0]-6) > 1e-12 {
		t.Errorf("%+v, %v", f, err)
	}
}

func TestRefuses(t *testing.T) {
	f := func(name string, x []float64, want error) {
		t.Helper()
		if _, err := methods[name](x, 3); !errors.Is(err, want) {
			t.Errorf("%s of %v: %v, want %v", name, x, err, want)
		}
	}
	nan := math.NaN()
	f("mean", nil, ErrShort)
	f("mean", []float64{1, nan}, ErrShort)
	f("naive", []float64{1}, ErrShort)
	f("seasonal", []float64{1, 2, 3}, ErrShort)
	f("seasonal", []float64{1, 2, nan, 3, 4, nan}, ErrShort)
	f("drift", []float64{1, 2}, ErrShort)
	f("drift", []float64{nan, nan}, ErrShort)
	f("naive", []float64{1, 2, math.Inf(-1)}, ErrValues)
}

// Intervals must hold what they say.
func TestCoverage(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 4))
	for name, step := range map[string]func(before float64) float64{
		"mean":  func(float64) float64 { return rng.NormFloat64() },
		"naive": func(before float64) float64 { return before + rng.NormFloat64() },
		"drift": func(before float64) float64 { return before + 0.5 + rng.NormFloat64() },
	} {
		inside := 0
		const draws, n, h = 2000, 40, 5
		for range draws {
			x := make([]float64, n+h)
			for i := 1; i < len(x); i++ {
				x[i] = step(x[i-1])
			}
			f, err := methods[name](x[:n], h)
			if err != nil {
				t.Fatal(err)
			}
			if y := x[n+h-1]; f.Quantile(nil, 0.1)[h-1] <= y && y <= f.Quantile(nil, 0.9)[h-1] {
				inside++
			}
		}
		if share := float64(inside) / draws; math.Abs(share-0.8) > 0.03 {
			t.Errorf("%s: 80 %% intervals hold %.3f", name, share)
		}
	}
}

func BenchmarkSeasonal(b *testing.B) {
	for _, n := range []int{336, 20160} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			x := make([]float64, n)
			for i := range x {
				x[i] = float64(i % 31)
			}
			for b.Loop() {
				if _, err := Seasonal(x, 24, 24); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func TestQuantilesThatAreNone(t *testing.T) {
	x := []float64{1, 3, 2, 4}
	for _, q := range []float64{-0.1, 1.1, math.NaN()} {
		for _, f := range []func() (Forecast, error){
			func() (Forecast, error) { return Mean(x, 2) },
			func() (Forecast, error) { return Drift(x, 2) },
		} {
			forecast, err := f()
			if err != nil {
				t.Fatal(err)
			}
			for _, v := range forecast.Quantile(nil, q) {
				if !math.IsNaN(v) {
					t.Errorf("quantile %g is %g", q, v)
				}
			}
		}
	}
}
