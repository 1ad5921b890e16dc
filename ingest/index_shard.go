package ingest

import (
	"bytes"
	"sync"
)

// series is what the index remembers of one mapped series: 48 bytes beside its key.
type series struct {
	hash   uint64
	value  float64 // the last
	time   int64   // of the last value, Unix milliseconds
	handle Handle
	at     uint32 // where its key is in the arena
	size   uint32 // of its key
	seen   uint32 // seconds since the index began
	rule   uint16
	used   bool // this place holds a series
	begun  bool // there is a last value
}

const (
	shardBits = 6
	pageBits  = 7
	page      = 1 << pageBits
)

// shard is a part of the index: an open-addressed table of places in pages that never move.
type shard struct {
	mu    sync.Mutex
	table []slot
	pages []*[page]series
	free  []uint32 // places in pages
	count int
	keys  arena
	_     [64]byte // keeps neighbours' locks in cache lines of their own
}

// slot points to a series; place 0 of a slot means that it is empty.
type slot struct{ tag, place uint32 }

func tagOf(hash uint64) uint32 { return uint32(hash >> 26) }

func (s *shard) series(place uint32) *series {
	return &s.pages[(place-1)>>pageBits][(place-1)&(page-1)]
}

// find gives the series with the key: equal hashes are not enough.
func (s *shard) find(hash uint64, key []byte) *series {
	if len(s.table) == 0 {
		return nil
	}
	mask, tag := uint64(len(s.table)-1), tagOf(hash)
	for i := hash & mask; s.table[i].place != 0; i = (i + 1) & mask {
		if s.table[i].tag != tag {
			continue
		}
		if e := s.series(s.table[i].place); e.hash == hash && bytes.Equal(s.keys.get(e.at, e.size), key) {
			return e
		}
	}
	return nil
}

// insert adds a series that is not there yet.
func (s *shard) insert(hash uint64, key []byte) *series {
	if (s.count+1)*8 > len(s.table)*7 {
		s.grow()
	}
	if len(s.free) == 0 {
		first := uint32(len(s.pages))<<pageBits + 1
		s.pages = append(s.pages, new([page]series))
		for i := range uint32(page) {
			s.free = append(s.free, first+page-1-i)
		}
	}
	place := s.free[len(s.free)-1]
	s.free = s.free[:len(s.free)-1]
	e := s.series(place)
	*e = series{hash: hash, used: true, at: s.keys.put(key), size: uint32(len(key))}
	s.place(hash, place)
	s.count++
	return e
}

func (s *shard) place(hash uint64, place uint32) {
	mask := uint64(len(s.table) - 1)
	i := hash & mask
	for s.table[i].place != 0 {
		i = (i + 1) & mask
	}
	s.table[i] = slot{tagOf(hash), place}
}

func (s *shard) grow() {
	old := s.table
	s.table = make([]slot, max(16, 2*len(old)))
	for _, sl := range old {
		if sl.place != 0 {
			s.place(s.series(sl.place).hash, sl.place)
		}
	}
}

// evict takes out the series unseen since the given second, and gives how many and the bytes of their keys.
func (s *shard) evict(since uint32) (gone, size int) {
	for p, entries := range s.pages {
		for i := range entries {
			if e := &entries[i]; e.used && e.seen < since {
				gone, size = gone+1, size+int(e.size)
				s.remove(e, uint32(p<<pageBits+i+1))
			}
		}
	}
	if s.keys.wasteful() {
		s.compact()
	}
	return gone, size
}

func (s *shard) remove(e *series, place uint32) {
	mask := uint64(len(s.table) - 1)
	i := e.hash & mask
	for s.table[i].place != place {
		i = (i + 1) & mask
	}
	s.close(i, mask)
	s.keys.drop(e.size)
	*e = series{}
	s.free = append(s.free, place)
	s.count--
}

// close empties slot i and moves what stands behind it forward, so that no probe ends early (Knuth, TAOCP 3, 6.4 R).
func (s *shard) close(i, mask uint64) {
	for j := (i + 1) & mask; s.table[j].place != 0; j = (j + 1) & mask {
		home := s.series(s.table[j].place).hash & mask
		if (j-home)&mask >= (j-i)&mask {
			s.table[i], i = s.table[j], j
		}
	}
	s.table[i] = slot{}
}

func (s *shard) compact() {
	var keys arena
	for _, entries := range s.pages {
		for i := range entries {
			if e := &entries[i]; e.used {
				e.at = keys.put(s.keys.get(e.at, e.size))
			}
		}
	}
	s.keys = keys
}

// arena holds keys in chunks without pointers, which the garbage collector need not look through.
type arena struct {
	chunks [][]byte
	live   int // bytes in use
	total  int // bytes handed out since the last compaction
}

const (
	chunkBits = 16
)

func (a *arena) get(at, size uint32) []byte {
	return a.chunks[at>>chunkBits][at&(1<<chunkBits-1):][:size]
}

func (a *arena) put(key []byte) uint32 {
	last := len(a.chunks) - 1
	if last < 0 || len(a.chunks[last])+len(key) > cap(a.chunks[last]) {
		// The first chunks are small: there are many arenas.
		size := min(1<<chunkBits, 1<<12<<min(len(a.chunks), 4))
		a.chunks = append(a.chunks, make([]byte, 0, max(size, len(key))))
		last++
	}
	c := a.chunks[last]
	at := uint32(last)<<chunkBits | uint32(len(c))
	a.chunks[last] = append(c, key...)
	a.live += len(key)
	a.total += len(key)
	return at
}

func (a *arena) drop(size uint32) { a.live -= int(size) }

func (a *arena) wasteful() bool { return a.total > 2*a.live+1<<chunkBits }
