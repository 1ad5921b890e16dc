package aws

import (
	"fmt"
	"sync"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/act"
)

// memory is what was last read of each resource, so that Validate needs no call. Its zero value is empty. It is safe for concurrent use.
type memory[T any] struct {
	mu   sync.Mutex // guards read
	read map[string]T
}

func (m *memory[T]) put(resource string, x T) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.read == nil {
		m.read = map[string]T{}
	}
	m.read[resource] = x
}

func (m *memory[T]) get(resource string) (T, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	x, known := m.read[resource]
	return x, known
}

// keep leaves some of the changes that are allowed to emergencies.
func keep(kept int, b foreshock.Budget, action foreshock.Action) error {
	if !b.Limited || b.Left > kept || action.Emergency {
		return nil
	}
	return fmt.Errorf("%w: of the %d changes in %s only %d are left, which are kept for emergencies (setting kept)", act.ErrRule, b.Total, b.Window, b.Left)
}

// unchanged says that what there is now is what an action was decided upon, or else how it has changed.
func unchanged(has foreshock.Allocation, action foreshock.Action) error {
	for _, d := range action.To.Dimensions() {
		was, known := action.From.Get(d)
		if is, _ := has.Get(d); known && is != was {
			return fmt.Errorf("%w: %s has changed since, from %g to %g; nothing was sent", act.ErrRefused, d, was, is)
		}
	}
	return nil
}
