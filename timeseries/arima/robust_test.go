package arima_test

import (
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/foreshock-io/foreshock/timeseries/arima"
)

// clear are the errors that a series or a configuration may be refused with.
func clear(err error) bool {
	for _, known := range []error{
		arima.ErrSpec, arima.ErrReach, arima.ErrShort, arima.ErrConstant, arima.ErrValues, arima.ErrRegressors, arima.ErrUnstable,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

func noNaN(t rapid.TB, what string, x ...float64) {
	t.Helper()
	for i, v := range x {
		if v != v {
			t.Fatalf("%s[%d] is NaN", what, i)
		}
	}
}

// anySeries draws series as they come: short, constant, huge, tiny, with gaps and repeats.
func anySeries(t *rapid.T) []float64 {
	n := rapid.IntRange(0, 60).Draw(t, "n")
	scale := rapid.SampledFrom([]float64{1, 1e-300, 1e-9, 1e9, 1e150, 1e300}).Draw(t, "scale")
	kind := rapid.SampledFrom([]string{"noise", "constant", "steps", "line", "spike"}).Draw(t, "kind")
	values := rapid.SliceOfN(rapid.Float64Range(-1, 1), n, n).Draw(t, "values")
	gaps := rapid.SliceOfN(rapid.IntRange(0, 9), n, n).Draw(t, "gaps")
	holes := rapid.IntRange(0, 10).Draw(t, "holes")
	y := make([]float64, n)
	for i := range y {
		switch kind {
		case "noise":
			y[i] = values[i]
		case "constant":
			y[i] = 0.7
		case "steps":
			y[i] = math.Round(2 * values[i])
		case "line":
			y[i] = float64(i) / 60
		case "spike":
			if i == n/2 {
				y[i] = 1
			}
		}
		if y[i] *= scale; gaps[i] < holes {
			y[i] = math.NaN()
		}
	}
	return y
}

func anyOrder(t *rapid.T, name string, most int) arima.Order {
	order := func(part string, most int) int { return rapid.IntRange(0, most).Draw(t, name+part) }
	return arima.Order{P: order("p", most), D: order("d", 2), Q: order("q", most)}
}

// Whatever the series, there is a model without NaN, or a clear error.
func TestNoNaN(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := anySeries(t)
		cfg := arima.Config{Order: anyOrder(t, "", 3), Method: rapid.SampledFrom([]arima.Method{arima.ML, arima.CSS}).Draw(t, "method")}
		if rapid.Bool().Draw(t, "seasonal") {
			cfg.Seasonal, cfg.Period = anyOrder(t, "seasonal ", 1), rapid.IntRange(2, 7).Draw(t, "period")
		}
		switch cfg.Order.D + cfg.Seasonal.D {
		case 0:
			cfg.Mean = rapid.Bool().Draw(t, "mean")
		case 1:
			cfg.Drift = rapid.Bool().Draw(t, "drift")
		}
		m, err := arima.Fit(y, cfg)
		if err != nil {
			if !clear(err) {
				t.Fatal(err)
			}
			return
		}
		noNaN(t, "coefficients", m.Coef...)
		noNaN(t, "log-likelihood", m.LogLik, m.AIC, m.AICc, m.BIC, m.Sigma, m.Sigma2)
		for i, r := range m.Residual {
			if (r != r) != (y[i] != y[i]) {
				t.Fatalf("residual %d is %g", i, r)
			}
		}
		f, err := m.Forecast(10, nil, 0.025, 0.5)
		if err != nil {
			t.Fatal(err)
		}
		noNaN(t, "forecast", f.Mean...)
		noNaN(t, "standard deviation", f.StdDev...)
		noNaN(t, "median", f.Quantiles[1]...)
		for _, v := range []float64{0, math.NaN(), 1e300, math.Inf(1)} {
			noNaN(t, "update", m.Update(v))
		}
		f, _ = m.Forecast(10, nil)
		noNaN(t, "forecast after updates", f.Mean...)
	})
}

// The same of the automatic choice.
func TestChooseNoNaN(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		y := anySeries(t)
		m, err := arima.Choose(y, arima.ChooseConfig{Period: rapid.IntRange(0, 12).Draw(t, "period"), MaxTerms: 2})
		if err != nil {
			if !clear(err) {
				t.Fatal(err)
			}
			return
		}
		f, err := m.Forecast(10, nil, 0.1, 0.9)
		if err != nil {
			t.Fatal(err)
		}
		noNaN(t, "coefficients", m.Coef...)
		noNaN(t, "forecast", f.Mean...)
		noNaN(t, "standard deviation", f.StdDev...)
	})
}

