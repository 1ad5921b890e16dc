package pipeline

import (
	"slices"
	"time"
)

// StepRows is how many rows StepOf looks at.
const StepRows = 16

// Steps that a stream can have.
const (
	ShortestStep = time.Millisecond
	LongestStep  = 24 * time.Hour
)

// StepOf finds the step of rows that state none: the median distance of the first StepRows, without those that are not later than the one
// before them, within ShortestStep to LongestStep; a minute when there are no others. A reader that has to know it before the first row is
// judged can hold so many back and say nothing of them: nothing is known so early.
func StepOf(times []time.Time) time.Duration {
	var steps []time.Duration
	for i := 1; i < min(StepRows, len(times)); i++ {
		if step := times[i].Sub(times[i-1]); step > 0 {
			steps = append(steps, step)
		}
	}
	if len(steps) == 0 {
		return time.Minute
	}
	slices.Sort(steps)
	return min(max(steps[len(steps)/2], ShortestStep), LongestStep)
}
