package stl

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"
)

func ExampleWorkspace_Renew() {
	hourly := make([]float64, 8*24)
	for i := range hourly {
		hourly[i] = 100 + float64(i)/24 + 10*sine(24, i)
	}
	const window = 7 * 24
	var w Workspace
	var r Result
	for end := window; end <= len(hourly); end++ { // the first time in full, then hour by hour
		if err := w.Renew(&r, hourly[end-window:end], 1, Config{Period: 24, Robust: true}); err != nil {
			fmt.Println(err)
		}
	}
	fmt.Printf("trend %.1f, season at its highest %.1f\n", r.Trend[window-1], r.Seasonal[6])
	// Output: trend 108.0, season at its highest 10.0
}

func rms(a, b []float64) float64 {
	sum := 0.0
	for i := range a {
		sum += (a[i] - b[i]) * (a[i] - b[i])
	}
	return math.Sqrt(sum / float64(len(a)))
}

// spiky is a season with noise and outliers, and the season alone.
func spiky(seed uint64, n, period int) (x, season []float64) {
	rng := rand.New(rand.NewPCG(3, seed))
	x, season = make([]float64, n), make([]float64, n)
	level := 0.0
	for i := range x {
		level += 0.03 * rng.NormFloat64()
		season[i] = 3*sine(period, i) + sine(period/4, i)
		x[i] = level + season[i] + rng.NormFloat64()
		if rng.IntN(50) == 0 {
			x[i] += 20
		}
	}
	return x, season
}

// A renewed season must be as near to the truth as one found anew, and without robustness near to the latter itself.
func TestRenewIsAsGood(t *testing.T) {
	f := func(n, period, steps int, cfg Config) {
		t.Helper()
		const renewals = 30
		cfg.Period = period
		x, truth := spiky(uint64(n+steps), n+renewals*steps, period)
		var w, v Workspace
		var renewed, anew Result
		if err := w.Decompose(&renewed, x[:n], cfg); err != nil {
			t.Fatal(err)
		}
		var off, offAnew, apart float64
		for k := steps; k <= renewals*steps; k += steps {
			if err := errors.Join(w.Renew(&renewed, x[k:k+n], steps, cfg), v.Decompose(&anew, x[k:k+n], cfg)); err != nil {
				t.Fatal(err)
			}
			off += rms(renewed.Seasonal, truth[k:k+n]) / renewals
			offAnew += rms(anew.Seasonal, truth[k:k+n]) / renewals
			apart = max(apart, rms(renewed.Seasonal, anew.Seasonal), rms(renewed.Trend, anew.Trend))
		}
		t.Logf("%d readings, %d steps, %+v: season off by %.3f, anew %.3f; apart by %.3f of the noise", n, steps, cfg, off, offAnew, apart)
		if off > 1.03*offAnew {
			t.Errorf("%d readings, %d steps, %+v: season off by %.3f, anew %.3f", n, steps, cfg, off, offAnew)
		}
		if !cfg.Robust && apart > 0.1 {
			t.Errorf("%d readings, %d steps, %+v: renewed and anew are %.3f apart", n, steps, cfg, apart)
		}
	}
	for _, steps := range []int{1, 12, 24} {
		f(720, 24, steps, Config{})
		f(720, 24, steps, Config{SeasonalWindow: 11})
		f(720, 24, steps, Config{Robust: true})
		f(720, 24, steps, Config{SeasonalWindow: 11, Robust: true})
	}
	f(2016, 288, 12, Config{Robust: true})
	f(2016, 288, 12, Config{SeasonalWindow: 11, Robust: true})
}

// A level that shifts for good must be found as soon as by decomposing anew, although it looks like outliers at first.
func TestRenewBelievesAShift(t *testing.T) {
	const n, period = 480, 24
	x, _ := spiky(5, n+100, period)
	for i := n; i < len(x); i++ {
		x[i] += 30
	}
	cfg := Config{Period: period, Robust: true}
	var w, v Workspace
	var renewed, anew Result
	if err := w.Decompose(&renewed, x[:n], cfg); err != nil {
		t.Fatal(err)
	}
	arrived := func(r Result, from float64) bool { return r.Trend[n-1] > from+15 }
	from, late := renewed.Trend[n-1], 0
	for k := 1; k <= 100; k++ {
		if err := errors.Join(w.Renew(&renewed, x[k:k+n], 1, cfg), v.Decompose(&anew, x[k:k+n], cfg)); err != nil {
			t.Fatal(err)
		}
		if arrived(anew, from) && !arrived(renewed, from) {
			late++
		}
	}
	if !arrived(anew, from) || late > 3 {
		t.Errorf("the renewed trend believes the shift %d steps after one found anew", late)
	}
}

