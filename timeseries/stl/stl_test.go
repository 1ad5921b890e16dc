package stl

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

func ExampleDecompose() {
	daily := []float64{0, 10, 30, -40} // IOPS above or below the trend, by quarter of the day
	x := make([]float64, 40)
	for i := range x {
		x[i] = 1000 + 2*float64(i) + daily[i%4]
	}
	x[17] += 500
	r, err := Decompose(x, Config{Period: 4, Robust: true})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("trend %.0f, season %.0f, remainder %.0f\n", r.Trend[17], r.Seasonal[17], r.Remainder[17])
	fmt.Printf("season ahead %.0f\n", r.SeasonAhead(nil, 4))
	// Output:
	// trend 1034, season 10, remainder 500
	// season ahead [0 10 30 -40]
}

// series draws a series with its configuration; a third has gaps.
func drawCase(t *rapid.T) ([]float64, Config) {
	p := rapid.IntRange(2, 15).Draw(t, "period")
	x := rapid.SliceOfN(rapid.Float64Range(-100, 100), 2*p+1, 6*p+3).Draw(t, "x")
	if rapid.IntRange(0, 2).Draw(t, "gaps") == 0 {
		for range rapid.IntRange(1, len(x)-p).Draw(t, "number of gaps") {
			x[rapid.IntRange(0, len(x)-1).Draw(t, "gap")] = math.NaN()
		}
	}
	degree := func(name string) Degree { return Degree(rapid.IntRange(0, 2).Draw(t, name)) }
	return x, Config{
		Period:         p,
		SeasonalWindow: rapid.IntRange(0, 12).Draw(t, "s.window"),
		TrendWindow:    rapid.IntRange(0, 40).Draw(t, "t.window"),
		LowPassWindow:  rapid.IntRange(0, 20).Draw(t, "l.window"),
		SeasonalDegree: degree("s.degree"), TrendDegree: degree("t.degree"), LowPassDegree: degree("l.degree"),
		SeasonalJump: rapid.IntRange(0, 4).Draw(t, "s.jump"),
		TrendJump:    rapid.IntRange(0, 9).Draw(t, "t.jump"),
		LowPassJump:  rapid.IntRange(0, 9).Draw(t, "l.jump"),
		Robust:       rapid.Bool().Draw(t, "robust"),
		Inner:        rapid.IntRange(-1, 3).Draw(t, "inner"),
		Outer:        rapid.IntRange(-1, 3).Draw(t, "outer"),
	}
}

func TestPartsSumToTheWhole(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, cfg := drawCase(t)
		before := slices.Clone(x)
		r, err := Decompose(x, cfg)
		if errors.Is(err, ErrGaps) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(before, x, cmpopts.EquateNaNs()); diff != "" {
			t.Fatalf("the series was changed: %s", diff)
		}
		checkParts(t, x, r)
	})
}

func checkParts(t *rapid.T, x []float64, r Result) {
	size := 0.0
	for _, v := range x {
		if v == v {
			size = max(size, math.Abs(v))
		}
	}
	for i, v := range x {
		smooth := r.Trend[i] + r.Seasonal[i]
		switch {
		case math.IsNaN(smooth) || math.IsInf(smooth, 0):
			t.Fatalf("at %d trend %g and season %g", i, r.Trend[i], r.Seasonal[i])
		case math.IsNaN(v) != math.IsNaN(r.Remainder[i]):
			t.Fatalf("at %d the remainder of %g is %g", i, v, r.Remainder[i])
		case math.Abs(smooth+r.Remainder[i]-v) > 1e-12*(size+math.Abs(smooth)):
			t.Fatalf("at %d the parts sum to %g, not %g", i, smooth+r.Remainder[i], v)
		case !(r.Weights[i] >= 0 && r.Weights[i] <= 1) || math.IsNaN(v) && r.Weights[i] != 0:
			t.Fatalf("at %d the weight of %g is %g", i, v, r.Weights[i])
		}
	}
}

