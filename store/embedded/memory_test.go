package embedded

import (
	"errors"
	"io"
	"io/fs"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
)

// memory is a strict disk for tests: at a crash it forgets, in all the ways a real one may, what was not synced. It
// counts what changes it, and fails everything from a given change on, as if the power had gone.
type memory struct {
	mu      sync.Mutex
	names   map[string]*inode
	durable map[string]*inode // the names that survive a crash for certain
	changes []change          // of names, since the last sync of the folder

	count  int
	stopAt int   // the change at which the power goes; 0 is never
	full   int64 // bytes that fit into one file; 0 is no bound
	syncs  error // what syncs answer
}

// inode is a file's content.
type inode struct {
	now     []byte
	durable []byte
	changes []edit // since the last sync
}

// edit is a write, or a truncation where data is nil.
type edit struct {
	at   int64
	data []byte
}

// change is a new name, a rename or a removal.
type change struct {
	from, to string
	node     *inode
}

var (
	errPower = errors.New("the power is gone")
	errFull  = errors.New("no space left on device")
)

func newMemory() *memory {
	return &memory{names: map[string]*inode{}, durable: map[string]*inode{}}
}

// step counts a change; false means that the power went at this one, so that it may or may not come to pass.
func (m *memory) step() error {
	m.count++
	if m.stopAt > 0 && m.count > m.stopAt {
		return errPower
	}
	return nil
}

// last says whether the power goes while the change that was just counted is under way.
func (m *memory) last() error {
	if m.stopAt > 0 && m.count == m.stopAt {
		return errPower
	}
	return nil
}

func (m *memory) list() ([]string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Sorted(maps.Keys(m.names)), nil
}

func (m *memory) create(name string) (file, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.step(); err != nil {
		return nil, err
	}
	n := &inode{}
	m.names[name] = n
	m.changes = append(m.changes, change{to: name, node: n})
	return &handle{m, n}, m.last()
}

func (m *memory) open(name string, _ bool) (file, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	n, ok := m.names[name]
	if !ok {
		return nil, fs.ErrNotExist
	}
	return &handle{m, n}, nil
}

func (m *memory) rename(from, to string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.step(); err != nil {
		return err
	}
	n, ok := m.names[from]
	if !ok {
		return fs.ErrNotExist
	}
	delete(m.names, from)
	m.names[to] = n
	m.changes = append(m.changes, change{from, to, n})
	return m.last()
}

func (m *memory) remove(name string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := m.step(); err != nil {
		return err
	}
	delete(m.names, name)
	m.changes = append(m.changes, change{from: name})
	return m.last()
}

func (m *memory) syncFolder() error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := errors.Join(m.step(), m.last(), m.syncs); err != nil {
		return err
	}
	m.durable, m.changes = maps.Clone(m.names), nil
	return nil
}

// handle is an open file.
type handle struct {
	m *memory
	*inode
}

func (h *handle) ReadAt(b []byte, at int64) (int, error) {
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	if at >= int64(len(h.now)) {
		return 0, io.EOF
	}
	n := copy(b, h.now[at:])
	if n < len(b) {
		return n, io.EOF
	}
	return n, nil
}

func (h *handle) WriteAt(b []byte, at int64) (int, error) {
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	if err := h.m.step(); err != nil {
		return 0, err
	}
	var err error
	if h.m.full > 0 && at+int64(len(b)) > h.m.full {
		b, err = b[:max(0, h.m.full-at)], errFull
	}
	e := edit{at, slices.Clone(b)}
	h.now = e.apply(h.now)
	h.changes = append(h.changes, e)
	return len(b), errors.Join(err, h.m.last())
}

func (h *handle) Truncate(size int64) error {
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	if err := h.m.step(); err != nil {
		return err
	}
	e := edit{at: size}
	h.now = e.apply(h.now)
	h.changes = append(h.changes, e)
	return h.m.last()
}

func (h *handle) Sync() error {
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	if err := errors.Join(h.m.step(), h.m.last(), h.m.syncs); err != nil {
		return err
	}
	h.durable, h.changes = slices.Clone(h.now), nil
	return nil
}

func (h *handle) Size() (int64, error) {
	h.m.mu.Lock()
	defer h.m.mu.Unlock()
	return int64(len(h.now)), nil
}

func (h *handle) Close() error { return nil }

// apply does the edit on a copy of the content.
func (e edit) apply(to []byte) []byte {
	to = slices.Clone(to)
	end := int(e.at) + len(e.data)
	if e.data == nil {
		return append(to, make([]byte, max(0, end-len(to)))...)[:end]
	}
	to = append(to, make([]byte, max(0, end-len(to)))...)
	copy(to[e.at:], e.data)
	return to
}

// remains is one way in which a disk may come back: what becomes of the changes of names that were not synced, and
// of a file's content.
type remains struct {
	names func([]change) []change
	bytes func(*inode) []byte
}

// after makes the disk that is found after a crash.
func (m *memory) after(r remains) *memory {
	names := maps.Clone(m.durable)
	for _, c := range r.names(m.changes) {
		if c.from != "" && c.node != nil && names[c.from] != c.node {
			continue // the name it comes from did not survive
		}
		delete(names, c.from)
		if c.node != nil {
			names[c.to] = c.node
		}
	}
	found := newMemory()
	for name, n := range names {
		b := r.bytes(n)
		found.names[name] = &inode{now: b, durable: b}
	}
	found.durable = maps.Clone(found.names)
	return found
}

// copied gives a disk with the same files, all of them synced.
func (m *memory) copied() *memory {
	c := newMemory()
	for name, n := range m.names {
		b := slices.Clone(n.now)
		c.names[name] = &inode{now: b, durable: b}
	}
	c.durable = maps.Clone(c.names)
	return c
}

func allNames(c []change) []change { return c }
func noNames([]change) []change    { return nil }

// someNames keeps any of the changes.
func someNames(rng *rand.Rand) func([]change) []change {
	return func(all []change) (some []change) {
		for _, c := range all {
			if rng.IntN(2) == 0 {
				some = append(some, c)
			}
		}
		return some
	}
}

func synced(n *inode) []byte { return n.durable }
func cached(n *inode) []byte { return n.now }

// torn keeps the edits up to the last, and of that the first bytes.
func torn(keep int) func(*inode) []byte {
	return func(n *inode) []byte {
		b := n.durable
		for i, e := range n.changes {
			if i == len(n.changes)-1 && e.data != nil {
				e.data = e.data[:min(keep, len(e.data))]
			}
			b = e.apply(b)
		}
		return b
	}
}

// sectors keeps any of the sectors that changed, with the old or the new size; a sector that is not kept is as it was,
// or zero where nothing was.
func sectors(rng *rand.Rand) func(*inode) []byte {
	return func(n *inode) []byte {
		const size = 64 // small, so that a frame has several
		if len(n.changes) == 0 {
			return n.durable
		}
		b := slices.Clone(n.now)
		for at := 0; at < len(b); at += size {
			if rng.IntN(2) == 0 {
				continue
			}
			for i := at; i < min(at+size, len(b)); i++ {
				b[i] = 0
				if i < len(n.durable) {
					b[i] = n.durable[i]
				}
			}
		}
		if len(b) < len(n.durable) && rng.IntN(2) == 0 {
			b = append(b, n.durable[len(b):]...)
		} else if len(b) > len(n.durable) && rng.IntN(2) == 0 {
			b = b[:len(n.durable)+rng.IntN(len(b)-len(n.durable))]
		}
		return b
	}
}
