package pipeline

import (
	"cmp"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
)

// news is what owners tell each other of their workloads. It is heard in the order of the data's time and, at one time, of the workloads,
// and only when nothing of that time can still come: so what an owner knows does not depend on which of them came first.
type news[T any] struct {
	items []item[T] // not heard yet
	next  time.Time // of the first of them
}

type item[T any] struct {
	at   time.Time // of the data that it was seen in
	from foreshock.ID
	what T
}

func (n *news[T]) tell(at time.Time, from foreshock.ID, what T) {
	if len(n.items) == 0 || at.Before(n.next) {
		n.next = at
	}
	n.items = append(n.items, item[T]{at, from, what})
}

// hear takes what is older than a time.
func (n *news[T]) hear(before time.Time, take func(T)) {
	if len(n.items) == 0 || !n.next.Before(before) {
		return
	}
	slices.SortStableFunc(n.items, func(a, b item[T]) int { return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.from, b.from)) })
	heard := 0
	for heard < len(n.items) && n.items[heard].at.Before(before) {
		take(n.items[heard].what)
		heard++
	}
	n.items = slices.Delete(n.items, 0, heard)
	if len(n.items) > 0 {
		n.next = n.items[0].at
	}
}
