package pipeline

import (
	"context"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock"
)

// asks are workloads of which the store is to be asked for something. A store that is away is asked again.
type asks struct {
	wake chan struct{} // there is something wanted

	mu     sync.Mutex // guards wanted
	wanted []foreshock.ID
}

func newAsks() asks { return asks{wake: make(chan struct{}, 1)} }

// add never waits.
func (a *asks) add(id foreshock.ID) {
	a.mu.Lock()
	a.wanted = append(a.wanted, id)
	a.mu.Unlock()
	select {
	case a.wake <- struct{}{}:
	default:
	}
}

// run calls fetch with up to most workloads at once until ctx ends, and failed with how many are waiting where it gives an error.
func (a *asks) run(ctx context.Context, most int, fetch func(context.Context, []foreshock.ID) error, failed func(waiting int, err error)) {
	var ids []foreshock.ID
	for {
		var again <-chan time.Time
		if len(ids) > 0 {
			again = time.After(retryStore)
		}
		select {
		case <-a.wake:
		case <-again:
		case <-ctx.Done():
			return
		}
		select { // more are registered at once
		case <-time.After(restoreWait):
		case <-ctx.Done():
			return
		}
		a.mu.Lock()
		ids, a.wanted = append(ids, a.wanted...), nil
		a.mu.Unlock()
		for len(ids) > 0 {
			n := min(len(ids), most)
			if err := fetch(ctx, ids[:n]); err != nil {
				failed(len(ids), err)
				break
			}
			ids = append(ids[:0], ids[n:]...)
		}
	}
}
