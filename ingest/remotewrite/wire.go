package remotewrite

import (
	"encoding/binary"
	"errors"
)

// The wire format of protocol buffers, read as the generated code of gogo/protobuf reads it, by which other receivers
// decode remote write: a varint may have ten bytes, of which the bits above 64 are ignored; field numbers are 32
// bits; groups are skipped.

var errMalformed = errors.New("request is malformed: not the protobuf message that its Content-Type says; compare the sender's protocol with the receiver's")

// Wire types.
const (
	wireVarint = iota
	wireFixed64
	wireBytes
	wireGroup
	wireGroupEnd
	wireFixed32
)

// cursor reads a message. Every read that fails leaves ok false; callers check it before they use what was read.
type cursor struct {
	b  []byte
	i  int
	ok bool
}

func read(b []byte) cursor { return cursor{b, 0, true} }

// more says whether there is a further field.
func (c *cursor) more() bool { return c.ok && c.i < len(c.b) }

// tag reads a field's number and wire type.
func (c *cursor) tag() (field int32, wire int) {
	v := c.varint()
	field, wire = int32(v>>3), int(v&7)
	if field <= 0 || wire == wireGroupEnd {
		c.ok = false
	}
	return field, wire
}

func (c *cursor) varint() uint64 {
	if c.i < len(c.b) && c.b[c.i] < 0x80 {
		c.i++
		return uint64(c.b[c.i-1])
	}
	return c.longVarint()
}

func (c *cursor) longVarint() uint64 {
	var v uint64
	for shift := uint(0); shift < 64 && c.i < len(c.b); shift += 7 {
		b := c.b[c.i]
		c.i++
		v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return v
		}
	}
	c.ok = false
	return 0
}

func (c *cursor) fixed64() uint64 {
	if len(c.b)-c.i < 8 {
		c.ok = false
		return 0
	}
	c.i += 8
	return binary.LittleEndian.Uint64(c.b[c.i-8:])
}

// bytes reads a length and as many bytes, which stay the message's.
func (c *cursor) bytes() []byte {
	size := c.varint()
	if !c.ok || size > uint64(len(c.b)-c.i) {
		c.ok = false
		return nil
	}
	c.i += int(size)
	return c.b[c.i-int(size) : c.i]
}

// expect fails where the wire type is not the field's.
func (c *cursor) expect(wire, want int) {
	if wire != want {
		c.ok = false
	}
}

// skip passes over a field that is not known. Groups nest without recursion.
func (c *cursor) skip(wire int) {
	for depth := 0; c.ok; wire = int(c.varint() & 7) {
		switch wire {
		case wireVarint:
			c.varint()
		case wireFixed64:
			c.fixed64()
		case wireBytes:
			c.bytes()
		case wireGroup:
			depth++
		case wireGroupEnd:
			if depth == 0 {
				c.ok = false
			}
			depth--
		case wireFixed32:
			if c.i += 4; c.i > len(c.b) {
				c.ok = false
			}
		default:
			c.ok = false
		}
		if depth == 0 {
			return
		}
	}
}
