package main

import (
	"context"
	"errors"
	"slices"

	"github.com/foreshock-io/foreshock/app"
)

// auto is what the running program does with a workload's demand.
func auto(ctx context.Context, f *forecasting, s *series, h int) (predicted, error) {
	ends := f.quantiles()
	levels := slices.Compact(slices.Sorted(slices.Values(ends)))
	ahead, err := app.ForecastSeries(ctx, app.Series{
		Values: s.values, Periods: f.periods.list, Steps: h, Levels: levels, Deadline: f.deadline * 9 / 10, // it ends by itself, with what it has by then
	})
	if err != nil {
		return predicted{}, err
	}
	if !ahead.Usable() {
		return predicted{}, errors.New(ahead.Reason)
	}
	p := predicted{
		mean: ahead.Mean,
		fit: object{
			{"model", ahead.Model},
			{"period", append([]int{}, f.periods.list...)},
			{"choice", ahead.Choice},
			{"skill", real(ahead.Skill)},
			{"coverage", real(ahead.Coverage)},
			{"origins", ahead.Origins},
			{"reason", ahead.Reason},
		},
	}
	var quantiles [][]float64
	for _, q := range ends {
		quantiles = append(quantiles, ahead.Quantiles[slices.Index(levels, q)])
	}
	p.intervals(quantiles)
	return p, nil
}
