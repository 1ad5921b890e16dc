package ets

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
)

func ExampleFitHoltWinters() {
	x := make([]float64, 60)
	for i := range x {
		x[i] = 100 + float64(i) + []float64{-20, 5, 25, -10}[i%4] + float64(i*i%7)
	}
	m, err := FitHoltWinters(x, HoltWintersConfig{Period: 4, Alpha: new(0.2), Beta: new(0.1), Gamma: new(0.1)})
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Printf("%.0f\n", m.Forecast(4).Mean)
	// Output: [142 168 190 155]
}

var hwConfigs = func() (all []HoltWintersConfig) {
	for _, trend := range []Component{None, Additive} {
		for _, season := range []Component{None, Additive, Multiplicative} {
			all = append(all, HoltWintersConfig{Period: 4, Trend: trend, Season: season})
		}
	}
	return all
}()

func TestHoltWintersSlopes(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		cfg := rapid.SampledFrom(hwConfigs).Draw(t, "config")
		x := rapid.SliceOfN(rapid.Float64Range(5, 15), 12, 40).Draw(t, "x")
		m := HoltWinters{Spec: cfg.spec()}
		facts, _ := examine(x)
		if err := m.begin(x, facts); err != nil {
			t.Fatal(err)
		}
		rest := slices.Clone(x[m.First:])
		for range rapid.IntRange(0, 4).Draw(t, "gaps") {
			rest[rapid.IntRange(0, len(rest)-1).Draw(t, "gap")] = math.NaN()
		}
		for _, p := range m.parameters() {
			if p != nil {
				*p = rapid.Float64Range(0.05, 0.95).Draw(t, "parameter")
			}
		}
		sum, slopes := m.squares(rest)
		if sum > 1e9 { // it divided by a level of nearly 0, beside which differences tell nothing
			return
		}
		for i, p := range m.parameters() {
			if p == nil {
				continue
			}
			const h = 1e-6
			at := *p
			*p = at + h
			up, _ := m.squares(rest)
			*p = at - h
			down, _ := m.squares(rest)
			*p = at
			if want := (up - down) / (2 * h); !(math.Abs(slopes[i]-want) < 1e-4*(1+math.Abs(want))) {
				t.Fatalf("%v: slope %d is %g, by differences %g", m.Spec, i, slopes[i], want)
			}
		}
	})
}

// Without a season that is a factor, Holt-Winters is one of the models.
func TestHoltWintersIsAModel(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 9))
	x := simulate(rng, truth(Spec{Additive, Additive, Additive, 4}), 100)
	x[50] = math.NaN()
	for _, cfg := range hwConfigs {
		hw, err := FitHoltWinters(x, cfg)
		if err != nil {
			t.Fatal(err)
		}
		m, err := hw.Model()
		if cfg.Season == Multiplicative {
			if err == nil {
				t.Errorf("%v passes for a model", hw.Spec)
			}
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		near := cmpopts.EquateApprox(1e-9, 1e-9)
		fitted, final, _ := Filter(m.Spec, m.Params, m.Initial, x[hw.First:])
		diff := cmp.Diff(hw.Fitted(x), fitted, near) + cmp.Diff(hw.State, final, near)
		if diff += cmp.Diff(hw.Forecast(9, 0.9), m.Forecast(9, 0.9), near); diff != "" {
			t.Errorf("%v: %s", hw.Spec, diff)
		}
	}
}

func TestHoltWintersShiftAndScale(t *testing.T) {
	x := simulate(rand.New(rand.NewPCG(5, 6)), truth(Spec{Additive, Additive, Additive, 4}), 80)
	for _, cfg := range hwConfigs {
		base, err := FitHoltWinters(x, cfg)
		if err != nil {
			t.Fatal(err)
		}
		want := base.Forecast(6, 0.9)
		for _, shift := range []float64{0, 500} {
			if shift != 0 && cfg.Season == Multiplicative {
				continue
			}
			for _, scale := range []float64{1, 3, 1e-200, 1e200} {
				y := slices.Clone(x)
				for i := range y {
					y[i] = scale * (shift + x[i])
				}
				m, err := FitHoltWinters(y, cfg)
				if err != nil {
					t.Fatal(err)
				}
				got := m.Forecast(6, 0.9)
				for i := range got.Mean {
					d := max(math.Abs(got.Mean[i]/scale-shift-want.Mean[i]), math.Abs(got.Quantiles[0][i]/scale-shift-want.Quantiles[0][i]))
					if !(d < 0.02*want.StdDev[i]) {
						t.Fatalf("%+v·%g+%g: forecast is off by %g", cfg, scale, shift, d)
					}
				}
			}
		}
	}
}

func TestHoltWintersAnySeries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := math.Pow(10, rapid.Float64Range(-300, 300).Draw(t, "log10 size"))
		value := rapid.OneOf(rapid.SampledFrom([]float64{0, 1, 1, 1, -1, 1e-9, math.NaN()}), rapid.Float64Range(0.5, 2))
		x := rapid.SliceOfN(value, 0, 30).Draw(t, "x")
		for i := range x {
			x[i] *= size
		}
		m, err := FitHoltWinters(x, rapid.SampledFrom(hwConfigs).Draw(t, "config"))
		if err != nil {
			if !errors.Is(err, ErrShort) && !errors.Is(err, ErrValues) {
				t.Fatal(err)
			}
			return
		}
		m.Update(size)
		f := m.Forecast(12, 0.05, 0.95)
		for i, mean := range f.Mean {
			if !(f.Quantiles[0][i] <= mean && mean <= f.Quantiles[1][i]) || math.IsInf(mean, 0) {
				t.Fatalf("%v, step %d: %g within %g..%g", m.Spec, i, mean, f.Quantiles[0][i], f.Quantiles[1][i])
			}
		}
	})
}

func TestHoltWintersRefuses(t *testing.T) {
	nan := math.NaN()
	f := func(x []float64, cfg HoltWintersConfig, want error) {
		t.Helper()
		if _, err := FitHoltWinters(x, cfg); err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%d readings, %+v: %v, want %v", len(x), cfg, err, want)
		}
	}
	some := []float64{1, 2, 1, 3, 1, 2, 2, 3, 1, 2, 1, 2, 3, 2, 1}
	f(nil, HoltWintersConfig{}, ErrShort)
	f(some[:2], HoltWintersConfig{}, ErrShort)
	f(some, HoltWintersConfig{Period: 8}, ErrShort)
	f(some, HoltWintersConfig{Period: math.MaxInt}, ErrShort)
	f(some, HoltWintersConfig{Season: Additive}, ErrPeriod)
	f(append([]float64{1, nan}, some...), HoltWintersConfig{}, ErrValues)
	f(append(some, math.Inf(1)), HoltWintersConfig{}, ErrValues)
	f(append(some, 0), HoltWintersConfig{Period: 2, Season: Multiplicative}, ErrValues)
	f(some, HoltWintersConfig{Trend: Damped}, nil)
	f(some, HoltWintersConfig{Period: 2, Season: Damped}, nil)
	f(some, HoltWintersConfig{Alpha: new(1.5)}, nil)
	f(some, HoltWintersConfig{Beta: new(nan)}, nil)
}

func BenchmarkFitHoltWinters(b *testing.B) {
	for _, n := range []int{168, 1344} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			x := daily(n)
			for b.Loop() {
				if _, err := FitHoltWinters(x, HoltWintersConfig{Period: 24}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
