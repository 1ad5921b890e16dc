package main

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/foreshock-io/foreshock/timeseries/ets"
	"github.com/foreshock-io/foreshock/timeseries/naive"
)

// seasonalNaive is the last season again.
func seasonalNaive(_ context.Context, f *forecasting, s *series, h int) (predicted, error) {
	ahead, err := naive.Seasonal(s.values, f.period(), h)
	if err != nil {
		return predicted{}, err
	}
	p := predicted{mean: ahead.Mean, se: ahead.StdDev, fit: object{{"model", "naive"}, {"period", f.period()}}}
	p.intervals(normal(p.mean, p.se, f.quantiles()))
	return p, nil
}

// normal are quantiles of normal distributions.
func normal(mean, se, quantiles []float64) [][]float64 {
	all := make([][]float64, len(quantiles))
	for i, q := range quantiles {
		z := math.Sqrt2 * math.Erfinv(2*q-1)
		for k := range mean {
			all[i] = append(all[i], mean[k]+z*se[k])
		}
	}
	return all
}

// exponential is exponential smoothing with the least AICc.
func exponential(_ context.Context, f *forecasting, s *series, h int) (predicted, error) {
	period, note := f.period(), ""
	if period > ets.MaxPeriod {
		note = fmt.Sprintf("ets has no season of %d steps, only up to %d; forecast without. auto and prophet have it", period, ets.MaxPeriod)
		period = 1
	}
	m, err := ets.Fit(s.values, ets.Config{Period: period})
	if err != nil {
		return predicted{}, err
	}
	coef := object{{"alpha", m.Params.Alpha}}
	if m.Spec.Trend != ets.None {
		coef = append(coef, field{"beta", m.Params.Beta})
	}
	if m.Spec.Season != ets.None {
		coef = append(coef, field{"gamma", m.Params.Gamma})
	}
	if m.Spec.Trend == ets.Damped {
		coef = append(coef, field{"phi", m.Params.Phi})
	}
	coef = append(coef, field{"l", m.Initial.Level})
	if m.Spec.Trend != ets.None {
		coef = append(coef, field{"b", m.Initial.Trend})
	}
	if m.Spec.Season != ets.None {
		for i := range period { // s0 is the step before the first, as in R
			coef = append(coef, field{"s" + strconv.Itoa(i), m.Initial.Season[((m.Initial.Next-1-i)%period+period)%period]})
		}
	}
	ahead := m.Forecast(h, f.quantiles()...)
	p := predicted{
		note: note, mean: ahead.Mean, se: ahead.StdDev,
		fit: object{
			{"model", m.Spec.String()},
			{"period", period},
			{"coef", coef},
			{"sigma2", m.Sigma * m.Sigma},
			{"loglik", m.LogLik},
			{"aic", m.AIC},
			{"aicc", m.AICc},
			{"bic", m.BIC},
			{"nobs", m.N},
		},
	}
	p.intervals(ahead.Quantiles)
	return p, nil
}
