package ingest

import (
	"context"
	"time"
)

// UntilNext is the time until shortly before the next multiple of an interval: what a source reads there belongs to the step that ends with
// it, and is there before the step is closed.
func UntilNext(now time.Time, interval time.Duration) time.Duration {
	margin := min(interval/20, 100*time.Millisecond)
	next := now.Add(margin).Truncate(interval).Add(interval - margin)
	return next.Sub(now.Round(0)) // the clock on the wall: the two have the same zero
}

// Sleep waits, and says whether ctx still goes on.
func Sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-timer.C:
		return true
	}
}
