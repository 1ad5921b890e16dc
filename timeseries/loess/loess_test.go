package loess

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func ExampleSmooth() {
	smooth, err := Smooth([]float64{1, 2, 3, 40, 5, 6, 7}, Config{Window: 5, Degree: 1})
	fmt.Printf("%.1f %v\n", smooth, err)
	// Output: [-2.3 4.4 13.3 19.4 15.3 8.4 3.7] <nil>
}

// direct fits each position by solving the normal equations, as the textbook has it.
func direct(y, weights []float64, x int, cfg Config) float64 {
	n, window := len(y), max(3, cfg.Window|1)
	left, right := 0, n-1
	if window < n {
		left = min(max(0, x-window/2), n-window)
		right = left + window - 1
	}
	h := float64(max(x-left, right-x))
	if window > n {
		h += float64((window - n) / 2)
	}
	var a, b, c, d, e float64
	for j := left; j <= right; j++ {
		r, w := math.Abs(float64(j-x))/h, 0.0
		if r <= 0.999 {
			w = math.Pow(1-math.Pow(r, 3), 3) * weights[j]
		}
		t := float64(j - x)
		a, b, c, d, e = a+w, b+w*t, c+w*t*t, d+w*y[j], e+w*t*y[j]
	}
	if cfg.Degree == 0 {
		return d / a
	}
	return (c*d - b*e) / (a*c - b*b)
}

func TestAgainstNormalEquations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := rapid.SliceOfN(rapid.Float64Range(-100, 100), 3, 60).Draw(t, "y")
		cfg := Config{Window: rapid.IntRange(3, 80).Draw(t, "window"), Degree: rapid.IntRange(0, 1).Draw(t, "degree")}
		weights := make([]float64, len(y))
		for i := range weights {
			weights[i] = rapid.Float64Range(0.2, 1).Draw(t, "weight")
		}
		plan, err := NewPlan(len(y), cfg)
		if err != nil {
			t.Fatal(err)
		}
		for name, w := range map[string][]float64{"weighted": weights, "unweighted": nil} {
			got := plan.SmoothExtended(nil, y, w)
			if w == nil {
				w = ones(len(y))
			}
			for i := range got {
				if want := direct(y, w, i-1, cfg); math.Abs(got[i]-want) > 1e-9 {
					t.Fatalf("%s: position %d is %.15g, want %.15g", name, i-1, got[i], want)
				}
			}
		}
	})
}

// A plan that keeps no weights must give what one that does gives.
func TestUnkept(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	y, weights := make([]float64, 3000), make([]float64, 3000)
	for i := range y {
		y[i], weights[i] = rng.NormFloat64(), rng.Float64()
	}
	cfg := Config{Window: 1201, Degree: 1, Jump: 1}
	plan, err := NewPlan(len(y), cfg)
	if err != nil {
		t.Fatal(err)
	}
	if plan.points[500].kernel != nil {
		t.Fatal("all weights are kept: the test has no object")
	}
	plain, weighted := plan.Smooth(nil, y, nil), plan.Smooth(nil, y, weights)
	for _, x := range []int{0, 1, 300, 500, 599, 600, 1500, 2999} {
		if want := direct(y, ones(len(y)), x, cfg); math.Abs(plain[x]-want) > 1e-10 {
			t.Errorf("position %d is %g, want %g", x, plain[x], want)
		}
		if want := direct(y, weights, x, cfg); math.Abs(weighted[x]-want) > 1e-10 {
			t.Errorf("weighted: position %d is %g, want %g", x, weighted[x], want)
		}
	}
}

// A local line gives back a line, a local constant a constant, whatever the rest.
func TestReproduces(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 80).Draw(t, "n")
		cfg := Config{
			Window: rapid.IntRange(1, 100).Draw(t, "window"),
			Degree: rapid.IntRange(0, 1).Draw(t, "degree"),
			Jump:   rapid.IntRange(0, 90).Draw(t, "jump"),
		}
		level := rapid.Float64Range(-100, 100).Draw(t, "level")
		slope := float64(cfg.Degree) * rapid.Float64Range(-10, 10).Draw(t, "slope")
		y := make([]float64, n)
		for i := range y {
			y[i] = level + slope*float64(i)
		}
		got, err := Smooth(y, cfg)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(y, got, cmpopts.EquateApprox(0, 1e-9), cmpopts.EquateEmpty()); diff != "" {
			t.Fatal(diff)
		}
	})
}

