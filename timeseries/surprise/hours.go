package surprise

import "math"

const (
	// unseen is the code of an hour that was not seen.
	unseen = math.MinInt16
	// codeBits is how many bits a code has beside its sign.
	codeBits = 15
	// Those of the least float32 above 0, and of 4·Most.
	leastExponent, mostExponent = -148 - codeBits, 102 - codeBits
)

// season is a Season with its means, one of each hour, as multiples of 2^Exponent in two bytes. That is the power of two with which the greatest of them needs all the
// bits (block floating point), so that means are right to a 32,000th of it, and those that were put down on another scale to a 16,000th.
type season struct {
	*Season
	codes []int16
}

// clear forgets all hours.
func (s season) clear() {
	for i := range s.codes {
		s.codes[i] = unseen
	}
}

// powerOf is 2 to a power, where that is a normal number.
func powerOf(exponent int16) float64 { return math.Float64frombits(uint64(int(exponent)+bias) << 52) }

// settled is the mean of an hour as it is put down, NaN until it was seen.
func (s season) settled(hour int) float32 {
	if s.codes[hour] == unseen {
		return float32(math.NaN())
	}
	return float32(float64(s.codes[hour]) * powerOf(s.Exponent))
}

// put puts the mean of an hour down. NaN is unseen.
func (s season) put(hour int, mean float32) {
	s.codes[hour] = unseen
	if mean == mean {
		s.fit(float64(abs(mean)))
		s.codes[hour] = code(float64(mean) * powerOf(-s.Exponent))
	}
}

func code(x float64) int16 { return int16(clip(math.RoundToEven(x), math.MaxInt16)) }

// fit makes means multiples of the power of two that suits the greatest of them and of one more.
func (s season) fit(size float64) {
	most := int16(0)
	for _, code := range s.codes {
		if code != unseen {
			most = max(most, code, -code)
		}
	}
	_, exponent := math.Frexp(max(size, float64(most)*powerOf(s.Exponent)))
	by := powerOf(s.Exponent - int16(exponent-codeBits))
	if s.Exponent = int16(exponent - codeBits); by == 1 {
		return
	}
	for i, c := range s.codes {
		if c != unseen {
			s.codes[i] = code(float64(c) * by)
		}
	}
}
