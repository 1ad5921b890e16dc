package main

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
)

// end takes the readings.
type end struct {
	sink  ingest.Sink
	drops *ingest.Drops
	clock func(at time.Time) // states the time of the round
	drain func()             // waits until all that was pushed is worked off
	taken func() int64       // how many readings arrived
	close func()
}

// ends are what the readings may go to.
var ends = map[string]func() (end, error){
	"count":    openCount,
	"pipeline": openPipeline,
}

func endNames() []string { return slices.Sorted(maps.Keys(ends)) }

// openCount counts readings, so that only decoding and the index are measured.
func openCount() (end, error) {
	c := &count{ids: map[foreshock.ID]ingest.Handle{}}
	return end{sink: c, drops: new(ingest.Drops), clock: func(time.Time) {}, drain: func() {}, taken: c.n.Load, close: func() {}}, nil
}

type count struct {
	n   atomic.Int64
	mu  sync.Mutex
	ids map[foreshock.ID]ingest.Handle
}

func (c *count) Register(id foreshock.ID, _ ingest.About) (ingest.Handle, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	h, ok := c.ids[id]
	if !ok {
		h = ingest.Handle(len(c.ids))
		c.ids[id] = h
	}
	return h, nil
}

func (c *count) Push(_ context.Context, batch []ingest.Reading) error {
	c.n.Add(int64(len(batch)))
	return nil
}

func (c *count) Slow(ingest.Operation) {}
