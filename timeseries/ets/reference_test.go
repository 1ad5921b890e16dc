package ets

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock/timeseries/referencetest"
)

type rFile struct {
	Series struct {
		Frequency int
		Values    []float64
	}
	Cases      []rCase
	Candidates []struct {
		Model  string
		LogLik *float64
		AICc   *float64
		Par    map[string]float64
	} `json:"candidate_models"`
}

type rCase struct {
	Call, Method string
	Components   struct {
		Error, Trend, Season string
		Damped               bool
	}
	Par               map[string]float64
	Initial           map[string]float64 `json:"initial_state"`
	Final             []float64          `json:"final_state"`
	LogLik            float64
	AIC, AICc, BIC    float64
	Sigma2, MSE, AMSE float64
	Fitted, Residuals []float64
	Parameters        int `json:"n_params_counted"`
	Forecast          rForecast
}

type rForecast struct{ Mean, Lo80, Hi80, Lo95, Hi95 []float64 }

func (f *rForecast) limits() []float64 { return slices.Concat(f.Lo80, f.Hi80, f.Lo95, f.Hi95) }

// limits are those of R: 80 and 95 %.
var limits = []float64{0.1, 0.9, 0.025, 0.975}

var files = []string{
	"AirPassengers", "Nile", "USAccDeaths", "austres", "co2", "m4_H105", "m4_H257", "presidents_filled", "rds_cpu_hourly",
}

func component(s string) Component {
	return map[string]Component{"Z": Auto, "N": None, "A": Additive, "M": Multiplicative}[s]
}

func (c *rCase) spec(period int) Spec {
	s := Spec{component(c.Components.Error), component(c.Components.Trend), component(c.Components.Season), period}
	if c.Components.Damped {
		s.Trend = Damped
	}
	return s
}

// given are the parameters that the call fixes, which R does not list.
func (c *rCase) given() (g Given) {
	if strings.Contains(c.Call, "alpha=0.3, beta=0.05, gamma=0.2") {
		return Given{Alpha: new(0.3), Beta: new(0.05), Gamma: new(0.2)}
	}
	return g
}

// params and initial give R's numbers our names: R's s1 is the newest season.
func (c *rCase) params() Params {
	p := Params{Alpha: c.Par["alpha"], Beta: c.Par["beta"], Gamma: c.Par["gamma"], Phi: 1}
	if g := c.given(); g.Alpha != nil {
		p = Params{Alpha: *g.Alpha, Beta: *g.Beta, Gamma: *g.Gamma, Phi: 1}
	}
	if phi, ok := c.Par["phi"]; ok {
		p.Phi = phi
	}
	return p
}

func (c *rCase) initial(s Spec) State {
	state := State{Level: c.Initial["l"], Trend: c.Initial["b"]}
	if s.hasSeason() {
		for i := s.Period; i >= 1; i-- {
			state.Season = append(state.Season, c.Initial[fmt.Sprint("s", i)])
		}
	}
	return state
}

// listed is a state as R lists it: level, trend, season with the newest step first.
func listed(s Spec, state State) []float64 {
	list := []float64{state.Level}
	if s.hasTrend() {
		list = append(list, state.Trend)
	}
	for i := range state.Season {
		list = append(list, state.Season[(state.Next+len(state.Season)-1-i)%len(state.Season)])
	}
	return list
}

// apart is the largest difference relative to the largest value.
func apart(got, want []float64) float64 {
	return referencetest.Apart(got, want) / max(math.SmallestNonzeroFloat64, referencetest.Size(want))
}

func relative(got, want float64) float64 { return math.Abs(got/want - 1) }

