package capacity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Grants is a Planner that holds what it granted until that is released or, uncommitted, expires. What is granted, and upon what, its functions say;
// On is what they know of what a request draws on. It is safe for concurrent use.
type Grants[On any] struct {
	Hold time.Duration // the longest time for which a grant waits to be committed
	// Find says what a request draws on.
	Find func(ctx context.Context, r *Request) (On, error)
	// Give says how much of a request can be granted beside what others wait for, and why not all. Reserve calls it for one request at a time. Where
	// there is a Count, it knows of the others, and none are listed.
	Give func(ctx context.Context, r *Request, on On, others []*Drawn[On]) (granted foreshock.Allocation, reason string, err error)
	// Count, unless it is nil, is told of each grant that begins (1) and ceases (-1) to be held, and of both where it becomes less.
	Count func(d *Drawn[On], sign float64)

	// Answers says whether who is asked answers, and who that is; nil where nobody is asked.
	Answers func(ctx context.Context) (string, error)

	asking sync.Mutex // held during Reserve
	mu     sync.Mutex // guards what follows; what of a grant Give reads changes only while both are held

	held     map[string]*Drawn[On]
	pending  map[string]*Drawn[On] // those that are not committed
	earliest time.Time             // none of the pending ones expires before
}

// Drawn is a grant that is held, with what it draws on.
type Drawn[On any] struct {
	Held
	On    On
	found bool
}

// More is how much more of a dimension a grant gives than there was; all of it, where it is not known what there was.
func (h *Held) More(d foreshock.Dimension) float64 {
	to, _ := h.Grant.Granted.Get(d)
	from, _ := h.Request.From.Get(d)
	return max(0, to-from)
}

// askAgain is for how long a refusal stands.
const askAgain = time.Minute

// Probe says whether who is asked answers.
func (g *Grants[On]) Probe(ctx context.Context) (string, error) {
	if g.Answers == nil {
		return "asks nobody: what it hands out is in the configuration", nil
	}
	return g.Answers(ctx)
}

// Reserve grants what Give says. A request that does not say how much there is now is an error.
func (g *Grants[On]) Reserve(ctx context.Context, now time.Time, r Request) (Grant, error) {
	g.asking.Lock()
	defer g.asking.Unlock()
	grant, err := g.reserve(ctx, now, &r)
	if err != nil {
		return Grant{}, fmt.Errorf("reserve %s: %w", r.ID, err)
	}
	return grant, nil
}

