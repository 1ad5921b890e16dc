package otlp

import (
	"compress/gzip"
	"context"
	"errors"
	"io"
	"mime"
	"net/http"
	"strings"
	"time"

	spb "google.golang.org/genproto/googleapis/rpc/status"
	"google.golang.org/grpc/codes"
	"google.golang.org/protobuf/encoding/protojson"
	"google.golang.org/protobuf/proto"

	"github.com/foreshock-io/foreshock/ingest"
)

// firstRead is how much is read before it is known how much will come.
const firstRead = 16 << 10

const (
	typeProtobuf = "application/x-protobuf"
	typeJSON     = "application/json"
)

func (r *Receiver) serveHTTP(w http.ResponseWriter, req *http.Request, export export) {
	enc, err := encodingOf(req.Header)
	var answer []byte
	if err == nil {
		answer, err = r.take(w, req, enc, export)
	}
	if err != nil {
		fail(w, enc, err)
		return
	}
	w.Header().Set("Content-Type", enc.mediaType())
	_, _ = w.Write(answer) // the sender is gone if that fails, and sends again
}

func (enc encoding) mediaType() string {
	if enc == inJSON {
		return typeJSON
	}
	return typeProtobuf
}

// errMedia is answered 415.
var errMedia = refuse(codes.Unimplemented, "OTLP over HTTP is application/x-protobuf or application/json, compressed with gzip or not at all")

func encodingOf(h http.Header) (encoding, error) {
	switch h.Get("Content-Encoding") {
	case "", "identity", "gzip":
	default:
		return protobuf, errMedia
	}
	media, _, err := mime.ParseMediaType(h.Get("Content-Type"))
	switch {
	case err == nil && media == typeProtobuf:
		return protobuf, nil
	case err == nil && media == typeJSON:
		return inJSON, nil
	}
	return protobuf, errMedia
}

func (r *Receiver) take(w http.ResponseWriter, req *http.Request, enc encoding, export export) ([]byte, error) {
	run, leave, err := r.enter()
	if err != nil {
		return nil, err
	}
	defer leave()
	b := &budget{r: r}
	defer b.release()
	// Not every ResponseWriter has deadlines; then the server's own hold.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(r.cfg.ReadTimeout))
	body, err := r.read(w, req, b)
	if err != nil {
		return nil, err
	}
	_ = control.SetReadDeadline(time.Time{}) // else it would end the wait for the program too
	ctx, cancel := context.WithTimeout(req.Context(), r.cfg.PushTimeout)
	defer cancel()
	return export(ctx, run, body, enc)
}

// read reads the body as far as max_body_bytes, before and after decompression.
func (r *Receiver) read(w http.ResponseWriter, req *http.Request, b *budget) ([]byte, error) {
	refuseAs := func(why ingest.Drop, f *fault) error {
		r.env.Drops.Add(Factory.Name, why, 1)
		return f
	}
	tooLarge := refuse(codes.ResourceExhausted, "request is larger than max_body_bytes (%d); send smaller batches", r.cfg.MaxBody)
	if req.ContentLength > r.cfg.MaxBody {
		return nil, refuseAs(ingest.DropTooLarge, tooLarge)
	}
	var from io.Reader = http.MaxBytesReader(w, req.Body, r.cfg.MaxBody)
	if strings.EqualFold(req.Header.Get("Content-Encoding"), "gzip") {
		unzipped, err := gzip.NewReader(from)
		if err != nil {
			return nil, refuseAs(ingest.DropMalformed, refuse(codes.InvalidArgument, "body is not in gzip's format: %v", err))
		}
		from = unzipped
	}
	body, err := readUpTo(from, r.cfg.MaxBody, b)
	var over *http.MaxBytesError
	var f *fault
	switch {
	case errors.As(err, &over) || errors.Is(err, errTooLong):
		return nil, refuseAs(ingest.DropTooLarge, tooLarge)
	case errors.As(err, &f):
		return nil, f
	case err != nil:
		return nil, refuseAs(ingest.DropMalformed, refuse(codes.InvalidArgument, "read the body: %v", err))
	}
	return body, nil
}

var errTooLong = errors.New("too long")

// readUpTo reads all of from, holding memory as it comes.
func readUpTo(from io.Reader, most int64, b *budget) ([]byte, error) {
	buf := make([]byte, 0, firstRead)
	for {
		if err := b.hold(int64(cap(buf))); err != nil {
			return nil, err
		}
		n, err := from.Read(buf[len(buf):cap(buf)])
		buf = buf[:len(buf)+n]
		switch {
		case int64(len(buf)) > most:
			return nil, errTooLong
		case err == io.EOF:
			return buf, nil
		case err != nil:
			return nil, err
		case len(buf) == cap(buf):
			buf = append(make([]byte, 0, 2*cap(buf)), buf...)
		}
	}
}

// statusOf gives the HTTP status of a fault: 503 is sent again by senders, the others are not.
func statusOf(err error) (int, codes.Code) {
	var f *fault
	switch {
	case !errors.As(err, &f):
		return http.StatusInternalServerError, codes.Internal
	case f == errMedia:
		return http.StatusUnsupportedMediaType, f.code
	case f.code == codes.Unavailable:
		return http.StatusServiceUnavailable, f.code
	case f.code == codes.ResourceExhausted:
		return http.StatusRequestEntityTooLarge, f.code
	}
	return http.StatusBadRequest, f.code
}

// fail answers with a Status message, in the request's encoding, as the specification wants.
func fail(w http.ResponseWriter, enc encoding, err error) {
	status, code := statusOf(err)
	message := &spb.Status{Code: int32(code), Message: err.Error()}
	marshal := proto.Marshal
	if enc == inJSON {
		marshal = protojson.Marshal
	}
	body, err := marshal(message)
	if err != nil {
		body = nil // the status is answer enough
	}
	if status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "2")
	}
	w.Header().Set("Content-Type", enc.mediaType())
	w.WriteHeader(status)
	_, _ = w.Write(body) // the sender is gone if that fails
}
