package app

import (
	"sync"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
)

// history keeps the latest events in memory, for those who look. The journal has all of them.
type history struct {
	mu     sync.RWMutex // guards what follows
	ring   []foreshock.Event
	next   int
	undone map[uint64]struct{} // numbers of the events that were taken back
}

const historyKept = 20_000

func newHistory() *history { return &history{undone: map[uint64]struct{}{}} }

func (h *history) add(e *foreshock.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if e.Correction != nil && e.Correction.Undoes > 0 {
		h.undone[e.Correction.Undoes] = struct{}{}
	}
	if len(h.ring) < historyKept {
		h.ring = append(h.ring, *e)
		return
	}
	h.ring[h.next] = *e
	h.next = (h.next + 1) % historyKept
}

// list gives the latest events that q picks, the oldest first.
func (h *history) list(q api.Query) []foreshock.Event {
	h.mu.RLock()
	defer h.mu.RUnlock()
	found := []foreshock.Event{}
	for i := len(h.ring) - 1; i >= 0 && len(found) < q.Limit; i-- {
		e := &h.ring[(h.next+i)%len(h.ring)]
		if (q.Type == "" || e.Type == q.Type) && (q.Workload == "" || e.Workload() == q.Workload) && !e.Time.Before(q.Since) && (q.Before == 0 || e.Seq < q.Before) {
			found = append(found, *e)
		}
	}
	for i, j := 0, len(found)-1; i < j; i, j = i+1, j-1 {
		found[i], found[j] = found[j], found[i]
	}
	return found
}

// anomaly is the latest that is told of an anomaly, or nil.
func (h *history) anomaly(id foreshock.ID, anomaly string) *foreshock.Anomaly {
	if anomaly == "" {
		return nil
	}
	h.mu.RLock()
	defer h.mu.RUnlock()
	for i := len(h.ring) - 1; i >= 0; i-- {
		if a := h.ring[(h.next+i)%len(h.ring)].Anomaly; a != nil && a.Workload == id && a.ID == anomaly {
			return a
		}
	}
	return nil
}

// latest is what is told last of a workload's latest anomaly, or nil where that was before a time.
func (h *history) latest(id foreshock.ID, since time.Time) *foreshock.Anomaly {
	h.mu.RLock()
	defer h.mu.RUnlock()
	for i := len(h.ring) - 1; i >= 0; i-- {
		if a := h.ring[(h.next+i)%len(h.ring)].Anomaly; a != nil && a.Workload == id {
			if a.Time.Before(since) {
				return nil
			}
			return a
		}
	}
	return nil
}

// withdrawn says whether all that an opinion moved was taken back.
func (h *history) withdrawn(s *said) bool {
	h.mu.RLock()
	defer h.mu.RUnlock()
	back := false
	for i := range s.moved {
		if s.moved[i].Correction.Moved() {
			if _, back = h.undone[s.moved[i].Seq]; !back {
				return false
			}
		}
	}
	return back
}

// claim marks an event as taken back; it is false when it was already.
func (h *history) claim(seq uint64) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	if _, undone := h.undone[seq]; undone {
		return false
	}
	h.undone[seq] = struct{}{}
	return true
}

// unclaim takes the mark away: it could not be taken back.
func (h *history) unclaim(seq uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.undone, seq)
}