// With R's parameters and initial state everything else is arithmetic.
func TestReferenceFilter(t *testing.T) {
	for _, name := range files {
		var file rFile
		referencetest.Load(t, "ets/"+name+".json", &file)
		x := file.Series.Values
		for _, c := range file.Cases {
			spec, p := c.spec(file.Series.Frequency), c.params()
			fitted, final, logLik := Filter(spec, p, c.initial(spec), x)
			mse, amse := squaredErrors(spec, p, c.initial(spec), x)
			if spec.Trend == Damped {
				amse = amseAsR(spec, p, c.initial(spec), x)
			}
			residuals := make([]float64, len(x))
			for i, mu := range fitted {
				if residuals[i] = x[i] - mu; spec.Error == Multiplicative {
					residuals[i] /= mu
				}
			}
			d := max(apart(fitted, c.Fitted), apart(residuals, c.Residuals), apart(listed(spec, final), c.Final),
				relative(logLik, c.LogLik), relative(mse, c.MSE), relative(amse, c.AMSE))
			if k, n := float64(spec.parameters()-c.given().count(spec)), float64(len(x)); int(k) != c.Parameters {
				t.Errorf("%s, %s: %g parameters, want %d", name, c.Call, k, c.Parameters)
			} else {
				d = max(d, relative(-2*logLik+2*k, c.AIC), relative(-2*logLik+2*k+2*k*(k+1)/(n-k-1), c.AICc), relative(-2*logLik+k*math.Log(n), c.BIC))
			}
			referencetest.Within(t, "ets/"+name, c.Call+" fitted, states, likelihood, criteria, relative", d, 1e-8)
			mean, limits := forecastAsR(Model{Spec: spec, Params: p, State: final, Sigma: math.Sqrt(c.Sigma2)}, len(c.Forecast.Mean))
			d = max(apart(mean, c.Forecast.Mean), apart(limits, c.Forecast.limits()))
			referencetest.Within(t, "ets/"+name, c.Call+" forecast and limits, relative", d, 1e-8)
		}
	}
}

// forecastAsR is the forecast with the limits of R, and with two slips of it, each of which its own numbers give away:
//
// With a damped trend and a multiplicative season R's first forecast is of l + b, though its own fitted values, compared above, are of l + φb. So
// all of its forecast is that of a trend b/φ, which errors move by β/φ.
//
// With an additive season and without trend R lets γ widen the limits one step early, at h = m instead of h = m + 1, the first step that shares its
// season with an error ahead; with a trend it does so at m + 1. So all of its limits are those with effects c_j that have γ at j = m - 1, 2m - 1, …
func forecastAsR(m Model, h int) (mean, all []float64) {
	if m.Spec.Season == Multiplicative && m.Spec.Trend == Damped {
		m.State.Trend /= m.Params.Phi
		m.Params.Beta /= m.Params.Phi
	}
	f := m.Forecast(h, limits...)
	if m.Spec.Trend == None && m.Spec.Season == Additive {
		c := m.effects(h)
		for j := range c[1:] {
			c[j+1] = m.Params.Alpha
			if (j+2)%m.Spec.Period == 0 {
				c[j+1] += m.Params.Gamma
			}
		}
		if f.StdDev = m.spreadAdditive(c); m.Spec.Error == Multiplicative {
			f.StdDev = m.spreadMultiplicative(f.Mean, c)
		}
		f.Quantiles = normalQuantiles(f.Mean, f.StdDev, limits)
	}
	return f.Mean, slices.Concat(f.Quantiles...)
}

// amseAsR is the AMSE with a slip of R in damped trends: two steps ahead it takes 2φ of the trend, three ahead 2φ + φ², where its own forecasts,
// compared above, take φ + φ² and φ + φ² + φ³.
func amseAsR(spec Spec, p Params, from State, x []float64) float64 {
	s := from.clone()
	trends := [3]float64{p.Phi, 2 * p.Phi, 2*p.Phi + p.Phi*p.Phi}
	var sums [3]float64
	for i, y := range x {
		for j, trend := range trends[:min(3, len(x)-i)] {
			forecast := s.Level + trend*s.Trend
			if spec.hasSeason() {
				step := s.Season[(s.Next+j)%spec.Period]
				if forecast += step; spec.Season == Multiplicative {
					forecast = (forecast - step) * step
				}
			}
			sums[j] += (x[i+j] - forecast) * (x[i+j] - forecast) / float64(len(x)-j) / 3
		}
		s.update(spec, p, y)
	}
	return sums[0] + sums[1] + sums[2]
}

