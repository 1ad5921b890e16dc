package pipeline

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
	"github.com/foreshock-io/foreshock/ingest"
)

// resources is what the targets say of the things that they change, shared by the workloads that use them.
type resources struct {
	p     *Pipeline
	mu    sync.Mutex // guards known
	known map[resourceKey]*watched
	fleet map[string]*fleet // by policy
	news  news[hearing]     // that fleet does not count yet
	wake  chan resourceKey
	due   time.Time // in virtual time: when all are read again
}

// fleet counts a policy's resources, and those of which the data are not fresh.
type fleet struct {
	size, silent int
	of           int // resources of all policies; told by count only
}

type resourceKey struct{ target, name string }

// key is that of the resource of a workload that is scalable.
func (w *workload) key() resourceKey { return resourceKey{w.policy.Target, w.resource} }

// watched is one resource.
type watched struct {
	resource *foreshock.Resource // as last read; nil until then
	err      string
	gone     bool                  // the provider knows it no more: it is none of any fleet
	users    []user                // the workloads that use it, by ID
	fleets   []*fleet              // of the policies that name one of them
	silent   map[foreshock.ID]bool // those whose data are not fresh
}

// user is a workload that uses a resource.
type user struct {
	id     foreshock.ID
	handle ingest.Handle // by which one that has left is told from one that came back
	about  ingest.About
	fleet  *fleet      // of its policy; nil: it has left
	states []statement // oldest first: as many as others may have to ask for
}

// statement is what a user states at a step.
type statement struct {
	at, until time.Time               // it counts
	amounts   [2]foreshock.Allocation // by account
}

// account is what a user states of a resource.
type account uint8

const (
	served   account = iota // what it uses
	demanded                // what it would use if nothing limited it
)

// known is what is known of a resource at a time.
type known struct {
	resource *foreshock.Resource // nil when it could not be read, or not yet
	err      string              // why it could not
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
func (r *resources) watch(policy, target, name string, id foreshock.ID, handle ingest.Handle, about ingest.About) {
	key := resourceKey{target, name}
	r.mu.Lock()
	w := r.known[key]
	if w == nil {
		w = &watched{silent: map[foreshock.ID]bool{}}
		r.known[key] = w
	}
	f := r.fleet[policy]
	if f == nil {
		f = &fleet{}
		r.fleet[policy] = f
	}
	if !slices.Contains(w.fleets, f) {
		w.fleets = append(w.fleets, f)
		f.add(w, 1)
	}
	u := w.of(id)
	u.handle, u.fleet, u.about = handle, f, about
	r.mu.Unlock()
	r.refresh(target, name)
}

// add counts a resource in, or with -1 out.
func (f *fleet) add(w *watched, n int) {
	if w.gone {
		return
	}
	f.size += n
	if len(w.silent) > 0 {
		f.silent += n
	}
}

// hearing is that the data of a resource's user are fresh from now on, or are not, or that it has left.
type hearing struct {
	key   resourceKey
	user  foreshock.ID
	fresh bool
	left  ingest.Handle // valid where gone
	gone  bool
}

// left states that a user is none any more from a time on.
func (r *resources) left(from time.Time, w *workload) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.news.tell(from, w.id, hearing{key: w.key(), user: w.id, left: w.handle, gone: true})
	r.news.hear(from.Add(-newsKept), r.take) // there may be nobody who asks
}

// heard states whether a user's data are fresh from a time on.
func (r *resources) heard(at time.Time, h hearing) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.news.tell(at, h.user, h)
}

// count gives a policy's resources, and those of which the data were not fresh before a time.
func (r *resources) count(policy string, before time.Time) fleet {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.news.hear(before, r.take)
	var told fleet
	if f := r.fleet[policy]; f != nil {
		told = *f
	}
	told.of = len(r.known)
	return told
}

// sizes gives how many resources a policy has, and how many all have.
func (r *resources) sizes(policy string) (of, all int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if f := r.fleet[policy]; f != nil {
		of = f.size
	}
	return of, len(r.known)
}

func (r *resources) take(h hearing) {
	w := r.known[h.key]
	if w == nil {
		return
	}
	at, uses := w.place(h.user)
	switch {
	case !uses, h.gone && w.users[at].handle != h.left: // it came back
	case h.gone:
		w.change(func() {
			delete(w.silent, h.user)
			w.users[at].fleet = nil
			w.fleets = slices.DeleteFunc(w.fleets, func(f *fleet) bool {
				return !slices.ContainsFunc(w.users, func(u user) bool { return u.fleet == f })
			})
		})
		if len(w.fleets) == 0 {
			delete(r.known, h.key)
		}
	case h.fresh:
		w.change(func() { delete(w.silent, h.user) })
	default:
		w.change(func() { w.silent[h.user] = true })
	}
}

