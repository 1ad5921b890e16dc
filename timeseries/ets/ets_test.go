package ets

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func ExampleFit() {
	rng := rand.New(rand.NewPCG(1, 2))
	busy := []float64{1, 3, 4, 2}
	x := make([]float64, 60)
	for i := range x {
		x[i] = (100 + float64(i)) * busy[i%4] * (1 + 0.01*rng.NormFloat64())
	}
	m, err := Fit(x, Config{Period: 4})
	if err != nil {
		fmt.Println(err)
		return
	}
	f := m.Forecast(4, 0.05, 0.95)
	fmt.Printf("%v\nmean  %.0f\nlower %.0f\nupper %.0f\n", m.Spec, f.Mean, f.Quantiles[0], f.Quantiles[1])
	// Output:
	// ETS(M,A,M)
	// mean  [160 481 649 326]
	// lower [157 473 638 320]
	// upper [163 489 661 332]
}

// simulate draws a series from a model, from its start.
func simulate(rng *rand.Rand, m Model, n int) []float64 {
	m.State = m.Initial
	return m.Simulate(rng, nil, n)
}

// truth is a model of each kind to draw from.
func truth(spec Spec) Model {
	m := Model{Spec: spec, Params: Params{Alpha: 0.3, Phi: 1}, Initial: State{Level: 100}, Sigma: 2}
	if spec.Error == Multiplicative {
		m.Sigma = 0.02
	}
	if spec.hasTrend() {
		m.Params.Beta, m.Initial.Trend = 0.03, 0.5
	}
	if spec.Trend == Damped {
		m.Params.Phi = 0.9
	}
	switch spec.Season {
	case Additive:
		m.Params.Gamma, m.Initial.Season = 0.1, []float64{-20, 5, 20, -5}
	case Multiplicative:
		m.Params.Gamma, m.Initial.Season = 0.1, []float64{0.8, 1.05, 1.2, 0.95}
	}
	return m
}

// The likelihood at the optimum must be above that of the model that drew the series,
// and the parameters near.
func TestRecovers(t *testing.T) {
	for _, spec := range specs {
		rng := rand.New(rand.NewPCG(11, 12))
		want := truth(spec)
		x := simulate(rng, want, 800)
		got, err := Fit(x, Config{Period: spec.Period, Error: spec.Error, Trend: spec.Trend, Season: spec.Season})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, logLik := Filter(spec, want.Params, want.Initial, x); got.LogLik < logLik {
			t.Errorf("%v: log-likelihood %g, that of the truth is %g", spec, got.LogLik, logLik)
		}
		if math.Abs(got.Params.Alpha-want.Params.Alpha) > 0.12 || math.Abs(got.Sigma/want.Sigma-1) > 0.1 {
			t.Errorf("%v: alpha %g, sigma %g; want %g, %g", spec, got.Params.Alpha, got.Sigma, want.Params.Alpha, want.Sigma)
		}
	}
}

// Intervals must hold what they say: against simulation, for every kind of model.
func TestSpreadAgainstSimulation(t *testing.T) {
	const h, draws = 10, 20000
	for _, spec := range specs {
		m := truth(spec)
		m.State = m.Initial
		f := m.Forecast(h, 0.5)
		rng := rand.New(rand.NewPCG(3, 4))
		var sums, squares [h]float64
		for range draws {
			for i, y := range simulate(rng, m, h) {
				d := y - f.Mean[i]
				sums[i] += d
				squares[i] += d * d
			}
		}
		for i := range h {
			sd := math.Sqrt(squares[i] / draws)
			if math.Abs(f.StdDev[i]/sd-1) > 0.03 || math.Abs(sums[i]/draws) > 0.05*sd {
				t.Errorf("%v, step %d: sd %g, simulated %g; mean off by %g", spec, i+1, f.StdDev[i], sd, sums[i]/draws)
			}
		}
		if diff := cmp.Diff(f.Mean, f.Quantiles[0]); diff != "" {
			t.Errorf("%v: the median is not the mean: %s", spec, diff)
		}
	}
}

