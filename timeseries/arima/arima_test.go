package arima_test

import (
	"bytes"
	"encoding/gob"
	"errors"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/foreshock-io/foreshock/timeseries/arima"
)

// simulated is a seasonal random walk with noise, with gaps.
func simulated(n, period int, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 1))
	y := make([]float64, n)
	level := 100.0
	for t := range y {
		level += r.NormFloat64()
		y[t] = level + 10*math.Sin(2*math.Pi*float64(t)/float64(period)) + r.NormFloat64()
	}
	return y
}

// A model that has taken in readings one by one is where a filter over all is.
func TestUpdate(t *testing.T) {
	f := func(cfg arima.Config, gap ...int) {
		t.Helper()
		y := simulated(200, 12, 1)
		for _, at := range gap {
			y[at] = math.NaN()
		}
		m, err := arima.Fit(y[:150], cfg)
		if err != nil {
			t.Fatal(err)
		}
		cfg.Fixed = map[string]float64{}
		for i, name := range m.Names() {
			cfg.Fixed[name] = m.Coef[i]
		}
		for _, v := range y[150:] {
			m.Update(v)
		}
		all, err := arima.Fit(y, cfg)
		if err != nil {
			t.Fatal(err)
		}
		got, _ := m.Forecast(30, nil)
		want, _ := all.Forecast(30, nil)
		for i := range want.Mean {
			if math.Abs(got.Mean[i]-want.Mean[i]) > 1e-9 || math.Abs(got.StdDev[i]/m.Sigma-want.StdDev[i]/all.Sigma) > 1e-9 {
				t.Fatalf("%v: step %d: %g ± %g, want %g ± %g", m.Spec, i, got.Mean[i], got.StdDev[i]/m.Sigma, want.Mean[i], want.StdDev[i]/all.Sigma)
			}
		}
	}
	f(arima.Config{Order: arima.Order{P: 1, Q: 1}, Mean: true})
	f(arima.Config{Order: arima.Order{P: 2, D: 1, Q: 1}, Drift: true})
	f(arima.Config{Order: arima.Order{D: 1, Q: 1}, Seasonal: arima.Order{D: 1, Q: 1}, Period: 12})
	f(arima.Config{Order: arima.Order{D: 1, Q: 1}, Seasonal: arima.Order{D: 1, Q: 1}, Period: 12}, 0, 3, 77, 78, 79, 120, 160, 161, 162, 199)
	f(arima.Config{Order: arima.Order{P: 1}, Seasonal: arima.Order{P: 1, D: 1}, Period: 12}, 148, 149, 150, 170)
}

// A clone, and a model that was encoded and decoded, go on from where the model was.
func TestModelIsPlainData(t *testing.T) {
	y := simulated(200, 12, 2)
	y[180] = math.NaN()
	m, err := arima.Fit(y, arima.Config{Order: arima.Order{P: 1, D: 1, Q: 1}, Seasonal: arima.Order{D: 1, Q: 1}, Period: 12})
	if err != nil {
		t.Fatal(err)
	}
	m.Update(100)
	clone := m.Clone()
	var kept bytes.Buffer
	if err := gob.NewEncoder(&kept).Encode(m); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		m.Update(float64(90 + i))
	}
	var decoded arima.Model
	if err := gob.NewDecoder(&kept).Decode(&decoded); err != nil {
		t.Fatal(err)
	}
	for i := range 20 {
		clone.Update(float64(90 + i))
		decoded.Update(float64(90 + i))
	}
	want, _ := m.Forecast(30, nil)
	for _, other := range []arima.Model{clone, decoded} {
		got, _ := other.Forecast(30, nil)
		if !slices.Equal(got.Mean, want.Mean) || !slices.Equal(got.StdDev, want.StdDev) {
			t.Errorf("forecast %v ± %v, want %v ± %v", got.Mean, got.StdDev, want.Mean, want.StdDev)
		}
	}
}

