// Package ewma is the control chart of Roberts (1959), which finds shifts that are small and last.
//
// The chart averages readings in spreads from the level of the sliding window, on the same logarithmic scale as package
// zscore; its limits vary with time (see timeseries/ewma). The deviation is that of the chart with the reading in it.
package ewma

import (
	"fmt"
	"math"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/detect"
)

// Config is the ewma block of a configuration file. The weight of the newest reading is the profile's, because the chart is
// in the profile.
type Config struct {
	Steps int `yaml:"steps"` // readings in the window before it judges; default 20
}

// Factory offers the method to configuration files as "ewma".
var Factory = detect.Factory{Name: "ewma", New: func(decode func(any) error) (detect.Method, error) {
	cfg := Config{Steps: 20}
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg)
}}

type method struct{ steps int }

// New returns the method.
func New(cfg Config) (detect.Method, error) {
	if cfg.Steps < 2 {
		return nil, fmt.Errorf("ewma: steps must be at least 2, not %d", cfg.Steps)
	}
	return method{cfg.Steps}, nil
}

func (method) Name() string { return "ewma" }

// Judge charts the reading e, in spreads: z = λe + (1-λ)Z is compared with σ√(λ/(2-λ)·(1-(1-λ)^2i)). Solved for e, that
// gives where a deviation would be d.
func (c method) Judge(normal *foreshock.MetricProfile, r detect.Reading) (detect.Judgement, bool) {
	level, chart := &normal.Level, normal.Chart
	if level.Spread == 0 || chart.Lambda == 0 || normal.Window.Count() < c.steps {
		return detect.Judgement{}, false
	}
	e := (r.Y - level.Mean) / level.Spread
	kept := (1 - chart.Lambda) * chart.Z
	weight := chart.Weight + chart.Lambda*(1-chart.Weight)
	sigma := math.Sqrt(chart.Lambda / (2 - chart.Lambda) * weight * (2 - weight))
	centre := level.Mean - level.Spread*kept/chart.Lambda
	return detect.Judgement{
		Deviation: (chart.Lambda*e + kept) / sigma,
		Expected:  level.Mean, Lower: centre, Upper: centre,
		Spread: level.Spread * sigma / chart.Lambda,
		Scale:  level,
	}, true
}