// Shift and scale carry through the additive models, scale through all.
func TestShiftAndScale(t *testing.T) {
	for _, spec := range specs {
		x := simulate(rand.New(rand.NewPCG(5, 6)), truth(spec), 120)
		shifts := []float64{0, 1000}
		if spec.Error == Multiplicative || spec.Season == Multiplicative {
			shifts = shifts[:1]
		}
		cfg := Config{Period: 4, Error: spec.Error, Trend: spec.Trend, Season: spec.Season}
		base, err := Fit(x, cfg)
		if err != nil {
			t.Fatal(err)
		}
		want := base.Forecast(6, 0.9)
		for _, shift := range shifts {
			for _, scale := range []float64{1, 3, 1e-200, 1e200} {
				y := slices.Clone(x)
				for i := range y {
					y[i] = scale * (shift + x[i])
				}
				m, err := Fit(y, cfg)
				if err != nil {
					t.Fatal(err)
				}
				got := m.Forecast(6, 0.9)
				for i := range got.Mean {
					if d := math.Abs(got.Mean[i]/scale - shift - want.Mean[i]); !(d < 0.02*want.StdDev[i]) {
						t.Fatalf("%v·%g+%g: forecast is off by %g", spec, scale, shift, d)
					}
					if d := math.Abs(got.Quantiles[0][i]/scale - shift - want.Quantiles[0][i]); !(d < 0.05*want.StdDev[i]) {
						t.Fatalf("%v·%g+%g: quantile is off by %g", spec, scale, shift, d)
					}
				}
			}
		}
	}
}

// However far the level is above what a series varies by, an additive model is the same about it, and is the one chosen.
func TestFarLevel(t *testing.T) {
	for _, spec := range specs {
		if spec.Error == Multiplicative || spec.Season == Multiplicative {
			continue
		}
		x := simulate(rand.New(rand.NewPCG(5, 6)), truth(spec), 120)
		cfg := Config{Period: 4, Error: spec.Error, Trend: spec.Trend, Season: spec.Season}
		base, err := Fit(x, cfg)
		if err != nil {
			t.Fatal(err)
		}
		want := base.Forecast(6, 0.9)
		for _, level := range []float64{1e9, -1e12, 1e13} {
			y := slices.Clone(x)
			for i := range y {
				y[i] += level
			}
			for _, cfg := range []Config{cfg, {Period: 4, Error: Additive}} {
				m, err := Fit(y, cfg)
				if err != nil {
					t.Fatal(err)
				}
				if cfg.Trend == Auto {
					if m.AICc > base.AICc+0.1 {
						t.Errorf("%v%+g: %v was chosen, with AICc %g where %g can be had", spec, level, m.Spec, m.AICc, base.AICc)
					}
					continue
				}
				if math.Abs(m.LogLik-base.LogLik) > 0.05 {
					t.Errorf("%v%+g: log-likelihood %g, %g without level", spec, level, m.LogLik, base.LogLik)
				}
				got := m.Forecast(6, 0.9)
				for i := range got.Mean {
					if d := math.Abs(got.Mean[i] - level - want.Mean[i]); !(d < 0.02*want.StdDev[i]+1e-15*math.Abs(level)) {
						t.Errorf("%v%+g: forecast of step %d is off by %g", spec, level, i, d)
					}
					if math.Abs(got.StdDev[i]/want.StdDev[i]-1) > 0.01 {
						t.Errorf("%v%+g: deviation of step %d is %g, not %g", spec, level, i, got.StdDev[i], want.StdDev[i])
					}
				}
			}
		}
	}
}

