package remotewrite

import (
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"

	"github.com/klauspost/compress/s2"
)

// fault is why a request is refused: the status says to the sender whether to send it again.
type fault struct {
	status int
	text   string
}

func (f *fault) Error() string { return f.text }

func refuse(status int, format string, args ...any) *fault {
	return &fault{status, fmt.Sprintf(format, args...)}
}

// version reads the protocol's version from the headers. Senders of 1.0 may leave both headers out.
func version(h http.Header) (int, *fault) {
	if e := h.Get("Content-Encoding"); e != "" && e != "snappy" {
		return 0, refuse(http.StatusUnsupportedMediaType, "Content-Encoding is %q; remote write is compressed with snappy", e)
	}
	typ := h.Get("Content-Type")
	if typ == "" {
		return 1, nil
	}
	media, params, err := mime.ParseMediaType(typ)
	if err == nil && media == "application/x-protobuf" {
		switch params["proto"] {
		case "", "prometheus.WriteRequest":
			return 1, nil
		case "io.prometheus.write.v2.Request":
			return 2, nil
		}
	}
	return 0, refuse(http.StatusUnsupportedMediaType,
		"Content-Type is %q; remote write is application/x-protobuf with proto=prometheus.WriteRequest or proto=io.prometheus.write.v2.Request", typ)
}

// buffers are a request's memory, which is used again for the next. Its size is taken from the receiver's budget
// while the request is served.
type buffers struct {
	body, decoded []byte
	decoder       decoder
	held          int64
}

// keepAtMost is up to which size a buffer is kept for the next request.
const keepAtMost = 4 << 20

// firstRead is how much is read before it is known how much will come.
const firstRead = 64 << 10

func (r *Receiver) hold(b *buffers, n int64) *fault {
	if !r.memory.TryAcquire(n) {
		return refuse(http.StatusServiceUnavailable, "the requests under way fill the memory set for them; send again later, or raise memory_bytes")
	}
	b.held += n
	return nil
}

func (r *Receiver) release(b *buffers) {
	r.memory.Release(b.held)
	b.held = 0
	if cap(b.body) > keepAtMost {
		b.body = nil
	}
	if cap(b.decoded) > keepAtMost {
		b.decoded = nil
	}
	r.buffers.Put(b)
}

// readBody reads as much as is sent, in a buffer that grows with it: a length that is only declared costs nothing.
func (r *Receiver) readBody(b *buffers, w http.ResponseWriter, req *http.Request) *fault {
	tooLarge := func() *fault {
		return refuse(http.StatusRequestEntityTooLarge, "request is larger than max_body_bytes (%d); send smaller batches", r.cfg.MaxBody)
	}
	if req.ContentLength > r.cfg.MaxBody {
		return tooLarge()
	}
	body := http.MaxBytesReader(w, req.Body, r.cfg.MaxBody)
	if err := r.hold(b, firstRead); err != nil {
		return err
	}
	if cap(b.body) < firstRead {
		b.body = make([]byte, 0, firstRead)
	}
	limit := firstRead
	for b.body = b.body[:0]; ; {
		if len(b.body) == limit {
			if err := r.hold(b, int64(limit)); err != nil {
				return err
			}
			if limit *= 2; cap(b.body) < limit {
				b.body = append(make([]byte, 0, limit), b.body...)
			}
		}
		n, err := body.Read(b.body[len(b.body):limit])
		b.body = b.body[:len(b.body)+n]
		var over *http.MaxBytesError
		switch {
		case err == io.EOF:
			return nil
		case errors.As(err, &over):
			return tooLarge()
		case err != nil:
			return refuse(http.StatusBadRequest, "read the body: %v", err)
		}
	}
}

// decompress looks at the length that snappy's header declares before it makes room for it.
func (r *Receiver) decompress(b *buffers) *fault {
	malformed := func() *fault {
		return refuse(http.StatusBadRequest, "body is not in snappy's block format; check the sender's compression")
	}
	size, err := s2.DecodedLen(b.body)
	switch {
	case errors.Is(err, s2.ErrTooLarge) || err == nil && int64(size) > r.cfg.MaxDecoded:
		return refuse(http.StatusRequestEntityTooLarge, "request is larger than max_decoded_bytes (%d); send smaller batches", r.cfg.MaxDecoded)
	// Snappy's densest element makes 64 bytes of 3, so what declares more was not made by it.
	case err != nil || size > 22*len(b.body):
		return malformed()
	}
	if err := r.hold(b, int64(size)); err != nil {
		return err
	}
	if cap(b.decoded) < size {
		b.decoded = make([]byte, size)
	}
	if b.decoded, err = s2.Decode(b.decoded[:cap(b.decoded)], b.body); err != nil {
		return malformed()
	}
	return nil
}
