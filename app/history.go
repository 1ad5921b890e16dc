package app

import (
	"sync"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
)

// history keeps the latest events in memory, for those who look. The journal has all of them.
type history struct {
	mu   sync.RWMutex // guards what follows
	ring []foreshock.Event
	next int
}

const historyKept = 20_000

func newHistory() *history { return &history{} }

func (h *history) add(e *foreshock.Event) {
	h.mu.Lock()
	defer h.mu.Unlock()
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
		if (q.Type == "" || e.Type == q.Type) && (q.Workload == "" || e.Workload() == q.Workload) && !e.Time.Before(q.Since) {
			found = append(found, *e)
		}
	}
	for i, j := 0, len(found)-1; i < j; i, j = i+1, j-1 {
		found[i], found[j] = found[j], found[i]
	}
	return found
}
