package remotewrite

import (
	"math"

	"github.com/foreshock-io/foreshock/ingest"
)

// chunk is how many samples of one series are handed over at once: a message of a few megabytes may hold millions.
const chunk = 1024

// sink takes what a request holds. Key and points are used again after each call.
type sink interface {
	// add takes samples of the series with the key, in the form of the index.
	add(key []byte, points []ingest.Point) error
	// drop takes how many samples could not be used.
	drop(why ingest.Drop, samples int)
	// ignore takes how many histograms and exemplars there were.
	ignore(histograms, exemplars int)
}

// decoder reads requests. It keeps its buffers from one to the next.
type decoder struct {
	out     sink
	points  []ingest.Point
	key     []byte
	refs    []uint32
	symbols []symbol
	version int // of the protocol, 1 or 2
}

// request reads a prometheus.WriteRequest, remote write 1.0.
func (d *decoder) request(b []byte) error {
	d.version = 1
	c := read(b)
	for c.more() {
		field, wire := c.tag()
		switch {
		case !c.ok:
		case field == 1:
			c.expect(wire, wireBytes)
			if series := c.bytes(); c.ok {
				if err := d.series(series); err != nil {
					return err
				}
			}
		case field == 3:
			c.expect(wire, wireBytes)
			c.ok = metadataV1.valid(c.bytes()) && c.ok
		default:
			c.skip(wire)
		}
	}
	if !c.ok {
		return errMalformed
	}
	return nil
}

// series reads a prometheus.TimeSeries. Its key is the part of b that its labels are, when they stand together in
// their usual form; so the usual series costs no copy.
func (d *decoder) series(b []byte) error {
	var (
		c                              = read(b)
		first, last                    = -1, -1
		usual                          = true
		samples, histograms, exemplars int
	)
	d.points = d.points[:0]
	for c.more() {
		start := c.i
		field, wire := c.tag()
		switch {
		case !c.ok:
		case field == 1:
			c.expect(wire, wireBytes)
			label := c.bytes()
			if first < 0 {
				first, last = start, start
			}
			usual = usual && last == start && c.i-start == usualHead(len(label))+len(label) && usualLabel(label)
			c.ok = c.ok && (usual || labelPair.valid(label))
			last = c.i
		case field == 2:
			c.expect(wire, wireBytes)
			d.sample(&c, &samples)
		case field == 3:
			c.expect(wire, wireBytes)
			c.ok = exemplarV1.valid(c.bytes()) && c.ok
			exemplars++
		case field == 4:
			c.expect(wire, wireBytes)
			c.ok = histogramV1.valid(c.bytes()) && c.ok
			histograms++
		default:
			c.skip(wire)
		}
	}
	if !c.ok {
		return errMalformed
	}
	d.out.ignore(histograms, exemplars)
	if samples == 0 {
		return nil
	}
	key := b[max(first, 0):max(last, 0)]
	if !usual {
		key = d.rewrite(b)
	}
	return d.hand(key, b, samples)
}

// usualHead is how many bytes tag and length take in the usual form.
func usualHead(size int) int {
	if size < 0x80 {
		return 2
	}
	return 3 // a label of 16 KiB and more is never usual
}

// usualLabel says whether a label has the form that an index' key has: name, then value, neither empty, lengths in
// as few bytes as can be.
func usualLabel(b []byte) bool {
	if len(b) < 6 || b[0] != 1<<3|wireBytes || b[1] == 0 || b[1] > 0x7f {
		return false
	}
	at := 2 + int(b[1])
	if at+2 >= len(b) || b[at] != 2<<3|wireBytes {
		return false
	}
	size, n := int(b[at+1]), 1
	if size > 0x7f {
		if b[at+2] == 0 || b[at+2] > 0x7f {
			return false
		}
		size, n = size&0x7f|int(b[at+2])<<7, 2
	}
	return size > 0 && at+1+n+size == len(b)
}

// rewrite gives the key of labels that have another form. Labels without a value are no labels.
func (d *decoder) rewrite(b []byte) []byte {
	d.key = d.key[:0]
	for c := read(b); c.more(); {
		field, wire := c.tag()
		if field != 1 {
			c.skip(wire)
			continue
		}
		if name, value := labelOf(c.bytes()); len(value) > 0 {
			d.key = ingest.AppendLabel(d.key, name, value)
		}
	}
	return d.key
}

func labelOf(b []byte) (name, value []byte) {
	for c := read(b); c.more(); {
		switch field, wire := c.tag(); field {
		case 1:
			name = c.bytes()
		case 2:
			value = c.bytes()
		default:
			c.skip(wire)
		}
	}
	return name, value
}

// sample reads a sample and keeps it, if it is among the first.
func (d *decoder) sample(c *cursor, samples *int) {
	p, ok := d.point(c.bytes())
	c.ok = c.ok && ok
	if *samples++; *samples <= chunk {
		d.points = append(d.points, p)
	}
}

// point reads a Sample; that of 2.0 has a third number, when its counter began.
func (d *decoder) point(b []byte) (p ingest.Point, ok bool) {
	c := read(b)
	for c.more() {
		field, wire := c.tag()
		switch {
		case !c.ok:
		case field == 1:
			c.expect(wire, wireFixed64)
			p.Value = math.Float64frombits(c.fixed64())
		case field == 2:
			c.expect(wire, wireVarint)
			p.Time = int64(c.varint())
		case field == 3 && d.version == 2:
			c.expect(wire, wireVarint)
			c.varint()
		default:
			c.skip(wire)
		}
	}
	return p, c.ok
}

// hand hands the samples of a series over: those kept, or, when there were more, all of them read again in chunks.
func (d *decoder) hand(key, b []byte, samples int) error {
	if samples <= chunk {
		return d.out.add(key, d.points)
	}
	d.points = d.points[:0]
	for c := read(b); c.more(); {
		field, wire := c.tag()
		if field != 2 {
			c.skip(wire)
			continue
		}
		p, _ := d.point(c.bytes())
		if d.points = append(d.points, p); len(d.points) == chunk {
			if err := d.out.add(key, d.points); err != nil {
				return err
			}
			d.points = d.points[:0]
		}
	}
	return d.out.add(key, d.points)
}