// What does not follow is decomposed anew.
func TestRenewFallsBack(t *testing.T) {
	x, _ := spiky(1, 400, 12)
	f := func(name string, n, period, steps int) {
		t.Helper()
		var w Workspace
		var r Result
		if err := w.Decompose(&r, x[:200], Config{Period: 12}); err != nil {
			t.Fatal(err)
		}
		want, err := Decompose(x[:n], Config{Period: period})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.Renew(&r, x[:n], steps, Config{Period: period}); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, r); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
	f("another period", 200, 10, 1)
	f("more than a period is new", 200, 12, 13)
	f("a series that has grown by more than its steps", 210, 12, 5)
	f("steps back", 200, 12, -1)
}

func TestRenewAnySeries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x, cfg := drawCase(t)
		long := append(append([]float64(nil), x...), rapid.SliceOfN(rapid.Float64Range(-100, 100), 0, 20).Draw(t, "new")...)
		var w Workspace
		var r Result
		if w.Decompose(&r, x, cfg) != nil {
			return
		}
		first := rapid.IntRange(0, len(long)-2*cfg.Period-1).Draw(t, "first")
		err := w.Renew(&r, long[first:], len(long)-len(x), cfg)
		if errors.Is(err, ErrGaps) {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Trend) != len(long)-first || len(r.Weights) != len(r.Trend) {
			t.Fatalf("%d steps of trend of %d readings", len(r.Trend), len(long)-first)
		}
		checkParts(t, long[first:], r)
	})
}

func TestRenewMulti(t *testing.T) {
	const n, steps, renewals = 900, 6, 20
	x, _ := spiky(9, n+steps*renewals, 12)
	truth := make([]float64, len(x))
	for i := range x {
		truth[i] = 2 * sine(84, i)
		x[i] += truth[i]
	}
	cfg := MultiConfig{Periods: []int{84, 12}, Base: Config{Robust: true}}
	var w, v MultiWorkspace
	var renewed, anew MultiResult
	var off, offAnew float64
	for k := 0; k <= steps*renewals; k += steps {
		if err := errors.Join(w.Renew(&renewed, x[k:k+n], steps, cfg), v.Decompose(&anew, x[k:k+n], cfg)); err != nil {
			t.Fatal(err)
		}
		off += rms(renewed.Seasonal[1], truth[k:k+n])
		offAnew += rms(anew.Seasonal[1], truth[k:k+n])
		for i := range n {
			if d := renewed.Trend[i] + renewed.Seasonal[0][i] + renewed.Seasonal[1][i] + renewed.Remainder[i] - x[k+i]; math.Abs(d) > 1e-9 {
				t.Fatalf("the parts are %g above the whole", d)
			}
		}
	}
	if off > 1.1*offAnew { // Decompose stops after two rounds over the periods, renewals go on
		t.Errorf("the long season is off by %.3f, anew by %.3f", off, offAnew)
	}
	want, err := DecomposeMulti(x[:n], cfg)
	if err != nil {
		t.Fatal(err)
	}
	if err := v.Decompose(&anew, x[:n], cfg); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, anew, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("a workspace used before: %s", diff)
	}
}

func TestRenewAllocatesNothing(t *testing.T) {
	x, _ := spiky(2, 500, 24)
	cfg := Config{Period: 24, Robust: true}
	var w Workspace
	var r Result
	start := 0
	if n := testing.AllocsPerRun(50, func() {
		if err := w.Renew(&r, x[start:start+400], 1, cfg); err != nil {
			t.Fatal(err)
		}
		start++
	}); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func BenchmarkRenew(b *testing.B) {
	for _, n := range []int{2016, 20160} {
		x := noisySine(n+12, 288)
		for _, kind := range kinds[:4] {
			cfg := kind.cfg
			cfg.Period = 288
			b.Run(fmt.Sprint(n, "/", kind.name), func(b *testing.B) {
				var w Workspace
				var r Result
				if err := w.Decompose(&r, x[:n], cfg); err != nil {
					b.Fatal(err)
				}
				for i := 1; b.Loop(); i++ {
					if err := w.Renew(&r, x[i%12:i%12+n], 1, cfg); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
