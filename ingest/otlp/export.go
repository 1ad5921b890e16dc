package otlp

import (
	"context"
	"fmt"
	"time"

	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"google.golang.org/grpc/codes"

	"github.com/foreshock-io/foreshock/ingest"
)

// encoding is how a request and its answer are written.
type encoding int

const (
	protobuf encoding = iota
	inJSON
)

// export takes a request's bytes and gives the answer's. It is the same for HTTP and gRPC.
type export func(ctx context.Context, run *running, body []byte, enc encoding) ([]byte, error)

// fault is why a request is refused. The code says to the sender whether to send it again: only Unavailable does.
type fault struct {
	code codes.Code
	text string
}

func (f *fault) Error() string { return f.text }

func refuse(code codes.Code, format string, args ...any) *fault {
	return &fault{code, fmt.Sprintf(format, args...)}
}

var (
	errNotRunning = refuse(codes.Unavailable, "the receiver does not run")
	errMemory     = refuse(codes.Unavailable, "the requests under way fill the memory set for them; send again later, or raise memory_bytes")
	errBusy       = refuse(codes.Unavailable, "the program is busy and did not take the data in time; send them again")
)

// enter gives what is running, to be left again, or an error.
func (r *Receiver) enter() (run *running, leave func(), err error) {
	if !r.mu.TryRLock() {
		return nil, nil, errNotRunning
	}
	if r.run == nil {
		r.mu.RUnlock()
		return nil, nil, errNotRunning
	}
	return r.run, r.mu.RUnlock, nil
}

// budget is the memory that a request takes of the receiver's.
type budget struct {
	r    *Receiver
	held int64
}

// hold raises what the request takes to n bytes.
func (b *budget) hold(n int64) error {
	if n > b.held {
		if !b.r.memory.TryAcquire(n - b.held) {
			return errMemory
		}
		b.held = n
	}
	return nil
}

func (b *budget) release() { b.r.memory.Release(b.held) }

// admit looks at a request's shape before it is decoded, and holds the memory that it will take.
func (r *Receiver) admit(b *budget, body []byte, enc encoding, root *shape) error {
	count, err := r.count(body, enc, root)
	if err != nil {
		r.env.Drops.Add(Factory.Name, ingest.DropMalformed, 1)
		return err
	}
	need := weightPerByte*int64(len(body)) + weightPerMessage*int64(count)
	if need > r.cfg.Memory {
		r.env.Drops.Add(Factory.Name, ingest.DropTooLarge, 1)
		return refuse(codes.ResourceExhausted, "request would take %d bytes of memory, more than memory_bytes (%d); send smaller batches", need, r.cfg.Memory)
	}
	return b.hold(need)
}

func (r *Receiver) count(body []byte, enc encoding, root *shape) (int, error) {
	if enc == inJSON {
		return countJSON(body)
	}
	return root.count(body)
}

// metrics takes an ExportMetricsServiceRequest.
func (r *Receiver) metrics(ctx context.Context, run *running, body []byte, enc encoding) ([]byte, error) {
	b := &budget{r: r}
	defer b.release()
	if err := r.admit(b, body, enc, metricsRequest); err != nil {
		return nil, err
	}
	req := pmetricotlp.NewExportRequest()
	if err := decode(enc, body, req.UnmarshalProto, req.UnmarshalJSON); err != nil {
		r.env.Drops.Add(Factory.Name, ingest.DropMalformed, 1)
		return nil, err
	}
	m := metrics{ctx: ctx, rules: r.rules, batch: run.index.Batch(time.Now())}
	defer m.batch.Close()
	if err := m.take(req.Metrics()); err != nil {
		return nil, err
	}
	resp := pmetricotlp.NewExportResponse()
	if n, text := m.refused(); n > 0 {
		resp.PartialSuccess().SetRejectedDataPoints(int64(n))
		resp.PartialSuccess().SetErrorMessage(text)
	}
	return encode(enc, resp.MarshalProto, resp.MarshalJSON)
}

// traces takes an ExportTraceServiceRequest.
func (r *Receiver) traces(ctx context.Context, run *running, body []byte, enc encoding) ([]byte, error) {
	b := &budget{r: r}
	defer b.release()
	if err := r.admit(b, body, enc, tracesRequest); err != nil {
		return nil, err
	}
	req := ptraceotlp.NewExportRequest()
	if err := decode(enc, body, req.UnmarshalProto, req.UnmarshalJSON); err != nil {
		r.env.Drops.Add(Factory.Name, ingest.DropMalformed, 1)
		return nil, err
	}
	t := traces{ctx: ctx, r: r, run: run, now: time.Now(), drops: map[ingest.Drop]int{}}
	defer t.count()
	if err := t.take(req.Traces()); err != nil {
		return nil, err
	}
	resp := ptraceotlp.NewExportResponse()
	if n, text := refused(func(why ingest.Drop) int { return t.drops[why] }); n > 0 {
		resp.PartialSuccess().SetRejectedSpans(int64(n))
		resp.PartialSuccess().SetErrorMessage(text)
	}
	return encode(enc, resp.MarshalProto, resp.MarshalJSON)
}

func decode(enc encoding, body []byte, fromProto, fromJSON func([]byte) error) error {
	from := fromProto
	if enc == inJSON {
		from = fromJSON
	}
	if err := from(body); err != nil {
		return refuse(codes.InvalidArgument, "request is malformed: %v", err)
	}
	return nil
}

func encode(enc encoding, toProto, toJSON func() ([]byte, error)) ([]byte, error) {
	if enc == inJSON {
		return toJSON()
	}
	return toProto()
}

// faulty are the drops that are the sender's fault and are told to it.
var faulty = []ingest.Drop{
	ingest.DropMalformed, ingest.DropOutOfOrder, ingest.DropFuture, ingest.DropTooMany, ingest.DropTooLarge,
}

func refused(dropped func(ingest.Drop) int) (n int, text string) {
	for _, why := range faulty {
		if k := dropped(why); k > 0 {
			if n > 0 {
				text += ", "
			}
			n, text = n+k, text+fmt.Sprintf("%d %s", k, why)
		}
	}
	return n, text
}
