package pipeline

import (
	"sync"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/decide"
)

// turns say who goes first where more resources are to be changed than the fleet's limits allow at a time: what presses hardest, and of that what has waited longest.
// Whatever presses less goes first once it has waited so much longer, so that nothing waits for ever.
type turns struct {
	mu      sync.Mutex // guards waiting
	waiting map[foreshock.ID]turn
}

// turn is that of one workload. All times are those of the data.
type turn struct {
	resource resourceKey
	rank     time.Time // the earlier, the sooner
	since    time.Time // it waits
	until    time.Time // it counts, where nothing more is heard of it
	limits   decide.Limits
}

// perUrgency is how much longer what presses less must have waited to go first.
const perUrgency = 30 * time.Minute

// ahead counts those that go before a workload, as many as matter. Who begins to wait at the same time does not.
func (t *turns) ahead(w *workload, s *decide.State) (n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.waiting) == 0 {
		return 0
	}
	since := s.Now
	if mine, waits := t.waiting[w.id]; waits {
		since = mine.since
	}
	rank, limits := rankOf(since, s), &w.policy.Limits
	for id, other := range t.waiting {
		switch {
		case other.resource == w.key() || !alike(limits, &other.limits) || !other.since.Before(s.Now):
		case s.Now.After(other.until):
			delete(t.waiting, id)
		case other.rank.Before(rank) || other.rank.Equal(rank) && id < w.id:
			if n++; n >= max(limits.AtOnce, limits.PerHour, mostAhead) {
				return n
			}
		}
	}
	return n
}

// mostAhead is as many as any limit that is not stated allows in an hour, or more.
const mostAhead = 1000

func rankOf(since time.Time, s *decide.State) time.Time {
	return since.Add(-time.Duration(decide.Urgency(s)) * perUrgency)
}

// alike says whether two policies allow the same, so that each of their workloads could take the place that the other leaves.
func alike(a, b *decide.Limits) bool {
	return a.AtOnce == b.AtOnce && a.PerHour == b.PerHour && a.PerDay == b.PerDay
}

// wait has a workload wait its turn. It counts for two steps.
func (t *turns) wait(w *workload, s *decide.State) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.waiting == nil {
		t.waiting = map[foreshock.ID]turn{}
	}
	mine, waits := t.waiting[w.id]
	if !waits || s.Now.After(mine.until) {
		mine.since = s.Now
	}
	t.waiting[w.id] = turn{w.key(), rankOf(mine.since, s), mine.since, s.Now.Add(2 * w.profile.Length), w.policy.Limits}
}

// done has a workload wait no more.
func (t *turns) done(id foreshock.ID) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.waiting, id)
}