// A fit is right when its likelihood is not below R's, whose optimiser is not exact.
func TestReferenceFit(t *testing.T) {
	for _, name := range files {
		var file rFile
		referencetest.Load(t, "ets/"+name+".json", &file)
		x := file.Series.Values
		for _, c := range file.Cases {
			spec := c.spec(file.Series.Frequency)
			cfg := Config{Period: spec.Period, Error: spec.Error, Trend: spec.Trend, Season: spec.Season, Given: c.given()}
			if c.Call == "ets(x)" {
				cfg = Config{Period: spec.Period}
			}
			least := strings.Contains(c.Call, `opt.crit="mse"`)
			if least {
				cfg.Minimise = SquaredError
			}
			m, err := Fit(x, cfg)
			if err != nil {
				t.Fatal(err)
			}
			if least {
				referencetest.Within(t, "ets/"+name, c.Call+" mse, ours above R's, relative", m.MSE/c.MSE-1, 1e-3)
			}
			referencetest.Within(t, "ets/"+name, fmt.Sprintf("%s aicc, ours (%v) less R's (%s)", c.Call, m.Spec, c.Method), m.AICc-c.AICc, 1)
		}
		worst, models := math.Inf(-1), 0
		for _, c := range file.Candidates {
			if c.LogLik == nil {
				continue
			}
			spec := Spec{component(c.Model[:1]), component(c.Model[1:2]), component(c.Model[len(c.Model)-1:]), file.Series.Frequency}
			if _, damped := c.Par["phi"]; damped {
				spec.Trend = Damped
			}
			m, err := Fit(x, Config{Period: spec.Period, Error: spec.Error, Trend: spec.Trend, Season: spec.Season})
			if err != nil {
				t.Fatal(err)
			}
			models++
			worst = max(worst, *c.LogLik-m.LogLik)
		}
		if models == 0 { // R was asked for the fits above only
			continue
		}
		referencetest.Within(t, "ets/"+name, fmt.Sprintf("%d candidate models, log-likelihood, R's less ours", models), worst, 0.5)
	}
}

// forecast's ses and damped holt are models whose squared error R minimises, not to the end.
func TestReferenceBaselines(t *testing.T) {
	var file struct {
		Cases []struct {
			Series struct {
				Name   string
				Values []float64
			}
			Results []struct {
				ID       string
				Residual float64 `json:"residual_sd"`
				rForecast
			}
		}
	}
	referencetest.Load(t, "baselines/baselines.json", &file)
	for _, c := range file.Cases {
		for _, r := range c.Results {
			cfg, ok := map[string]Config{
				"ses":         {Error: Additive, Trend: None, Season: None, Minimise: SquaredError},
				"holt_damped": {Error: Additive, Trend: Damped, Season: None, Minimise: SquaredError},
			}[r.ID]
			if !ok {
				continue
			}
			m, err := Fit(c.Series.Values, cfg)
			if err != nil {
				t.Fatal(err)
			}
			name := "baselines, " + c.Series.Name
			referencetest.Within(t, name, r.ID+" rmse, ours above R's, relative", math.Sqrt(m.MSE)/r.Residual-1, 1e-6)
			if r.ID == "ses" {
				f := m.Forecast(len(r.Mean), limits...)
				d := max(apart(f.Mean, r.Mean), apart(slices.Concat(f.Quantiles...), r.limits()))
				referencetest.Within(t, name, "ses forecast with limits, relative", d, 1e-3)
			}
		}
	}
}

type hwCase struct {
	ID, Call, Seasonal string
	Alpha, Beta, Gamma referencetest.Value
	SSE                float64
	Fitted             []float64
	First              int `json:"fitted_start"`
	Start              struct {
		Level, Trend referencetest.Value
		Season       []float64
	}
	Predict  struct{ Fit, Upr, Lwr []float64 } `json:"predict95"`
	Forecast rForecast                         `json:"forecast_package"`
}

func (c *hwCase) config(period int) HoltWintersConfig {
	cfg := HoltWintersConfig{Period: period, Trend: Additive, Season: None}
	if math.IsNaN(float64(c.Beta)) {
		cfg.Trend = None
	}
	if !math.IsNaN(float64(c.Gamma)) {
		if cfg.Season = Additive; c.Seasonal == "multiplicative" {
			cfg.Season = Multiplicative
		}
	}
	return cfg
}

