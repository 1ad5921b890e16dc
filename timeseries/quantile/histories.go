package quantile

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/bits"
	"slices"
)

const (
	// Columns is how many columns histories have at most.
	Columns = 8
	// Rough is the column that is kept roughly.
	Rough = 0

	// blockRows is how many rows are packed together, and fineBytes what they take of a column: the least code, the step between two levels, and a level for each.
	blockRows = 32
	fineBytes = 4 + blockRows
	// roughBytes is what they take of the rough column: six bits for each.
	roughBytes = blockRows * roughBits / 8
)

// Row has a code for each column, Missing where there is no reading.
type Row [Columns]Code

// NoRow is one without a reading.
func NoRow() (r Row) {
	for column := range r {
		r[column] = Missing
	}
	return r
}

// Histories holds the last Capacity rows of columns that are read together, in a little more than a byte a reading. A column takes no room until there is a
// reading in it. The newest rows, up to 32, are codes. Those before are in blocks of 32 with, for each column, 254 levels evenly from the least to the greatest
// code, so that the relative error is up to twice that of a code and the logarithm of the block's greatest over its least reading, by 506: 0.2 % where they differ
// by a factor of two, 0.5 % for ten. Those of column Rough have six levels an octave, from 1/16 to 80: they are right to 6 %, and on the same side of 1. Zero is exact.
// The zero value holds nothing, and has no room; make one with NewHistories.
type Histories struct {
	Packed   []byte // blocks in order of arrival, from when all are in use a ring of them
	Recent   Codes  // the newest rows
	Capacity uint32 // most rows told of
	Head     uint16 // the block that is oldest; 0 until all are in use
	Begun    uint8  // a bit for each column that is kept
}

// NewHistories returns empty ones for capacity rows. It panics when capacity is not in 1..MaxRows.
func NewHistories(capacity int) Histories {
	if capacity < 1 || capacity > MaxRows {
		panic(fmt.Sprintf("quantile: rows must be in 1..%d, not %d", MaxRows, capacity))
	}
	return Histories{Capacity: uint32(capacity)}
}

// MaxRows bounds the capacity of histories.
const MaxRows = 1 << 20

// Resize keeps the last capacity rows from now on, of those that there are as well. It panics when capacity is not in 1..MaxRows.
func (h *Histories) Resize(capacity int) {
	if capacity == int(h.Capacity) {
		return
	}
	n := h.blockBytes()
	ordered := slices.Concat(h.Packed[int(h.Head)*n:], h.Packed[:int(h.Head)*n])
	h.Capacity, h.Head = NewHistories(capacity).Capacity, 0
	h.Packed = ordered[max(0, len(ordered)-h.mostBlocks()*n):]
}

// columns is how many are kept.
func (h *Histories) columns() int { return bits.OnesCount8(h.Begun) }

// has says whether a column is kept, and place how many are kept before it.
func (h *Histories) has(column int) bool  { return h.Begun>>column&1 == 1 }
func (h *Histories) place(column int) int { return bits.OnesCount8(h.Begun & (1<<column - 1)) }

// offset is where a column begins in a block, and blockBytes where a block ends.
func (h *Histories) offset(column int) int {
	if column > Rough && h.has(Rough) {
		return roughBytes + (h.place(column)-1)*fineBytes
	}
	return h.place(column) * fineBytes
}
func (h *Histories) blockBytes() int { return h.offset(Columns) }

// width is what a column takes of a block.
func width(column int) int {
	if column == Rough {
		return roughBytes
	}
	return fineBytes
}

// blocks is how many are in use, and mostBlocks how many hold what is not recent, when only one row is.
func (h *Histories) blocks() int     { return len(h.Packed) / max(1, h.blockBytes()) }
func (h *Histories) mostBlocks() int { return (int(h.Capacity) - 1 + blockRows - 1) / blockRows }

// recent is how many rows are not in a block.
func (h *Histories) recent() int { return len(h.Recent) / max(1, h.columns()) }

// Rows is the number of rows held. What is before the first reading is none.
func (h *Histories) Rows() int { return min(int(h.Capacity), h.blocks()*blockRows+h.recent()) }

// Add appends a row, dropping the oldest when full.
func (h *Histories) Add(row *Row) {
	for column, c := range row {
		if c != Missing && !h.has(column) {
			h.begin(column)
		}
	}
	if h.recent() == blockRows {
		h.pack()
	}
	for column, c := range row {
		if h.has(column) {
			h.Recent = append(room(h.Recent, leastStorage*h.columns(), blockRows*h.columns()), c)
		}
	}
}

// begin makes room for a column, of which nothing was read yet.
func (h *Histories) begin(column int) {
	none := make([]byte, width(column))
	pack(none, column, slices.Repeat(Codes{Missing}, blockRows))
	var packed []byte
	if n := h.blockBytes(); n > 0 {
		at := h.offset(column)
		for block := range slices.Chunk(h.Packed, n) {
			packed = slices.Concat(packed, block[:at], none, block[at:])
		}
	}
	var recent Codes
	if n := h.columns(); n > 0 {
		at := h.place(column)
		for row := range slices.Chunk(h.Recent, n) {
			recent = slices.Concat(recent, row[:at], Codes{Missing}, row[at:])
		}
	}
	h.Packed, h.Recent, h.Begun = packed, recent, h.Begun|1<<column
}

