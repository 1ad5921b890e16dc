package ingest

import (
	"math"
	"time"

	"github.com/foreshock-io/foreshock"
)

// SilentAt is when the data of a workload whose last step ended at last become late, and when stale: after two and five steps, to the millisecond.
func SilentAt(last time.Time, length, lateness time.Duration) (late, stale time.Time) {
	after := last.Add(lateness + time.Millisecond)
	return after.Add(2 * length), after.Add(5 * length)
}

// Little watches Little's law: the queue depth is about IOPS times latency, however a device works. Single steps may break it, since
// requests cross the borders of a step; a source that breaks it for long reads something else than it says.
type Little struct {
	broken uint8 // steps in a row
}

// littleSteps is how many steps in a row make a source implausible.
const littleSteps = 10

// Plausible takes a step and says whether its source is to be believed. Steps without all three metrics say nothing.
func (l *Little) Plausible(step *foreshock.Step) bool {
	latency, a := step.Values.Get(foreshock.Latency)
	iops, b := step.Values.Get(foreshock.IOPS)
	depth, c := step.Values.Get(foreshock.QueueDepth)
	if !a || !b || !c {
		return l.broken < littleSteps
	}
	expected := iops * latency
	// A quarter of a request in flight, and a factor of four, allow for sampling at the borders and for
	// kernels that count time in ticks.
	if math.Abs(expected-depth) > 0.25+0.75*math.Max(expected, depth) {
		l.broken = min(l.broken+1, littleSteps)
	} else {
		l.broken = 0
	}
	return l.broken < littleSteps
}