func TestReferenceHoltWinters(t *testing.T) {
	for _, name := range []string{"AirPassengers", "Nile", "USAccDeaths", "co2", "rds_cpu_hourly"} {
		var file struct {
			Series struct {
				Frequency int
				Values    []float64
			}
			Cases []hwCase
		}
		referencetest.Load(t, "holtwinters/"+name+".json", &file)
		x := file.Series.Values
		for _, c := range file.Cases {
			cfg := c.config(file.Series.Frequency)
			if !strings.HasSuffix(c.ID, "_fixed") {
				own, err := FitHoltWinters(x, cfg)
				if err != nil {
					t.Fatal(err)
				}
				referencetest.Within(t, "holtwinters/"+name, c.Call+" sse, ours above R's, relative", own.SSE/c.SSE-1, 1e-3)
			}
			// At R's parameters all is arithmetic.
			cfg.Alpha, cfg.Beta, cfg.Gamma = (*float64)(&c.Alpha), (*float64)(&c.Beta), (*float64)(&c.Gamma)
			if cfg.Trend == None {
				cfg.Beta = nil
			}
			if cfg.Season == None {
				cfg.Gamma = nil
			}
			m, err := FitHoltWinters(x, cfg)
			if err != nil {
				t.Fatal(err)
			}
			if m.First+1 != c.First {
				t.Errorf("%s, %s: fitted from reading %d on, R from %d", name, c.Call, m.First, c.First-1)
			}
			start := []float64{float64(c.Start.Level)}
			if m.Spec.hasTrend() {
				start = append(start, float64(c.Start.Trend))
			}
			start = append(start, c.Start.Season...)
			got := listed(m.Spec, m.Initial)
			slices.Reverse(got[len(got)-len(c.Start.Season):])
			d := max(apart(got, start), apart(m.Fitted(x), c.Fitted), relative(m.SSE, c.SSE))
			f := m.Forecast(len(c.Predict.Fit), 0.025, 0.975)
			limitsAsR(&f, &m, 0.025, 0.975)
			d = max(d, apart(f.Mean, c.Predict.Fit), apart(slices.Concat(f.Quantiles...), slices.Concat(c.Predict.Lwr, c.Predict.Upr)))
			f = m.Forecast(len(c.Forecast.Mean), limits...)
			limitsAsR(&f, &m, limits...)
			d = max(d, apart(f.Mean, c.Forecast.Mean), apart(slices.Concat(f.Quantiles...), c.Forecast.limits()))
			referencetest.Within(t, "holtwinters/"+name, c.Call+" start, fitted, forecasts, relative", d, 1e-9)
		}
	}
}

// limitsAsR gives a forecast with a multiplicative season the limits of R, which has two slips in the formula of Yar and Chatfield. Its ψ_0 is
// α + γ(1-α) instead of 1, so that its first limits are narrower than the spread of its own one-step errors. And where the formula divides by the
// season of the last step of the period, it divides by the trend, which stands before the seasons in its list of coefficients.
func limitsAsR(f *Forecast, m *HoltWinters, quantiles ...float64) {
	if m.Spec.Season != Multiplicative {
		return
	}
	period := m.Spec.Period
	step := func(i int) float64 { return m.State.Season[(m.State.Next+i)%period] }
	for i := range f.StdDev {
		sum := 0.0
		for j := 0; j <= i; j++ {
			psi := m.Alpha * (1 + float64(j)*m.Beta)
			if j%period == 0 {
				psi += m.Gamma * (1 - m.Alpha)
			}
			divisor := step((i%period + period - j%period) % period)
			if (i+1-j)%period == 0 {
				divisor = m.State.Trend
			}
			psi *= step(i) / divisor
			sum += psi * psi
		}
		f.StdDev[i] = m.Sigma * math.Sqrt(sum)
	}
	f.Quantiles = normalQuantiles(f.Mean, f.StdDev, quantiles)
}
