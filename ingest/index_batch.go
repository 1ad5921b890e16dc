package ingest

import (
	"context"
	"errors"
	"hash/maphash"
	"math"
	"slices"
	"time"
)

// Point is one sample of a series.
type Point struct {
	Value float64
	Time  int64 // Unix milliseconds
}

// StaleMarker are the bits of the NaN by which Prometheus says that a series ended.
const StaleMarker uint64 = 0x7ff0000000000002

// MostAhead is how far ahead of this clock the one may be by which something is dated; what is later than that is in the future.
const MostAhead = 5 * time.Minute

// pushSize is how many readings a batch gathers before it must be pushed.
const pushSize = 8192

// Batch makes readings of the samples of one request. It is used by one goroutine, from [Index.Batch] to Close.
type Batch struct {
	x        *Index
	latest   int64 // what is after it is in the future
	seen     uint32
	readings []Reading
	undo     []undo
	raw      []rawLabel
	labels   Labels
	key      []byte
	taken    int
	dropped  [len(dropReasons)]int
}

// undo is what a series held before a reading was made of it.
type undo struct {
	series *series
	hash   uint64
	value  float64
	time   int64
	made   int64 // the time that was set
	begun  bool
}

// dropReasons are the reasons that a batch counts.
var dropReasons = [...]Drop{
	DropNaN, DropNegative, DropAbsurd, DropFuture, DropDuplicate, DropOutOfOrder, DropReset,
	DropTooMany, DropBadID, DropMalformed, DropUnmapped, DropStale, DropTooLarge,
}

const (
	nan = iota
	negative
	absurd
	inFuture
	duplicate
	outOfOrder
	reset
	tooMany
	badID
	malformed
	unmapped
	stale
	tooLarge
)

// Batch begins a batch. Now is the clock by which samples are in the future.
func (x *Index) Batch(now time.Time) *Batch {
	b := x.batch.Get().(*Batch)
	b.latest, b.seen = now.Add(MostAhead).UnixMilli(), x.seconds()
	return b
}

// Close ends the batch: what was not pushed is undone, and what was dropped is counted with the source.
func (b *Batch) Close() {
	b.rollback()
	for i, n := range b.dropped {
		b.x.cfg.Drops.Add(b.x.cfg.About.Source, dropReasons[i], n)
	}
	b.taken, b.dropped = 0, [len(dropReasons)]int{}
	b.x.sweep(b.seen)
	clear(b.raw[:cap(b.raw)]) // they point into the request
	b.x.batch.Put(b)
}

// Add takes samples of the series with the key, in the order of their times. The key and the points may be used again.
func (b *Batch) Add(key []byte, points []Point) {
	s, e := b.lookup(key, len(points))
	if e == nil {
		return
	}
	defer s.mu.Unlock()
	m := &b.x.cfg.Rules.made[e.rule]
	for _, p := range points {
		b.observe(e, m, p, 0)
	}
}

// AddIncrement takes a sample that is not cumulative: what came in the span before its time. Where the rule is for no
// counter, it is a sample as any other.
func (b *Batch) AddIncrement(key []byte, p Point, span time.Duration) {
	s, e := b.lookup(key, 1)
	if e == nil {
		return
	}
	defer s.mu.Unlock()
	b.observe(e, &b.x.cfg.Rules.made[e.rule], p, max(span.Milliseconds(), 1))
}

// Drop counts samples that the source itself could not use.
func (b *Batch) Drop(why Drop, n int) { b.dropped[slices.Index(dropReasons[:], why)] += n }

// Dropped gives how many samples of the batch were dropped for the reason.
func (b *Batch) Dropped(why Drop) int { return b.dropped[slices.Index(dropReasons[:], why)] }

// Taken gives how many readings were made of the batch's samples.
func (b *Batch) Taken() int { return b.taken }

// Full says that the batch should be pushed before more is added.
func (b *Batch) Full() bool { return len(b.readings) >= pushSize }

// Push hands the readings made since the last Push over. After an error they are undone, so that the same samples
// can be sent again.
func (b *Batch) Push(ctx context.Context) error {
	if len(b.readings) > 0 {
		if err := b.x.cfg.Sink.Push(ctx, b.readings); err != nil {
			b.rollback()
			return err
		}
	}
	b.readings, b.undo = b.readings[:0], b.undo[:0]
	return nil
}

func (b *Batch) rollback() {
	for i := len(b.undo) - 1; i >= 0; i-- {
		u := &b.undo[i]
		s := b.x.shardOf(u.hash)
		s.mu.Lock()
		if e := u.series; e.hash == u.hash && e.time == u.made {
			e.value, e.time, e.begun = u.value, u.time, u.begun
		}
		s.mu.Unlock()
	}
	b.taken -= len(b.readings)
	b.readings, b.undo = b.readings[:0], b.undo[:0]
}

