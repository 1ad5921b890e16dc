package simulate

import (
	"time"

	"github.com/foreshock-io/foreshock"
)

// Volume is what a controller is told of a volume before its first sample.
type Volume struct {
	ID          foreshock.ID
	Start       time.Time // of the first step
	Step        time.Duration
	Provisioned float64 // at the start
	Provider    Provider
	MaxLatency  time.Duration // the objective of the mean latency of a step; 0: none
	Utilisation float64       // the highest, 0-1, at which it is met; 0: not known
	LateWeight  float64       // what an I/O that is late costs, in units of the capacity that would have served it in time; 0: not known
}

// Volume is what a controller is told of the plant.
func (v *Plant) Volume(id foreshock.ID) Volume {
	return Volume{
		ID: id, Start: time.Unix(v.Trace.Start, 0).UTC(), Step: Step, Provisioned: v.Initial, Provider: v.Provider,
		MaxLatency: time.Duration(Objective * float64(time.Millisecond)), Utilisation: Utilisation, LateWeight: LateWeight,
	}
}
