package quantile

import (
	"bytes"
	"fmt"
	"slices"
)

const (
	// spare is the part of the range of what is held that a scale has beyond it on either side, so that it is not made anew for every extreme.
	spare = 8
	// looks is after how many readings it is looked whether a scale is too wide.
	looks = 64
)

// MostReadings is how many a Compact has room for.
const MostReadings = 192

// Compact holds the last readings in a byte each, on one scale, as wide as what it holds and what it held: the error is 0.3 % where readings differ by a factor of two, 0.7 % for
// ten, and up to twice that of those that were there before the scale last changed. Zero is exact. It is one block of memory, without a pointer. The zero value holds nothing and
// has no room, so that Add panics; make one with NewCompact.
type Compact struct {
	Scale Scale
	Size  uint8               // how many places are in use
	Next  uint8               // the place of the next reading, which is that of the oldest
	Bytes [MostReadings]uint8 // levels; that of what is missing where nothing is yet
}

// NewCompact returns one for so many readings. It panics when capacity is not in 1..MostReadings.
func NewCompact(capacity int) Compact {
	if capacity < 1 || capacity > MostReadings {
		panic(fmt.Sprintf("quantile: capacity must be in 1..%d, not %d", MostReadings, capacity))
	}
	h := Compact{Size: uint8(capacity), Scale: scaleOf(first, first)}
	for i := range h.levels() {
		h.Bytes[i] = levelMissing
	}
	return h
}

// levels are the places in use.
func (h *Compact) levels() []uint8 { return h.Bytes[:h.Size] }

// Add appends a reading, dropping the oldest when full. NaN and negative readings are refused and change nothing.
func (h *Compact) Add(x float64) {
	c := Encode(x)
	if c == Missing {
		return
	}
	h.Bytes[h.Next] = levelMissing // it is dropped
	if !h.Scale.has(c) {
		h.scale(h.fitting(c))
	}
	h.Bytes[h.Next] = h.Scale.level(c)
	if h.Next++; h.Next == h.Size {
		h.Next = 0
	}
	if h.Next%looks != 0 {
		return
	}
	if s := h.fitting(c); s.Step <= h.Scale.Step/2 {
		h.scale(s) // what made it wide is gone
	}
}

// fitting is a scale for what is held and one code more.
func (h *Compact) fitting(c Code) Scale {
	least, most := byte(levels), byte(0)
	for _, level := range h.levels() {
		if level < levels {
			least, most = min(least, level), max(most, level)
		}
	}
	low, high := c, c
	if least < levels {
		low, high = h.Scale.code(least), h.Scale.code(most)
		if c != Zero {
			low, high = min(low, c), max(high, c)
		}
	}
	if low == Zero { // there is nothing else
		low, high = first, first
	}
	more := uint32(high-low) / spare
	s := scaleOf(low, Code(min(uint32(high)+2*more, uint32(last))))
	beyond := (uint32(s.Step)*(levels-1) - uint32(high-low)) / 2
	s.Low -= Code(min(beyond, uint32(low-first)))
	return s
}

// scale moves what is held to another scale, which has it.
func (h *Compact) scale(s Scale) {
	for i, level := range h.levels() {
		h.Bytes[i] = s.level(h.Scale.code(level))
	}
	h.Scale = s
}

// Len is the number of readings held.
func (h *Compact) Len() int { return int(h.Size) - bytes.Count(h.levels(), []byte{levelMissing}) }

// Values returns the readings, oldest first. It uses the storage of dst when that suffices; what dst held is overwritten.
func (h *Compact) Values(dst []float64) []float64 {
	dst = slices.Grow(dst[:0], int(h.Size))
	for _, half := range [...][]uint8{h.levels()[h.Next:], h.levels()[:h.Next]} {
		for _, level := range half {
			if level != levelMissing {
				dst = append(dst, Decode(h.Scale.code(level)))
			}
		}
	}
	return dst
}

// Valid returns an error that tells what is wrong with one that is read from outside. The methods of one that is not valid may panic.
func (h *Compact) Valid() error {
	switch {
	case h.Size < 1 || h.Size > MostReadings:
		return fmt.Errorf("quantile: capacity %d is not in 1..%d", h.Size, MostReadings)
	case h.Next >= h.Size:
		return fmt.Errorf("quantile: place %d is beyond %d readings", h.Next, h.Size)
	case h.Scale.Low < first || h.Scale.Low > last || h.Scale.Step < 1:
		return fmt.Errorf("quantile: scale of %+v", h.Scale)
	}
	return nil
}