// Shifting the series shifts the trend, scaling it scales all parts.
func TestShiftAndScale(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, cfg := drawCase(t)
		cfg.Robust, cfg.Outer, cfg.Inner = false, 0, max(0, cfg.Inner) // robustness weights amplify rounding
		r, err := Decompose(x, cfg)
		if err != nil {
			return
		}
		shift, scale := rapid.Float64Range(-100, 100).Draw(t, "shift"), rapid.Float64Range(0.1, 10).Draw(t, "scale")
		y, trend, seasonal := slices.Clone(x), slices.Clone(r.Trend), slices.Clone(r.Seasonal)
		for i := range x {
			y[i] = shift + scale*x[i]
			trend[i] = shift + scale*trend[i]
			seasonal[i] *= scale
		}
		got, err := Decompose(y, cfg)
		if err != nil {
			t.Fatal(err)
		}
		// Sparse readings far from a position let a local line amplify rounding.
		near := cmpopts.EquateApprox(0, 1e-6)
		if diff := cmp.Diff(trend, got.Trend, near) + cmp.Diff(seasonal, got.Seasonal, near); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestAnyFiniteSeries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 60).Draw(t, "n")
		size := math.Pow(10, rapid.Float64Range(-300, 289).Draw(t, "log10 size"))
		x := make([]float64, n)
		for i := range x {
			x[i] = size * rapid.SampledFrom([]float64{0, 1, 1, 1, -1, 0.5, 1e-9, math.NaN()}).Draw(t, "x")
		}
		r, err := Decompose(x, Config{Period: rapid.IntRange(-1, 30).Draw(t, "period"), SeasonalWindow: 7, Robust: true})
		if err == nil {
			checkParts(t, x, r)
		}
	})
}

func TestConstant(t *testing.T) {
	for _, level := range []float64{0, 7, -0.1, 3e280, 1e-300} {
		x := slices.Repeat([]float64{level}, 50)
		r, err := Decompose(x, Config{Period: 7, SeasonalWindow: 11, Robust: true})
		if err != nil {
			t.Fatal(err)
		}
		for i := range x {
			if math.Abs(r.Trend[i]-level) > 1e-13*math.Abs(level) || math.Abs(r.Seasonal[i]) > 1e-13*math.Abs(level) {
				t.Fatalf("constant %g at %d: trend %g, season %g", level, i, r.Trend[i], r.Seasonal[i])
			}
		}
	}
}

// A known season and trend must come back also through gaps and outliers.
func TestGapsAndOutliers(t *testing.T) {
	rng := rand.New(rand.NewPCG(7, 8))
	const n, p = 240, 12
	x, trend, season := make([]float64, n), make([]float64, n), make([]float64, n)
	for i := range x {
		trend[i] = 50 + 0.1*float64(i)
		season[i] = 5 * math.Sin(2*math.Pi*float64(i)/p)
		x[i] = trend[i] + season[i] + 0.1*rng.NormFloat64()
	}
	for range 40 {
		x[rng.IntN(n)] = math.NaN()
	}
	for i := 100; i < 115; i++ { // longer than a period
		x[i] = math.NaN()
	}
	for range 12 {
		x[rng.IntN(n)] += 200
	}
	r, err := Decompose(x, Config{Period: p, Robust: true})
	if err != nil {
		t.Fatal(err)
	}
	if d := max(referencetest.Apart(r.Trend[:100], trend[:100]), referencetest.Apart(r.Trend[115:], trend[115:])); d > 0.25 {
		t.Errorf("trend off by %g", d)
	}
	if d := referencetest.Apart(r.Trend[100:115], trend[100:115]); d > 1 {
		t.Errorf("in the gap the trend is off by %g", d)
	}
	if d := referencetest.Apart(r.Seasonal, season); d > 0.1 {
		t.Errorf("season off by %g", d)
	}
}

