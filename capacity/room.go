package capacity

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Room is what a provider has free of one dimension, in the dimension's unit, whoever uses the rest.
type Room struct {
	Name      string // what grants draw on: two rooms of one name are the same
	Dimension foreshock.Dimension
	Free      float64
	Quantum   float64 // a part grant is a multiple of it; 0: any amount
}

// Ask is a Planner that asks for the rooms on which a request draws, each time that something is to be reserved. What is granted and not yet committed is
// taken off; what is committed is in use, so the provider's own answer has it.
type Ask struct {
	Hold  time.Duration // the longest time for which a grant waits to be committed
	Rooms func(context.Context, *Request) ([]Room, error)
	// Answers says, before anything is asked for, whether the provider answers, and who it is.
	Answers func(context.Context) (string, error)

	asking sync.Mutex // held during Reserve: one after the other
	mu     sync.Mutex // guards held
	held   map[string]*asked
}

var _ Planner = (*Ask)(nil)

// asked is a grant that is held, and what it draws by the names of rooms; nil where that is to be asked for.
type asked struct {
	Held
	draws map[string]float64
}

// Probe says whether the provider answers, and who it is.
func (a *Ask) Probe(ctx context.Context) (string, error) { return a.Answers(ctx) }

// askAgain is for how long a refusal stands.
const askAgain = time.Minute

// Reserve grants what the rooms leave. Where they cannot be asked for, that is an error, and nothing may grow.
func (a *Ask) Reserve(ctx context.Context, now time.Time, r Request) (Grant, error) {
	a.asking.Lock()
	defer a.asking.Unlock()
	g, err := a.reserve(ctx, now, &r)
	if err != nil {
		return Grant{}, fmt.Errorf("reserve %s: %w", r.ID, err)
	}
	return g, nil
}

func (a *Ask) reserve(ctx context.Context, now time.Time, r *Request) (Grant, error) {
	if err := checkRequest(r); err != nil {
		return Grant{}, err
	}
	if g, held, err := a.again(now, r); held || err != nil {
		return g, err
	}
	others, err := a.pending(ctx) // before the provider is asked: what is committed meanwhile may not be in its answer
	if err != nil {
		return Grant{}, err
	}
	rooms, err := a.Rooms(ctx, r)
	if err != nil {
		return Grant{}, err
	}
	g := Grant{ID: r.ID, Expires: now.Add(a.Hold)}
	if r.For > 0 && r.For < a.Hold {
		g.Expires = now.Add(r.For)
	}
	var reasons []string
	for _, d := range r.To.Dimensions() {
		to, _ := r.To.Get(d)
		from, _ := r.From.Get(d)
		for _, room := range rooms {
			free := max(0, room.Free-others[room.Name])
			if room.Dimension != d || to-from <= free {
				continue
			}
			if room.Quantum > 0 {
				free = math.Floor(free/room.Quantum) * room.Quantum
			}
			to = from + free
			reasons = append(reasons, fmt.Sprintf("%s has %s left", room.Name, foreshock.FormatAmount(d, free)))
		}
		g.Granted.Set(d, to)
	}
	g.Reason = strings.Join(reasons, "; ")
	if g.Reason != "" && !grows(r.From, g.Granted) {
		g.Expires = now.Add(min(askAgain, a.Hold))
		return g, nil
	}
	a.keep(&asked{Held{Request: *r, Grant: g}, draws(rooms, r, g.Granted)})
	return g, nil
}

// draws are what a grant takes of rooms.
func draws(rooms []Room, r *Request, granted foreshock.Allocation) map[string]float64 {
	taken := map[string]float64{}
	for _, room := range rooms {
		to, stated := granted.Get(room.Dimension)
		if from, _ := r.From.Get(room.Dimension); stated && to > from {
			taken[room.Name] = to - from
		}
	}
	return taken
}

func checkRequest(r *Request) error {
	if r.ID == "" || r.To.Empty() {
		return errors.New("the request has no id or asks for nothing")
	}
	for _, d := range r.To.Dimensions() {
		to, _ := r.To.Get(d)
		from, known := r.From.Get(d)
		if !known || !(from >= 0) || !(to >= 0) || math.IsInf(from+to, 0) {
			return fmt.Errorf("from %s to %s: of %s it is not known how much more is asked for", r.From, r.To, d)
		}
	}
	return nil
}

// again answers for a grant that is held: the same, or less.
func (a *Ask) again(now time.Time, r *Request) (g Grant, held bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.expire(now)
	h := a.held[r.ID]
	switch {
	case h == nil:
		return Grant{}, false, nil
	case h.Request.Target != r.Target || h.Request.Resource != r.Resource || h.Request.Workload != r.Workload:
		return Grant{}, true, fmt.Errorf("the id is that of a grant for %s of %s", h.Request.Resource, h.Request.Target)
	case h.Committed:
		return h.Grant, true, nil
	}
	for _, d := range r.To.Dimensions() {
		to, _ := r.To.Get(d)
		if have, granted := h.Grant.Granted.Get(d); granted {
			from, _ := h.Request.From.Get(d)
			h.Grant.Granted.Set(d, min(have, max(to, from)))
			h.draws = nil
		}
	}
	return h.Grant, true, nil
}

// pending is what grants draw that are not committed, by the names of rooms.
func (a *Ask) pending(ctx context.Context) (map[string]float64, error) {
	a.mu.Lock()
	var list []*asked
	for _, h := range a.held {
		if !h.Committed {
			list = append(list, &asked{h.Held, h.draws})
		}
	}
	a.mu.Unlock()
	sum := map[string]float64{}
	for _, h := range list {
		if h.draws == nil {
			rooms, err := a.Rooms(ctx, &h.Request)
			if err != nil {
				return nil, fmt.Errorf("what grant %s draws on: %w", h.Request.ID, err)
			}
			h.draws = draws(rooms, &h.Request, h.Grant.Granted)
		}
		for name, amount := range h.draws {
			sum[name] += amount
		}
	}
	return sum, nil
}

func (a *Ask) keep(h *asked) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.held == nil {
		a.held = map[string]*asked{}
	}
	a.held[h.Grant.ID] = h
}

// expire gives back what was not committed in time. The caller holds mu.
func (a *Ask) expire(now time.Time) {
	for id, h := range a.held {
		if !h.Committed && !now.Before(h.Grant.Expires) {
			delete(a.held, id)
		}
	}
}

// Commit says that the capacity is in use: the provider's own figures have it.
func (a *Ask) Commit(_ context.Context, now time.Time, id string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.expire(now)
	h := a.held[id]
	if h == nil {
		return fmt.Errorf("commit %s: %w", id, ErrNotHeld)
	}
	h.Committed = true
	return nil
}

// Release gives a grant back.
func (a *Ask) Release(_ context.Context, now time.Time, id string) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.expire(now)
	delete(a.held, id)
	return nil
}

// Restore makes the grants that are held the given ones. What they draw on is asked for when something is reserved.
func (a *Ask) Restore(_ context.Context, now time.Time, held []Held) error {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.held = map[string]*asked{}
	for _, h := range held {
		h.Grant.ID = cmp.Or(h.Grant.ID, h.Request.ID)
		a.held[h.Grant.ID] = &asked{Held: h}
	}
	a.expire(now)
	return nil
}

// Held lists the grants that are held, by ID.
func (a *Ask) Held(now time.Time) []Held {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.expire(now)
	list := make([]Held, 0, len(a.held))
	for _, h := range a.held {
		list = append(list, h.Held)
	}
	slices.SortFunc(list, func(a, b Held) int { return cmp.Compare(a.Grant.ID, b.Grant.ID) })
	return list
}