// Shift and scale carry through to coefficients, forecasts and likelihood.
func TestShiftAndScale(t *testing.T) {
	f := func(cfg arima.Config) {
		t.Helper()
		y := simulated(120, 6, 3)
		y[40], y[41], y[77] = math.NaN(), math.NaN(), math.NaN()
		plain, err := arima.Fit(y, cfg)
		if err != nil {
			t.Fatal(err)
		}
		want, _ := plain.Forecast(12, nil)
		for _, c := range []struct{ scale, shift float64 }{{1000, 0}, {1e-7, 0}, {-1, 0}, {1e200, 0}, {1, 5000}, {3, -1e4}} {
			if c.shift != 0 && !cfg.Mean && cfg.Order.D+cfg.Seasonal.D == 0 {
				continue // a model without mean is for series around 0
			}
			moved := make([]float64, len(y))
			for i, v := range y {
				moved[i] = c.scale*v + c.shift
			}
			m, err := arima.Fit(moved, cfg)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := m.Forecast(12, nil)
			unit := math.Abs(c.scale) * plain.Sigma
			for i := range got.Mean {
				if math.Abs(got.Mean[i]-c.scale*want.Mean[i]-c.shift) > 1e-3*unit || math.Abs(got.StdDev[i]-math.Abs(c.scale)*want.StdDev[i]) > 1e-3*unit {
					t.Errorf("%v times %g plus %g: step %d: %g ± %g", m.Spec, c.scale, c.shift, i, got.Mean[i], got.StdDev[i])
				}
			}
			if d := m.LogLik + float64(m.N)*math.Log(math.Abs(c.scale)) - plain.LogLik; math.Abs(d) > 1e-5 {
				t.Errorf("%v times %g plus %g: log-likelihood is %g off", m.Spec, c.scale, c.shift, d)
			}
		}
	}
	f(arima.Config{Order: arima.Order{P: 1, Q: 1}, Mean: true})
	f(arima.Config{Order: arima.Order{D: 1, Q: 1}, Seasonal: arima.Order{D: 1, Q: 1}, Period: 6})
	f(arima.Config{Order: arima.Order{P: 2, D: 1}, Drift: true})
	f(arima.Config{Order: arima.Order{P: 2}, Seasonal: arima.Order{P: 1, D: 1}, Period: 6, Drift: true})
}

// A fit that is stopped ends soon, and is none; one that is not is the same as without Stop.
func TestStopFit(t *testing.T) {
	y := simulated(300, 12, 5)
	cfg := arima.Config{Order: arima.Order{P: 2, D: 1, Q: 2}, Seasonal: arima.Order{P: 1, Q: 1}, Period: 12}
	whole, err := arima.Fit(y, cfg)
	if err != nil {
		t.Fatal(err)
	}
	steps := 0
	cfg.Stop = func() bool { steps++; return false }
	if m, err := arima.Fit(y, cfg); err != nil || !slices.Equal(m.Coef, whole.Coef) || m.LogLik != whole.LogLik {
		t.Errorf("asked and not stopped: %v, %v; want %v", m.Coef, err, whole.Coef)
	}
	all := steps
	for _, asked := range []int{0, 1, 10, all - 1} {
		steps = 0
		cfg.Stop = func() bool { steps++; return steps > asked }
		if _, err := arima.Fit(y, cfg); !errors.Is(err, arima.ErrStopped) {
			t.Errorf("after %d of %d: %v", asked, all, err)
		}
		if steps-asked > 40 {
			t.Errorf("after %d: went on for %d steps", asked, steps-asked)
		}
	}
}

// A search that is stopped gives the best model so far, and says so.
func TestStop(t *testing.T) {
	y := simulated(300, 12, 5)
	whole, err := arima.Choose(y, arima.ChooseConfig{Period: 12})
	if err != nil {
		t.Fatal(err)
	}
	if whole.Stopped {
		t.Error("nothing stopped it")
	}
	before := 0
	for _, asked := range []int{0, 1, 30, 300} {
		left := asked
		m, err := arima.Choose(y, arima.ChooseConfig{Period: 12, Stop: func() bool { left--; return left < 0 }})
		if err != nil {
			t.Fatal(err)
		}
		if !m.Stopped || len(m.Tried) >= len(whole.Tried) || len(m.Tried) < before {
			t.Errorf("after %d: stopped %v, %d models, of %d", asked, m.Stopped, len(m.Tried), len(whole.Tried))
		}
		before = len(m.Tried)
		if -left > 40 {
			t.Errorf("after %d: went on for %d steps", asked, -left)
		}
		f, err := m.Forecast(24, nil)
		if err != nil {
			t.Fatal(err)
		}
		noNaN(t, "forecast", f.Mean...)
		noNaN(t, "standard deviation", f.StdDev...)
	}
}

// The differences of a line are a constant, which an autoregression without a mean follows only at a unit root.
func TestLineWithoutDrift(t *testing.T) {
	for _, scale := range []float64{1, 1e290, 1e300} {
		line := make([]float64, 34)
		for i := range line {
			line[i] = float64(i) / 60 * scale
		}
		m, err := arima.Fit(line, arima.Config{
			Order: arima.Order{P: 2, Q: 3}, Seasonal: arima.Order{P: 1, D: 1, Q: 1}, Period: 5, Method: arima.CSS,
		})
		if err != nil {
			if !errors.Is(err, arima.ErrUnstable) {
				t.Error(err)
			}
			continue
		}
		if f, err := m.Forecast(3, nil); err != nil || !(math.Abs(f.Mean[2]) <= scale) {
			t.Errorf("scale %g: %v, %v", scale, f.Mean, err)
		}
	}
}

// Near a unit root, few readings far apart leave no digits of the covariance: what the filter would say then is not said.
func TestNearUnitRoot(t *testing.T) {
	for _, scale := range []float64{1, 1e-300, 1e150} {
		y := slices.Repeat([]float64{math.NaN()}, 18)
		for _, i := range []int{10, 13, 14, 15, 17} {
			y[i] = scale
		}
		m, err := arima.Fit(y, arima.Config{Order: arima.Order{P: 3}, Seasonal: arima.Order{Q: 1}, Period: 2})
		if err != nil {
			if !errors.Is(err, arima.ErrUnstable) {
				t.Error(err)
			}
			continue
		}
		for i := range 3 {
			if v := m.State.Cov[4*i]; v < -1e-3 {
				t.Errorf("scale %g: variance %d is %g", scale, i, v)
			}
		}
		for _, v := range []float64{0, math.NaN(), scale} {
			if f := m.Update(v); !(math.Abs(f) <= 1e3*scale) {
				t.Errorf("scale %g: %g is forecast", scale, f)
			}
		}
	}
}
