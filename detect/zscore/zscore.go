// Package zscore says how many standard deviations a reading is from the mean of the sliding window.
//
// Mean and standard deviation are those of ln(1 + x/Scale), on which storage readings are far less skewed than they are
// (see foreshock.Level and package profile for the measurement).
package zscore

import (
	"fmt"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/detect"
)

// Config is the zscore block of a configuration file.
type Config struct {
	Steps int `yaml:"steps"` // readings in the window before it judges; default 20
}

// Factory offers the method to configuration files as "zscore".
var Factory = detect.Factory{Name: "zscore", New: func(decode func(any) error) (detect.Method, error) {
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
		return nil, fmt.Errorf("zscore: steps must be at least 2, not %d", cfg.Steps)
	}
	return method{cfg.Steps}, nil
}

func (method) Name() string { return "zscore" }

func (z method) Judge(normal *foreshock.MetricProfile, r detect.Reading) (detect.Judgement, bool) {
	level := &normal.Level
	if level.Spread == 0 || normal.Window.Count() < z.steps {
		return detect.Judgement{}, false
	}
	return detect.Judgement{
		Deviation: (r.Y - level.Mean) / level.Spread,
		Expected:  level.Mean, Lower: level.Mean, Upper: level.Mean, Spread: level.Spread, Scale: level,
	}, true
}
