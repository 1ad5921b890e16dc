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
		return first + Code(gridPosition(x)+0.5)
	case x > 0:
		return first
	default: // negative or NaN
		return Missing
	}
}

// logarithms has, for x = 2^e·m with the mantissa m in cell i of 256, the position of the cell's middle on the grid and its inverse.
// octave is how far apart positions of x and 2x are, perStep those of x and a little more by its share of x.
var logarithms, octave, perStep = func() (t [256]struct{ position, inverse float64 }, octave, perStep float64) {
	for i := range t {
		middle := 1 + (float64(i)+0.5)/256
		t[i].position, t[i].inverse = math.Log(middle/MinValue)/step, 1/middle
	}
	return t, math.Ln2 / step, 1 / step
}()

// gridPosition is ln(x/MinValue)/step for a normal x, faster than by math.Log: what a table of 256 leaves, |r| ≤ 1/512, is ln(1+r) =
// r - r²/2 + r³/3, too great by r⁴/4 - r⁵/5 < 4e-12. That is more at a cell's lower end than at the upper end of the one before, so it jumps up from
// cell to cell, and larger readings have no smaller codes.
func gridPosition(x float64) float64 {
	bits := math.Float64bits(x)
	cell := &logarithms[bits>>44&0xff]
	r := math.Float64frombits(bits&(1<<52-1)|1023<<52)*cell.inverse - 1
	return float64(int(bits>>52)-1023)*octave + cell.position + (r-r*r*(1./2-r*(1./3)))*perStep
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