// change changes what fleets count of a resource.
func (w *watched) change(f func()) {
	for _, fleet := range w.fleets {
		fleet.add(w, -1)
	}
	f()
	for _, fleet := range w.fleets {
		fleet.add(w, 1)
	}
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

// get gives what is known of a resource.
func (r *resources) get(key resourceKey) known {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.known[key]
	if w == nil {
		return known{}
	}
	return known{w.resource, w.err}
}

// users gives those that use a resource, by ID. They have one owner.
func (r *resources) users(key resourceKey) (list []ingest.Handle) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if w := r.known[key]; w != nil {
		for i := range w.users {
			list = append(list, w.users[i].handle)
		}
	}
	return list
}

// of gives a user, a new one when there is none.
func (w *watched) of(id foreshock.ID) *user {
	at, found := w.place(id)
	if !found {
		w.users = slices.Insert(w.users, at, user{id: id})
	}
	return &w.users[at]
}

func (w *watched) place(id foreshock.ID) (at int, found bool) {
	return slices.BinarySearchFunc(w.users, id, func(u user, id foreshock.ID) int { return cmp.Compare(u.id, id) })
}

// sum takes what a user states at a time, to count until another, and gives that of all users of the resource together that count; shared is false
// where no other does. Of the others that counts which they stated before, and until when is fixed by their own steps: so whose readings came first, who is asked
// after whom, and when the others heard that one has left, is all the same.
func (r *resources) sum(of *workload, a account, mine foreshock.Allocation, at, until time.Time) (all foreshock.Allocation, shared bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	w := r.known[of.key()]
	if w == nil {
		return mine, false
	}
	w.users = slices.DeleteFunc(w.users, func(u user) bool { return u.fleet == nil && at.Sub(u.until()) > newsKept })
	me := w.of(of.id)
	me.state(at, until, w.latest()).amounts[a] = mine
	for i := range w.users {
		s := &me.states[len(me.states)-1]
		if u := &w.users[i]; u.id != of.id {
			if s = u.before(at.Add(-me.behind(u))); s == nil || at.After(s.until) {
				continue
			}
			shared = true
		}
		for d := range foreshock.Dimension(foreshock.NumDimensions) {
			if x, ok := s.amounts[a].Get(d); ok {
				before, _ := all.Get(d)
				all.Set(d, before+x)
			}
		}
	}
	return all, shared
}

// behind is how much earlier than a user's own step the step of another ended of which all has come for certain.
func (u *user) behind(other *user) time.Duration {
	return min(u.about.Step, other.about.Step) + max(0, other.about.Lateness-u.about.Lateness)
}

// latest is how late the readings of a resource's users may come.
func (w *watched) latest() (most time.Duration) {
	for i := range w.users {
		most = max(most, w.users[i].about.Lateness)
	}
	return most
}

// state gives what the user states at a time, and forgets what nobody asks for any more where readings come so late.
func (u *user) state(at, until time.Time, late time.Duration) *statement {
	last := len(u.states) - 1
	if last < 0 || !u.states[last].at.Equal(at) {
		old := 0
		for old < last && !u.states[old+1].at.After(at.Add(-2*u.about.Step-late)) {
			old++
		}
		u.states = append(slices.Delete(u.states, 0, old), statement{at: at, until: until})
		last = len(u.states) - 1
	}
	return &u.states[last]
}

// before is what the user stated last at a time or before it, or nil.
func (u *user) before(at time.Time) *statement {
	for i := len(u.states) - 1; i >= 0; i-- {
		if !u.states[i].at.After(at) {
			return &u.states[i]
		}
	}
	return nil
}

// until is when the last that the user has stated counts no more; zero where it has stated nothing.
func (u *user) until() (at time.Time) {
	if last := len(u.states) - 1; last >= 0 {
		at = u.states[last].until
	}
	return at
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
	if gone := errors.Is(err, act.ErrNotFound); w != nil && gone != w.gone {
		w.change(func() { w.gone = gone })
	}
	switch {
	case w == nil:
	case err != nil:
		w.resource, w.err = nil, err.Error()
	default:
		w.resource, w.err = &found, ""
	}
}
