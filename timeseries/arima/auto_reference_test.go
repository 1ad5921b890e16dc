package arima

import (
	"math"
	"slices"
	"testing"

	"github.com/foreshock-io/foreshock/timeseries/referencetest"
)

type autoFixture struct {
	Cases []struct {
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
		AICc, BIC     float64
		NObs          int
		CPU           any `json:"cpu_seconds"`
		Integration   struct {
			Strength *float64 `json:"seasonal_strength"`
			KPSS     []struct{ Stat float64 }
			D        int `json:"-"`
		}
		Forecast struct {
			Mean, Lo80, Hi80, Lo95, Hi95 []float64
		}
	}
}

func TestReferenceAuto(t *testing.T) {
	for _, file := range []string{"classic_and_cloudwatch", "m4_and_vm_disk"} {
		var fix autoFixture
		referencetest.Load(t, "autoarima/"+file+".json", &fix)
		for _, c := range fix.Cases {
			name := "autoarima/" + c.Series.Name
			cfg := ChooseConfig{Period: c.Series.Frequency}
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
				continue
			}
			differs := math.Abs(float64(got.Spec.Order.D-c.Order[1])) + math.Abs(float64(got.Spec.Seasonal.D-c.SeasonalOrder[1]))
			referencetest.Within(t, name, "differences "+got.Spec.String()+" for "+c.Model, differs, 0)
			if s := c.Integration.Strength; s != nil {
				tolerance := 1e-9
				if slices.ContainsFunc(c.Series.Values, func(v float64) bool { return v != v }) {
					tolerance = 0.05 // R interpolates, our STL leaves out what is missing
				}
				referencetest.Within(t, name, "seasonal strength", math.Abs(SeasonalStrength(c.Series.Values, c.Series.Frequency)-*s), tolerance)
			}
			referencetest.Within(t, name, "AICc, ours less R's", got.AICc-c.AICc, 2)
		}
	}
}
