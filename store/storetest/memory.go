package storetest

import (
	"bytes"
	"context"
	"sync"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/store"
)

// Memory keeps profiles in memory, for tests of what uses a store. Make one with NewMemory.
type Memory struct {
	mu sync.Mutex // guards by
	by map[foreshock.ID][]byte
}

// NewMemory returns a store that has so many entries.
func NewMemory(entries ...store.Entry) *Memory {
	m := &Memory{by: map[foreshock.ID][]byte{}}
	for _, e := range entries {
		m.by[e.ID] = bytes.Clone(e.Value)
	}
	return m
}

// Entries gives all that it has, in no order.
func (m *Memory) Entries() (all []store.Entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for id, value := range m.by {
		all = append(all, store.Entry{ID: id, Value: bytes.Clone(value)})
	}
	return all
}

// Get implements [store.Profiles].
func (m *Memory) Get(ctx context.Context, ids []foreshock.ID) (map[foreshock.ID][]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	found := map[foreshock.ID][]byte{}
	for _, id := range ids {
		if value, ok := m.by[id]; ok {
			found[id] = bytes.Clone(value)
		}
	}
	return found, ctx.Err()
}

// Put implements [store.Profiles].
func (m *Memory) Put(ctx context.Context, batch []store.Entry) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := 0; i < len(batch) && ctx.Err() == nil; i++ {
		m.by[batch[i].ID] = bytes.Clone(batch[i].Value)
	}
	return ctx.Err()
}

// Delete implements [store.Profiles].
func (m *Memory) Delete(ctx context.Context, ids []foreshock.ID) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := 0; i < len(ids) && ctx.Err() == nil; i++ {
		delete(m.by, ids[i])
	}
	return ctx.Err()
}

// Range implements [store.Profiles].
func (m *Memory) Range(ctx context.Context, f func(store.Entry) error) error {
	for _, e := range m.Entries() {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f(e); err != nil {
			return err
		}
	}
	return ctx.Err()
}

// Close implements [store.Profiles].
func (m *Memory) Close() error { return nil }
