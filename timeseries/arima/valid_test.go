package arima_test

import (
	"bytes"
	"encoding/gob"
	"math"
	"reflect"
	"testing"

	"github.com/foreshock-io/foreshock/timeseries/arima"
)

// What is fitted is valid, also after it was written and read and has gone on, and goes on as the one that was written.
func TestValid(t *testing.T) {
	load, backup := hourly()
	gaps := append([]float64{}, load...)
	for _, i := range []int{0, 100, 101, len(gaps) - 1} {
		gaps[i] = math.NaN()
	}
	regressors := []arima.Regressor{{Name: "backup", Values: backup}}
	f := func(y []float64, cfg arima.Config) {
		t.Helper()
		m, err := arima.Fit(y, cfg)
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Valid(); err != nil {
			t.Error(err)
		}
		var data bytes.Buffer
		if err := gob.NewEncoder(&data).Encode(m); err != nil {
			t.Fatal(err)
		}
		var read arima.Model
		if err := gob.NewDecoder(&data).Decode(&read); err != nil {
			t.Fatal(err)
		}
		x := make([]float64, len(cfg.Regressors))
		for _, y := range []float64{200, math.NaN(), 210, 190} {
			if err := read.Valid(); err != nil {
				t.Fatal(err)
			}
			if got, want := read.Update(y, x...), m.Update(y, x...); got != want {
				t.Errorf("%v expects %g, not %g", m.Spec, got, want)
			}
		}
	}
	f(load, arima.Config{Mean: true})
	f(load, arima.Config{Order: arima.Order{P: 2, Q: 1}, Mean: true, Regressors: regressors})
	f(gaps, arima.Config{Order: arima.Order{P: 1}, Seasonal: arima.Order{D: 1, Q: 1}, Period: 24})
	f(gaps, arima.Config{Order: arima.Order{P: 1, D: 1}, Drift: true, PriorVariance: 1e6})
}

// What cannot be a model is told before a method panics.
func TestInvalid(t *testing.T) {
	load, _ := hourly()
	f := func(name string, change func(m *arima.Model)) {
		t.Helper()
		m, err := arima.Fit(load, arima.Config{Order: arima.Order{P: 1, D: 1, Q: 1}})
		if err != nil {
			t.Fatal(err)
		}
		if change(&m); m.Valid() == nil {
			t.Errorf("%s: valid", name)
		}
	}
	f("zero", func(m *arima.Model) { *m = arima.Model{} })
	f("an order below 0", func(m *arima.Model) { m.Spec.Order.P = -1 })
	f("an order that reaches too far", func(m *arima.Model) { m.Spec.Order.P = 1 << 40 })
	f("a season without period", func(m *arima.Model) { m.Spec.Seasonal.D = 1 })
	f("no coefficients", func(m *arima.Model) { m.Coef = nil })
	f("a coefficient that is no number", func(m *arima.Model) { m.Coef[0] = math.NaN() })
	f("sigma below 0", func(m *arima.Model) { m.Sigma = -1 })
	f("no covariance", func(m *arima.Model) { m.Cov = nil })
	f("a short row of the covariance", func(m *arima.Model) { m.Cov[1] = m.Cov[1][:1] })
	f("no state", func(m *arima.Model) { m.State = arima.State{} })
	f("more to come than there are slots", func(m *arima.Model) { m.State.Start = 5 })
	f("a step below 0", func(m *arima.Model) { m.State.Steps = -1 })
	f("an infinite state", func(m *arima.Model) { m.State.Mean[0] = math.Inf(1) })
	f("a diffuse part of another size", func(m *arima.Model) { m.State.Diffuse = make([]float64, 7) })
	for v := range reflect.TypeFor[arima.State]().NumField() { // any part of the state that is missing is told, or is not needed
		f := reflect.TypeFor[arima.State]().Field(v)
		m, err := arima.Fit(load, arima.Config{Order: arima.Order{P: 1, D: 1, Q: 1}})
		if err != nil {
			t.Fatal(err)
		}
		reflect.ValueOf(&m.State).Elem().Field(v).SetZero()
		if m.Valid() == nil {
			if _, err := m.Forecast(2, nil); err != nil {
				t.Errorf("without %s: %v", f.Name, err)
			}
			m.Update(200)
		}
	}
}
