package limits

import (
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/capacity"
)

// Limits is a capacity.Planner over pools. What a grant raises above Request.From is drawn from every pool that feeds the
// workload, until the grant is released or, uncommitted, expires.
type Limits struct {
	*capacity.Grants[[]*pool]
	log *slog.Logger

	mu    sync.Mutex // guards what the pools have and what is drawn from them
	pools []*pool    // of their settings only Total and InUse change
}

var _ capacity.Planner = (*Limits)(nil)

// find lists the pools that a request draws on.
func (l *Limits) find(_ context.Context, r *capacity.Request) (on []*pool, _ error) {
	for _, p := range l.pools {
		if p.feeds(r) {
			on = append(on, p)
		}
	}
	return on, nil
}

// give says what of a request can be granted, and why not all.
func (l *Limits) give(_ context.Context, r *capacity.Request, on []*pool, _ []*drawn) (granted foreshock.Allocation, reason string, _ error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var reasons []string
	for _, d := range r.To.Dimensions() {
		to, _ := r.To.Get(d)
		from, _ := r.From.Get(d)
		increase := to - from
		for _, p := range on {
			if p.dimension != d || to <= from {
				continue
			}
			if part := p.part(increase); part < increase {
				increase = part
				reasons = append(reasons, p.why())
			}
		}
		if to > from && increase < to-from {
			to = from + increase
		}
		granted.Set(d, to)
	}
	return granted, strings.Join(reasons, "; "), nil
}

// drawn is a grant and the pools that it draws on.
type drawn = capacity.Drawn[[]*pool]

// count takes what a grant raises from its pools, or puts it back.
func (l *Limits) count(d *drawn, sign float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range d.On {
		if more := d.More(p.dimension); more > 0 {
			p.draw(more, sign)
		}
	}
}

// Restore makes the grants that are held the given ones. They may be more than a pool has, when it was made smaller: then
// nothing more is granted from it until enough is released.
func (l *Limits) Restore(ctx context.Context, now time.Time, held []capacity.Held) error {
	err := l.Grants.Restore(ctx, now, held)
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, p := range l.pools {
		if p.free() < -slack*p.Total {
			l.log.Warn("more is in use than the pool may give", "pool", p.Name, "dimension", p.Dimension, "total", p.Total, "in_use", p.InUse, "granted", p.drawn)
		}
	}
	return err
}

// Resize changes what a pool has in all, and what of it is in use and was not granted here. A pool of another name is passed over.
func (l *Limits) Resize(pool string, total, inUse float64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if p := l.named(pool); p != nil {
		p.Total, p.InUse = total, inUse
	}
}

// Measure changes what a pool has in all, and what of it is in use, whoever was granted it: what committed grants drew is a part of that.
func (l *Limits) Measure(pool string, total, used float64) {
	p := l.named(pool)
	if p == nil {
		return
	}
	l.Each(func(d *drawn) {
		if d.Committed && slices.Contains(d.On, p) {
			used -= d.More(p.dimension)
		}
	})
	l.Resize(pool, total, max(0, used))
}

// named finds a pool.
func (l *Limits) named(name string) *pool {
	if i := slices.IndexFunc(l.pools, func(p *pool) bool { return p.Name == name }); i >= 0 {
		return l.pools[i]
	}
	return nil
}

// Usage is how a pool stands, in its dimension's unit.
type Usage struct {
	Pool
	Granted float64 // drawn by the grants that are held
	Free    float64 // what can still be granted; below zero when too much is in use
}

// Usage gives how each pool stands, in the order of the settings.
func (l *Limits) Usage(now time.Time) []Usage {
	l.Expire(now)
	l.mu.Lock()
	defer l.mu.Unlock()
	list := make([]Usage, len(l.pools))
	for i, p := range l.pools {
		list[i] = Usage{Pool: p.Pool, Granted: p.drawn, Free: p.free()}
	}
	return list
}
