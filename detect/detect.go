// Package detect says how far a step is from what is normal for its workload.
//
// Several [Method] values each give a deviation; each is calibrated to a tail probability by the record of its own past
// deviations, and from that to a score in which 1.0 is the boundary of an anomaly. The weighted mean over the methods gives
// a metric's score, the worst metric the workload's, and the workload's own threshold the severity.
package detect

import (
	"time"

	"github.com/foreshock-io/foreshock"
)

// Method is one way to say how far a reading is from normal. It keeps nothing: all it knows is in the profile.
type Method interface {
	Name() string
	// Judge gives the deviation of x, with sign and in the method's own spreads, and the expected value with bounds in the
	// metric's unit. ready is false while there is too little history.
	Judge(normal *foreshock.MetricProfile, m foreshock.Metric, at time.Time, x float64) (j Judgement, ready bool)
}

// Judgement is a method's opinion of one reading.
type Judgement struct {
	Deviation              float64
	Expected, Lower, Upper float64
}

// Factory offers a method to configuration files.
type Factory struct {
	Name string
	New  func(decode func(any) error) (Method, error)
}
