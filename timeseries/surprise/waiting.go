package surprise

import "math"

const (
	// wait is for how many readings a deviation is kept from its tail.
	wait = 32
	// places are those that a deviation can have, and allPlaces those of all scales together: below 2^40, so that a row takes rowBytes.
	places    = 1 + 2*buckets
	allPlaces = places * places * places * places * places * places * places
	rowBytes  = 5
)

// Place is twice the bucket of a deviation in the tail of its sign, plus 1, and one more below the level; 0 is none.
type Place uint8

func placeOf(bucket, below int) Place { return Place(1 + 2*bucket + below) }

// in is the tail, 0 above the level and 1 below, and the bucket of a place that is one.
func (p Place) in() (below, bucket uint8) { return uint8(p-1) & 1, uint8(p-1) >> 1 }

// beyond says whether a place is further out than another.
func (p Place) beyond(q Place) bool { return (p+1)/2 > (q+1)/2 }

// Waiting holds the newest deviations of each scale, a row for each reading: they go into the tails only later, so that an incident does not make itself
// usual at once. Places are the digits of a row to the base of places, that of the first scale the last.
type Waiting [wait * rowBytes]byte

// row gives the digits of the row of a reading.
func (w *Waiting) row(reading uint32) (digits uint64) {
	at := w[reading%wait*rowBytes:][:rowBytes]
	return uint64(at[0]) | uint64(at[1])<<8 | uint64(at[2])<<16 | uint64(at[3])<<24 | uint64(at[4])<<32
}

// put puts the places of a reading down.
func (w *Waiting) put(reading uint32, row [NumScales]Place) {
	digits := uint64(0)
	for i := len(row) - 1; i >= 0; i-- {
		digits = digits*places + uint64(row[i])
	}
	at := w[reading%wait*rowBytes:][:rowBytes]
	at[0], at[1], at[2], at[3], at[4] = byte(digits), byte(digits>>8), byte(digits>>16), byte(digits>>24), byte(digits>>32)
}

// putOutside puts down a reading that is outside. It has the place of its change alone, the first digit: it waits for no tail, but tells how much such readings vary.
func (w *Waiting) putOutside(reading uint32, change Place) {
	w.put(reading, [NumScales]Place{Change: change})
}

// isOutside says whether a row is none that waits for the tails.
func isOutside(digits uint64) bool { return digits%places == 0 }

// change is the median change, in usual ones, of the readings outside, half of all rows at least; 0 where there are fewer.
func (w *Waiting) change() float64 {
	var counts [buckets]int
	n := 0
	for i := range uint32(wait) {
		if digits := w.row(i); isOutside(digits) && digits > 0 {
			_, bucket := Place(digits / (allPlaces / places)).in()
			counts[bucket]++
			n++
		}
	}
	if n < wait/2 {
		return 0
	}
	below := 0
	for bucket, count := range counts {
		if below += count; 2*below >= n {
			return math.Exp2((float64(bucket)+0.5)/perOctave - octavesBelow)
		}
	}
	return 0
}
