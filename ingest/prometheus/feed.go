package prometheus

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/foreshock-io/foreshock/ingest"
)

const (
	// firstChunk is how much time the first call of a backfill asks for; later ones ask for as much as brings about wantedSamples.
	firstChunk    = 10 * time.Minute
	longestChunk  = 6 * time.Hour
	wantedSamples = 200_000
	// maxPoints is how many points of a series a query may give in one call; Prometheus allows 11,000.
	maxPoints = 10_000
	// longestPause bounds the time between two tries.
	longestPause = 2 * time.Minute
	// forgetAfter is how far behind, without a backfill, the source may be before it leaves time out.
	forgetAfter = time.Hour
)

// The reasons for which an answer is not taken; the counts are of answers.
const (
	dropFailed  ingest.Drop = "query_failed"
	dropPartial ingest.Drop = "partial_answer"
)

// feed is a running source.
type feed struct {
	*Source
	index *ingest.Index
	done  time.Time     // all samples up to here are pushed
	chunk time.Duration // how much to ask for while there is much to catch up on
	fails int           // in a row

	began     time.Time // where the backfill began
	live      bool      // it is over
	samples   int       // in it
	percent   int       // of it, as last logged
	nextTry   time.Time
	nextQuery time.Time
}

// next is how long to wait before there is something to ask for.
func (f *feed) next(now time.Time) time.Duration {
	wait := f.nextTry.Sub(now)
	if f.complete(now).After(f.done) {
		if f.live {
			wait = max(wait, f.nextQuery.Sub(now))
		}
		return wait
	}
	return max(wait, f.done.Add(f.cfg.Step+f.cfg.Lag).Sub(now), time.Millisecond)
}

// advance asks for what comes next and pushes it. A failure is counted, logged when it is the first, and tried again later;
// what had been pushed by then the index knows as duplicates.
func (f *feed) advance(ctx context.Context) {
	now := time.Now()
	to := f.complete(now)
	if behind := to.Sub(f.done); behind > max(f.cfg.Backfill, forgetAfter)+longestChunk {
		f.env.Log.Warn("too far behind; time is left out", "from", f.done, "behind", behind)
		f.done = to.Add(-max(f.cfg.Backfill, f.cfg.Step))
	}
	if end := f.done.Add(f.chunk); end.Before(to) {
		to = end
	}
	samples, err := f.fetch(ctx, f.done, to)
	switch {
	case ctx.Err() != nil:
		return
	case err != nil:
		f.failed(err)
		return
	}
	if f.fails > 0 {
		f.env.Log.Info("prometheus answers again", "tries", f.fails+1)
	}
	f.fails, f.nextQuery = 0, now.Add(f.cfg.Interval)
	f.done = to
	f.adapt(samples)
	f.progress(samples)
}

// failed puts the next try off, longer each time.
func (f *feed) failed(err error) {
	why := dropFailed
	if errors.Is(err, errPartial) {
		why = dropPartial
	}
	f.env.Drops.Add(name, why, 1)
	if f.fails == 0 {
		f.env.Log.Warn("prometheus gives no answer; tried again", "err", err)
	}
	f.fails++
	f.chunk = f.bounded(f.chunk / 2) // it may have been too much
	pause := min(f.cfg.Interval<<min(f.fails-1, 10), max(longestPause, f.cfg.Interval))
	f.nextTry = time.Now().Add(pause/2 + rand.N(pause/2+1))
}

// adapt asks for more next time when there was little, and for less when there was much.
func (f *feed) adapt(samples int) {
	switch {
	case samples > wantedSamples:
		f.chunk /= 2
	case samples < wantedSamples/4:
		f.chunk *= 2
	}
	f.chunk = f.bounded(f.chunk)
}

// bounded makes whole steps of a chunk, and not too many for one call.
func (f *feed) bounded(chunk time.Duration) time.Duration {
	chunk = max(min(chunk, longestChunk, maxPoints*f.cfg.Step), f.cfg.Step)
	return chunk - chunk%f.cfg.Step
}

// progress logs each tenth of the backfill.
func (f *feed) progress(samples int) {
	if f.live {
		return
	}
	f.samples += samples
	percent := int(100 * f.done.Sub(f.began).Seconds() / max(time.Since(f.began).Seconds(), 1))
	if percent/10 > f.percent/10 {
		f.env.Log.Info("backfill", "percent", percent, "until", f.done, "samples", f.samples)
	}
	f.percent = max(percent, f.percent)
}

// caughtUp ends the backfill, when it is not over yet.
func (f *feed) caughtUp() {
	if f.live || f.fails > 0 {
		return
	}
	f.live = true
	f.env.Log.Info("backfill complete", "from", f.began, "samples", f.samples)
}
