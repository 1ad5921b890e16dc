// Package arima forecasts by ARIMA models with the anomaly score as a regressor, a long season taken out by STL first.
//
// At a season of up to a dozen steps the model is seasonal. A longer one is beyond it, in time and in sense: the season is that of an STL decomposition, continued as it
// last was, and the seasonally adjusted series gets a short model (Hyndman and Athanasopoulos, Forecasting: Principles and Practice, 3rd ed.,
// §12.1). Orders are chosen by the algorithm of Hyndman and Khandakar (2008). Where anomalies were seen, their scores at several lags are regressors, when the AICc says that
// they explain something; in the future they decay as they did in the past.
package arima

import (
	"context"
	"fmt"
	"math"
	"strconv"

	"github.com/foreshock-io/foreshock/forecast"
	"github.com/foreshock-io/foreshock/timeseries/arima"
)

// Config is the arima block of a configuration file.
type Config struct {
	Steps int `yaml:"steps"` // most steps that the orders are chosen and the coefficients fitted on, the newest ones; default 300
}

// Factory offers this model to configuration files as "arima".
var Factory = forecast.Factory{Name: "arima", New: func(decode func(any) error) (forecast.Model, error) {
	cfg := Config{Steps: 300}
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	if cfg.Steps < leastSteps {
		return nil, fmt.Errorf("steps: %d is too few to choose orders on; at least %d", cfg.Steps, leastSteps)
	}
	return Model{cfg}, nil
}}

const leastSteps = 50

// Model is an ARIMA model, with STL where the season is long.
type Model struct{ cfg Config }

// Name is "arima".
func (Model) Name() string { return "arima" }

// longestSeason is the longest season that the model itself has; STL takes out longer ones.
const longestSeason = 12

// Fit implements [forecast.Model].
func (m Model) Fit(ctx context.Context, s forecast.Series) (forecast.Fitted, error) {
	var err error
	f := &fitted{}
	y, period := s.Values, 0
	if len(s.Periods) == 1 && s.Periods[0] <= longestSeason {
		period = s.Periods[0]
	} else if y, f.seasons, err = forecast.Deseason(s); err != nil {
		return nil, err
	}
	from := max(0, len(y)-m.cfg.Steps)
	y = y[from:]
	stop := func() bool { return ctx.Err() != nil }
	choice, err := arima.Choose(y, arima.ChooseConfig{
		Period: period, Max: arima.Order{P: 2, D: 1, Q: 2}, SeasonalMax: arima.Order{P: 1, D: 1, Q: 1}, Stop: stop,
	})
	if err != nil {
		return nil, err
	}
	f.model = choice.Model
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if anomalies, ok := forecast.NewAnomalies(s.Anomaly); ok {
		spec := f.model.Spec
		cfg := arima.Config{Order: spec.Order, Seasonal: spec.Seasonal, Period: spec.Period, Mean: spec.Mean, Drift: spec.Drift, Stop: stop}
		for i, column := range forecast.Columns(s.Anomaly) {
			cfg.Regressors = append(cfg.Regressors, arima.Regressor{Name: "anomaly" + strconv.Itoa(i), Values: column[from:]})
		}
		if with, err := arima.Fit(y, cfg); err == nil && with.AICc < f.model.AICc {
			f.model, f.anomalies = with, &anomalies
		}
		if ctx.Err() != nil { // it may have been stopped
			return nil, ctx.Err()
		}
	}
	return f, nil
}

type fitted struct {
	model     arima.Model
	seasons   forecast.Seasons
	anomalies *forecast.Anomalies // nil: not among the regressors
}

// Update implements [forecast.Fitted].
func (f *fitted) Update(x, anomaly float64) {
	x -= f.seasons.Ahead(0)
	f.seasons.Step()
	if f.anomalies == nil {
		f.model.Update(x)
		return
	}
	regressors := f.anomalies.Ahead(0)
	f.model.Update(x, regressors[:]...)
	f.anomalies.Update(anomaly)
}

// Forecast implements [forecast.Fitted].
func (f *fitted) Forecast(mean, deviation []float64) {
	var x [][]float64
	if f.anomalies != nil {
		x = make([][]float64, forecast.Regressors)
		for k := range mean {
			for i, v := range f.anomalies.Ahead(k) {
				x[i] = append(x[i], v)
			}
		}
	}
	ahead, err := f.model.Forecast(len(mean), x)
	for k := range mean {
		if err != nil {
			mean[k], deviation[k] = math.NaN(), math.NaN()
			continue
		}
		mean[k], deviation[k] = ahead.Mean[k]+f.seasons.Ahead(k), ahead.StdDev[k]
	}
}