// A model updated reading by reading is where a filter over all readings is.
func TestUpdate(t *testing.T) {
	for _, spec := range specs {
		x := simulate(rand.New(rand.NewPCG(7, 8)), truth(spec), 120)
		x[70], x[101] = math.NaN(), math.NaN()
		m, err := Fit(x[:100], Config{Period: 4, Error: spec.Error, Trend: spec.Trend, Season: spec.Season})
		if err != nil {
			t.Fatal(err)
		}
		fitted, final, _ := Filter(spec, m.Params, m.Initial, x)
		for i, y := range x[100:] {
			if got := m.Update(y); math.Abs(got-fitted[100+i]) > 1e-9 {
				t.Fatalf("%v: step %d was forecast as %g, want %g", spec, 100+i, got, fitted[100+i])
			}
		}
		if math.Abs(m.State.Level-final.Level) > 1e-9 || m.State.Next != final.Next {
			t.Errorf("%v: %+v, want %+v", spec, m.State, final)
		}
	}
}

func TestUpdateAllocatesNothing(t *testing.T) {
	m, hw := truth(Spec{Multiplicative, Damped, Multiplicative, 4}), HoltWinters{Spec: Spec{Additive, Additive, Additive, 4}}
	m.State, hw.State = m.Initial.clone(), truth(hw.Spec).Initial.clone()
	if n := testing.AllocsPerRun(100, func() { m.Update(100); hw.Update(100) }); n != 0 {
		t.Errorf("%g allocations", n)
	}
}

func TestUpdateRefuses(t *testing.T) {
	m := truth(Spec{Multiplicative, Additive, Multiplicative, 4})
	m.State = m.Initial.clone()
	for _, y := range []float64{0, -3, math.Inf(1), math.NaN()} {
		m.Update(y)
	}
	if err := m.Valid(); err != nil || m.State.Level != 102 {
		t.Errorf("level %g, %v", m.State.Level, err)
	}
}

func TestAnySeries(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		size := math.Pow(10, rapid.Float64Range(-300, 300).Draw(t, "log10 size"))
		value := rapid.OneOf(rapid.SampledFrom([]float64{0, 1, 1, 1, -1, 1e-9, math.NaN()}), rapid.Float64Range(0.5, 2))
		x := rapid.SliceOfN(value, 0, 30).Draw(t, "x")
		for i := range x {
			x[i] *= size
		}
		m, err := Fit(x, Config{Period: rapid.IntRange(0, 5).Draw(t, "period")})
		if err != nil {
			if !errors.Is(err, ErrShort) && !errors.Is(err, ErrValues) {
				t.Fatal(err)
			}
			return
		}
		if err := m.Valid(); err != nil {
			t.Fatal(err)
		}
		f := m.Forecast(12, 0.05, 0.95)
		for i, mean := range f.Mean {
			if !(f.Quantiles[0][i] <= mean && mean <= f.Quantiles[1][i]) || math.IsInf(mean, 0) {
				t.Fatalf("%v, step %d: %g within %g..%g", m.Spec, i, mean, f.Quantiles[0][i], f.Quantiles[1][i])
			}
		}
	})
}

func TestConstant(t *testing.T) {
	for _, level := range []float64{0, 5, -1e12} {
		m, err := Fit(slices.Repeat([]float64{level}, 40), Config{Period: 7})
		if err != nil {
			t.Fatal(err)
		}
		f := m.Forecast(3, 0.99)
		if math.Abs(f.Mean[2]-level) > 1e-9*math.Abs(level) || f.StdDev[2] > 1e-6*math.Abs(level) || m.Spec.Trend != None {
			t.Errorf("%g: %v forecasts %g with sd %g", level, m.Spec, f.Mean[2], f.StdDev[2])
		}
	}
}