func TestRefuses(t *testing.T) {
	nan := math.NaN()
	f := func(x []float64, cfg Config, want error) {
		t.Helper()
		if _, err := Decompose(x, cfg); err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%d readings, %+v: %v, want %v", len(x), cfg, err, want)
		}
	}
	f(nil, Config{Period: 2}, ErrShort)
	f(make([]float64, 24), Config{Period: 12}, ErrShort)
	f(make([]float64, 24), Config{Period: math.MaxInt}, ErrShort)
	f(slices.Repeat([]float64{nan}, 30), Config{Period: 12}, ErrGaps)
	f(append(make([]float64, 30), math.Inf(1)), Config{Period: 12}, ErrValues)
	f(append(make([]float64, 30), -1e300), Config{Period: 12}, ErrValues)
	f(make([]float64, 30), Config{}, nil)
	f(make([]float64, 30), Config{Period: 12, TrendWindow: -1}, nil)
	f(make([]float64, 30), Config{Period: 12, SeasonalJump: -1}, nil)
	f(make([]float64, 30), Config{Period: 12, Inner: -2}, nil)
	f(make([]float64, 30), Config{Period: 12, TrendDegree: 3}, nil)
}

func TestWorkspaceReuse(t *testing.T) {
	var w Workspace
	var r Result
	rng := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{100, 60, 100} {
		for _, cfg := range []Config{{Period: 12}, {Period: 7, SeasonalWindow: 7, Robust: true}} {
			x := make([]float64, n)
			for i := range x {
				x[i] = rng.Float64()
			}
			x[n/2] = math.NaN()
			want, err := Decompose(x, cfg)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Decompose(&r, x, cfg); err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(want, r, cmpopts.EquateNaNs()); diff != "" {
				t.Fatal(diff)
			}
			if allocs := testing.AllocsPerRun(3, func() { _ = w.Decompose(&r, x, cfg) }); allocs != 0 {
				t.Errorf("%g allocations", allocs)
			}
		}
	}
}

func TestMultiSums(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := rapid.SliceOfN(rapid.Float64Range(-100, 100), 0, 120).Draw(t, "x")
		periods := rapid.SliceOfN(rapid.IntRange(2, 30), 0, 3).Draw(t, "periods")
		r, err := DecomposeMulti(x, MultiConfig{Periods: periods, Base: Config{Robust: rapid.Bool().Draw(t, "robust")}})
		if err != nil {
			if !errors.Is(err, ErrShort) {
				t.Fatal(err)
			}
			return
		}
		ahead := r.SeasonAhead(nil, 50)
		for i, v := range x {
			sum := r.Trend[i] + r.Remainder[i]
			for _, s := range r.Seasonal {
				sum += s[i]
			}
			if !(math.Abs(sum-v) < 1e-9) {
				t.Fatalf("at %d the parts sum to %g, not %g", i, sum, v)
			}
		}
		for k, v := range ahead {
			want := 0.0
			for i, s := range r.Seasonal {
				want += s[len(x)-r.Periods[i]+k%r.Periods[i]]
			}
			if v != want {
				t.Fatalf("%d ahead: %g, want %g", k, v, want)
			}
		}
	})
}

// A result of nothing has no season ahead, rather than a panic.
func TestZeroResultAhead(t *testing.T) {
	f := func(got []float64) {
		t.Helper()
		if len(got) != 3 || got[0] != 0 || got[1] != 0 || got[2] != 0 {
			t.Errorf("%v ahead, not zeros", got)
		}
	}
	f(Result{}.SeasonAhead([]float64{1, 2, 3, 4}, 3))
	f(Result{Period: 12}.SeasonAhead(nil, 3))
	f(MultiResult{}.SeasonAhead(nil, 3))
	f(MultiResult{Periods: []int{4}, Seasonal: [][]float64{nil, nil}}.SeasonAhead(nil, 3))
}
