// Package prophet forecasts by a piecewise-linear trend and Fourier seasons, with the anomaly score as a regressor: the model of Taylor and Letham (2018).
//
// Seasons are those of the series, given in steps; the calendar plays no part. The model knows nothing of how things are now but for its trend, so what
// the last value left unexplained is carried on into the future, decaying as remainders did.
package prophet

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/foreshock-io/foreshock/forecast"
	"github.com/foreshock-io/foreshock/timeseries/prophet"
)

// Config is the prophet block of a configuration file.
type Config struct {
	Order int `yaml:"order"` // Fourier terms of the shortest season; default 10
}

// Factory offers this model to configuration files as "prophet".
var Factory = forecast.Factory{Name: "prophet", New: func(decode func(any) error) (forecast.Model, error) {
	cfg := Config{Order: 10}
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	if cfg.Order < 1 || cfg.Order > 100 {
		return nil, fmt.Errorf("order: %d is out of range; between 1 and 100", cfg.Order)
	}
	return Model{cfg}, nil
}}

// Model is Prophet's.
type Model struct{ cfg Config }

// Name is "prophet".
func (Model) Name() string { return "prophet" }

// step stands for a step of the series: the model wants times.
const step = time.Minute

var start = time.Unix(0, 0).UTC()

// Fit implements [forecast.Model].
func (m Model) Fit(ctx context.Context, s forecast.Series) (forecast.Fitted, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	cfg := prophet.Config{Yearly: prophet.Off, Weekly: prophet.Off, Daily: prophet.Off}
	for i, p := range s.Periods {
		order := m.cfg.Order
		if i > 0 {
			order *= 4 // a week has the shapes of days in it
		}
		cfg.Seasonalities = append(cfg.Seasonalities, prophet.Seasonality{Name: strconv.Itoa(p), Period: time.Duration(p) * step, Order: min(order, p/2)})
	}
	rows := prophet.Every(start, step, len(s.Values))
	f := &fitted{}
	if anomalies, ok := forecast.NewAnomalies(s.Anomaly); ok {
		f.anomalies = &anomalies
		rows.Regressors = map[string][]float64{}
		for i, column := range forecast.Columns(s.Anomaly) {
			name := "anomaly" + strconv.Itoa(i)
			cfg.Regressors = append(cfg.Regressors, prophet.Regressor{Name: name, Raw: true})
			rows.Regressors[name] = column
		}
	}
	model, err := prophet.Fit(rows, s.Values, cfg)
	if err != nil {
		return nil, err
	}
	if err := f.unfold(model, rows, s); err != nil {
		return nil, err
	}
	return f, nil
}

// fitted is a model unfolded to what its forecasts are made of, so that a step costs little.
type fitted struct {
	level, slope float64     // of the trend at the next step, and by step
	cycles       [][]float64 // of each season
	phase        []int       // of the next step in each
	anomalies    *forecast.Anomalies
	effects      []float64 // of the regressors
	sigma        float64   // of the remainder
	rest         float64   // the last remainder
	carry        float64   // its autocorrelation: what is left of it after a step
}

// unfold takes the parts out of a model, and learns from its remainders how long they last.
func (f *fitted) unfold(model *prophet.Model, rows prophet.Rows, s forecast.Series) error {
	past, err := model.Predict(rows, prophet.Simulation{})
	if err != nil {
		return err
	}
	n := len(s.Values)
	f.slope = past.Trend[n-1] - past.Trend[n-2]
	f.level = past.Trend[n-1] + f.slope
	for _, p := range s.Periods {
		i := slices.IndexFunc(past.Components, func(c prophet.Component) bool { return c.Name == strconv.Itoa(p) })
		// The last cycle begins with the phase of the next step.
		f.cycles, f.phase = append(f.cycles, slices.Clone(past.Components[i].Values[n-p:])), append(f.phase, 0)
	}
	if f.anomalies != nil {
		beta := model.Params.Beta
		for _, b := range beta[len(beta)-forecast.Regressors:] {
			f.effects = append(f.effects, b*model.Scale)
		}
	}
	var cross, square, last float64
	count := 0.0
	for i, y := range s.Values {
		e := y - past.Mean[i]
		if math.IsNaN(e) {
			last = 0
			continue
		}
		cross, square, count, last = cross+e*last, square+e*e, count+1, e
	}
	f.rest, f.sigma = last, math.Sqrt(square/max(1, count))
	if square > 0 {
		f.carry = max(0, min(0.99, cross/square))
	}
	return nil
}

// ahead is what is expected k steps after the last, but for what is left of the remainder.
func (f *fitted) ahead(k int) float64 {
	y := f.level + float64(k)*f.slope
	for i, cycle := range f.cycles {
		y += cycle[(f.phase[i]+k)%len(cycle)]
	}
	if f.anomalies != nil {
		for i, x := range f.anomalies.Ahead(k) {
			y += f.effects[i] * x
		}
	}
	return y
}

// Update implements [forecast.Fitted].
func (f *fitted) Update(x, anomaly float64) {
	if e := x - f.ahead(0); math.IsNaN(e) {
		f.rest *= f.carry
	} else {
		f.rest = e
	}
	f.level += f.slope
	for i, cycle := range f.cycles {
		f.phase[i] = (f.phase[i] + 1) % len(cycle)
	}
	if f.anomalies != nil {
		f.anomalies.Update(anomaly)
	}
}

// Forecast implements [forecast.Fitted].
func (f *fitted) Forecast(mean, deviation []float64) {
	left := 1.0
	for k := range mean {
		left *= f.carry
		mean[k] = f.ahead(k) + left*f.rest
		deviation[k] = f.sigma * math.Sqrt(1-left*left)
	}
}
