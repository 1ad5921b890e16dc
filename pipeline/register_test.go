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

// Who asks for a workload in the moment in which it is registered is answered.
func TestAskWhileRegistering(t *testing.T) {
	const n = 2000
	p := pipeline.New(stages(t), pipeline.Options{Log: slog.New(slog.DiscardHandler), Step: time.Minute, Most: n})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.Run(ctx) }()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	id := func(i int) foreshock.ID { return foreshock.ID(fmt.Sprint("w", i)) }
	go func() {
		for i := range n {
			if _, err := p.Register(id(i), ingest.About{}); err != nil {
				t.Error(err)
			}
		}
	}()
	late, stop := context.WithTimeout(ctx, time.Minute)
	defer stop()
	for i := range n {
		for known := false; !known; {
			var err error
			if _, known, err = p.Workload(late, id(i)); err != nil {
				t.Fatalf("%s: %v", id(i), err)
			}
		}
	}
}
