package surprise

import (
	"encoding/binary"
	"math"
	"math/bits"
)

const (
	buckets   = 24
	perOctave = 2
	// Deviations below 2^-2 of their usual size are all alike, and those of 2^10 and more.
	octavesBelow   = 2
	leastDeviation = 1. / (1 << octavesBelow)
	mostPosition   = buckets - 0.01
	// unit is what a reading counts, so that counts can be halved three times before one is forgotten.
	unit = 8
	// memory is the number of readings above which all counts are halved.
	memory = 5000

	// A tail that rests on few readings falls off as a power of priorSlope: that weighs as much as priorCount readings.
	priorSlope = 4.0
	priorCount = 10.0
	priorKnee  = (octavesBelow + 1) * perOctave // a deviation of twice the usual size,
	priorAbove = 0.2                            // beyond which so many are expected
	// seen is how many deviations there must be beyond one for their number to bound its surprise.
	seen = 2.5
	// room is by how many decades the rarest that the record can tell may be surpassed before surprise grows by the
	// logarithm only: what lies there is guesswork.
	room = 0.5
)

// Tail is the record of the deviations of one sign that one scale has seen: a histogram in half octaves of their usual size, in
// which old ones fade.
type Tail struct {
	Counts [buckets]uint8 // codes of counts, see countOf
	Total  uint16         // the sum of the counts
}

// exact is up to which count, in units, each has a code of its own; above, there is one for every thirtieth more.
const exact = 32

// countOf is the count, in units of 1/8, that a code stands for.
var countOf = func() (table [256]uint16) {
	for c := range table {
		table[c] = uint16(c)
		if c > exact {
			table[c] = uint16(exact * math.Pow(1.25*memory*unit/exact, float64(c-exact)/(255-exact)))
		}
	}
	return table
}()

// plus gives the code of a count that has units more. Where that lies between two codes it is the upper one by a chance, in 65,536ths, that keeps the
// count right on average (Morris 1978).
func plus(code uint8, units, chance uint16) uint8 {
	wanted := uint32(countOf[code]) + uint32(units)
	for code < 255 && uint32(countOf[code+1]) <= wanted {
		code++
	}
	if code == 255 {
		return code
	}
	low, high := uint32(countOf[code]), uint32(countOf[code+1])
	if (wanted-low)<<16 > uint32(chance)*(high-low) {
		code++
	}
	return code
}

// position of a deviation on the axis of the buckets; bucket i spans i to i+1.
func position(deviation float64) float64 {
	if !(deviation > leastDeviation) {
		return 0
	}
	if at := perOctave * (log2(deviation) + octavesBelow); at < mostPosition {
		return at
	}
	return mostPosition
}

// Add takes in a deviation, relative to its usual size. Chance is a random number: counts are kept roughly where they are great.
func (t *Tail) Add(deviation float64, chance uint16) { t.add(int(position(deviation)), unit, chance) }

func (t *Tail) add(bucket int, units, chance uint16) {
	before := t.Counts[bucket]
	t.Counts[bucket] = plus(before, units, chance)
	if t.Total += countOf[t.Counts[bucket]] - countOf[before]; t.Total > memory*unit {
		t.fade(2, chance)
	}
}

// fade divides the counts.
func (t *Tail) fade(by, chance uint16) {
	t.Total = 0
	for i := range t.Counts {
		t.Counts[i] = plus(0, countOf[t.Counts[i]]/by, chance)
		t.Total += countOf[t.Counts[i]]
	}
}

// Count is the number of deviations that the record holds.
func (t *Tail) Count() float64 { return float64(t.Total) / unit }

// Surprise is -log10 P(D >= deviation). Where the record is dense, P is the share of those at or beyond. Beyond the knee, where
// √n of the n lie, the tail is a power law, the generalised Pareto tail of positive shape: its index is Hill's estimate for
// grouped data, ln(1 + 1/mean)/w with the mean number of buckets of width w beyond the knee, drawn towards priorSlope while
// it rests on little. What was seen more than twice is no more surprising than that.
func (t *Tail) Surprise(deviation float64) float64 { return t.surprise(position(deviation)) }