// pack puts the recent rows into a block: a new one, or that of the oldest.
func (h *Histories) pack() {
	n := h.blockBytes()
	var block []byte
	switch most := h.mostBlocks(); {
	case most == 0:
		h.Recent = h.Recent[:0]
		return
	case h.blocks() < most:
		h.Packed = append(room(h.Packed, n, most*n), make([]byte, n)...)
		block = h.Packed[len(h.Packed)-n:]
	default:
		block = h.Packed[int(h.Head)*n:][:n]
		if h.Head++; int(h.Head) == most {
			h.Head = 0
		}
	}
	var codes [blockRows]Code
	for column := range Columns {
		if !h.has(column) {
			continue
		}
		for i := range codes {
			codes[i] = h.Recent[i*h.columns()+h.place(column)]
		}
		pack(block[h.offset(column):][:width(column)], column, codes[:])
	}
	h.Recent = h.Recent[:0]
}

// pack puts the codes of a column into its part of a block.
func pack(part []byte, column int, codes Codes) {
	if column == Rough {
		packRough(part, codes)
		return
	}
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
	binary.LittleEndian.PutUint16(part, uint16(s.Low))
	binary.LittleEndian.PutUint16(part[2:], s.Step)
	for i, c := range codes {
		part[4+i] = s.level(c)
	}
}

// unpack appends the readings of a column's part of a block.
func unpack(dst []float64, part []byte, column int) []float64 {
	if column == Rough {
		return unpackRough(dst, part)
	}
	s := Scale{Code(binary.LittleEndian.Uint16(part)), binary.LittleEndian.Uint16(part[2:])}
	for _, level := range part[4:] {
		dst = append(dst, Decode(s.code(level)))
	}
	return dst
}

// Column gives one column.
func (h *Histories) Column(column int) Column { return Column{h, column} }

// Column is one of some histories. The zero value is empty.
type Column struct {
	of     *Histories
	column int
}

// Empty says whether the column was never read.
func (c Column) Empty() bool { return c.of == nil || !c.of.has(c.column) }

// Last returns the newest reading, NaN when it is missing or there is none.
func (c Column) Last() float64 {
	if c.Empty() || len(c.of.Recent) == 0 {
		return math.NaN()
	}
	return Decode(c.of.Recent[len(c.of.Recent)-c.of.columns()+c.of.place(c.column)])
}

// Values returns the readings from the first one held on, oldest first, with NaN for missing ones. It uses the storage of dst when that suffices; what dst held
// is overwritten.
func (c Column) Values(dst []float64) []float64 {
	dst = dst[:0]
	if c.Empty() {
		return dst
	}
	h, blocks, n := c.of, c.of.blocks(), c.of.blockBytes()
	dst = slices.Grow(dst, blocks*blockRows+h.recent())
	for i := range blocks {
		at := (i+int(h.Head))%blocks*n + h.offset(c.column)
		dst = unpack(dst, h.Packed[at:][:width(c.column)], c.column)
	}
	for at := h.place(c.column); at < len(h.Recent); at += h.columns() {
		dst = append(dst, Decode(h.Recent[at]))
	}
	dst = dst[len(dst)-h.Rows():]
	for len(dst) > 0 && dst[0] != dst[0] { // NaN
		dst = dst[1:]
	}
	return dst
}

// Valid returns an error that tells what is wrong with histories read from outside. The methods of what is not valid may panic.
func (h *Histories) Valid() error {
	if h.Capacity < 1 || h.Capacity > MaxRows {
		return fmt.Errorf("quantile: histories: capacity %d is not in 1..%d", h.Capacity, MaxRows)
	}
	n, blocks, most := h.blockBytes(), h.blocks(), h.mostBlocks()
	switch {
	case h.Begun == 0 && len(h.Packed)+len(h.Recent) > 0:
		return fmt.Errorf("quantile: histories: %d bytes and %d codes in no column", len(h.Packed), len(h.Recent))
	case len(h.Recent) > blockRows*h.columns() || len(h.Recent) == 0 && blocks > 0:
		return fmt.Errorf("quantile: histories: %d recent codes", len(h.Recent))
	case h.columns() > 0 && len(h.Recent)%h.columns() != 0:
		return fmt.Errorf("quantile: histories: %d recent codes in %d columns", len(h.Recent), h.columns())
	case len(h.Packed) != blocks*n || blocks > most:
		return fmt.Errorf("quantile: histories: %d bytes are not up to %d blocks of %d", len(h.Packed), most, n)
	case h.Head != 0 && (blocks < most || int(h.Head) >= blocks):
		return fmt.Errorf("quantile: histories: head %d in %d of %d blocks", h.Head, blocks, most)
	}
	return nil
}
