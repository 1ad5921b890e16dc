package embedded

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/store"
)

// Options are a journal's settings. The zero value is ready for use.
type Options struct {
	Log *slog.Logger // nil: nothing is logged
	// SegmentBytes is the size from which on a new file is begun; 0 means 64 MiB.
	SegmentBytes int64
	// KeepBytes bounds the journal: above it the oldest files are removed, but none with an event of the last seven
	// days. 0 keeps everything.
	KeepBytes int64
}

func (o Options) withDefaults() Options {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.SegmentBytes <= 0 {
		o.SegmentBytes = 64 << 20
	}
	return o
}

// Journal is a store.Journal in segments of a folder. It is safe for concurrent use: the events of appenders that wait at the same time are
// written and synced together.
type Journal struct {
	options  Options
	disk     disk
	path     string // for messages
	readOnly bool
	lock     *lock // nil when someone else holds the folder

	writing  sync.Mutex // held by the appender that writes; guards the four below
	tail     file
	headFile file
	slot     int // of the head, to be written next
	buf      []byte

	mu       sync.Mutex // guards the rest
	segments []*segment // in order; the last is the one that grows
	last     uint64
	chain    chain
	waiting  []*batch
	broken   error // why nothing more is taken
	damage   error // what was found when the journal was opened
}

var _ store.Journal = (*Journal)(nil)

// Damaged says what is wrong with the journal, wrapping store.ErrDamaged, or nothing. A damaged journal can be read up to the damage
// and takes no events, so nothing may act until a person has looked at it.
func (j *Journal) Damaged() error {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.damage
}

// Last is the number of the last event, 0 when there is none.
func (j *Journal) Last() uint64 {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.last
}

// Append gives the events their numbers, writes and syncs them; when it returns nil they survive a power cut. Those of one
// call are kept or lost together. After an error they may have been kept or not, and their numbers are not set. A failed sync cannot be
// tried again: after one, and on a damaged journal, everything is refused.
func (j *Journal) Append(ctx context.Context, events ...*foreshock.Event) error {
	if err := ctx.Err(); err != nil || len(events) == 0 {
		return err
	}
	lines, err := encode(events)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	b, at, err := j.join(lines)
	if err != nil {
		return err
	}
	j.writing.Lock()
	defer j.writing.Unlock()
	for !b.settled {
		j.commit()
	}
	if b.err != nil {
		return b.err
	}
	for i, e := range events {
		e.Seq = b.first + uint64(at+i)
	}
	return nil
}

// batch is what is written together.
type batch struct {
	lines lines
	// Set by the writer:
	settled bool
	first   uint64
	err     error
}

// join adds the lines to a batch that waits, and says at which place.
func (j *Journal) join(l lines) (*batch, int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if err := j.refusal(); err != nil {
		return nil, 0, err
	}
	if n := len(j.waiting); n == 0 || j.waiting[n-1].lines.bytes+l.bytes > maxBody {
		j.waiting = append(j.waiting, new(batch))
	}
	b := j.waiting[len(j.waiting)-1]
	at := len(b.lines.list)
	b.lines.list = append(b.lines.list, l.list...)
	b.lines.bytes += l.bytes
	return b, at, nil
}

// refusal is why nothing is taken, or nil. The caller holds mu.
func (j *Journal) refusal() error {
	switch {
	case j.damage != nil:
		return fmt.Errorf("journal takes no events: %w", j.damage)
	case j.broken != nil:
		return fmt.Errorf("journal takes no events: %w", j.broken)
	case j.readOnly:
		return errors.New("journal takes no events: it was opened for reading")
	}
	return nil
}

// commit writes the first batch that waits. The caller holds writing.
func (j *Journal) commit() {
	j.mu.Lock()
	b, f := j.waiting[0], frame{first: j.last + 1}
	j.waiting = j.waiting[1:]
	err, before, grown := j.refusal(), j.chain, j.segments[len(j.segments)-1]
	j.mu.Unlock()

	b.settled, b.first = true, f.first
	if b.err = err; err != nil {
		return
	}
	f.count, f.body = uint32(len(b.lines.list)), b.lines.body(f.first)
	f.chain = before.next(f.first, f.count, f.body)
	if grown.end >= j.options.SegmentBytes {
		if grown, b.err = j.rotate(f.first, before); b.err != nil {
			return
		}
	}
	if b.err = j.write(grown, &f); b.err != nil {
		return
	}
	j.mu.Lock()
	grown.add(&f, before)
	j.last, j.chain = f.last(), f.chain
	j.mu.Unlock()
	j.writeHead(false)
}

