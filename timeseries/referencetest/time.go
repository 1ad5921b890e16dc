package referencetest

import (
	"testing"
	"time"
)

// RSeconds is a function for scripts of [R]: the seconds that a call of f takes, as the best of some batches.
const RSeconds = `seconds <- function(f) {
  batch <- function(k) { start <- proc.time()[[3]]; for (i in seq_len(k)) f(); (proc.time()[[3]] - start) / k }
  k <- 1
  while (batch(k) * k < 0.05) k <- 4 * k
  min(sapply(1:5, function(i) batch(k)))
}
`

// AgainstR runs the benchmark of op, of which R takes the given seconds, and reports the ratio as "×R". Both are the best of some batches, since other
// work on the machine makes either slower, never faster.
func AgainstR(b *testing.B, seconds float64, op func()) {
	best := time.Duration(1<<63 - 1)
	for range 5 {
		start, n := time.Now(), 0
		for time.Since(start) < 50*time.Millisecond {
			op()
			n++
		}
		best = min(best, time.Since(start)/time.Duration(n))
	}
	for b.Loop() {
		op()
	}
	b.ReportMetric(best.Seconds()/seconds, "×R")
	b.ReportMetric(1e9*seconds, "R-ns/op")
}
