package metrics

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"pgregory.net/rapid"
)

func Example() {
	train := []float64{10, 20, 12, 24}
	actual := []float64{14, 25, 13}
	forecast := []float64{12, 24, 12}
	fmt.Printf("MAE %.2f, MASE %.2f, sMAPE %.1f %%\n", MAE(actual, forecast), MASE(actual, forecast, train, 2), SMAPE(actual, forecast))
	fmt.Printf("coverage %.2f\n", Coverage(actual, []float64{10, 20, 14}, []float64{15, 30, 16}))
	// Output:
	// MAE 1.33, MASE 0.44, sMAPE 9.2 %
	// coverage 0.67
}

func equal(a, b float64) bool {
	return a == b || math.IsNaN(a) && math.IsNaN(b) || math.Abs(a-b) < 1e-12
}

func TestErrors(t *testing.T) {
	nan, inf := math.NaN(), math.Inf(1)
	f := func(name string, got, want float64) {
		t.Helper()
		if !equal(got, want) {
			t.Errorf("%s is %g, want %g", name, got, want)
		}
	}
	y, p := []float64{1, 2, nan, 4}, []float64{2, 2, 7, 1}
	f("MAE", MAE(y, p), 4.0/3)
	f("MAE of nothing", MAE(nil, nil), nan)
	f("MAE of gaps", MAE([]float64{nan}, []float64{1}), nan)
	f("RMSE", RMSE(y, p), math.Sqrt(10.0/3))
	f("SMAPE", SMAPE(y, p), (200.0/3+0+600.0/5)/3)
	f("SMAPE of zeros", SMAPE([]float64{0}, []float64{0}), 0)
	f("SMAPE of opposites", SMAPE([]float64{1}, []float64{-1}), 200)
	f("MASE", MASE(y, p, []float64{1, 5, 2, 7, nan}, 2), 4.0/3/1.5)
	f("MASE of too short a past", MASE(y, p, []float64{1, 2}, 2), nan)
	f("MASE on a constant", MASE(y, p, []float64{1, 1, 1}, 1), inf)
	f("MASE without error", MASE(p, p, []float64{1, 1, 1}, 1), 0)
	f("RMSSE", RMSSE(y, p, []float64{1, 5, 2, 7}, 2), math.Sqrt(10.0/3/2.5))
	f("pinball", Pinball([]float64{10, 10}, []float64{8, 11}, 0.9), (0.9*2+0.1*1)/2)
	f("coverage", Coverage([]float64{1, 2, 3, nan}, []float64{1, 3, 0, 0}, []float64{2, 4, 3, 9}), 2.0/3)
	f("Winkler", Winkler([]float64{5, 1, 12}, []float64{4, 4, 4}, []float64{10, 10, 10}, 0.8), 6+10*(0+3+2)/3.0)
	f("MSIS", MSIS([]float64{5}, Interval{[]float64{4}, []float64{10}, 0.8}, []float64{1, 3}, 1), 3)
}

func TestProperties(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 40).Draw(t, "n")
		draw := func(name string) []float64 {
			return rapid.SliceOfN(rapid.Float64Range(-100, 100), n, n).Draw(t, name)
		}
		y, p, train := draw("actual"), draw("forecast"), draw("train")
		if d := Pinball(y, p, 0.5) - MAE(y, p)/2; math.Abs(d) > 1e-9 {
			t.Fatalf("pinball at 0.5 is not half the MAE: %g", d)
		}
		if s := SMAPE(y, p); !(s >= 0 && s <= 200) {
			t.Fatalf("SMAPE is %g", s)
		}
		if MAE(y, p) > RMSE(y, p)+1e-9 {
			t.Fatalf("MAE %g exceeds RMSE %g", MAE(y, p), RMSE(y, p))
		}
		double := func(x []float64) []float64 {
			d := make([]float64, len(x))
			for i, v := range x {
				d[i] = 2 * v
			}
			return d
		}
		for name, m := range map[string]func(y, p, train []float64) float64{
			"MASE":  func(y, p, train []float64) float64 { return MASE(y, p, train, 1) },
			"RMSSE": func(y, p, train []float64) float64 { return RMSSE(y, p, train, 1) },
			"SMAPE": func(y, p, _ []float64) float64 { return SMAPE(y, p) },
		} {
			if a, b := m(y, p, train), m(double(y), double(p), double(train)); !(equal(a, b) || math.Abs(a-b) < 1e-9*math.Abs(a)) {
				t.Fatalf("%s depends on the unit: %g, %g", name, a, b)
			}
		}
	})
}

