package remotewrite

// schema describes a message whose content is not used but must be well formed all the same: by field number.
type schema map[int32]kind

// kind is how a field is written.
type kind struct {
	wire     int
	repeated bool // numbers may also be packed
	message  schema
}

var (
	varint    = kind{wire: wireVarint}
	varints   = kind{wire: wireVarint, repeated: true}
	double    = kind{wire: wireFixed64}
	doubles   = kind{wire: wireFixed64, repeated: true}
	text      = kind{wire: wireBytes}
	labelPair = schema{1: text, 2: text}
	span      = schema{1: varint, 2: varint}

	metadataV1 = schema{1: varint, 2: text, 4: text, 5: text}
	exemplarV1 = schema{1: message(labelPair), 2: double, 3: varint}
	metadataV2 = schema{1: varint, 3: varint, 4: varint}
	exemplarV2 = schema{1: varints, 2: double, 3: varint}

	histogramV1 = schema{
		1: varint, 2: double, 3: double, 4: varint, 5: double, 6: varint, 7: double,
		8: message(span), 9: varints, 10: doubles, 11: message(span), 12: varints, 13: doubles,
		14: varint, 15: varint, 16: doubles,
	}
	histogramV2 = schema{
		1: varint, 2: double, 3: double, 4: varint, 5: double, 6: varint, 7: double,
		8: message(span), 9: varints, 10: doubles, 11: message(span), 12: varints, 13: doubles,
		14: varint, 15: varint, 16: doubles, 17: varint,
	}
)

func message(s schema) kind { return kind{wire: wireBytes, message: s} }

// valid says whether b is well formed. Schemas do not nest in themselves, so neither does this.
func (s schema) valid(b []byte) bool {
	c := read(b)
	for c.more() {
		field, wire := c.tag()
		k, known := s[field]
		switch {
		case !c.ok:
		case !known:
			c.skip(wire)
		case k.repeated && wire == wireBytes:
			c.packed(k.wire)
		case wire != k.wire:
			c.ok = false
		case k.message != nil:
			c.ok = k.message.valid(c.bytes()) && c.ok
		default:
			c.value(wire)
		}
	}
	return c.ok
}

func (c *cursor) value(wire int) {
	switch wire {
	case wireVarint:
		c.varint()
	case wireFixed64:
		c.fixed64()
	default:
		c.bytes()
	}
}

// packed passes over packed numbers. The last one may reach beyond the length: generated code lets it.
func (c *cursor) packed(wire int) {
	size := len(c.bytes())
	end := c.i
	for c.i -= size; c.ok && c.i < end; {
		c.value(wire)
	}
}
