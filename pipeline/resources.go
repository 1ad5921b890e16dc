package pipeline

import (
	"context"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock"
)

// resources is what the targets say of the things that they change, shared by the workloads that use them.
type resources struct {
	p     *Pipeline
	mu    sync.Mutex // guards known
	known map[resourceKey]*watched
	fleet map[string]*fleet // by policy
	wake  chan resourceKey
	due   time.Time // in virtual time: when all are read again
}

// fleet counts a policy's resources, and those of which the data are not fresh.
type fleet struct{ size, silent int }

type resourceKey struct{ target, name string }

// watched is one resource.
type watched struct {
	resource *foreshock.Resource // as last read; nil until then
	err      string
	users    map[foreshock.ID]foreshock.Allocation // demand of each workload that uses it
	silent   map[foreshock.ID]bool                 // those whose data are not fresh
}

// readEvery is how often a resource is read without cause; before an action the executor reads it again.
const readEvery = 15 * time.Second

func (r *resources) init(p *Pipeline) {
	r.p = p
	r.known = map[resourceKey]*watched{}
	r.fleet = map[string]*fleet{}
	r.wake = make(chan resourceKey, 1024)
}

// watch begins to read a resource for a workload.
func (r *resources) watch(policy, target, name string, user foreshock.ID) {
	key := resourceKey{target, name}
	r.mu.Lock()
	w := r.known[key]
	if w == nil {
		w = &watched{users: map[foreshock.ID]foreshock.Allocation{}, silent: map[foreshock.ID]bool{}}
		r.known[key] = w
		if r.fleet[policy] == nil {
			r.fleet[policy] = &fleet{}
		}
		r.fleet[policy].size++
	}
	w.users[user] = foreshock.Allocation{}
	r.mu.Unlock()
	r.refresh(target, name)
}

// heard states whether a user's data are fresh.
func (r *resources) heard(policy, target, name string, user foreshock.ID, fresh bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.known[resourceKey{target, name}]
	before := len(w.silent) > 0
	if fresh {
		delete(w.silent, user)
	} else {
		w.silent[user] = true
	}
	switch after := len(w.silent) > 0; {
	case after && !before:
		r.fleet[policy].silent++
	case before && !after:
		r.fleet[policy].silent--
	}
}

// count gives a policy's resources, and those of which the data are not fresh.
func (r *resources) count(policy string) fleet {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f := r.fleet[policy]; f != nil {
		return *f
	}
	return fleet{}
}

// refresh reads a resource soon; at once in virtual time.
func (r *resources) refresh(target, name string) {
	if r.p.Virtual {
		r.read(context.Background(), resourceKey{target, name})
		return
	}
	select {
	case r.wake <- resourceKey{target, name}:
	default: // the next round reads it
	}
}

// get gives what is known, with the demand of all its users together.
func (r *resources) get(target, name string) watched {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w := r.known[resourceKey{target, name}]; w != nil {
		return *w
	}
	return watched{}
}

// demand states a user's demand and gives that of all users of the resource together.
func (r *resources) demand(target, name string, user foreshock.ID, mine foreshock.Allocation) foreshock.Allocation {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.known[resourceKey{target, name}]
	if w == nil {
		return mine
	}
	w.users[user] = mine
	if len(w.users) == 1 {
		return mine
	}
	var sum foreshock.Allocation
	for _, a := range w.users {
		for d := range foreshock.Dimension(foreshock.NumDimensions) {
			if x, ok := a.Get(d); ok {
				before, _ := sum.Get(d)
				sum.Set(d, before+x)
			}
		}
	}
	return sum
}

// advance reads all resources when that is due, in virtual time.
func (r *resources) advance(now time.Time) {
	if now.Before(r.due) {
		return
	}
	r.due = now.Add(readEvery)
	for _, key := range r.keys() {
		r.read(context.Background(), key)
	}
}

// run reads resources that are due until ctx ends.
func (r *resources) run(ctx context.Context) {
	tick := time.NewTicker(readEvery)
	defer tick.Stop()
	for {
		select {
		case key := <-r.wake:
			r.read(ctx, key)
		case <-tick.C:
			for _, key := range r.keys() {
				r.read(ctx, key)
			}
		case <-ctx.Done():
			return
		}
	}
}

func (r *resources) keys() []resourceKey {
	r.mu.Lock()
	defer r.mu.Unlock()
	list := make([]resourceKey, 0, len(r.known))
	for key := range r.known {
		list = append(list, key)
	}
	return list
}

// read asks the target. An error keeps no old figures: what cannot be read is not known.
func (r *resources) read(ctx context.Context, key resourceKey) {
	if r.p.Executor == nil {
		return
	}
	found, err := r.p.Executor.Read(ctx, key.target, key.name)
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.known[key]
	switch {
	case w == nil:
	case err != nil:
		w.resource, w.err = nil, err.Error()
	default:
		w.resource, w.err = &found, ""
	}
}
