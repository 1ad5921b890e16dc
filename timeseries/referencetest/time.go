package referencetest

import (
	"testing"
	"time"
)

// RSeconds is a function for scripts of [R]: the seconds of processor time that a call of f takes, in the best of some batches.
const RSeconds = `seconds <- function(f) {
  spent <- function() sum(proc.time()[1:2])
  batch <- function(k) { start <- spent(); for (i in seq_len(k)) f(); spent() - start }
  k <- 1
  while (batch(k) < 0.1) k <- 2 * k
  min(sapply(1:5, function(i) batch(k))) / k
}
`

// AgainstR runs the benchmark of op, of which R takes the given seconds, and reports the ratio as "×R". Both are processor time in the best of some
// batches, since other work on the machine makes either slower, never faster.
func AgainstR(b *testing.B, seconds float64, op func()) {
	best := time.Duration(1<<63 - 1)
	for range 5 {
		start, n := processorTime(), 0
		for processorTime()-start < 50*time.Millisecond {
			op()
			n++
		}
		best = min(best, (processorTime()-start)/time.Duration(n))
	}
	for b.Loop() {
		op()
	}
	b.ReportMetric(best.Seconds()/seconds, "×R")
	b.ReportMetric(1e9*best.Seconds(), "cpu-ns/op")
	b.ReportMetric(1e9*seconds, "R-cpu-ns/op")
}
