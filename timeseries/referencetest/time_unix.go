//go:build unix

package referencetest

import (
	"syscall"
	"time"
)

// processorTime is what the process has used, collection of garbage included.
func processorTime() time.Duration {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		panic(err) // which no system gives for the process itself
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
