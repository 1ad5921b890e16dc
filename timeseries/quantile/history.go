package quantile

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
)

const (
	// blockCodes is how many readings a History packs together, and blockBytes what they take: the least code, the step between two levels, and a
	// level for each.
	blockCodes = 32
	blockBytes = 4 + blockCodes
)

// History holds the last Capacity readings, some of which may be missing, in a little more than a byte each. The newest, up to 32, are codes. Those
// before are in blocks of 32 with 254 levels evenly from the least to the greatest code, so that the relative error is up to twice that of a code and the logarithm
// of the block's greatest over its least reading, by 506: 0.2 % where they differ by a factor of two, 0.5 % for ten. Zero is exact. The zero value holds nothing; make one with NewHistory.
type History struct {
	Packed   []byte // blocks in order of arrival, from when all are in use a ring of them
	Recent   Codes  // the newest readings
	Capacity uint32 // most readings told of
	Head     uint32 // the block that is oldest; 0 until all are in use
}

// NewHistory returns an empty history for capacity readings. It panics when capacity is not in 1..MaxCapacity.
func NewHistory(capacity int) History {
	checkCapacity(capacity)
	return History{Capacity: uint32(capacity)}
}

// Add appends a reading, dropping the oldest when full. NaN and negative readings are stored as missing.
func (h *History) Add(x float64) { h.push(Encode(x)) }

// AddMissing appends a gap of one reading.
func (h *History) AddMissing() { h.push(Missing) }

// Append appends the readings of a ring.
func (h *History) Append(r *Ring) {
	for _, c := range r.Codes[r.Head:] {
		h.push(c)
	}
	for _, c := range r.Codes[:r.Head] {
		h.push(c)
	}
}

// Len is the number of readings held, missing ones included.
func (h *History) Len() int {
	return min(int(h.Capacity), len(h.Packed)/blockBytes*blockCodes+len(h.Recent))
}

// Last returns the newest reading, NaN when it is missing or there is none.
func (h *History) Last() float64 {
	if len(h.Recent) == 0 {
		return math.NaN()
	}
	return Decode(h.Recent[len(h.Recent)-1])
}

// Values returns the readings, oldest first, with NaN for missing ones. It uses the storage of dst when that suffices; what dst held is overwritten.
func (h *History) Values(dst []float64) []float64 {
	blocks := len(h.Packed) / blockBytes
	dst = slices.Grow(dst[:0], blocks*blockCodes+len(h.Recent))
	for i := range blocks {
		at := (i + int(h.Head)) % blocks * blockBytes
		dst = unpack(dst, h.Packed[at:at+blockBytes])
	}
	for _, c := range h.Recent {
		dst = append(dst, Decode(c))
	}
	return dst[len(dst)-h.Len():]
}

// blocks is how many hold what is not recent, when only one reading is.
func (h *History) blocks() int { return (int(h.Capacity) - 1 + blockCodes - 1) / blockCodes }

func (h *History) push(c Code) {
	switch {
	case len(h.Recent) < blockCodes:
	case h.blocks() == 0:
		h.Recent = h.Recent[:0]
	default:
		h.pack()
	}
	h.Recent = append(room(h.Recent, leastStorage, blockCodes), c)
}

// pack puts the recent readings into a block: a new one, or that of the oldest.
func (h *History) pack() {
	var block [blockBytes]byte
	pack(&block, h.Recent)
	h.Recent = h.Recent[:0]
	if most := h.blocks(); len(h.Packed) < most*blockBytes {
		h.Packed = append(room(h.Packed, blockBytes, most*blockBytes), block[:]...)
		return
	}
	copy(h.Packed[h.Head*blockBytes:], block[:])
	if h.Head++; int(h.Head) == h.blocks() {
		h.Head = 0
	}
}

func pack(block *[blockBytes]byte, codes Codes) {
	low, high := last, first
	for _, c := range codes {
		if c != Zero && c != Missing {
			low, high = min(low, c), max(high, c)
		}
	}
	if low > high { // there is none
		low, high = first, first
	}
	s := scaleOf(low, high)
	binary.LittleEndian.PutUint16(block[:], uint16(s.Low))
	binary.LittleEndian.PutUint16(block[2:], s.Step)
	for i, c := range codes {
		block[4+i] = s.level(c)
	}
}

func unpack(dst []float64, block []byte) []float64 {
	s := Scale{Code(binary.LittleEndian.Uint16(block)), binary.LittleEndian.Uint16(block[2:])}
	for _, level := range block[4:] {
		dst = append(dst, Decode(s.code(level)))
	}
	return dst
}

// Valid returns an error that tells what is wrong with a history read from outside. The methods of one that is not valid may panic.
func (h *History) Valid() error {
	if h.Capacity < 1 || h.Capacity > MaxCapacity {
		return fmt.Errorf("quantile: history: capacity %d is not in 1..%d", h.Capacity, MaxCapacity)
	}
	blocks := len(h.Packed) / blockBytes
	switch {
	case len(h.Recent) > blockCodes || len(h.Recent) == 0 && blocks > 0:
		return fmt.Errorf("quantile: history: %d recent codes", len(h.Recent))
	case len(h.Packed)%blockBytes != 0 || blocks > h.blocks():
		return fmt.Errorf("quantile: history: %d bytes are not up to %d blocks of %d", len(h.Packed), h.blocks(), blockBytes)
	case h.Head != 0 && (blocks < h.blocks() || int(h.Head) >= blocks):
		return fmt.Errorf("quantile: history: head %d in %d of %d blocks", h.Head, blocks, h.blocks())
	}
	return nil
}
