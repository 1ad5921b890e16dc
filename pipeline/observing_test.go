package pipeline_test

import (
	"context"
	"log/slog"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/decide"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/pipeline"
)

// ample is an executor of volumes that have more than they need. It is asked for nothing.
type ample struct{}

func (ample) Submit(foreshock.Action) error { return nil }

func (ample) Read(_ context.Context, target, resource string) (foreshock.Resource, error) {
	r := foreshock.Resource{Target: target, Name: resource, Rules: map[foreshock.Dimension]foreshock.Rule{foreshock.DimIOPS: {Min: 100, Max: 1e6}, foreshock.DimThroughput: {Min: 1, Max: 1e9}}}
	r.Allocated.Set(foreshock.DimIOPS, 1e5)
	r.Allocated.Set(foreshock.DimThroughput, 1e8)
	return r, nil
}

// observing gives what makes a step of a workload that nothing is wrong with, whose policy observes.
func observing(t testing.TB) (step func()) {
	t.Helper()
	policy := decide.Default()
	policy.Name, policy.Match, policy.Target, policy.Forecast = "p", []string{"vol/*"}, "t", false
	policy.Bounds = map[foreshock.Dimension]decide.Bounds{foreshock.DimIOPS: {}, foreshock.DimThroughput: {}}
	policy.Reduce.Allowed = false
	s := stages(t)
	s.Forecast, s.Policies, s.Executor = nil, []decide.Policy{policy}, ample{}
	p := pipeline.New(s, pipeline.Options{Log: slog.New(slog.DiscardHandler), Step: time.Second, Most: 1, Virtual: true})
	h, err := p.Register("vol/a", ingest.About{})
	if err != nil {
		t.Fatal(err)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	at := time.Date(2026, 1, 5, 0, 0, 1, 0, time.UTC)
	batch := make([]ingest.Reading, 3)
	return func() {
		x, ms := 1+0.01*rng.Float64(), at.UnixMilli()
		batch[0] = ingest.Reading{Handle: h, Field: ingest.IOPS, Time: ms, Value: 500 * x}
		batch[1] = ingest.Reading{Handle: h, Field: ingest.Latency, Time: ms, Value: 0.001 * x}
		batch[2] = ingest.Reading{Handle: h, Field: ingest.Throughput, Time: ms, Value: 8e6 * x}
		if err := p.Push(context.Background(), batch); err != nil {
			t.Fatal(err)
		}
		at = at.Add(time.Second)
	}
}

// BenchmarkObserving is a step of three metrics of a workload whose policy observes; each minute it is decided upon.
func BenchmarkObserving(b *testing.B) {
	step := observing(b)
	for range 600 {
		step()
	}
	b.ReportAllocs()
	for b.Loop() {
		step()
	}
}

// A step of a workload of which nothing is followed, between the decisions of each minute, allocates nothing.
func TestObservingAllocatesNothing(t *testing.T) {
	step := observing(t)
	for range 600 {
		step()
	}
	least := math.Inf(1)
	for range 3 { // in one of them nothing is decided
		least = min(least, testing.AllocsPerRun(25, step))
	}
	if least > 0 {
		t.Errorf("%g allocations a step", least)
	}
}
