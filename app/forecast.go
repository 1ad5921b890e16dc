package app

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/forecast"
)

// Series is a series without times that is to be forecast.
type Series struct {
	Values   []float64     // NaN is a missing one
	Periods  []int         // season lengths in steps; none: no season. Seven seasons are tried as a season as well
	Steps    int           // how far ahead
	Levels   []float64     // quantiles, between 0 and 1, ascending
	Model    string        // the one to use, whatever its skill; "" or "auto": those that a back-test chooses, combined
	Signed   bool          // values may be below zero though none of the history is
	Deadline time.Duration // bound on the time that it takes; 0: a minute
}

// leastSteps of a series are needed. The running program wants more, as it acts on what it forecasts.
const leastSteps = 8

// ForecastSeries forecasts a series as the running program forecasts a workload's demand: by the models that a back-test on it chose, their
// quantiles corrected by what was measured. It is safe for concurrent use.
func ForecastSeries(ctx context.Context, s Series) (foreshock.Forecast, error) {
	cfg := forecast.Default()
	cfg.Deadline = time.Minute
	cfg.Steps = leastSteps
	if s.Deadline > 0 {
		cfg.Deadline = s.Deadline
	}
	var list []forecast.Model
	for _, f := range models {
		m, err := f.New(func(any) error { return nil })
		if err != nil {
			return foreshock.Forecast{}, fmt.Errorf("%s: %w", f.Name, err)
		}
		list = append(list, m)
	}
	chooser, err := forecast.New(cfg, list)
	if err != nil {
		return foreshock.Forecast{}, err
	}
	if s.Model != "" && s.Model != "auto" {
		if _, ok := find(models, s.Model, modelName); !ok {
			return foreshock.Forecast{}, unknown("model", s.Model, models, modelName)
		}
		chooser = chooser.Only(s.Model)
	}
	h := forecast.History{
		Start: time.Unix(0, 0).UTC(), Length: time.Second, Values: s.Values, Periods: s.Periods,
		Signed: s.Signed || slices.ContainsFunc(s.Values, func(x float64) bool { return x < 0 && !math.IsNaN(x) }),
	}
	f := chooser.ChooseFor(ctx, h, s.Steps, s.Levels).Forecast()
	if !f.Usable() {
		return f, fmt.Errorf("no forecast: %s", f.Reason)
	}
	return f, nil
}

func modelName(f forecast.Factory) string { return f.Name }

// Models is the names of the models that there are.
func Models() []string {
	var names []string
	for _, f := range models {
		names = append(names, f.Name)
	}
	return names
}