// What is given stays, and costs no degree of freedom.
func TestGiven(t *testing.T) {
	for _, spec := range specs {
		x := simulate(rand.New(rand.NewPCG(1, 3)), truth(spec), 100)
		cfg := Config{Period: spec.Period, Error: spec.Error, Trend: spec.Trend, Season: spec.Season}
		free, err := Fit(x, cfg)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Given = Given{Alpha: &free.Params.Alpha, Phi: &free.Params.Phi}
		some, err := Fit(x, cfg)
		if err != nil {
			t.Fatal(err)
		}
		given := 1.0
		if spec.Trend == Damped {
			given = 2
		}
		if some.Params.Alpha != free.Params.Alpha || math.Abs(some.LogLik-free.LogLik) > 0.01 || math.Abs(free.AIC-some.AIC-2*given) > 0.03 {
			t.Errorf("%v: alpha %g, log-likelihood %g, AIC %g; want %g, %g, and %g less than %g",
				spec, some.Params.Alpha, some.LogLik, some.AIC, free.Params.Alpha, free.LogLik, 2*given, free.AIC)
		}
		cfg.Given = Given{Alpha: new(0.5), Beta: new(0.0), Gamma: new(0.5), Phi: new(1.0)}
		if all, err := Fit(x, cfg); err != nil || all.Params.Alpha != 0.5 || all.Params.Beta != 0 || all.Params.Phi != 1 {
			t.Errorf("%v: %+v, %v", spec, all.Params, err)
		}
	}
}

// Each loss is least where it is asked for.
func TestLossAndCriterion(t *testing.T) {
	x := simulate(rand.New(rand.NewPCG(2, 3)), truth(Spec{Multiplicative, Additive, Multiplicative, 4}), 60)
	cfg := Config{Period: 4, Error: Multiplicative, Trend: Additive, Season: Multiplicative}
	likely, err := Fit(x, cfg)
	if err != nil {
		t.Fatal(err)
	}
	cfg.Minimise = SquaredError
	near, err := Fit(x, cfg)
	if err != nil {
		t.Fatal(err)
	}
	if near.MSE > likely.MSE || likely.LogLik < near.LogLik {
		t.Errorf("mse %g, log-likelihood %g by squared error; %g, %g by likelihood", near.MSE, near.LogLik, likely.MSE, likely.LogLik)
	}
	byBIC, err := Fit(x, Config{Period: 4, Choose: BIC})
	if err != nil {
		t.Fatal(err)
	}
	byAIC, err := Fit(x, Config{Period: 4, Choose: AIC})
	if err != nil {
		t.Fatal(err)
	}
	if byAIC.AIC > byBIC.AIC || byBIC.BIC > byAIC.BIC {
		t.Errorf("%v by AIC, %v by BIC", byAIC.Spec, byBIC.Spec)
	}
}

// Paths must spread as the intervals say.
func TestSimulate(t *testing.T) {
	for _, spec := range specs {
		m := truth(spec)
		m.State = m.Initial
		f := m.Forecast(8)
		rng := rand.New(rand.NewPCG(6, 6))
		var sum, squares float64
		const draws = 5000
		var path []float64
		for range draws {
			path = m.Simulate(rng, path, 8)
			d := path[7] - f.Mean[7]
			sum += d
			squares += d * d
		}
		if sd := math.Sqrt(squares / draws); math.Abs(sd/f.StdDev[7]-1) > 0.05 || math.Abs(sum/draws) > 0.05*sd {
			t.Errorf("%v: sd %g, simulated %g; mean off by %g", spec, f.StdDev[7], sd, sum/draws)
		}
	}
}

func TestChoosesWhatIsThere(t *testing.T) {
	f := func(name string, at func(i int) float64, trend, season bool) {
		t.Helper()
		rng := rand.New(rand.NewPCG(1, 9))
		x := make([]float64, 120)
		for i := range x {
			x[i] = at(i) + rng.NormFloat64()
		}
		m, err := Fit(x, Config{Period: 6})
		if err != nil {
			t.Fatal(err)
		}
		if m.Spec.hasTrend() != trend || m.Spec.hasSeason() != season {
			t.Errorf("%s: %v", name, m.Spec)
		}
	}
	wave := func(i int) float64 { return 10 * math.Sin(2*math.Pi*float64(i)/6) }
	f("noise", func(int) float64 { return 50 }, false, false)
	f("trend", func(i int) float64 { return 50 + float64(i) }, true, false)
	f("season", func(i int) float64 { return 50 + wave(i) }, false, true)
	f("both", func(i int) float64 { return 50 + float64(i) + wave(i) }, true, true)
}

