package arima

import (
	"fmt"
	"math"
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
			fmt.Println(name, got.Spec, c.Model, got.AICc, c.AICc, len(got.Tried), c.CPU)
			if got.Spec.Order.D != c.Order[1] || got.Spec.Seasonal.D != c.SeasonalOrder[1] {
				t.Errorf("%s: differences", name)
			}
			if s := c.Integration.Strength; s != nil {
				referencetest.Within(t, name, "seasonal strength", math.Abs(SeasonalStrength(c.Series.Values, c.Series.Frequency)-*s), 1e-9)
			}
			referencetest.Within(t, name, "AICc, ours less R's", got.AICc-c.AICc, 2)
		}
	}
}
