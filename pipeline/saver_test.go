package pipeline_test

import (
	"context"
	"log/slog"
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/pipeline"
	"github.com/foreshock-io/foreshock/store"
	"github.com/foreshock-io/foreshock/store/storetest"
)

// slowStore takes its time to give profiles.
type slowStore struct {
	*storetest.Memory
	takes time.Duration
}

func (s *slowStore) Get(ctx context.Context, ids []foreshock.ID) (map[foreshock.ID][]byte, error) {
	time.Sleep(s.takes)
	return s.Memory.Get(ctx, ids)
}

// watching runs a pipeline over a store of profiles, by a clock; nil is that of the test. push gives it minute i of a workload's readings from begin on, stop waits
// until it has ended.
func watching(t *testing.T, profiles store.Profiles, clock func() time.Time) (ctx context.Context, p *pipeline.Pipeline, push func(begin time.Time, i int), stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	s := stages(t)
	s.Profiles = profiles
	p = pipeline.New(s, pipeline.Options{Log: slog.New(slog.DiscardHandler), Step: time.Minute, Most: 10, Snapshot: time.Hour, Owners: 1, Now: clock})
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	h, err := p.Register("vol/a", ingest.About{Source: "test", Step: time.Minute})
	if err != nil {
		t.Fatal(err)
	}
	push = func(begin time.Time, i int) {
		t.Helper()
		if err := p.Push(ctx, readings(h, begin, i)); err != nil {
			t.Fatal(err)
		}
	}
	stop = func() {
		t.Helper()
		cancel()
		if err := <-ended; err != nil {
			t.Fatal(err)
		}
	}
	return ctx, p, push, stop
}

// A source that reads a long past before the store has answered does not lose what people have taught: the past is learned, and the opinions are kept.
func TestRestoreAfterBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		profiles := &slowStore{Memory: storetest.NewMemory()}
		begin := time.Now().UTC()
		run := func(minutes int, then func(context.Context, *pipeline.Pipeline)) float64 {
			ctx, p, push, stop := watching(t, profiles, nil)
			past := begin.Add(-24 * time.Hour)
			for i := range minutes {
				push(past, i)
			}
			time.Sleep(10 * time.Second)
			then(ctx, p)
			push(past, minutes)
			push(past, minutes+1)
			d, ok, err := p.Workload(ctx, "vol/a")
			if err != nil || !ok || d.Steps < int64(minutes) {
				t.Fatal(ok, err, d.Steps)
			}
			stop()
			return d.Threshold
		}
		taught := run(300, func(ctx context.Context, p *pipeline.Pipeline) {
			for range 4 {
				if err := p.Opine(ctx, foreshock.Opinion{Workload: "vol/a", Says: "false_alarm"}, nil, "someone"); err != nil {
					t.Fatal(err)
				}
			}
		})
		profiles.takes = 3 * time.Second
		if kept := run(900, func(context.Context, *pipeline.Pipeline) {}); taught < 1.2 || math.Abs(kept-taught) > 1e-9 {
			t.Errorf("threshold %g, %g had been taught", kept, taught)
		}
	})
}

// What a person has said is saved at once, and not only when its turn has come: the journal has it already, and after a kill the two must agree.
func TestWhatPeopleSayIsSavedAtOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		profiles := storetest.NewMemory()
		ctx, p, push, stop := watching(t, profiles, nil)
		past := time.Now().UTC().Add(-24 * time.Hour)
		for i := range 300 {
			push(past, i)
		}
		saved := func() string {
			time.Sleep(10 * time.Second)
			found, err := profiles.Get(ctx, []foreshock.ID{"vol/a"})
			if err != nil {
				t.Fatal(err)
			}
			return string(found["vol/a"])
		}
		before := saved()
		if err := p.Opine(ctx, foreshock.Opinion{Workload: "vol/a", Says: "false_alarm"}, nil, "someone"); err != nil {
			t.Fatal(err)
		}
		said := saved()
		if before == "" || said == before {
			t.Error("an opinion is not saved")
		}
		if err := p.Undo(ctx, foreshock.Event{Seq: 7, Correction: &foreshock.Correction{Workload: "vol/a", What: "threshold", From: 1, To: 1.1}}, "someone", ""); err != nil {
			t.Fatal(err)
		}
		if saved() == said {
			t.Error("what is undone is not saved")
		}
		stop()
	})
}

// After the clock was a year ahead, what was stored then is left, and the workload is learned anew: all that is read for a year would be late for it. One that was
// ahead by hours is waited for.
func TestStoredWhileTheClockWasAhead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		steps := func(profiles *storetest.Memory, clock func() time.Time, minutes int) int64 {
			ctx, p, push, stop := watching(t, profiles, clock)
			time.Sleep(10 * time.Second)
			begin := clock().Add(-time.Duration(minutes) * time.Minute)
			for i := range minutes {
				push(begin, i)
			}
			d, ok, err := p.Workload(ctx, "vol/a")
			if err != nil || !ok {
				t.Fatal(ok, err)
			}
			stop()
			return d.Steps
		}
		for _, c := range []struct {
			ahead time.Duration
			most  int64
		}{{365 * 24 * time.Hour, 100}, {3 * time.Hour, 1000}} {
			profiles := storetest.NewMemory()
			steps(profiles, func() time.Time { return time.Now().Add(c.ahead) }, 300)
			if n := steps(profiles, time.Now, 90); n < 80 || n > c.most || (n > 100) != (c.most > 100) {
				t.Errorf("after a clock that was %s ahead the workload has %d steps", c.ahead, n)
			}
		}
	})
}
