package arima

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"testing"

	"github.com/foreshock-io/foreshock/timeseries/referencetest"
)

type autoFixture struct{ Cases []autoCase }

type autoCase struct {
	Series struct {
		Name      string
		Frequency int
		Values    referencetest.Values
	}
	Call          string
	Order         [3]int
	SeasonalOrder [3]int `json:"seasonal_order"`
	HasDrift      bool   `json:"has_drift"`
	HasMean       bool   `json:"has_mean"`
	Model         string
	Coef          map[string]float64
	Sigma2        float64
	LogLik        float64
	AICc          float64
	Integration   struct {
		Strength *float64 `json:"seasonal_strength"`
		KPSS     []struct{ Stat float64 }
	}
	Forecast struct{ Mean, Lo80, Hi80, Lo95, Hi95 []float64 }
}

func autoCases(t *testing.T, f func(name string, c autoCase)) {
	for _, file := range []string{"classic_and_cloudwatch", "m4_and_vm_disk"} {
		var fix autoFixture
		referencetest.Load(t, "autoarima/"+file+".json", &fix)
		for _, c := range fix.Cases {
			f("autoarima/"+c.Series.Name, c)
		}
	}
}

// The model chosen has R's differences, and is R's model or none that is worse.
func TestReferenceAuto(t *testing.T) {
	autoCases(t, func(name string, c autoCase) {
		cfg := ChooseConfig{Period: c.Series.Frequency, PriorVariance: 1e6}
		switch c.Call {
		case "auto.arima(x)":
		case "auto.arima(x, stepwise=FALSE, approximation=FALSE)":
			cfg.Exhaustive, cfg.Exact = true, true
		case `auto.arima(x, ic="bic")`:
			cfg.Criterion = BIC
		default:
			t.Fatal(c.Call)
		}
		got, err := Choose(c.Series.Values, cfg)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		differs := math.Abs(float64(got.Spec.Order.D-c.Order[1])) + math.Abs(float64(got.Spec.Seasonal.D-c.SeasonalOrder[1]))
		referencetest.Within(t, name, "differences, "+got.Spec.String()+" for R's "+c.Model, differs, 0)
		referencetest.Within(t, name, "AICc, ours less R's", got.AICc-c.AICc, 2)
	})
}

// What decides on the differences.
func TestReferenceUnitRoots(t *testing.T) {
	autoCases(t, func(name string, c autoCase) {
		x := c.Series.Values
		if s := c.Integration.Strength; s != nil {
			tolerance := 1e-9
			if slices.ContainsFunc(x, func(v float64) bool { return v != v }) {
				tolerance = 0.05 // R interpolates, our STL leaves out what is missing
			}
			referencetest.Within(t, name, "seasonal strength", math.Abs(SeasonalStrength(x, c.Series.Frequency)-*s), tolerance)
		}
		w := present(difference(x, differences(0, c.SeasonalOrder[1], c.Series.Frequency)))
		for d, want := range c.Integration.KPSS {
			referencetest.Within(t, name, fmt.Sprintf("KPSS after %d differences", d), math.Abs(KPSS(w)-want.Stat), 1e-9)
			w = difference(w, differences(1, 0, 1))
		}
	})
}

// R's model, fitted by us: likelihood, forecast and limits, with R's correction of σ² for
// the number of coefficients. Where our likelihood is higher by more than 0.01, R stopped at
// a lower maximum, and the forecasts differ rightly.
func TestReferenceAutoFit(t *testing.T) {
	autoCases(t, func(name string, c autoCase) {
		m, err := Fit(c.Series.Values, Config{
			Order: Order{c.Order[0], c.Order[1], c.Order[2]}, Seasonal: Order{c.SeasonalOrder[0], c.SeasonalOrder[1], c.SeasonalOrder[2]},
			Period: c.Series.Frequency, Mean: c.HasMean, Drift: c.HasDrift, PriorVariance: 1e6,
		})
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		referencetest.Within(t, name, "log-likelihood of R's orders, R's less ours", c.LogLik-m.LogLik, 1e-2)
		if m.LogLik > c.LogLik+0.01 {
			return
		}
		n, k := float64(m.N), float64(len(m.Coef))
		m.Sigma *= math.Sqrt(n / (n - k))
		f, err := m.Forecast(len(c.Forecast.Mean), nil, 0.1, 0.9, 0.025, 0.975)
		if err != nil {
			t.Fatal(err)
		}
		worst := 0.0
		for i, mean := range f.Mean {
			width := c.Forecast.Hi95[i] - c.Forecast.Mean[i]
			off := math.Abs(mean - c.Forecast.Mean[i])
			for j, limit := range [][]float64{c.Forecast.Lo80, c.Forecast.Hi80, c.Forecast.Lo95, c.Forecast.Hi95} {
				off = math.Max(off, math.Abs(f.Quantiles[j][i]-limit[i]))
			}
			worst = math.Max(worst, off/width)
		}
		referencetest.Within(t, name, "forecast and limits, of half the 95 % interval", worst, 0.02)
	})
}

// What R chooses for series of testdata/auto.R.
func TestReferenceAutoDrawn(t *testing.T) {
	data, err := os.ReadFile("testdata/auto.json")
	if err != nil {
		t.Fatal(err)
	}
	var cases []struct {
		Name         string
		Period       int
		Values       referencetest.Values
		AICc         float64
		D, SeasonalD int
		Model        string
	}
	if err := json.Unmarshal(data, &cases); err != nil {
		t.Fatal(err)
	}
	for _, c := range cases {
		got, err := Choose(c.Values, ChooseConfig{Period: c.Period, PriorVariance: 1e6})
		if err != nil {
			t.Errorf("%s: %v", c.Name, err)
			continue
		}
		differs := math.Abs(float64(got.Spec.Order.D-c.D)) + math.Abs(float64(got.Spec.Seasonal.D-c.SeasonalD))
		referencetest.Within(t, c.Name, "differences, "+got.Spec.String()+" for R's "+c.Model, differs, 0)
		referencetest.Within(t, c.Name, "AICc, ours less R's", got.AICc-c.AICc, 2)
	}
}
