package rehearse

import (
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/fxamacker/cbor/v2"
)

// Version is that of the encoding. A program reads only its own.
const Version = 1

// ErrVersion says that another version of the program has written the snapshot.
var ErrVersion = errors.New("rehearsal was written by another version")

// record is a rehearsal as it is stored: CBOR (RFC 8949), deflated (RFC 1951) behind two bytes with the version. The forest is not in it: it is grown
// again from the needs. Series are by minute, oldest first.
type record struct {
	Rules   uint64 // fingerprint of those that Trials are of
	Terms   Terms
	Minutes int
	End     int64  // of the last minute, seconds of Unix
	Needs   []byte // float32, little-endian; the first bytes of all, then the second ones …: that deflates better
	Scores  []byte // the same
	Apart   []byte `cbor:",omitempty"` // deviations, those of latency first; none in what was written before there were any
	Marks   []byte
	Sum     float64 // of the needs up to the first that is here
	Pending pendingRecord
	Trials  []trialRecord
	Queues  []queueRecord `cbor:",omitempty"` // of the rules whose requests wait
	Plans   [][3]float64  // wish, from, to
	Lowest  int           // rung of the plans
	Growths growths
	Ahead   float64
	Grown   int
	Knows   int
}

type pendingRecord struct {
	Need, Score, Expected float64
	Known, Hidden         bool
	Apart                 deviations `cbor:",omitempty"`
}

type trialRecord struct {
	_      struct{} `cbor:",toarray"`
	Wish   float64
	Past   []float64
	Cost   []float64
	Weight float64
	Held   [][3]float64 // amount, before, since
	Wanted []float64
}

type queueRecord struct {
	_     struct{} `cbor:",toarray"`
	Rule  int
	Waits []float64
}

// mostBytes bounds what a snapshot inflates to.
const mostBytes = 4 << 20

var decoding = func() cbor.DecMode {
	dec, err := cbor.DecOptions{
		DupMapKey: cbor.DupMapKeyEnforcedAPF, IndefLength: cbor.IndefLengthForbidden, MaxNestedLevels: 8, MaxArrayElements: kept, MaxMapPairs: 64,
	}.DecMode()
	if err != nil {
		panic(err) // the options are constants
	}
	return dec
}()

// fingerprint tells sets of rules apart.
func (s *signals) fingerprint() uint64 {
	return xxhash.Sum64String(fmt.Sprintf("%q %v %v %d", s.names, s.multiples, s.scarce, s.every))
}

// Encode writes a rehearsal. Decode gives it back so that it goes on as if nothing had happened.
func (r *Rehearsal) Encode() ([]byte, error) {
	var out bytes.Buffer
	out.Write(binary.LittleEndian.AppendUint16(nil, Version))
	w, err := flate.NewWriter(&out, flate.BestSpeed)
	if err != nil {
		return nil, err
	}
	c := r.record()
	if err := c.valid(); err != nil {
		return nil, fmt.Errorf("encode rehearsal: %w", err)
	}
	if err := errors.Join(cbor.NewEncoder(w).Encode(c), w.Close()); err != nil {
		return nil, fmt.Errorf("encode rehearsal: %w", err)
	}
	return out.Bytes(), nil
}

func (r *Rehearsal) record() *record {
	h := &r.past
	first := h.oldest()
	c := &record{
		Rules: r.signals.fingerprint(), Terms: r.terms, Minutes: h.n, End: r.end.Unix(), Sum: h.sums[first%kept/block],
		Pending: pendingRecord{r.pending.need, r.pending.score, r.pending.expected, r.pending.known, r.pending.hidden, r.pending.apart},
		Growths: r.growths, Ahead: r.ahead, Grown: r.grown, Knows: r.knows,
	}
	count := h.n - first
	c.Needs, c.Scores, c.Apart, c.Marks = make([]byte, 4*count), make([]byte, 4*count), make([]byte, len(deviations{})*count), make([]byte, count)
	for k := range count {
		i := (first + k) % kept
		scatter(c.Needs, k, h.need[i])
		scatter(c.Scores, k, h.score[i])
		for m, x := range h.apart[i] {
			c.Apart[m*count+k] = byte(x)
		}
		c.Marks[k] = byte(h.marks[i])
	}
	for i := range r.trials {
		t := &r.trials[i]
		if t.queued {
			c.Queues = append(c.Queues, queueRecord{Rule: i, Waits: t.queues})
		}
		held := make([][3]float64, len(t.held))
		for k, x := range t.held {
			held[k] = [3]float64{x.amount, x.before, float64(x.since)}
		}
		c.Trials = append(c.Trials, trialRecord{Wish: t.wish, Past: t.past, Cost: t.cost, Weight: t.weight, Held: held, Wanted: t.wanted})
	}
	if r.planner != nil {
		for _, p := range r.planner.plans {
			c.Plans = append(c.Plans, [3]float64{p.wish, p.from, p.to})
		}
		c.Lowest = r.planner.lowest
	}
	return c
}