// lookup gives the series with its shard locked, or nil after n samples were counted as dropped.
func (b *Batch) lookup(key []byte, n int) (*shard, *series) {
	hash := maphash.Bytes(b.x.seed, key)
	s := b.x.shardOf(hash)
	s.mu.Lock()
	if e := s.find(hash, key); e != nil && b.x.holds(e) {
		e.seen = b.seen
		return s, e
	}
	s.mu.Unlock()
	sorted, why := b.parse(key)
	if !sorted && why < 0 {
		b.key = appendLabels(nil, b.raw).AppendKey(b.key[:0]) // the same labels are the same series
		return b.lookup(b.key, n)
	}
	var m Mapped
	var h Handle
	if why < 0 {
		m, h, why = b.admit(hash, key)
	}
	if why >= 0 {
		b.dropped[why] += n
		return nil, nil
	}
	s.mu.Lock()
	e := s.find(hash, key)
	if e == nil {
		if !b.x.reserve(len(key)) {
			s.mu.Unlock()
			b.dropped[tooMany] += n
			return nil, nil
		}
		e = s.insert(hash, key)
		e.rule = m.rule
	}
	e.handle, e.seen = h, b.seen
	return s, e
}

// holds says whether the sink still has the workload of a series.
func (x *Index) holds(e *series) bool { return x.holder == nil || x.holder.Holds(e.handle) }

// parse takes the key of a series that the index does not know apart. It answers why not, or -1.
func (b *Batch) parse(key []byte) (sorted bool, why int) {
	if len(key) > MaxKey {
		return false, tooLarge
	}
	var err error
	if b.raw, sorted, err = parseKey(b.raw[:0], key); err != nil {
		return false, malformed
	}
	return sorted, -1
}

// admit maps a series that was parsed, and registers its workload. It answers why not, or -1.
func (b *Batch) admit(hash uint64, key []byte) (Mapped, Handle, int) {
	if !b.x.cfg.Rules.Named(nameOf(b.raw)) {
		return Mapped{}, 0, unmapped
	}
	if why, known := b.x.no.find(hash, key); known {
		return Mapped{}, 0, [...]int{notMapped: unmapped, notNamed: badID}[why]
	}
	b.labels = appendLabels(b.labels[:0], b.raw)
	m, ok, err := b.x.cfg.Rules.Match(b.labels)
	switch {
	case !ok:
		b.x.no.add(hash, key, notMapped)
		return m, 0, unmapped
	case err != nil:
		b.x.no.add(hash, key, notNamed)
		return m, 0, badID
	}
	h, err := b.x.cfg.Sink.Register(m.ID, b.x.cfg.About)
	switch {
	case errors.Is(err, ErrTooMany):
		return m, 0, tooMany
	case err != nil:
		return m, 0, badID
	}
	return m, h, -1
}

// observe makes a reading of a sample. A span above 0 says that the sample is what came in it.
func (b *Batch) observe(e *series, m *Mapped, p Point, span int64) {
	switch {
	case math.Float64bits(p.Value) == StaleMarker:
		b.dropped[stale]++
	case math.IsNaN(p.Value) || math.IsInf(p.Value, 0):
		b.dropped[nan]++
	case p.Value < 0:
		b.dropped[negative]++
	case p.Time <= 0:
		b.dropped[malformed]++
	case p.Time > b.latest:
		b.dropped[inFuture]++
	case e.begun && p.Time == e.time:
		b.dropped[duplicate]++
	case e.begun && p.Time < e.time:
		b.dropped[outOfOrder]++
	case span > 0 && m.Counter:
		b.emit(e, m, p, p.Value, span)
	case m.Counter:
		b.rise(e, m, p)
	case m.Period > 0:
		b.integrate(e, m, p)
	default:
		b.emit(e, m, p, p.Value, 0)
	}
}

// rise makes an increment of a cumulative counter's sample.
func (b *Batch) rise(e *series, m *Mapped, p Point) {
	switch {
	case !b.follows(e, p):
		b.keep(e, p)
	case p.Value < e.value:
		b.dropped[reset]++
		b.keep(e, p)
	default:
		b.emit(e, m, p, p.Value-e.value, p.Time-e.time)
	}
}

// integrate makes an increment of a rate: it is taken to have held since the sample before.
func (b *Batch) integrate(e *series, m *Mapped, p Point) {
	if !b.follows(e, p) {
		b.keep(e, p)
		return
	}
	span := p.Time - e.time
	b.emit(e, m, p, p.Value*float64(span)/float64(m.Period.Milliseconds()), span)
}

// follows says whether a sample comes soon enough after another to tell an increment.
func (b *Batch) follows(e *series, p Point) bool {
	return e.begun && p.Time-e.time <= b.x.cfg.Limits.MaxGap.Milliseconds()
}

// emit makes a reading of the value, unless it is absurd, and keeps the sample as the series' last.
func (b *Batch) emit(e *series, m *Mapped, p Point, value float64, span int64) {
	value = value*m.Scale + 0 // no negative zero
	highest := highestOf[m.Field]
	if m.Field.Increment() {
		highest = highestRate(m.Field) * float64(span) / 1000
	}
	if value > highest {
		b.dropped[absurd]++
		if m.Counter {
			b.keep(e, p)
		}
		return
	}
	b.keep(e, p)
	b.taken++
	b.readings = append(b.readings, Reading{
		Value: value, Time: p.Time, Handle: e.handle, Span: uint32(min(span, math.MaxUint32)), Field: m.Field,
	})
}

func (b *Batch) keep(e *series, p Point) {
	b.undo = append(b.undo, undo{e, e.hash, e.value, e.time, p.Time, e.begun})
	e.value, e.time, e.begun = p.Value, p.Time, true
}
