package surprise

import "math"

const (
	// unseen is the code of an hour that was not seen.
	unseen = math.MinInt16
	// codeBits is how many bits a code has beside its sign.
	codeBits = 15
	// Those of the least float32 above 0, and of 4·limit.
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

// settled is the mean of an hour as it is put down, NaN until it was seen.
func (s season) settled(hour int) float32 {
	if s.codes[hour] == unseen {
		return float32(math.NaN())
	}
	return float32(math.Ldexp(float64(s.codes[hour]), int(s.Exponent)))
}

// put puts the mean of an hour down. NaN is unseen.
func (s season) put(hour int, mean float32) {
	s.codes[hour] = unseen
	if mean == mean {
		s.fit(math.Abs(float64(mean)))
		s.codes[hour] = s.code(float64(mean), 0)
	}
}

// code is what stands for x·2^exponent.
func (s season) code(x float64, exponent int16) int16 {
	return int16(clip(math.RoundToEven(math.Ldexp(x, int(exponent-s.Exponent))), math.MaxInt16))
}

// fit makes means multiples of the power of two that suits the greatest of them and of one more.
func (s season) fit(size float64) {
	most := int16(0)
	for _, code := range s.codes {
		if code != unseen {
			most = max(most, code, -code)
		}
	}
	_, exponent := math.Frexp(max(size, math.Ldexp(float64(most), int(s.Exponent))))
	before := s.Exponent
	if s.Exponent = int16(exponent - codeBits); s.Exponent == before {
		return
	}
	for i, code := range s.codes {
		if code != unseen {
			s.codes[i] = s.code(float64(code), before)
		}
	}
}
