package remotewrite

import (
	"errors"
	"math"

	"github.com/foreshock-io/foreshock/ingest"
)

// Bounds on what one request of 2.0 may make the receiver remember.
const (
	maxSymbols = 1 << 20
	maxRefs    = 1 << 12
)

var errSymbols = errors.New("request has more than 1,048,576 symbols; send smaller batches")

// symbol is where a symbol is in the request.
type symbol struct{ at, size uint32 }

// requestV2 reads an io.prometheus.write.v2.Request, remote write 2.0.
func (d *decoder) requestV2(b []byte) error {
	d.version = 2
	if len(b) > math.MaxUint32 {
		return errMalformed
	}
	if err := d.readSymbols(b); err != nil {
		return err
	}
	for c := read(b); c.more(); {
		field, wire := c.tag()
		if field != 5 {
			c.skip(wire)
			continue
		}
		if err := d.seriesV2(b, c.bytes()); err != nil {
			return err
		}
	}
	return nil
}

// readSymbols checks the request but for its series, and finds its symbols: they may stand after the series.
func (d *decoder) readSymbols(b []byte) error {
	d.symbols = d.symbols[:0]
	c := read(b)
	for c.more() {
		field, wire := c.tag()
		switch {
		case !c.ok:
		case field == 4:
			c.expect(wire, wireBytes)
			size := len(c.bytes())
			if len(d.symbols) == maxSymbols {
				return errSymbols
			}
			d.symbols = append(d.symbols, symbol{uint32(c.i - size), uint32(size)})
		case field == 5:
			c.expect(wire, wireBytes)
			c.bytes()
		default:
			c.skip(wire)
		}
	}
	if !c.ok {
		return errMalformed
	}
	return nil
}

// seriesV2 reads an io.prometheus.write.v2.TimeSeries.
func (d *decoder) seriesV2(request, b []byte) error {
	var samples, histograms, exemplars int
	d.points, d.refs = d.points[:0], d.refs[:0]
	c := read(b)
	for c.more() {
		field, wire := c.tag()
		switch {
		case !c.ok:
		case field == 1 && wire == wireBytes:
			d.packedRefs(&c)
		case field == 1:
			c.expect(wire, wireVarint)
			d.ref(&c)
		case field == 2:
			c.expect(wire, wireBytes)
			d.sample(&c, &samples)
		case field == 3:
			c.expect(wire, wireBytes)
			c.ok = histogramV2.valid(c.bytes()) && c.ok
			histograms++
		case field == 4:
			c.expect(wire, wireBytes)
			c.ok = exemplarV2.valid(c.bytes()) && c.ok
			exemplars++
		case field == 5:
			c.expect(wire, wireBytes)
			c.ok = metadataV2.valid(c.bytes()) && c.ok
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
	if why := d.resolve(request); why != "" {
		d.out.drop(why, samples)
		return nil
	}
	return d.hand(d.key, b, samples)
}

// packedRefs reads packed references. The last one may reach beyond the length: generated code lets it.
func (d *decoder) packedRefs(c *cursor) {
	size := len(c.bytes())
	end := c.i
	for c.i -= size; c.ok && c.i < end; {
		d.ref(c)
	}
}

func (d *decoder) ref(c *cursor) {
	if ref := uint32(c.varint()); len(d.refs) <= maxRefs {
		d.refs = append(d.refs, ref)
	}
}

// resolve makes the series' key of its references, or says why it cannot. Symbols may be long and be named often, so
// it stops as soon as the key is too long.
func (d *decoder) resolve(request []byte) ingest.Drop {
	d.key = d.key[:0]
	switch {
	case len(d.refs) > maxRefs:
		return ingest.DropTooLarge
	case len(d.refs)%2 != 0:
		return ingest.DropMalformed
	}
	for i := 0; i < len(d.refs); i += 2 {
		name, known := d.symbol(request, d.refs[i])
		value, also := d.symbol(request, d.refs[i+1])
		switch {
		case !known || !also:
			return ingest.DropMalformed
		case len(d.key)+len(name)+len(value) > ingest.MaxKey:
			return ingest.DropTooLarge
		case len(value) > 0:
			d.key = ingest.AppendLabel(d.key, name, value)
		}
	}
	return ""
}

func (d *decoder) symbol(request []byte, ref uint32) ([]byte, bool) {
	if int(ref) >= len(d.symbols) {
		return nil, false
	}
	s := d.symbols[ref]
	return request[s.at:][:s.size], true
}
