package quantile

// The levels of a scale, and what is none.
const (
	levels       = 254
	levelZero    = 254
	levelMissing = 255
)

// Scale has 254 levels, from a code on and so many codes apart, by which a code is told in a byte.
type Scale struct {
	Low  Code
	Step uint16
}

// scaleOf is the one from the least to the greatest code.
func scaleOf(low, high Code) Scale {
	return Scale{low, uint16(max(1, (uint32(high-low)+levels-2)/(levels-1)))}
}

// has says whether a code is within the levels.
func (s Scale) has(c Code) bool {
	return c == Zero || c == Missing || c >= s.Low && uint32(c-s.Low) <= uint32(s.Step)*(levels-1)
}

// level is the one that is nearest to a code that the scale has.
func (s Scale) level(c Code) byte {
	switch c {
	case Missing:
		return levelMissing
	case Zero:
		return levelZero
	}
	return byte((uint32(c-s.Low) + uint32(s.Step)/2) / uint32(s.Step))
}

func (s Scale) code(level byte) Code {
	switch level {
	case levelMissing:
		return Missing
	case levelZero:
		return Zero
	}
	return Code(min(uint32(s.Low)+uint32(level)*uint32(s.Step), uint32(last)))
}
