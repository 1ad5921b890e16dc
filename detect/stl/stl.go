// Package stl compares what a reading leaves without its season with what such remainders usually are.
//
// The season is that of the last decomposition (profile.FindSeason), read from its table; level and spread of the
// remainder have followed the readings since. What lies between the seasons of the neighbouring coarse steps is no deviation, so
// that a sharp edge, or a job that starts a few minutes late, is none. Without a season the method is not ready.
package stl

import (
	"fmt"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/detect"
)

// Config is the stl block of a configuration file.
type Config struct {
	Strength float64 `yaml:"strength"` // least share of the variance that the season must explain, 0-1; default 0.3
}

// Factory offers the method to configuration files as "stl".
var Factory = detect.Factory{Name: "stl", New: func(decode func(any) error) (detect.Method, error) {
	cfg := Config{Strength: 0.3}
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg)
}}

type method struct{ strength float64 }

// New returns the method.
func New(cfg Config) (detect.Method, error) {
	if !(cfg.Strength >= 0 && cfg.Strength <= 1) {
		return nil, fmt.Errorf("stl: strength must be from 0 to 1, not %g", cfg.Strength)
	}
	return method{cfg.Strength}, nil
}

func (method) Name() string { return "stl" }

// Seasonal marks the method as one that knows the season.
func (method) Seasonal() {}

func (s method) Judge(normal *foreshock.MetricProfile, r detect.Reading) (detect.Judgement, bool) {
	season := &normal.Season
	if len(season.Periods) == 0 || season.Strength < s.strength || normal.Rest.Weight == 0 {
		return detect.Judgement{}, false
	}
	level := normal.Rest.Mean
	seasonal, least, most := season.At(r.Middle)
	y := season.On(r.X)
	spread := max(normal.Rest.StdDev(), season.Floor)
	return detect.Judgement{
		Deviation: (y - level - max(least, min(most, y-level))) / spread,
		Expected:  level + seasonal, Lower: level + least, Upper: level + most,
		Spread: spread, Scale: season,
	}, true
}
