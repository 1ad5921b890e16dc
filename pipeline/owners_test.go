package pipeline_test

import (
	"context"
	"fmt"
	"log/slog"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/pipeline"
)

// With however many owners, each reading comes to its own workload.
func TestManyOwners(t *testing.T) {
	const many = 300
	now := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	p := pipeline.New(stages(t), pipeline.Options{
		Log: slog.New(slog.DiscardHandler), Step: time.Minute, Most: many, Snapshot: time.Hour, Owners: 100, Now: func() time.Time { return now },
	})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	id := func(i int) foreshock.ID { return foreshock.ID(fmt.Sprintf("vol/%d", i)) }
	var readings []ingest.Reading
	for i := range many {
		h, err := p.Register(id(i), ingest.About{Source: "test", Step: time.Minute})
		if err != nil {
			t.Fatal(err)
		}
		for minute := -3; minute <= 0; minute++ {
			at := now.Add(time.Duration(minute) * time.Minute).UnixMilli()
			readings = append(readings, ingest.Reading{Handle: h, Field: ingest.IOPS, Time: at, Value: float64(i)})
		}
	}
	if err := p.Push(ctx, readings); err != nil {
		t.Fatal(err)
	}
	if err := p.Alive(ctx); err != nil { // each owner has taken in what it was given
		t.Fatal(err)
	}
	for i := range many {
		if got, err := p.Reading(ctx, id(i), foreshock.IOPS); err != nil || got != float64(i) {
			t.Errorf("%s has read %v, %v", id(i), got, err)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
