package ets

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/foreshock-io/foreshock/timeseries/referencetest"
)

// Drawn series, beside R itself where it is installed: R's fit of a model gives our numbers at its parameters, and our own fit is as likely.
func TestReferenceAnySeries(t *testing.T) {
	type call struct {
		X         []float64 `json:"x"`
		Frequency int
		Model     string
		Damped    bool
	}
	var calls []call
	var asked []Spec
	for i, spec := range slices.Concat(specs, specs) {
		rng := rand.New(rand.NewPCG(31, uint64(i)))
		m := truth(spec)
		m.Params.Alpha = 0.05 + 0.6*rng.Float64()
		m.Params.Gamma *= rng.Float64()
		name := fmt.Sprint(spec.Error) + "N" + fmt.Sprint(spec.Season)
		if spec.hasTrend() {
			name = fmt.Sprint(spec.Error) + "A" + fmt.Sprint(spec.Season)
		}
		calls = append(calls, call{simulate(rng, m, 30+rng.IntN(120)), 4, name, spec.Trend == Damped})
		asked = append(asked, spec)
	}
	var answers []struct {
		Par            map[string]float64
		Start          []float64
		LogLik, Sigma2 float64
		Fitted         []float64
		Mean           []float64
		Limits         []float64
	}
	referencetest.R(t, `if (!requireNamespace("forecast", quietly = TRUE)) quit(status = 77)
output <- lapply(input, function(case) {
  fit <- forecast::ets(ts(case$x, frequency = case$Frequency), model = case$Model, damped = case$Damped)
  ahead <- forecast::forecast(fit, h = 10)
  list(Par = as.list(fit$par), Start = I(as.vector(fit$states[1, ])), LogLik = fit$loglik, Sigma2 = fit$sigma2, Fitted = as.vector(fit$fitted),
    Mean = as.vector(ahead$mean), Limits = c(ahead$lower[, 1], ahead$upper[, 1], ahead$lower[, 2], ahead$upper[, 2]))
})`, calls, &answers)
	var fitted, logLik, forecasts float64
	worst := math.Inf(-1)
	for i, r := range answers {
		spec, x := asked[i], calls[i].X
		p := Params{Alpha: r.Par["alpha"], Beta: r.Par["beta"], Gamma: r.Par["gamma"], Phi: 1}
		if spec.Trend == Damped {
			p.Phi = r.Par["phi"]
		}
		start := State{Level: r.Start[0]}
		if spec.hasTrend() {
			start.Trend = r.Start[1]
		}
		if spec.hasSeason() {
			start.Season = slices.Clone(r.Start[len(r.Start)-spec.Period:])
			slices.Reverse(start.Season)
		}
		got, final, l := Filter(spec, p, start, x)
		fitted, logLik = max(fitted, apart(got, r.Fitted)), max(logLik, relative(l, r.LogLik))
		mean, limits := forecastAsR(Model{Spec: spec, Params: p, State: final, Sigma: math.Sqrt(r.Sigma2)}, len(r.Mean))
		forecasts = max(forecasts, apart(mean, r.Mean), apart(limits, r.Limits))
		m, err := Fit(x, Config{Period: spec.Period, Error: spec.Error, Trend: spec.Trend, Season: spec.Season})
		if err != nil {
			t.Fatal(err)
		}
		if d := r.LogLik - m.LogLik; d > 0.05 {
			t.Logf("%v of %d readings: %.2f less likely than R's", spec, len(x), d)
		}
		worst = max(worst, r.LogLik-m.LogLik)
	}
	name := fmt.Sprintf("forecast, %d drawn series", len(calls))
	referencetest.Within(t, name, "ets fitted at R's parameters, relative", fitted, 1e-8)
	referencetest.Within(t, name, "ets log-likelihood at R's parameters, relative", logLik, 1e-8)
	referencetest.Within(t, name, "ets forecast and limits at R's parameters, relative", forecasts, 1e-8)
	referencetest.Within(t, name, "ets log-likelihood, R's less ours", worst, 0.5)
}
