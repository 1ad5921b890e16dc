package embedded

import (
	"context"
	"errors"
	"time"

	"github.com/foreshock-io/foreshock"
)

// keepAtLeast is for how long events are kept whatever the bound on the size: effects are judged, and budgets and caps counted, from them.
const keepAtLeast = 7 * 24 * time.Hour

// retain removes the oldest segments while the journal is above its bound. The caller holds writing.
func (j *Journal) retain() {
	for j.options.KeepBytes > 0 {
		j.mu.Lock()
		var total int64
		for _, s := range j.segments {
			total += s.end
		}
		oldest, rest := j.segments[0], j.segments[1:]
		h := head{last: j.last, chain: j.chain}
		j.mu.Unlock()
		if len(rest) == 0 || total <= j.options.KeepBytes || !j.oldEnough(oldest, rest[0].first-1) {
			return
		}
		// The head goes first: after a crash in between, the file is one that may be there or not.
		h.oldest = rest[0].first
		if err := j.putHead(h, true); err != nil {
			j.options.Log.Warn("old part of the journal not removed", "file", oldest.name, "err", err)
			return
		}
		j.mu.Lock()
		j.segments = rest
		j.mu.Unlock()
		// Synced one by one: of two that are removed, the older one never stays alone.
		if err := errors.Join(j.disk.remove(oldest.name), j.disk.syncFolder()); err != nil {
			j.options.Log.Warn("old part of the journal not removed", "file", oldest.name, "err", err)
			return
		}
		j.options.Log.Info("old part of the journal removed", "file", oldest.name, "bytes", oldest.end)
	}
}

// oldEnough says whether the segment's last event may go.
func (j *Journal) oldEnough(s *segment, last uint64) bool {
	old := false
	err := j.readPart(context.Background(), part{s.name, s.near(last), s.end}, last, func(e *foreshock.Event) error {
		old = time.Since(e.Time) > keepAtLeast
		return nil
	})
	return err == nil && old
}
