package forecast

import (
	"context"
	"math"

	"github.com/foreshock-io/foreshock/timeseries/robust"
)

// WithAnomalies gives regressors to a model that has none of its own: what anomalies explain is taken out of the series before it is fitted, and added to what
// it forecasts. Effects are those of least squares on what values have left of the median of their phase; they are used when they explain a good share of it.
func WithAnomalies(m Model) Model { return regressed{m} }

type regressed struct{ Model }

// leastExplained is the share of the squares that anomalies must explain, lest chance be taken for it: what is left of the phase's median is autocorrelated, so
// tests for independent errors would find something in most series.
const leastExplained = 0.1

// Fit implements [Model].
func (r regressed) Fit(ctx context.Context, s Series) (Fitted, error) {
	anomalies, ok := NewAnomalies(s.Anomaly)
	if !ok {
		return r.Model.Fit(ctx, s)
	}
	columns := Columns(s.Anomaly)
	effects, ok := effectsOf(s, columns)
	if !ok {
		return r.Model.Fit(ctx, s)
	}
	without := s
	without.Values = make([]float64, len(s.Values))
	for i, y := range s.Values {
		without.Values[i] = y
		for j, e := range effects {
			without.Values[i] -= e * columns[j][i]
		}
	}
	fitted, err := r.Model.Fit(ctx, without)
	if err != nil {
		return nil, err
	}
	return &raised{fitted, anomalies, effects}, nil
}

// effectsOf is what the regressors explain of what values have left of their phase's median; ok is false when that is little.
func effectsOf(s Series, columns [Regressors][]float64) (effects []float64, ok bool) {
	season := 1
	if len(s.Periods) > 0 {
		season = s.Periods[0]
	}
	rest := make([]float64, len(s.Values))
	var phase []float64
	for p := range season {
		phase = phase[:0]
		for i := p; i < len(rest); i += season {
			phase = append(phase, s.Values[i])
		}
		typical := robust.Median(phase)
		for i := p; i < len(rest); i += season {
			rest[i] = s.Values[i] - typical
		}
	}
	sums := NewLeastSquares(Regressors)
	row := make([]float64, Regressors)
	for i, y := range rest {
		if math.IsNaN(y) {
			continue
		}
		for j := range columns {
			row[j] = columns[j][i]
		}
		sums.Add(row, y)
	}
	effects, squares, ok := sums.Solve(0)
	return effects, ok && squares < (1-leastExplained)*sums.total
}

// raised is a fitted model with the effects of anomalies.
type raised struct {
	Fitted
	anomalies Anomalies
	effects   []float64
}

// Update implements [Fitted].
func (r *raised) Update(x, anomaly float64) {
	r.Fitted.Update(x-r.effect(0), anomaly)
	r.anomalies.Update(anomaly)
}

// Forecast implements [Fitted].
func (r *raised) Forecast(mean, deviation []float64) {
	r.Fitted.Forecast(mean, deviation)
	for k := range mean {
		mean[k] += r.effect(k)
	}
}

func (r *raised) effect(k int) (sum float64) {
	for i, x := range r.anomalies.Ahead(k) {
		sum += r.effects[i] * x
	}
	return sum
}
