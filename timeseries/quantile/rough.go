package quantile

import "math"

const (
	roughBits = 6
	// roughMissing and roughZero are what is no level.
	roughMissing = 1<<roughBits - 1
	roughZero    = 0

	// Levels above 0 are perOctave to a factor of two, the first from 2^-octavesBelow on.
	perOctave    = 6
	octavesBelow = 4
)

// roughLevel is the level that a code lies in.
func roughLevel(c Code) byte {
	switch c {
	case Missing:
		return roughMissing
	case Zero:
		return roughZero
	}
	return byte(1 + min(max(perOctave*(math.Log2(Decode(c))+octavesBelow), 0), roughMissing-2))
}

// roughValue is the middle of a level.
func roughValue(level byte) float64 {
	switch level {
	case roughMissing:
		return math.NaN()
	case roughZero:
		return 0
	}
	return math.Exp2((float64(level)-0.5)/perOctave - octavesBelow)
}

// packRough puts the levels of four codes into every three bytes.
func packRough(part []byte, codes Codes) {
	for i := 0; i < len(codes); i += 4 {
		four := uint32(0)
		for k, c := range codes[i : i+4] {
			four |= uint32(roughLevel(c)) << (k * roughBits)
		}
		at := part[i/4*3:]
		at[0], at[1], at[2] = byte(four), byte(four>>8), byte(four>>16)
	}
}

func unpackRough(dst []float64, part []byte) []float64 {
	for ; len(part) > 0; part = part[3:] {
		four := uint32(part[0]) | uint32(part[1])<<8 | uint32(part[2])<<16
		for range 4 {
			dst = append(dst, roughValue(byte(four&(1<<roughBits-1))))
			four >>= roughBits
		}
	}
	return dst
}
