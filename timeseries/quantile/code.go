package quantile

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Code is a non-negative reading in two bytes. Larger readings never have
// smaller codes, so codes can be compared and counted in place of readings.
type Code uint16

const (
	// Zero is the code of the reading 0.
	Zero Code = 0
	// Missing is the code of a reading that is not there.
	Missing Code = math.MaxUint16

	// MinValue and MaxValue bound what a code can hold. Positive readings below
	// MinValue are stored as MinValue, so that they stay distinct from zero;
	// readings above MaxValue, +Inf included, as MaxValue.
	MinValue = 1e-9
	// MaxValue is the largest.
	MaxValue = 1e15

	// RelativeError bounds |Decode(Encode(x)) - x| / x between MinValue and
	// MaxValue.
	RelativeError = 0.000422

	first Code = 1
	last  Code = Missing - 1
)

// step is the logarithm of the ratio of two neighbouring grid points.
var step = math.Log(MaxValue/MinValue) / float64(last-first)

// coarse and fine give exp(step·k) as coarse[k/256]·fine[k%256]: two small
// tables stay in cache where one of 65536 entries would not.
var coarse, fine = func() (c, f [256]float64) {
	for i := range 256 {
		c[i] = MinValue * math.Exp(step*float64(i)*256)
		f[i] = math.Exp(step * float64(i))
	}
	return c, f
}()

// Encode returns the code of a reading. NaN and negative readings have none:
// they give Missing. Negative zero is zero.
func Encode(x float64) Code {
	switch {
	case x == 0:
		return Zero
	case x >= MaxValue:
		return last
	case x >= MinValue:
		return first + Code(math.Log(x*(1/MinValue))/step+0.5)
	case x > 0:
		return first
	default: // negative or NaN
		return Missing
	}
}

// Decode returns the reading that a code stands for, NaN for Missing.
func Decode(c Code) float64 {
	switch c {
	case Zero:
		return 0
	case Missing:
		return math.NaN()
	}
	c -= first
	return coarse[c>>8] * fine[c&0xff]
}

// Codes is a sequence of codes. A codec that knows encoding.BinaryMarshaler
// (CBOR does) writes it as one byte string, two bytes for each code.
type Codes []Code

// MarshalBinary returns the codes as little-endian pairs of bytes.
func (c Codes) MarshalBinary() ([]byte, error) {
	data := make([]byte, 0, 2*len(c))
	for _, code := range c {
		data = binary.LittleEndian.AppendUint16(data, uint16(code))
	}
	return data, nil
}

// UnmarshalBinary reads what MarshalBinary wrote.
func (c *Codes) UnmarshalBinary(data []byte) error {
	if len(data)%2 != 0 {
		return fmt.Errorf("quantile: codes: %d bytes is not a whole number of codes", len(data))
	}
	*c = make(Codes, len(data)/2)
	for i := range *c {
		(*c)[i] = Code(binary.LittleEndian.Uint16(data[2*i:]))
	}
	return nil
}
