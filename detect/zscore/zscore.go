// Package zscore compares a reading, and averages of the last readings, with their usual level, and a reading with the one before: how
// many usual deviations it is away.
//
// How rare so many are is told by the record of the metric's own deviations, not by the normal distribution (see timeseries/surprise).
package zscore

import (
	"github.com/foreshock-io/foreshock/detect"
	"github.com/foreshock-io/foreshock/timeseries/surprise"
)

// Config is the zscore block of a configuration file: there is nothing to set.
type Config struct{}

// Factory offers the method to configuration files as "zscore".
var Factory = detect.Factory{Name: "zscore", New: func(decode func(any) error) (detect.Method, error) {
	return method{}, decode(&Config{})
}}

type method struct{}

func (method) Name() string { return "zscore" }

func (method) Judges(s surprise.Scale, _ bool) bool {
	switch s {
	case surprise.Reading, surprise.Average6, surprise.Average24, surprise.Change:
		return true
	}
	return false
}
