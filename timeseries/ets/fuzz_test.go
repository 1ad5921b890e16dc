package ets

import (
	"math"
	"testing"

	"github.com/foreshock-io/foreshock/timeseries/referencetest"
)

// Of any series and settings there is an error, or a valid model with finite forecasts; the same for Holt-Winters.
func FuzzFit(f *testing.F) {
	f.Add([]byte{1, 0, 2, 0, 3, 0, 1, 0, 2, 0, 3, 0, 1, 0, 2, 0, 4, 0, 1, 0, 2, 0, 3, 0}, 3, uint8(0), uint8(0), uint8(0))
	f.Add([]byte{1, 127, 2, 127, 128, 0, 1, 128, 2, 0, 1, 1, 1, 1, 1, 1, 9, 9, 9, 9}, 2, uint8(4), uint8(3), uint8(4))
	f.Fuzz(func(t *testing.T, data []byte, period int, kind, trend, season uint8) {
		if len(data) > 120 {
			return
		}
		x := referencetest.Readings(data)
		finite := func(name string, f Forecast) {
			for i, mean := range f.Mean {
				if math.IsNaN(mean) || math.IsInf(mean, 0) || !(f.Quantiles[0][i] <= f.Quantiles[1][i]) {
					t.Fatalf("%s, step %d: %g within %g..%g", name, i, mean, f.Quantiles[0][i], f.Quantiles[1][i])
				}
			}
		}
		parts := [3]Component{Component(kind % 5), Component(trend % 5), Component(season % 5)}
		if m, err := Fit(x, Config{Period: period, Error: parts[0], Trend: parts[1], Season: parts[2]}); err == nil {
			if err := m.Valid(); err != nil {
				t.Fatal(err)
			}
			finite(m.Spec.String(), m.Forecast(6, 0.05, 0.95))
		}
		if m, err := FitHoltWinters(x, HoltWintersConfig{Period: period, Trend: parts[1], Season: parts[2]}); err == nil {
			finite("Holt-Winters", m.Forecast(6, 0.05, 0.95))
		}
	})
}
