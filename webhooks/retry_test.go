package webhooks

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

// All that fail together do not come back together, and later each time, up to a bound.
func TestJitter(t *testing.T) {
	for try := 1; try <= 100; try++ {
		bound := 5 * time.Second
		if try < 6 {
			bound = 250 * time.Millisecond << (try - 1)
		}
		spread, most := map[time.Duration]bool{}, time.Duration(0)
		for range 100 {
			d := Jitter(250*time.Millisecond, 5*time.Second, try)
			if d <= 0 || d > bound {
				t.Fatalf("try %d: %s, above %s", try, d, bound)
			}
			spread[d], most = true, max(most, d)
		}
		if len(spread) < 50 || most < bound/2 {
			t.Errorf("try %d: %d different waits up to %s", try, len(spread), most)
		}
	}
	if d := Jitter(time.Minute, time.Second, 3); d > time.Minute {
		t.Errorf("a first bound above the most: %s", d)
	}
}

func TestWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		if !InTime(ctx, 59*time.Second) || InTime(ctx, time.Minute) || !InTime(t.Context(), time.Hour) {
			t.Error("of a minute, 59 s are in time and 60 are not; without a limit all is")
		}
		if err := Wait(ctx, 59*time.Second); err != nil || InTime(ctx, time.Second) {
			t.Error(err)
		}
		if err := Wait(ctx, time.Hour); err == nil || InTime(ctx, 0) {
			t.Error("it waited on after the end")
		}
	})
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	f := func(text string, want time.Duration) {
		t.Helper()
		if got := RetryAfter(text, now); got != want {
			t.Errorf("%q: %s, want %s", text, got, want)
		}
	}
	f("", 0)
	f("7", 7*time.Second)
	f("-1", 0)
	f("soon", 0)
	f("Fri, 02 Jan 2026 03:04:15 GMT", 10*time.Second)
	f("Fri, 02 Jan 2026 03:03:15 GMT", 0)
}
