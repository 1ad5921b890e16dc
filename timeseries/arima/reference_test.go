package arima

import (
	"encoding/json"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock/timeseries/referencetest"
)

type fixture struct {
	Series struct {
		Name   string
		Values referencetest.Values
	}
	Cases []fixtureCase
}

type fixtureCase struct {
	ID            string
	Order         [3]int
	SeasonalOrder [3]int `json:"seasonal_order"`
	Period        int
	IncludeMean   bool `json:"include_mean"`
	Method        string
	Coef, SE      map[string]float64
	VarCoef       [][]float64 `json:"var_coef"`
	Sigma2        float64
	LogLik        float64
	AIC           float64
	AICc          float64
	BIC           float64
	NObs          int
	Residuals     referencetest.Values
	Forecast      struct{ Mean, SE []float64 }
	XReg          []float64
	NewXReg       []float64
	Polished      *struct {
		Coef   map[string]float64
		Sigma2 float64
		LogLik float64
	}
	AtFixed []struct {
		ID        string
		Coef      map[string]float64
		LogLik    float64
		Sigma2    float64
		Residuals referencetest.Values `json:"residuals_first5_last5"`
		Mean      []float64            `json:"forecast6_mean"`
		SE        []float64            `json:"forecast6_se"`
	} `json:"loglik_at_fixed"`
	Differenced *struct{ LogLik, Sigma2 float64 } `json:"loglik_differenced_at_coef"`
}

func fixtures(t *testing.T, f func(name string, y []float64, c fixtureCase)) {
	files, err := filepath.Glob(filepath.Join(referencetest.Path(t, "arima"), "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatal("no fixtures", err)
	}
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var fix fixture
		if err := json.Unmarshal(data, &fix); err != nil {
			t.Fatal(err)
		}
		for _, c := range fix.Cases {
			f("arima/"+strings.TrimSuffix(filepath.Base(file), ".json")+"/"+c.ID, fix.Series.Values, c)
		}
	}
}

func (c fixtureCase) config() Config {
	cfg := Config{
		Order: Order{c.Order[0], c.Order[1], c.Order[2]}, Seasonal: Order{c.SeasonalOrder[0], c.SeasonalOrder[1], c.SeasonalOrder[2]},
		Period: c.Period, Mean: c.IncludeMean,
	}
	if c.Method == "CSS" {
		cfg.Method = CSS
	}
	if c.XReg != nil {
		cfg.Regressors = []Regressor{{Name: "x", Values: c.XReg}}
	}
	return cfg
}

// named renames the one regressor of the fixtures, which R named by its values.
func named(coef map[string]float64) map[string]float64 {
	out := map[string]float64{}
	for name, v := range coef {
		if strings.HasPrefix(name, "c(") {
			name = "x"
		}
		out[name] = v
	}
	return out
}

// The filter itself, with R's prior variance, at given coefficients.
func TestReferenceAtFixed(t *testing.T) {
	fixtures(t, func(name string, y []float64, c fixtureCase) {
		for _, at := range c.AtFixed {
			cfg := c.config()
			cfg.Fixed, cfg.PriorVariance = named(at.Coef), 1e6
			m, err := Fit(y, cfg)
			if err != nil {
				t.Errorf("%s/%s: %v", name, at.ID, err)
				continue
			}
			name := name + "/" + at.ID
			referencetest.Within(t, name, "log-likelihood at fixed", math.Abs(m.LogLik-at.LogLik), 1e-8*math.Max(1, math.Abs(at.LogLik)))
			referencetest.Within(t, name, "sigma2 at fixed, relative", math.Abs(m.Sigma2/at.Sigma2-1), 1e-8)
			n := len(m.Residual)
			ends := append(append([]float64{}, m.Residual[:5]...), m.Residual[n-5:]...)
			referencetest.Within(t, name, "residuals at fixed, of sigma", referencetest.Apart(ends, at.Residuals)/m.Sigma, 1e-8)
			var future [][]float64
			if c.NewXReg != nil {
				future = [][]float64{c.NewXReg}
			}
			f, err := m.Forecast(6, future)
			if err != nil {
				t.Fatal(err)
			}
			referencetest.Within(t, name, "forecast at fixed, of sigma", referencetest.Apart(f.Mean, at.Mean)/m.Sigma, 1e-7)
			referencetest.Within(t, name, "its standard error, of sigma", referencetest.Apart(f.StdDev, at.SE)/m.Sigma, 1e-7)
		}
	})
}

// Fits of given orders.
func TestReferenceFit(t *testing.T) {
	fixtures(t, func(name string, y []float64, c fixtureCase) {
		cfg := c.config()
		cfg.PriorVariance = 1e6
		m, err := Fit(y, cfg)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			return
		}
		want, sigma2, logLik := c.Coef, c.Sigma2, c.LogLik
		if c.Polished != nil {
			want, sigma2, logLik = c.Polished.Coef, c.Polished.Sigma2, c.Polished.LogLik
		}
		want, se := named(want), named(c.SE)
		worst, worstSE := 0.0, 0.0
		for i, coef := range m.Names() {
			worst = math.Max(worst, math.Abs(m.Coef[i]-want[coef])/se[coef])
			worstSE = math.Max(worstSE, math.Abs(m.SE()[i]/se[coef]-1))
		}
		referencetest.Within(t, name, "log-likelihood, R's less ours", logLik-m.LogLik, 1e-4)
		referencetest.Within(t, name, "coefficients, of their standard error", worst, 0.01)
		referencetest.Within(t, name, "standard errors, relative", worstSE, 0.01)
		referencetest.Within(t, name, "sigma2, relative", math.Abs(m.Sigma2/sigma2-1), 1e-3)
		if c.Method != "CSS" {
			referencetest.Within(t, name, "AIC", math.Abs(m.AIC-c.AIC), 2e-4)
			referencetest.Within(t, name, "AICc", math.Abs(m.AICc-c.AICc), 2e-4)
			referencetest.Within(t, name, "BIC", math.Abs(m.BIC-c.BIC), 2e-4)
		}
		if len(c.Residuals) > 0 {
			referencetest.Within(t, name, "residuals, of sigma", referencetest.Apart(m.Residual, c.Residuals)/m.Sigma, 0.01)
		}
		var future [][]float64
		if c.NewXReg != nil {
			future = [][]float64{c.NewXReg}
		}
		f, err := m.Forecast(len(c.Forecast.Mean), future)
		if err != nil {
			t.Fatal(err)
		}
		referencetest.Within(t, name, "forecast, of sigma", referencetest.Apart(f.Mean, c.Forecast.Mean)/m.Sigma, 0.01)
		referencetest.Within(t, name, "its standard error, of sigma", referencetest.Apart(f.StdDev, c.Forecast.SE)/m.Sigma, 0.01)
	})
}
