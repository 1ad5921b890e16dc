package pipeline_test

import (
	"context"
	"log/slog"
	"maps"
	"math"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/pipeline"
	"github.com/foreshock-io/foreshock/store"
)

// slowStore keeps profiles in memory and takes its time to give them.
type slowStore struct {
	store.Profiles // the methods that are not used
	takes          time.Duration

	mu sync.Mutex // guards by
	by map[foreshock.ID][]byte
}

func (s *slowStore) Get(_ context.Context, _ []foreshock.ID) (map[foreshock.ID][]byte, error) {
	time.Sleep(s.takes)
	s.mu.Lock()
	defer s.mu.Unlock()
	return maps.Clone(s.by), nil
}

func (s *slowStore) Put(_ context.Context, batch []store.Entry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, e := range batch {
		s.by[e.ID] = e.Value
	}
	return nil
}

// A source that reads a long past before the store has answered does not lose what people have taught: the past is learned, and the opinions are kept.
func TestRestoreAfterBacklog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		profiles := &slowStore{by: map[foreshock.ID][]byte{}}
		begin := time.Now().UTC()
		run := func(minutes int, then func(context.Context, *pipeline.Pipeline)) float64 {
			ctx, cancel := context.WithCancel(t.Context())
			s := stages(t)
			s.Profiles = profiles
			p := pipeline.New(s, pipeline.Options{Log: slog.New(slog.DiscardHandler), Step: time.Minute, Most: 10, Snapshot: time.Hour, Owners: 1})
			ended := make(chan error, 1)
			go func() { ended <- p.Run(ctx) }()
			h, err := p.Register("vol/a", ingest.About{Source: "test", Step: time.Minute})
			if err != nil {
				t.Fatal(err)
			}
			push := func(i int) {
				if err := p.Push(ctx, readings(h, begin.Add(-24*time.Hour), i)); err != nil {
					t.Fatal(err)
				}
			}
			for i := range minutes {
				push(i)
			}
			time.Sleep(10 * time.Second)
			then(ctx, p)
			push(minutes)
			push(minutes + 1)
			d, ok, err := p.Workload(ctx, "vol/a")
			if err != nil || !ok || d.Steps < int64(minutes) {
				t.Fatal(ok, err, d.Steps)
			}
			cancel()
			if err := <-ended; err != nil {
				t.Fatal(err)
			}
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
