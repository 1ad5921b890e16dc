package ingest

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Periods are the settings of sources that ask a service for one period after the other, some time after its end.
type Periods struct {
	Source   string
	Period   time.Duration // also the step
	Lag      time.Duration // how long after its end the service has a period
	Backfill time.Duration // how far to ask backwards at start
	Most     int           // workloads at most
	Env      Env
}

// Faults are what is wrong with the settings that all such services have. The service keeps periods for retention.
func (p Periods) Faults(retention time.Duration) (errs []error) {
	fault := func(wrong bool, format string, args ...any) {
		if wrong {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	fault(p.Lag < 0 || p.Lag > time.Hour, "lag is %s; it must be between 0s and 1h", p.Lag)
	fault(p.Backfill < 0 || p.Backfill > retention, "backfill is %s; it must be between 0s and %s", p.Backfill, retention)
	fault(p.Most < 1, "most is %d; it must be 1 or more", p.Most)
	return errs
}

// Complete is the end of the last period that the service has at a time.
func (p Periods) Complete(now time.Time) time.Time { return now.Add(-p.Lag).Truncate(p.Period) }

// Feed gives a feed for a sink, from where the backfill begins.
func (p Periods) Feed(sink Sink, now time.Time) *Feed {
	return &Feed{Periods: p, Sink: sink, Handles: map[string]Handle{}, Done: p.Complete(now.Add(-p.Backfill))}
}

// Feed is such a source as it runs.
type Feed struct {
	Periods
	Sink    Sink
	Handles map[string]Handle // by what the service meters
	Refused bool              // something, since there is too much
	Done    time.Time         // all periods up to here are pushed
}

// Register makes a workload of what the service meters, once.
func (f *Feed) Register(metered string, id foreshock.ID) {
	h, known := f.Handles[metered]
	if known && Holds(f.Sink, h) {
		return
	}
	if !known && len(f.Handles) >= f.Most {
		f.Purge()
	}
	if !known && len(f.Handles) >= f.Most {
		f.tooMany(fmt.Errorf("there are more than %d; raise most, or name those that matter", f.Most))
		return
	}
	h, err := f.Sink.Register(id, About{Source: f.Source, Step: f.Period, Lateness: f.Lag + 2*f.Period})
	if err != nil {
		delete(f.Handles, metered)
		f.tooMany(err)
		return
	}
	f.Handles[metered] = h
}

// Purge forgets what the sink has let go.
func (f *Feed) Purge() {
	maps.DeleteFunc(f.Handles, func(_ string, h Handle) bool { return !Holds(f.Sink, h) })
}

// tooMany says once that something is left out.
func (f *Feed) tooMany(err error) {
	if !f.Refused {
		f.Env.Log.Warn("workloads are left out", "err", err)
	}
	f.Refused = true
}

// Next is up to when to ask now: as many periods as one call may give.
func (f *Feed) Next(now time.Time, most int) time.Time {
	to := f.Complete(now)
	if bound := f.Done.Add(time.Duration(most) * f.Period); bound.Before(to) {
		return bound
	}
	return to
}

// longestPause bounds the time between two tries.
const longestPause = 5 * time.Minute

// dropFailed is the reason for which an answer is not taken; the counts are of answers.
const dropFailed Drop = "query_failed"

// Run lets advance ask for periods, push their readings and move Done, once the service has them. What cannot be had is logged once and
// tried again.
func (f *Feed) Run(ctx context.Context, advance func(ctx context.Context, now time.Time) error) error {
	fails := 0
	for ctx.Err() == nil {
		wait := time.Until(f.Done.Add(f.Period + f.Lag))
		if wait <= 0 {
			err := advance(ctx, time.Now())
			switch {
			case ctx.Err() != nil:
				return nil
			case err == nil && fails > 0:
				f.Env.Log.Info("the service answers again", "tries", fails+1)
				fallthrough
			case err == nil:
				fails = 0
				continue
			case fails == 0:
				f.Env.Log.Warn("the service gives no answer; tried again", "err", err)
			}
			f.Env.Drops.Add(f.Source, dropFailed, 1)
			pause := min(5*time.Second<<min(fails, 10), longestPause)
			wait, fails = pause/2+rand.N(pause/2), fails+1
		}
		select {
		case <-ctx.Done():
		case <-time.After(wait):
		}
	}
	return nil
}