// An update allocates nothing, also over a gap.
func TestUpdateAllocatesNothing(t *testing.T) {
	m, err := arima.Fit(simulated(200, 12, 2), arima.Config{Order: arima.Order{P: 1, D: 1, Q: 1}, Seasonal: arima.Order{D: 1, Q: 1}, Period: 12})
	if err != nil {
		t.Fatal(err)
	}
	step := 0
	if n := testing.AllocsPerRun(100, func() {
		y := 100.0
		if step++; step%17 == 0 {
			y = math.NaN()
		}
		m.Update(y)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// What cannot be fitted is said, with what to do.
func TestErrors(t *testing.T) {
	line := make([]float64, 40)
	for i := range line {
		line[i] = float64(i)
	}
	y := simulated(40, 4, 1)
	f := func(y []float64, cfg arima.Config, want error) {
		t.Helper()
		if _, err := arima.Fit(y, cfg); !errors.Is(err, want) {
			t.Errorf("%v, want %v", err, want)
		}
	}
	one := arima.Order{P: 1}
	f(nil, arima.Config{Order: one}, arima.ErrShort)
	f(y[:2], arima.Config{Order: arima.Order{P: 1, D: 1}}, arima.ErrShort)
	f([]float64{math.NaN(), math.NaN(), math.NaN()}, arima.Config{Mean: true}, arima.ErrShort)
	f(append([]float64{math.Inf(1)}, y...), arima.Config{Order: one}, arima.ErrValues)
	f(make([]float64, 40), arima.Config{Order: one}, arima.ErrConstant)
	f(line, arima.Config{Order: arima.Order{P: 1, D: 1}, Drift: true}, arima.ErrConstant)
	sparse := slices.Repeat([]float64{math.NaN()}, 80)
	for i := 0; i < len(sparse); i += 2 {
		sparse[i] = float64(i)
	}
	f(sparse, arima.Config{Order: arima.Order{P: 1, D: 2, Q: 1}}, arima.ErrConstant)
	f(y, arima.Config{Order: arima.Order{P: -1}}, arima.ErrSpec)
	f(y, arima.Config{Order: arima.Order{D: 1}, Mean: true}, arima.ErrSpec)
	f(y, arima.Config{Order: arima.Order{D: 2}, Drift: true}, arima.ErrSpec)
	f(y, arima.Config{Seasonal: one}, arima.ErrSpec)
	f(y, arima.Config{Order: one, Fixed: map[string]float64{"ma1": 0.5}}, arima.ErrSpec)
	f(y, arima.Config{Order: one, Method: arima.CSS + 1}, arima.ErrSpec)
	f(y, arima.Config{Order: one, PriorVariance: -1}, arima.ErrSpec)
	f(y, arima.Config{Order: one, PriorVariance: math.NaN()}, arima.ErrSpec)
	f(y, arima.Config{Order: one, Fixed: map[string]float64{"ar1": 1.5}}, arima.ErrUnstable)
	f(y, arima.Config{Seasonal: one, Period: 5000}, arima.ErrReach)
	f(y, arima.Config{Mean: true, Regressors: []arima.Regressor{{Name: "x", Values: line[1:]}}}, arima.ErrRegressors)
	f(y, arima.Config{Drift: true, Regressors: []arima.Regressor{{Name: "x", Values: line}}, Mean: true}, arima.ErrRegressors)
	m, err := arima.Fit(y, arima.Config{Regressors: []arima.Regressor{{Name: "x", Values: line}}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := m.Forecast(3, nil); !errors.Is(err, arima.ErrRegressors) {
		t.Errorf("forecast without the regressor: %v", err)
	}
	if _, err := m.Forecast(3, [][]float64{{1, 2}}); !errors.Is(err, arima.ErrRegressors) {
		t.Errorf("forecast with a short regressor: %v", err)
	}
	for _, cfg := range []arima.ChooseConfig{
		{Max: arima.Order{P: -1}}, {SeasonalMax: arima.Order{Q: -1}, Period: 4}, {MaxTerms: -1, Exhaustive: true}, {Criterion: arima.BIC + 1}, {PriorVariance: math.Inf(1)},
	} {
		if _, err := arima.Choose(y, cfg); !errors.Is(err, arima.ErrSpec) {
			t.Errorf("%v, want %v", err, arima.ErrSpec)
		}
	}
}