// scatter sets number k of those whose first bytes come before all second ones.
func scatter(to []byte, k int, x float32) {
	bits, n := math.Float32bits(x), len(to)/4
	for b := range 4 {
		to[b*n+k] = byte(bits >> (24 - 8*b))
	}
}

func gather(from []byte, k int) float32 {
	var bits uint32
	n := len(from) / 4
	for b := range 4 {
		bits = bits<<8 | uint32(from[b*n+k])
	}
	return math.Float32frombits(bits)
}

// Decode reads what Encode wrote, and grows the forest anew, which takes a tenth of a second. Everything is checked: damaged or foreign data give an
// error, never a rehearsal that breaks. Where the program tries other rules now, these are tried on the last week of what was needed.
func Decode(data []byte) (*Rehearsal, error) {
	if len(data) < 2 {
		return nil, fmt.Errorf("decode rehearsal: it has only %d bytes", len(data))
	}
	if v := binary.LittleEndian.Uint16(data); v != Version {
		return nil, fmt.Errorf("decode rehearsal: %w: %d, this program reads %d", ErrVersion, v, Version)
	}
	inflated, err := io.ReadAll(io.LimitReader(flate.NewReader(bytes.NewReader(data[2:])), mostBytes))
	if err != nil {
		return nil, fmt.Errorf("decode rehearsal: %w", err)
	}
	var c record
	if err := decoding.Unmarshal(inflated, &c); err != nil {
		return nil, fmt.Errorf("decode rehearsal: %w", err)
	}
	if err := c.valid(); err != nil {
		return nil, fmt.Errorf("decode rehearsal: %w", err)
	}
	r, err := c.rehearsal()
	if err != nil {
		return nil, fmt.Errorf("decode rehearsal: %w", err)
	}
	return r, nil
}

func (c *record) rehearsal() (*Rehearsal, error) {
	r := New(c.Terms)
	if r.signals.fingerprint() != c.Rules {
		c.retry(r)
	} else {
		c.fill(r, c.count())
		if err := c.rules(r); err != nil {
			return nil, err
		}
		r.ahead, r.grown, r.knows = c.Ahead, c.Grown, c.Knows
		r.regrow()
	}
	p := c.Pending
	r.pending = minute{need: p.Need, score: p.Score, expected: p.Expected, known: p.Known, hidden: p.Hidden, apart: p.Apart}
	r.growths = c.Growths
	return r, nil
}

func (c *record) count() int { return len(c.Marks) }

func (c *record) deviationsAt(k int) (d deviations) {
	for m := range d {
		if at := m*c.count() + k; at < len(c.Apart) {
			d[m] = int8(c.Apart[at]) //nolint:gosec // as it was written
		}
	}
	return d
}

// fill takes in the first of the minutes.
func (c *record) fill(r *Rehearsal, count int) {
	h := &r.past
	h.startAt(c.Minutes-c.count(), c.Sum)
	for k := range count {
		h.push(gather(c.Needs, k), gather(c.Scores, k), c.deviationsAt(k), mark(c.Marks[k]))
	}
	r.end = time.Unix(c.End, 0).UTC().Add(-time.Duration(c.count()-count) * time.Minute)
}

// rules takes in what the rules have cost.
func (c *record) rules(r *Rehearsal) error {
	if len(c.Trials) != len(r.trials) || r.planner != nil && len(c.Plans) != len(r.planner.plans) {
		return fmt.Errorf("it has %d rules and %d plans", len(c.Trials), len(c.Plans))
	}
	if r.planner != nil {
		for k, p := range c.Plans {
			r.planner.plans[k] = planned{p[0], p[1], p[2]}
		}
		r.planner.lowest = c.Lowest
	}
	for i := range c.Trials {
		from, to := &c.Trials[i], &r.trials[i]
		if len(from.Cost) != len(to.cost) || len(from.Held) != len(to.held) {
			return fmt.Errorf("rule %d has %d costs and %d amounts", i, len(from.Cost), len(from.Held))
		}
		to.wish, to.past, to.cost, to.weight, to.wanted = from.Wish, from.Past, from.Cost, from.Weight, from.Wanted
		for k, x := range from.Held {
			to.held[k] = held{x[0], x[1], int(x[2])}
		}
		to.plan = r.planOf(i)
	}
	for _, q := range c.Queues {
		to := &r.trials[q.Rule]
		to.queued = copy(to.queues, q.Waits) > 0
	}
	return nil
}