// write puts a frame at the end of the segment, durably.
func (j *Journal) write(s *segment, f *frame) error {
	j.buf = f.appendTo(j.buf[:0])
	if _, err := j.tail.WriteAt(j.buf, s.end); err != nil {
		return j.takeBack(s, fmt.Errorf("journal %s: %w", s.name, err))
	}
	if err := j.tail.Sync(); err != nil {
		err = fmt.Errorf("journal %s: %w; whether the last events are on the disk is not known: check the disk and start again", s.name, err)
		j.fail(err)
		// What was not acknowledged should not be there after a restart, which reads the page cache, not the disk.
		_ = j.tail.Truncate(s.end)
		return err
	}
	if cap(j.buf) > 4<<20 {
		j.buf = nil
	}
	return nil
}

// takeBack removes what a failed write left, as when the disk is full. Where that works the journal goes on.
func (j *Journal) takeBack(s *segment, why error) error {
	err := j.tail.Truncate(s.end)
	if err == nil {
		err = j.tail.Sync()
	}
	if err != nil {
		j.fail(errors.Join(why, err))
	}
	return why
}

func (j *Journal) fail(err error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if j.broken == nil {
		j.broken = err
	}
}

// rotate begins a new segment. When there is no room for one, the old one goes on being the last.
func (j *Journal) rotate(first uint64, before chain) (*segment, error) {
	j.writeHead(true)
	s, f, err := makeSegment(j.disk, first, before)
	if err != nil {
		return nil, fmt.Errorf("journal: begin %s: %w", segmentName(first), err)
	}
	if err := nameSegment(j.disk, s, f); err != nil {
		err = errors.Join(fmt.Errorf("journal: begin %s: %w", s.name, err), f.Close())
		j.fail(err) // there may now be a segment that the next frame does not go to
		return nil, err
	}
	_ = j.tail.Close() // all of it is synced
	j.tail = f
	j.mu.Lock()
	j.segments = append(j.segments, s)
	j.mu.Unlock()
	j.retain()
	return s, nil
}

// makeSegment makes an empty segment, still without its name.
func makeSegment(d disk, first uint64, before chain) (*segment, file, error) {
	s := &segment{name: segmentName(first), first: first, end: segmentHeader}
	f, err := d.create(s.name + halfMade)
	if err != nil {
		return nil, nil, err
	}
	if _, err := f.WriteAt(encodeSegmentHeader(first, before), 0); err != nil {
		return nil, nil, errors.Join(err, f.Close(), d.remove(s.name+halfMade))
	}
	return s, f, nil
}

// nameSegment gives a segment its name, so that after a power cut it is there whole or not at all.
func nameSegment(d disk, s *segment, f file) error {
	if err := f.Sync(); err != nil {
		return err
	}
	if err := d.rename(s.name+halfMade, s.name); err != nil {
		return err
	}
	return d.syncFolder()
}

// writeHead notes how far the journal has come. It is a help in telling crashes from damage; that it fails changes nothing.
func (j *Journal) writeHead(sync bool) {
	j.mu.Lock()
	h := head{oldest: j.segments[0].first, last: j.last, chain: j.chain}
	j.mu.Unlock()
	if err := j.putHead(h, sync); err != nil {
		j.options.Log.Warn("journal's head not written", "err", err)
	}
}

func (j *Journal) putHead(h head, sync bool) error {
	if _, err := j.headFile.WriteAt(h.encode(), int64(j.slot*headApart)); err != nil {
		return err
	}
	j.slot = 1 - j.slot
	if sync {
		return j.headFile.Sync()
	}
	return nil
}

// Close syncs what is left and gives the folder back. No call may follow.
func (j *Journal) Close() error {
	j.writing.Lock()
	defer j.writing.Unlock()
	var errs []error
	if j.tail != nil {
		if j.broken == nil {
			j.writeHead(true)
		}
		errs = append(errs, j.tail.Close())
	}
	if j.headFile != nil {
		errs = append(errs, j.headFile.Close())
	}
	if j.lock != nil {
		errs = append(errs, j.lock.release())
	}
	j.tail, j.headFile, j.lock = nil, nil, nil
	j.fail(errors.New("it is closed"))
	return errors.Join(errs...)
}