func (g *Grants[On]) reserve(ctx context.Context, now time.Time, r *Request) (Grant, error) {
	if err := r.check(); err != nil {
		return Grant{}, err
	}
	switch held, err := g.again(now, r); {
	case err != nil:
		return Grant{}, err
	case held != nil:
		return held.Grant, nil
	}
	others := g.waiting() // before Find and Give ask anybody: what is committed meanwhile may not be in the answer
	for _, o := range others {
		if err := g.find(ctx, o); err != nil {
			return Grant{}, err
		}
	}
	d := &Drawn[On]{Held: Held{Request: *r, Grant: Grant{ID: r.ID, Expires: now.Add(g.Hold)}}}
	if r.For > 0 && r.For < g.Hold {
		d.Grant.Expires = now.Add(r.For)
	}
	if err := g.find(ctx, d); err != nil {
		return Grant{}, err
	}
	var err error
	if d.Grant.Granted, d.Grant.Reason, err = g.Give(ctx, r, d.On, others); err != nil {
		return Grant{}, err
	}
	if d.Grant.Reason != "" && !grows(r.From, d.Grant.Granted) {
		d.Grant.Expires = now.Add(min(askAgain, g.Hold))
		return d.Grant, nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.keep(d)
	return d.Grant, nil
}

// check says what is wrong with a request.
func (r *Request) check() error {
	switch {
	case r.ID == "":
		return errors.New("the request has no id")
	case r.To.Empty():
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

// again gives the grant that is held by a request's ID, with less where less is asked for; nil where none is.
func (g *Grants[On]) again(now time.Time, r *Request) (*Drawn[On], error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.expire(now)
	d := g.held[r.ID]
	if d == nil {
		return nil, nil
	}
	was := &d.Request
	if was.Workload != r.Workload || was.Target != r.Target || was.Resource != r.Resource {
		return nil, fmt.Errorf("the id is that of a grant for %s (%s of %s)", was.Workload, was.Resource, was.Target)
	}
	if !d.Committed {
		g.cut(d, r.To)
	}
	return d, nil
}

// waiting lists the grants that are not committed, unless they are counted.
func (g *Grants[On]) waiting() (list []*Drawn[On]) {
	if g.Count != nil {
		return nil
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Collect(maps.Values(g.pending))
}

// cut makes a grant what is asked for now, where that is less. The caller holds mu.
func (g *Grants[On]) cut(d *Drawn[On], wanted foreshock.Allocation) {
	var less foreshock.Allocation
	for _, dim := range wanted.Dimensions() {
		to, _ := wanted.Get(dim)
		if have, granted := d.Grant.Granted.Get(dim); granted {
			from, _ := d.Request.From.Get(dim)
			less.Set(dim, min(have, max(to, from)))
		}
	}
	if less == d.Grant.Granted {
		return
	}
	g.count(d, -1)
	d.Grant.Granted = less
	g.count(d, 1)
}

// find asks what a grant draws on, unless that is known.
func (g *Grants[On]) find(ctx context.Context, d *Drawn[On]) (err error) {
	if d.found {
		return nil
	}
	if d.On, err = g.Find(ctx, &d.Request); err != nil {
		return fmt.Errorf("what %s draws on: %w", d.Request.Resource, err)
	}
	d.found = true
	return nil
}

func (g *Grants[On]) count(d *Drawn[On], sign float64) {
	if g.Count != nil {
		g.Count(d, sign)
	}
}

// keep holds a grant. The caller holds mu.
func (g *Grants[On]) keep(d *Drawn[On]) {
	if g.held == nil {
		g.held, g.pending = map[string]*Drawn[On]{}, map[string]*Drawn[On]{}
	}
	id := d.Grant.ID
	g.held[id] = d
	g.count(d, 1)
	if d.Committed {
		return
	}
	if len(g.pending) == 0 || d.Grant.Expires.Before(g.earliest) {
		g.earliest = d.Grant.Expires
	}
	g.pending[id] = d
}

// drop holds a grant no more. The caller holds mu.
func (g *Grants[On]) drop(id string) {
	if d := g.held[id]; d != nil {
		g.count(d, -1)
		delete(g.held, id)
		delete(g.pending, id)
	}
}

// Expire drops what was not committed in time; every other call does so too.
func (g *Grants[On]) Expire(now time.Time) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.expire(now)
}

// expire is Expire where the caller holds mu.
func (g *Grants[On]) expire(now time.Time) {
	if len(g.pending) == 0 || now.Before(g.earliest) {
		return
	}
	var earliest time.Time
	for id, d := range g.pending {
		at := d.Grant.Expires
		switch {
		case !now.Before(at):
			g.drop(id)
		case earliest.IsZero() || at.Before(earliest):
			earliest = at
		}
	}
	g.earliest = earliest
}

// Commit keeps a grant until it is released.
func (g *Grants[On]) Commit(_ context.Context, now time.Time, id string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.expire(now)
	d := g.held[id]
	if d == nil {
		return fmt.Errorf("commit %s: %w", id, ErrNotHeld)
	}
	d.Committed = true
	delete(g.pending, id)
	return nil
}

// Release gives a grant back.
func (g *Grants[On]) Release(_ context.Context, now time.Time, id string) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.expire(now)
	g.drop(id)
	return nil
}

// Restore makes the grants that are held the given ones. Unless they are counted, what they draw on is asked for when something is reserved.
func (g *Grants[On]) Restore(ctx context.Context, now time.Time, held []Held) error {
	g.asking.Lock()
	defer g.asking.Unlock()
	g.mu.Lock()
	defer g.mu.Unlock()
	for id := range g.held {
		g.drop(id)
	}
	var errs []error
	for _, h := range held {
		d := &Drawn[On]{Held: h}
		d.Grant.ID = cmp.Or(h.Grant.ID, h.Request.ID)
		if !d.Committed && !now.Before(d.Grant.Expires) {
			continue
		}
		if g.Count != nil {
			errs = append(errs, g.find(ctx, d))
		}
		g.drop(d.Grant.ID)
		g.keep(d)
	}
	return errors.Join(errs...)
}

// Held lists the grants that are held, by ID.
func (g *Grants[On]) Held(now time.Time) []Held {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.expire(now)
	list := make([]Held, 0, len(g.held))
	for _, d := range g.held {
		list = append(list, d.Held)
	}
	slices.SortFunc(list, func(a, b Held) int { return cmp.Compare(a.Grant.ID, b.Grant.ID) })
	return list
}

// Each calls f, which must be quick, for each grant that is held.
func (g *Grants[On]) Each(f func(*Drawn[On])) {
	g.mu.Lock()
	defer g.mu.Unlock()
	for _, d := range g.held {
		f(d)
	}
}
