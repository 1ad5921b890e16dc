// Package stl compares what a reading, and averages of the last readings, leave without the season with what such remainders usually
// are.
//
// The season has the mean of every hour of a day or a week. It is renewed by a robust STL decomposition in the background
// (profile.FindSeason) and follows the readings in between. What lies between the means of the hours around is no deviation, so
// that a sharp edge, or a job that starts late, is none. Without a season that explains most of the readings the method is not ready.
package stl

import (
	"github.com/foreshock-io/foreshock/detect"
	"github.com/foreshock-io/foreshock/timeseries/surprise"
)

// Config is the stl block of a configuration file: there is nothing to set.
type Config struct{}

// Factory offers the method to configuration files as "stl".
var Factory = detect.Factory{Name: "stl", New: func(decode func(any) error) (detect.Method, error) {
	return method{}, decode(&Config{})
}}

type method struct{}

func (method) Name() string { return "stl" }

// Seasonal marks the method as one that knows the season.
func (method) Seasonal() {}

func (method) Judges(s surprise.Scale, seasonal bool) bool {
	switch s {
	case surprise.Reading, surprise.Average6, surprise.Average24:
		return seasonal
	}
	return false
}