func (t *Tail) surprise(at float64) float64 {
	bucket := int(at)
	next := t.above(bucket)
	here := next + uint32(countOf[t.Counts[bucket]])
	of := float64(t.Total) + unit
	counted := log2(of / (float64(here) + unit/2))
	if part := at - float64(bucket); bucket < buckets-1 && here != next {
		counted += (log2(of/(float64(next)+unit/2)) - counted) * part
	}
	if counted *= log10Of2; next*next < wanted(t.Total) {
		return t.extrapolate(at, counted)
	}
	if counted < 0 {
		return 0
	}
	return counted
}

// eight is how many buckets are looked at together.
const eight = 8

// eightAt has the codes of the buckets from i on, the first in the lowest byte.
func (t *Tail) eightAt(i int) uint64 { return binary.LittleEndian.Uint64(t.Counts[i : i+eight]) }

// above is the count, in units, of what lies in higher buckets than one: all but what lies up to it. Nearly all deviations lie in the lowest eight, which
// are added up without a branch that a processor could guess wrong.
func (t *Tail) above(bucket int) uint32 {
	sum := uint32(t.Total) - sumOf(t.eightAt(0)&^higher(bucket))
	if bucket >= eight {
		sum -= sumOf(t.eightAt(eight) &^ higher(bucket-eight))
	}
	if bucket >= 2*eight {
		sum -= sumOf(t.eightAt(2*eight) &^ higher(bucket-2*eight))
	}
	return sum
}

// higher has the bits of the codes of higher buckets than one, which may be above 7.
func higher(bucket int) uint64 { return math.MaxUint64 << uint(8*(bucket+1)) }

// sumOf is what eight codes stand for.
func sumOf(codes uint64) uint32 {
	return uint32(countOf[codes&0xff]) + uint32(countOf[codes>>8&0xff]) + uint32(countOf[codes>>16&0xff]) + uint32(countOf[codes>>24&0xff]) +
		uint32(countOf[codes>>32&0xff]) + uint32(countOf[codes>>40&0xff]) + uint32(countOf[codes>>48&0xff]) + uint32(countOf[codes>>56])
}

// top is the highest bucket that is not empty, or -1.
func (t *Tail) top() int {
	for i := buckets - eight; i >= 0; i -= eight {
		if codes := t.eightAt(i); codes != 0 {
			return i + (bits.Len64(codes)-1)/8
		}
	}
	return -1
}

// wanted is the square of how many units there must be beyond a bucket to be relied on: √n readings, and 10 at least.
func wanted(total uint16) uint32 { return max(100*unit*unit, unit*uint32(total)) }

// rarity of what so many of n reached, in decades.
func rarity(n, count float64) float64 { return log10Of2 * log2((n+1)/(count+0.5)) }

// extrapolate is the surprise of a deviation at a position that fewer than wanted are certain to be beyond.
func (t *Tail) extrapolate(at, counted float64) float64 {
	const width = math.Ln2 / perOctave
	n, wanted := t.Count(), wanted(t.Total)
	knee, reached, further := t.top()+1, uint32(0), uint32(0) // further: how many buckets those beyond the knee are from it in all
	for knee > 0 && reached*reached < wanted {
		knee--
		further += reached
		reached += uint32(countOf[t.Counts[knee]])
	}
	slope, start, s := priorSlope, -math.Log10(priorAbove), counted
	if reached*reached < wanted {
		knee = priorKnee
		s = min(s, start)
	} else {
		beyond, excess := float64(reached)/unit, float64(further)/unit
		index := math.Ln2 * log2(1+beyond/max(excess, 0.15*beyond)) / width
		slope, start = (priorCount+beyond)/(priorCount/priorSlope+beyond/index), rarity(n, beyond)
	}
	if past := at - float64(knee); past > 0 {
		s = start + slope*past*width/math.Ln10
		if counted < rarity(n, seen)-logError {
			s = min(s, counted)
		}
	}
	if most := log10Of2*log2(n+1) + room; s > most {
		s = most + 0.5*math.Log1p(s-most)
	}
	return max(0, s)
}
