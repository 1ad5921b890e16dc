package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock/timeseries/arima"
)

// priorVariance is that of R's arima for what lies before a differenced series, in units of σ²: with it the likelihood is R's also in the last digits.
const priorVariance = 1e6

// integrated is ARIMA: of the order given, or of one that is chosen.
func integrated(ctx context.Context, f *forecasting, s *series, h int) (predicted, error) {
	if !f.order.given {
		return f.chosen(ctx, s, h)
	}
	c := arima.Config{
		Order: arima.Order{P: f.order.p, D: f.order.d, Q: f.order.q}, Seasonal: arima.Order{P: f.seasonal.p, D: f.seasonal.d, Q: f.seasonal.q},
		Drift: f.drift, PriorVariance: priorVariance, Stop: func() bool { return ctx.Err() != nil },
	}
	if c.Seasonal != (arima.Order{}) {
		c.Period = f.period()
	}
	c.Mean = f.mean && c.Order.D+c.Seasonal.D == 0 // as in R, differences take it away
	m, err := arima.Fit(s.values, c)
	if errors.Is(err, arima.ErrSpec) {
		return predicted{}, usageError{err}
	}
	if err != nil {
		return predicted{}, err
	}
	return f.arima(&m, h, 1)
}

// chosen is the model that the automatic search finds.
func (f *forecasting) chosen(ctx context.Context, s *series, h int) (predicted, error) {
	stop := time.Now().Add(f.deadline * 3 / 4) // the rest is for the fit of what was found
	m, err := arima.Choose(s.values, arima.ChooseConfig{
		Period: f.period(), NoConstant: f.changed("mean") && !f.mean || f.changed("drift") && !f.drift,
		PriorVariance: priorVariance,
		Stop:          func() bool { return time.Now().After(stop) || ctx.Err() != nil },
	})
	if errors.Is(err, arima.ErrConstant) {
		return f.constant(s, h), nil
	}
	if err != nil {
		return predicted{}, err
	}
	n, k := float64(m.N), float64(len(m.Coef))
	p, err := f.arima(&m.Model, h, n/(n-k))
	if m.Stopped {
		p.note = fmt.Sprintf("the search was ended after %s, with %s as the best so far; allow more with --deadline", f.deadline*3/4, m.Spec)
	}
	return p, err
}

// arima forecasts by a fitted model whose σ² is corrected by a factor.
func (f *forecasting) arima(m *arima.Model, h int, correction float64) (predicted, error) {
	ahead, err := m.Forecast(h, nil)
	if err != nil {
		return predicted{}, err
	}
	for i := range ahead.StdDev {
		ahead.StdDev[i] *= math.Sqrt(correction)
	}
	var coef, se object
	errs := m.SE()
	for i, name := range m.Names() {
		coef, se = append(coef, field{name, m.Coef[i]}), append(se, field{name, real(errs[i])})
	}
	o, z := m.Spec.Order, m.Spec.Seasonal
	p := predicted{
		mean: ahead.Mean, se: ahead.StdDev,
		fit: object{
			{"model", m.Spec.String()},
			{"order", []int{o.P, o.D, o.Q}},
			{"seasonal_order", []int{z.P, z.D, z.Q}},
			{"period", f.period()},
			{"coef", coef},
			{"se", se},
			{"sigma2", m.Sigma2 * correction},
			{"loglik", m.LogLik},
			{"aic", m.AIC},
			{"aicc", m.AICc},
			{"bic", m.BIC},
			{"nobs", m.N},
		},
	}
	p.intervals(normal(p.mean, p.se, f.quantiles()))
	return p, nil
}

// constant forecasts a series that is one value throughout.
func (f *forecasting) constant(s *series, h int) predicted {
	at := slices.IndexFunc(s.values, func(x float64) bool { return !math.IsNaN(x) })
	x := s.values[at]
	p := predicted{
		mean: slices.Repeat([]float64{x}, h), se: make([]float64, h), note: "the series is constant",
		fit: object{{"model", "constant"}, {"order", []int{0, 0, 0}}, {"seasonal_order", []int{0, 0, 0}}, {"period", f.period()}, {"coef", object{{"intercept", x}}}, {"sigma2", 0}},
	}
	p.intervals(normal(p.mean, p.se, f.quantiles()))
	return p
}
