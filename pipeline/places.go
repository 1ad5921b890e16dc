package pipeline

import (
	"sync"
	"sync/atomic"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
)

// places say where each workload is held. A place is a slot of an owner. One that is left is given to another workload, and its handle says how often it
// was left before: so what is pushed for a workload that has left is never taken for that of another.
type places struct {
	owners int
	left   atomic.Pointer[[]atomic.Uint32] // how often each place was left; replaced when there are more

	mu   sync.RWMutex // guards what follows, and changes of left
	ids  map[foreshock.ID]ingest.Handle
	free [][]int // slots that were left, by owner
	next []int   // the slot after all that were ever taken, by owner
}

func (p *places) init(owners int) {
	p.owners, p.ids = owners, map[foreshock.ID]ingest.Handle{}
	p.free, p.next = make([][]int, owners), make([]int, owners)
	p.left.Store(new([]atomic.Uint32))
}

// placeOf is where a handle points to: the number of the slot times that of owners, and the owner.
func placeOf(h ingest.Handle) int { return int(uint32(h)) } //nolint:gosec // the lower half

func (p *places) shard(h ingest.Handle) int { return placeOf(h) % p.owners }
func (p *places) slot(h ingest.Handle) int  { return placeOf(h) / p.owners }

// find gives the handle of a workload.
func (p *places) find(id foreshock.ID) (h ingest.Handle, known bool) {
	p.mu.RLock()
	defer p.mu.RUnlock()
	h, known = p.ids[id]
	return h, known
}

// count is how many workloads are held.
func (p *places) count() int {
	p.mu.RLock()
	defer p.mu.RUnlock()
	return len(p.ids)
}

// take gives the handle of a place of an owner that is free: of the first that was left, or of a new one.
func (p *places) take(shard int) ingest.Handle {
	p.mu.Lock()
	defer p.mu.Unlock()
	var slot int
	if n := len(p.free[shard]); n > 0 {
		slot, p.free[shard] = p.free[shard][n-1], p.free[shard][:n-1]
	} else {
		slot = p.next[shard]
		p.next[shard]++
	}
	place := slot*p.owners + shard
	left := *p.left.Load()
	if place >= len(left) {
		more := make([]atomic.Uint32, max(64, 2*(place+1)))
		for i := range left {
			more[i].Store(left[i].Load())
		}
		p.left.Store(&more)
		left = more
	}
	return ingest.Handle(left[place].Load())<<32 | ingest.Handle(place) //nolint:gosec // not negative
}

// enter makes a workload known. Its owner has it by then: whoever finds the id may ask the owner about it.
func (p *places) enter(id foreshock.ID, h ingest.Handle) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ids[id] = h
}

// leave makes a workload unknown, and its place free.
func (p *places) leave(id foreshock.ID, h ingest.Handle) {
	p.mu.Lock()
	defer p.mu.Unlock()
	delete(p.ids, id)
	(*p.left.Load())[placeOf(h)].Add(1)
	shard := p.shard(h)
	p.free[shard] = append(p.free[shard], p.slot(h))
}

// Holds says whether a handle is good still. It is asked for each sample.
func (p *places) Holds(h ingest.Handle) bool {
	left, place := *p.left.Load(), placeOf(h)
	return place < len(left) && left[place].Load() == uint32(h>>32) //nolint:gosec // the upper half
}