func TestRefuses(t *testing.T) {
	nan := math.NaN()
	f := func(x []float64, cfg Config, want error) {
		t.Helper()
		if _, err := Fit(x, cfg); err == nil || want != nil && !errors.Is(err, want) {
			t.Errorf("%d readings, %+v: %v, want %v", len(x), cfg, err, want)
		}
	}
	some := []float64{1, 2, 1, 3, 1, 2, 2, 3, 1, 2, 1, 2, 3, 2, 1}
	f(nil, Config{}, ErrShort)
	f([]float64{1, 2, 3, 4}, Config{}, ErrShort)
	if _, err := Fit(nil, Config{Period: 12}); err == nil || !strings.Contains(err.Error(), "ETS(A,N,N) has 0, 5 are needed") {
		t.Errorf("the simplest model asks for the least: %v", err)
	}
	if _, err := Fit(some, Config{Trend: 99}); err == nil || !strings.Contains(err.Error(), "not Component(99)") {
		t.Errorf("a component that is none: %v", err)
	}
	f(slices.Repeat([]float64{nan}, 50), Config{}, ErrShort)
	f(some, Config{Period: 9, Season: Additive}, ErrShort)
	f(make([]float64, 200), Config{Period: 60}, ErrPeriod)
	f(make([]float64, 200), Config{Period: 60, Season: Additive}, ErrPeriod)
	f(some, Config{Season: Additive}, ErrPeriod)
	f(append(some, math.Inf(1)), Config{}, ErrValues)
	f(append(some, 0), Config{Error: Multiplicative}, ErrValues)
	f(some, Config{Error: None}, nil)
	f(some, Config{Trend: Multiplicative}, nil)
	f(some, Config{Period: 2, Season: Damped}, nil)
	f(some, Config{Period: 2, Error: Additive, Season: Multiplicative}, nil)
	f(some, Config{Given: Given{Alpha: new(1.2)}}, nil)
	f(some, Config{Given: Given{Alpha: new(nan)}}, nil)
	f(some, Config{Given: Given{Alpha: new(0.2), Beta: new(0.3)}}, nil)
	f(some, Config{Given: Given{Alpha: new(0.6), Gamma: new(0.5)}}, nil)
	f(some, Config{Given: Given{Beta: new(0.6), Gamma: new(0.5)}}, nil)
	f(some, Config{Given: Given{Phi: new(0.0)}}, nil)
	f(some, Config{Minimise: 9}, nil)
	f(some, Config{Choose: 9}, nil)
	if _, err := Fit(some, Config{Period: 60, Season: None}); err != nil {
		t.Errorf("a long period that is of no use: %v", err)
	}
}

func TestInvalid(t *testing.T) {
	f := func(name string, damage func(*Model)) {
		t.Helper()
		m := truth(Spec{Additive, Additive, Additive, 4})
		m.State = m.Initial.clone()
		if err := m.Valid(); err != nil {
			t.Fatal(err)
		}
		if damage(&m); m.Valid() == nil {
			t.Errorf("%s was accepted", name)
		}
	}
	f("no spec", func(m *Model) { m.Spec = Spec{} })
	f("a short season", func(m *Model) { m.State.Season = m.State.Season[1:] })
	f("a step beyond the season", func(m *Model) { m.State.Next = 4 })
	f("a level that is NaN", func(m *Model) { m.State.Level = math.NaN() })
	f("a negative sigma", func(m *Model) { m.Sigma = -1 })
}
