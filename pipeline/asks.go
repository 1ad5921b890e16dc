package pipeline

import (
	"context"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock"
)

// asks are workloads of which the store is to be asked for something. A store that is away is asked again.
type asks struct {
	p    *Pipeline
	what string        // is asked for: profiles, rehearsals
	wake chan struct{} // there is something wanted

	mu     sync.Mutex // guards wanted
	wanted []foreshock.ID
}

func newAsks(p *Pipeline, what string) asks {
	return asks{p: p, what: what, wake: make(chan struct{}, 1)}
}

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

// run calls fetch with up to most workloads at once until ctx ends, and counts and tells of its errors.
func (a *asks) run(ctx context.Context, most int, fetch func(context.Context, []foreshock.ID) error) {
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
				a.p.stats.saveErrors.add(1)
				a.p.Log.Warn("the store cannot be read; it is asked again, and what it would tell is learned meanwhile", "what", a.what, "waiting", len(ids), "err", err)
				break
			}
			ids = append(ids[:0], ids[n:]...)
		}
	}
}

// useless counts and tells of what is stored and is of no use.
func (a *asks) useless(id foreshock.ID, err error) {
	a.p.stats.damaged.add(1)
	a.p.Log.Warn("what is stored of a workload is of no use; it is learned anew", "what", a.what, "workload", id, "err", err)
}