// Finite values give numbers, however large, small, equal or missing they are.
func TestAnyValues(t *testing.T) {
	value := rapid.OneOf(rapid.SampledFrom([]float64{0, 0, 1, -1, 1e300, -1e300, 1e-300, -5e-324, math.NaN()}), rapid.Float64Range(-2, 2))
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 20).Draw(t, "n")
		draw := func(name string, n int) []float64 { return rapid.SliceOfN(value, n, n).Draw(t, name) }
		y, p, q := draw("actual", n), draw("forecast", n), draw("upper", n)
		train := draw("train", rapid.IntRange(0, 20).Draw(t, "length"))
		points, triples, pairs := 0, 0, 0
		for i := range y {
			if y[i]+p[i] == y[i]+p[i] {
				points++
				if q[i] == q[i] {
					triples++
				}
			}
		}
		for i := 1; i < len(train); i++ {
			if d := train[i] - train[i-1]; d == d {
				pairs++
			}
		}
		f := func(name string, got float64, compared bool) {
			if compared == math.IsNaN(got) || got < 0 {
				t.Fatalf("%s is %g", name, got)
			}
		}
		f("MAE", MAE(y, p), points > 0)
		f("RMSE", RMSE(y, p), points > 0)
		f("SMAPE", SMAPE(y, p), points > 0)
		f("pinball", Pinball(y, p, 0.9), points > 0)
		f("coverage", Coverage(y, p, q), triples > 0)
		f("MASE", MASE(y, p, train, 1), points > 0 && pairs > 0)
		f("RMSSE", RMSSE(y, p, train, 1), points > 0 && pairs > 0)
		if r, m := RMSE(y, p), MAE(y, p); points > 0 && !(r >= m*(1-1e-9)) {
			t.Fatalf("RMSE %g is below MAE %g", r, m)
		}
	})
}

// The pinball loss is least at the quantile it is for.
func TestPinballIsProper(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	y, p := make([]float64, 20000), make([]float64, 20000)
	for i := range y {
		y[i] = rng.Float64()
	}
	loss := func(f float64) float64 {
		for i := range p {
			p[i] = f
		}
		return Pinball(y, p, 0.8)
	}
	if best := loss(0.8); loss(0.7) < best || loss(0.9) < best {
		t.Errorf("loss at 0.7, 0.8, 0.9: %g, %g, %g", loss(0.7), best, loss(0.9))
	}
}

func TestPanics(t *testing.T) {
	f := func(name string, call func()) {
		t.Helper()
		defer func() {
			if recover() == nil {
				t.Errorf("%s did not panic", name)
			}
		}()
		call()
	}
	f("unequal lengths", func() { MAE([]float64{1}, nil) })
	f("period 0", func() { NaiveMAE([]float64{1, 2}, 0) })
}

func BenchmarkMASE(b *testing.B) {
	for _, n := range []int{48, 4800} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			x := make([]float64, n)
			for i := range x {
				x[i] = float64(i % 7)
			}
			for b.Loop() {
				MASE(x, x, x, 24)
			}
		})
	}
}

func TestSharesThatAreNone(t *testing.T) {
	y := []float64{1, 2}
	for name, got := range map[string]float64{
		"pinball below 0":   Pinball(y, y, -0.1),
		"pinball above 1":   Pinball(y, y, 1.1),
		"pinball of NaN":    Pinball(y, y, math.NaN()),
		"Winkler of 0":      Winkler(y, y, y, 0),
		"Winkler of 1":      Winkler(y, y, y, 1),
		"Winkler above 1":   Winkler(y, y, y, 1.5),
		"MSIS of no share":  MSIS(y, Interval{Lower: y, Upper: y}, y, 1),
		"MSIS of NaN share": MSIS(y, Interval{Lower: y, Upper: y, Coverage: math.NaN()}, y, 1),
	} {
		if !math.IsNaN(got) {
			t.Errorf("%s is %g", name, got)
		}
	}
}
