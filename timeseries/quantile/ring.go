package quantile

import (
	"fmt"
	"math"
	"slices"
)

// MaxCapacity bounds the capacity that Valid accepts, so that damaged state
// cannot ask for unbounded memory.
const MaxCapacity = 1 << 24

// leastStorage is how many codes the first reading makes room for.
const leastStorage = 8

// Ring holds the last Capacity readings, some of which may be missing. Storage
// grows by doubling as readings arrive. The zero value holds nothing and has
// no room, so that Add panics; make one with NewRing.
type Ring struct {
	Codes    Codes  // until full in order of arrival, then a ring
	Capacity uint32 // most codes held
	Head     uint32 // index of the oldest code; 0 until Codes has Capacity codes
}

// NewRing returns an empty ring for capacity readings. It panics when capacity
// is not in 1..MaxCapacity.
func NewRing(capacity int) Ring {
	checkCapacity(capacity)
	return Ring{Capacity: uint32(capacity)}
}

// Add appends a reading, dropping the oldest when full. NaN and negative
// readings are stored as missing.
func (r *Ring) Add(x float64) { r.push(Encode(x)) }

// AddMissing appends a gap of one reading.
func (r *Ring) AddMissing() { r.push(Missing) }

// Len is the number of readings held, missing ones included.
func (r *Ring) Len() int { return len(r.Codes) }

// Last returns the newest reading, NaN when it is missing or there is none.
func (r *Ring) Last() float64 {
	if len(r.Codes) == 0 {
		return math.NaN()
	}
	return Decode(r.Codes[r.newest()])
}

// Values returns the readings, oldest first, with NaN for missing ones. It uses
// the storage of dst when that suffices; what dst held is overwritten.
func (r *Ring) Values(dst []float64) []float64 {
	dst = slices.Grow(dst[:0], len(r.Codes))
	for _, c := range r.Codes[r.Head:] {
		dst = append(dst, Decode(c))
	}
	for _, c := range r.Codes[:r.Head] {
		dst = append(dst, Decode(c))
	}
	return dst
}

// Resize changes the capacity, keeping the newest readings. It panics as NewRing
// does.
func (r *Ring) Resize(capacity int) {
	resized := NewRing(capacity)
	ordered := slices.Concat(r.Codes[r.Head:], r.Codes[:r.Head])
	resized.Codes = ordered[max(0, len(ordered)-capacity):]
	*r = resized
}

// Valid returns an error that tells what is wrong with a ring read from outside.
// The methods of a ring that is not valid may panic.
func (r *Ring) Valid() error {
	n := uint64(len(r.Codes))
	switch {
	case r.Capacity < 1 || r.Capacity > MaxCapacity:
		return fmt.Errorf("quantile: ring: capacity %d is not in 1..%d", r.Capacity, MaxCapacity)
	case n > uint64(r.Capacity):
		return fmt.Errorf("quantile: ring: %d codes exceed the capacity %d", n, r.Capacity)
	case r.Head != 0 && n < uint64(r.Capacity):
		return fmt.Errorf("quantile: ring: head %d in a ring that is not full", r.Head)
	case r.Head != 0 && uint64(r.Head) >= n:
		return fmt.Errorf("quantile: ring: head %d is beyond %d codes", r.Head, n)
	}
	return nil
}

func (r *Ring) newest() uint32 {
	if r.Head > 0 {
		return r.Head - 1
	}
	return uint32(len(r.Codes)) - 1
}

// push appends a code and returns the one it displaced, if any.
func (r *Ring) push(c Code) (displaced Code, full bool) {
	if uint32(len(r.Codes)) < r.Capacity {
		r.Codes = append(room(r.Codes, leastStorage, int(r.Capacity)), c)
		return 0, false
	}
	displaced = r.Codes[r.Head]
	r.Codes[r.Head] = c
	if r.Head++; r.Head == r.Capacity {
		r.Head = 0
	}
	return displaced, true
}

// room makes room for one more, doubling from least up to most, which it has no more than; append alone would go beyond it. Both are multiples of what one takes.
func room[S ~[]E, E any](list S, least, most int) S {
	if len(list) < cap(list) {
		return list
	}
	grown := make(S, len(list), min(max(least, 2*len(list)), most))
	copy(grown, list)
	return grown
}

func checkCapacity(capacity int) {
	if capacity < 1 || capacity > MaxCapacity {
		panic(fmt.Sprintf("quantile: capacity must be in 1..%d, not %d", MaxCapacity, capacity))
	}
}
