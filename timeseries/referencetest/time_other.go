//go:build !unix

package referencetest

import "time"

var began = time.Now()

// processorTime is the time that has passed: there is no other clock that every system has.
func processorTime() time.Duration { return time.Since(began) }
