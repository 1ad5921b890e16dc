package webhooks

import (
	"context"
	"math/rand/v2"
	"net/http"
	"strconv"
	"time"
)

// Jitter is a random time before the try after one, below a bound that doubles from first to most (full jitter), so that those who failed together do not come
// back together.
func Jitter(first, most time.Duration, try int) time.Duration {
	bound := max(first, most)
	if try <= 10 && first<<(try-1) > 0 {
		bound = min(bound, first<<(try-1))
	}
	return rand.N(bound) + 1
}

// InTime says whether there is time left after a pause.
func InTime(ctx context.Context, pause time.Duration) bool {
	deadline, limited := ctx.Deadline()
	return ctx.Err() == nil && (!limited || time.Until(deadline) > pause)
}

// Wait waits, or until ctx ends, which is an error.
func Wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// RetryAfter reads the header's two forms, seconds or a date; 0 where there is neither.
func RetryAfter(text string, now time.Time) time.Duration {
	if seconds, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}