func TestJump(t *testing.T) {
	y := []float64{3, 1, 4, 1, 5, 9, 2, 6, 5, 3, 5, 8}
	every, _ := Smooth(y, Config{Window: 5, Degree: 1})
	third, err := Smooth(y, Config{Window: 5, Degree: 1, Jump: 3})
	if err != nil {
		t.Fatal(err)
	}
	for _, i := range []int{0, 3, 6, 9} {
		if third[i] != every[i] {
			t.Errorf("position %d is fitted as %g, want %g", i, third[i], every[i])
		}
	}
	if want := every[3] + (every[6]-every[3])/3; math.Abs(third[4]-want) > 1e-12 {
		t.Errorf("position 4 is interpolated as %g, want %g", third[4], want)
	}
}

func TestGaps(t *testing.T) {
	nan := math.NaN()
	f := func(y []float64, cfg Config, want ...float64) {
		t.Helper()
		got, err := Smooth(y, cfg)
		if diff := cmp.Diff(want, got, cmpopts.EquateNaNs(), cmpopts.EquateApprox(0, 1e-12), cmpopts.EquateEmpty()); diff != "" || err != nil {
			t.Errorf("%v, %v: %v\n%s", y, cfg, err, diff)
		}
	}
	f(nil, Config{Window: 3})
	f([]float64{7}, Config{Window: 3}, 7)
	f([]float64{nan}, Config{Window: 3}, nan)
	f([]float64{nan, nan}, Config{Window: 3}, nan, nan)
	f([]float64{1, nan, 3, 4, nan, 6}, Config{Window: 7, Degree: 1}, 1, 2, 3, 4, 5, 6)
	f([]float64{5, 5, 5, nan, nan, nan, nan, nan, 5, 5}, Config{Window: 3}, 5, 5, 5, nan, nan, nan, nan, nan, 5, 5)
	f([]float64{5, 5, 5, 5, nan, nan, nan, nan, nan}, Config{Window: 3, Jump: 2}, 5, 5, 5, nan, nan, nan, nan, nan, nan)
}

func TestReach(t *testing.T) {
	nan := math.NaN()
	y := []float64{1, 0, 1, 0, nan, nan, nan, nan, nan, nan}
	free, _ := Smooth(y, Config{Window: 13, Degree: 1})
	bound, err := Smooth(y, Config{Window: 13, Degree: 1, Reach: 4})
	if err != nil {
		t.Fatal(err)
	}
	if free[9] > -1 || bound[9] < 0 || bound[9] > 1 {
		t.Errorf("six steps beyond the readings: %g without bound, %g with it", free[9], bound[9])
	}
	if diff := cmp.Diff(free[:5], bound[:5]); diff != "" {
		t.Errorf("beside the readings: %s", diff)
	}
}

func TestRefuses(t *testing.T) {
	f := func(y []float64, cfg Config) {
		t.Helper()
		if _, err := Smooth(y, cfg); err == nil {
			t.Errorf("%v with %+v was accepted", y, cfg)
		}
	}
	f([]float64{1, 2}, Config{})
	f([]float64{1, 2}, Config{Window: 3, Degree: 2})
	f([]float64{1, 2}, Config{Window: 3, Degree: -1})
	f([]float64{1, 2}, Config{Window: 3, Jump: -1})
	f([]float64{1, 2}, Config{Window: 3, Reach: math.NaN()})
	f([]float64{1, math.Inf(1)}, Config{Window: 3})
}

func BenchmarkSmooth(b *testing.B) {
	for _, n := range []int{500, 5000} {
		for name, weighted := range map[string]bool{"plain": false, "weighted": true} {
			b.Run(fmt.Sprint(n, "/", name), func(b *testing.B) {
				plan, err := NewPlan(n, Config{Window: 101, Degree: 1})
				if err != nil {
					b.Fatal(err)
				}
				y, dst, weights := ones(n), ones(n), []float64(nil)
				if weighted {
					weights = ones(n)
				}
				for b.Loop() {
					plan.Smooth(dst, y, weights)
				}
			})
		}
	}
}

func TestPlanOfFewerThanNone(t *testing.T) {
	if _, err := NewPlan(-1, Config{Window: 3}); err == nil {
		t.Error("there is one")
	}
}
