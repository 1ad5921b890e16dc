package ingest

import (
	"sort"
	"sync"
	"sync/atomic"
)

// Drop is why a reading was not taken.
type Drop string

// The reasons for dropping.
const (
	DropNaN        Drop = "nan"          // not a number, or infinite
	DropNegative   Drop = "negative"     // below zero
	DropAbsurd     Drop = "absurd"       // above any disk's bounds
	DropLate       Drop = "late"         // its step is closed
	DropFuture     Drop = "future"       // more than five minutes ahead of the clock
	DropDuplicate  Drop = "duplicate"    // read already
	DropKnown      Drop = "known"        // its step was learned before a restart
	DropGone       Drop = "gone"         // its workload left, and not just now; the next reading brings it back
	DropOutOfOrder Drop = "out_of_order" // a counter's reading older than its last
	DropReset      Drop = "reset"        // a counter that began again
	DropTooMany    Drop = "too_many"     // above the bound on workloads or series
	DropBadID      Drop = "bad_id"       // no valid identifier could be made
	DropMalformed  Drop = "malformed"    // could not be decoded
	DropUnmapped   Drop = "unmapped"     // no rule maps it to a metric
	DropStale      Drop = "stale_marker" // the series ended
	DropTooLarge   Drop = "too_large"    // above the bound on size
)

// Drops counts what was dropped, by source and reason. The zero value is ready; safe for concurrent use.
type Drops struct {
	counts sync.Map // dropKey to *atomic.Int64
}

type dropKey struct {
	source string
	reason Drop
}

// Add counts n readings of the source dropped for the reason.
func (d *Drops) Add(source string, reason Drop, n int) {
	if d == nil || n == 0 {
		return
	}
	d.counter(source, reason).Add(int64(n))
}

func (d *Drops) counter(source string, reason Drop) *atomic.Int64 {
	key := dropKey{source, reason}
	c, ok := d.counts.Load(key)
	if !ok {
		c, _ = d.counts.LoadOrStore(key, new(atomic.Int64))
	}
	return c.(*atomic.Int64)
}

// Dropped is one count.
type Dropped struct {
	Source string `json:"source"`
	Reason Drop   `json:"reason"`
	Count  int64  `json:"count"`
}

// List gives the counts, ordered by source and reason.
func (d *Drops) List() []Dropped {
	list := []Dropped{}
	d.counts.Range(func(k, v any) bool {
		key := k.(dropKey)
		list = append(list, Dropped{key.source, key.reason, v.(*atomic.Int64).Load()})
		return true
	})
	sort.Slice(list, func(i, j int) bool {
		if list[i].Source != list[j].Source {
			return list[i].Source < list[j].Source
		}
		return list[i].Reason < list[j].Reason
	})
	return list
}
