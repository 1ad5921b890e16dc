package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/foreshock-io/foreshock/timeseries/ets"
)

// naive is the seasonal naive method of Hyndman and Athanasopoulos, Forecasting: Principles and Practice (3rd ed.), §5.2 and §5.5: the last season again, a
// missing value in it replaced by that of the season before. Its standard deviation k seasons ahead is √k times the root mean square of its errors on the series.
func naive(_ context.Context, f *forecasting, s *series, h int) (predicted, error) {
	m, n := f.period(), len(s.values)
	last := make([]float64, n) // of the step or, where it is missing, of the same step a season before
	squares, errs := 0.0, 0.0
	for i, x := range s.values {
		last[i] = x
		if i < m {
			continue
		}
		if e := x - last[i-m]; !math.IsNaN(e) {
			squares, errs = squares+e*e, errs+1
		}
		if math.IsNaN(x) {
			last[i] = last[i-m]
		}
	}
	if errs == 0 {
		return predicted{}, fmt.Errorf("%d values are too few for a period of %d", n, m)
	}
	sd := math.Sqrt(squares / errs)
	p := predicted{fit: object{{"model", "naive"}, {"period", m}, {"sigma2", sd * sd}}}
	for k := range h {
		p.mean = append(p.mean, last[n-m+k%m])
		p.se = append(p.se, sd*math.Sqrt(float64(k/m+1)))
	}
	if !finite(p.mean) {
		return p, errors.New("a step of the season was never seen")
	}
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
