package limits

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
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
	hold  time.Duration
	log   *slog.Logger
	pools []*pool // of their settings only Total and InUse change

	mu       sync.Mutex // guards what follows, and what the pools have and what is drawn from them
	held     map[string]*held
	pending  map[string]*held // those that are not committed
	earliest time.Time        // none of the pending ones expires before
}

var _ capacity.Planner = (*Limits)(nil)

// held is a grant and what it draws, by the pools' places.
type held struct {
	capacity.Held
	drawn map[*pool]float64
}

// askAgain is for how long a refusal stands.
const askAgain = time.Minute

// Reserve grants what the pools can give at once. A request that does not say how much there is now is an error.
func (l *Limits) Reserve(_ context.Context, now time.Time, r capacity.Request) (capacity.Grant, error) {
	if err := check(&r); err != nil {
		return capacity.Grant{}, fmt.Errorf("reserve %s: %w", r.ID, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expire(now)
	if h := l.held[r.ID]; h != nil {
		return l.again(h, &r)
	}
	g := capacity.Grant{ID: r.ID, Expires: now.Add(l.hold)}
	if r.For > 0 && r.For < l.hold {
		g.Expires = now.Add(r.For)
	}
	g.Granted, g.Reason = l.give(&r)
	if g.Reason != "" && !grows(r.From, g.Granted) {
		g.Expires = now.Add(min(askAgain, l.hold))
		return g, nil
	}
	h := &held{Held: capacity.Held{Request: r, Grant: g}}
	l.draw(h)
	l.keep(h)
	return g, nil
}

func check(r *capacity.Request) error {
	if r.ID == "" {
		return errors.New("the request has no id")
	}
	if r.To.Empty() {
		return errors.New("the request asks for nothing")
	}
	for _, d := range r.To.Dimensions() {
		to, _ := r.To.Get(d)
		from, known := r.From.Get(d)
		switch {
		case !(to >= 0) || math.IsInf(to, 0):
			return fmt.Errorf("%g is no amount of %s", to, d)
		case !known:
			return fmt.Errorf("how much %s there is now is not said, so the increase is not known", d)
		case !(from >= 0) || math.IsInf(from, 0):
			return fmt.Errorf("%g is no amount of %s to begin with", from, d)
		}
	}
	return nil
}

func grows(from, granted foreshock.Allocation) bool {
	return slices.ContainsFunc(granted.Dimensions(), func(d foreshock.Dimension) bool {
		to, _ := granted.Get(d)
		have, _ := from.Get(d)
		return to > have
	})
}

// again answers for a grant that is held.
func (l *Limits) again(h *held, r *capacity.Request) (capacity.Grant, error) {
	if h.Request.Workload != r.Workload || h.Request.Target != r.Target || h.Request.Resource != r.Resource {
		return capacity.Grant{}, fmt.Errorf("reserve %s: the id is that of a grant for %s (%s of %s)", r.ID, h.Request.Workload, h.Request.Resource, h.Request.Target)
	}
	if h.Committed {
		return h.Grant, nil
	}
	var less foreshock.Allocation
	for _, d := range r.To.Dimensions() {
		to, _ := r.To.Get(d)
		if have, granted := h.Grant.Granted.Get(d); granted {
			from, _ := h.Request.From.Get(d)
			less.Set(d, min(have, max(to, from)))
		}
	}
	if less != h.Grant.Granted {
		l.putBack(h)
		h.Grant.Granted = less
		l.draw(h)
	}
	return h.Grant, nil
}

// give says what of a request can be granted, and why not all.
func (l *Limits) give(r *capacity.Request) (granted foreshock.Allocation, reason string) {
	var reasons []string
	for _, d := range r.To.Dimensions() {
		to, _ := r.To.Get(d)
		from, _ := r.From.Get(d)
		increase := to - from
		for _, p := range l.pools {
			if p.dimension != d || to <= from || !p.feeds(r) {
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
	return granted, strings.Join(reasons, "; ")
}

// draw takes what a grant raises from the pools. A restored grant that does not say what there was before draws all of it.
func (l *Limits) draw(h *held) {
	h.drawn = map[*pool]float64{}
	for _, p := range l.pools {
		to, granted := h.Grant.Granted.Get(p.dimension)
		from, _ := h.Request.From.Get(p.dimension)
		if granted && to > from && p.feeds(&h.Request) {
			h.drawn[p] = to - from
			p.draw(to - from)
		}
	}
}

func (l *Limits) putBack(h *held) {
	for p, amount := range h.drawn {
		p.putBack(amount)
	}
	h.drawn = nil
}

func (l *Limits) keep(h *held) {
	id := h.Grant.ID
	l.held[id] = h
	if h.Committed {
		return
	}
	if len(l.pending) == 0 || h.Grant.Expires.Before(l.earliest) {
		l.earliest = h.Grant.Expires
	}
	l.pending[id] = h
}

func (l *Limits) drop(id string) {
	if h := l.held[id]; h != nil {
		l.putBack(h)
		delete(l.held, id)
		delete(l.pending, id)
	}
}

// expire gives back what was not committed in time.
func (l *Limits) expire(now time.Time) {
	if len(l.pending) == 0 || now.Before(l.earliest) {
		return
	}
	var earliest time.Time
	for id, h := range l.pending {
		at := h.Grant.Expires
		switch {
		case !now.Before(at):
			l.drop(id)
		case earliest.IsZero() || at.Before(earliest):
			earliest = at
		}
	}
	l.earliest = earliest
}

// Commit keeps a grant until it is released.
func (l *Limits) Commit(_ context.Context, now time.Time, id string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expire(now)
	h := l.held[id]
	if h == nil {
		return fmt.Errorf("commit %s: %w", id, capacity.ErrNotHeld)
	}
	h.Committed = true
	delete(l.pending, id)
	return nil
}

// Release gives back what a grant draws.
func (l *Limits) Release(_ context.Context, now time.Time, id string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expire(now)
	l.drop(id)
	return nil
}

// Restore makes the grants that are held the given ones. They may be more than a pool has, when it was made smaller: then
// nothing more is granted from it until enough is released.
func (l *Limits) Restore(_ context.Context, now time.Time, grants []capacity.Held) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for id := range l.held {
		l.drop(id)
	}
	for _, g := range grants {
		g.Grant.ID = cmp.Or(g.Grant.ID, g.Request.ID)
		if !g.Committed && !now.Before(g.Grant.Expires) {
			continue
		}
		l.drop(g.Grant.ID)
		h := &held{Held: g}
		l.draw(h)
		l.keep(h)
	}
	for _, p := range l.pools {
		if p.free() < -slack*p.Total {
			l.log.Warn("more is in use than the pool may give", "pool", p.Name, "dimension", p.Dimension, "total", p.Total, "in_use", p.InUse, "granted", p.drawn)
		}
	}
	return nil
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
	l.mu.Lock()
	defer l.mu.Unlock()
	p := l.named(pool)
	if p == nil {
		return
	}
	for _, h := range l.held {
		if h.Committed {
			used -= h.drawn[p]
		}
	}
	p.Total, p.InUse = total, max(0, used)
}

// named finds a pool. The caller holds mu.
func (l *Limits) named(name string) *pool {
	if i := slices.IndexFunc(l.pools, func(p *pool) bool { return p.Name == name }); i >= 0 {
		return l.pools[i]
	}
	return nil
}

// Held lists the grants that are held, by ID.
func (l *Limits) Held(now time.Time) []capacity.Held {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expire(now)
	list := make([]capacity.Held, 0, len(l.held))
	for _, h := range l.held {
		list = append(list, h.Held)
	}
	slices.SortFunc(list, func(a, b capacity.Held) int { return cmp.Compare(a.Grant.ID, b.Grant.ID) })
	return list
}

// Usage is how a pool stands, in its dimension's unit.
type Usage struct {
	Pool
	Granted float64 // drawn by the grants that are held
	Free    float64 // what can still be granted; below zero when too much is in use
}

// Usage gives how each pool stands, in the order of the settings.
func (l *Limits) Usage(now time.Time) []Usage {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.expire(now)
	list := make([]Usage, len(l.pools))
	for i, p := range l.pools {
		list[i] = Usage{Pool: p.Pool, Granted: p.drawn, Free: p.free()}
	}
	return list
}
