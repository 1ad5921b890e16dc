package surprise

import "math"

const (
	buckets   = 32
	perOctave = 2
	// Deviations below 2^-4 of their usual size are all alike.
	octavesBelow = 4
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
	if !(deviation > 0) {
		return 0
	}
	return min(max(perOctave*(math.Log(deviation)/math.Ln2+octavesBelow), 0), buckets-0.01)
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
	n, bucket := t.Count(), int(at)
	below := uint16(0)
	for _, c := range t.Counts[:bucket] {
		below += countOf[c]
	}
	here := float64(t.Total-below) / unit // at or beyond the bucket's lower edge,
	next := here - float64(countOf[t.Counts[bucket]])/unit
	counted := rarity(n, here)
	if bucket < buckets-1 {
		counted += (rarity(n, next) - counted) * (at - float64(bucket))
	}
	wanted := max(10, math.Sqrt(n))
	if next >= wanted {
		return max(0, counted)
	}
	return t.extrapolate(n, at, wanted, counted)
}

// rarity of what so many of n reached, in decades.
func rarity(n, count float64) float64 { return math.Log((n+1)/(count+0.5)) / math.Ln10 }

// extrapolate is the surprise of a deviation at a position that fewer than wanted are certain to be beyond.
func (t *Tail) extrapolate(n, at, wanted, counted float64) float64 {
	const width = math.Ln2 / perOctave
	knee, beyond, excess := buckets, 0.0, 0.0 // excess: how many buckets those beyond the knee are from it in all
	for knee > 0 && beyond < wanted {
		knee--
		excess += beyond
		beyond += float64(countOf[t.Counts[knee]]) / unit
	}
	slope, start, s := priorSlope, -math.Log10(priorAbove), counted
	if beyond < wanted {
		knee = priorKnee
		s = min(s, start)
	} else {
		index := math.Log1p(beyond/max(excess, 0.15*beyond)) / width
		slope, start = (priorCount+beyond)/(priorCount/priorSlope+beyond/index), rarity(n, beyond)
	}
	if past := at - float64(knee); past > 0 {
		s = start + slope*past*width/math.Ln10
		if counted < rarity(n, seen) {
			s = min(s, counted)
		}
	}
	if most := math.Log10(n+1) + room; s > most {
		s = most + 0.5*math.Log1p(s-most)
	}
	return max(0, s)
}
