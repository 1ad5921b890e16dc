package pipeline

import (
	"log/slog"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
)

// What was last read before the clock was set back is not fresh for as long as the clock was ahead.
func TestClockSetBack(t *testing.T) {
	now := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	p := New(Stages{}, Options{Log: slog.New(slog.DiscardHandler), Step: time.Minute, Most: 1, Owners: 1})
	if _, err := p.Register("vol/a", ingest.About{Source: "test", Step: time.Minute}); err != nil {
		t.Fatal(err)
	}
	o := p.owners[0]
	o.handle(<-o.inbox)
	w := o.workloads[0]
	f := func(ahead time.Duration, want foreshock.Quality) {
		t.Helper()
		w.last.Time, w.quality = now.Add(ahead), foreshock.Fresh
		if o.advance(now); w.quality != want {
			t.Errorf("%v ahead the data are %v, want %v", ahead, w.quality, want)
		}
	}
	f(0, foreshock.Fresh)
	f(ingest.MostAhead, foreshock.Fresh) // a source's clock may be ahead by so much
	f(time.Hour, foreshock.Stale)
	f(365*24*time.Hour, foreshock.Stale)
	f(-time.Hour, foreshock.Stale)
}
