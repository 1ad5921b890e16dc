// Package ewma is the control charts of Roberts (1959): a fast exponentially weighted average beside a slower one, for several speeds.
// They find shifts that are small and last.
//
// How rare a distance of the two is, is told by the record of the metric's own, not by limits of the normal distribution (see
// timeseries/surprise).
package ewma

import (
	"github.com/foreshock-io/foreshock/detect"
	"github.com/foreshock-io/foreshock/timeseries/surprise"
)

// Config is the ewma block of a configuration file: there is nothing to set.
type Config struct{}

// Factory offers the method to configuration files as "ewma".
var Factory = detect.Factory{Name: "ewma", New: func(decode func(any) error) (detect.Method, error) {
	return method{}, decode(&Config{})
}}

type method struct{}

func (method) Name() string { return "ewma" }

func (method) Judges(s surprise.Scale, _ bool) bool {
	switch s {
	case surprise.Chart6, surprise.Chart30, surprise.Chart600:
		return true
	}
	return false
}
