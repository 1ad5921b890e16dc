package remotewrite

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock/ingest"
)

// Headers of the answer, from the specification of remote write 2.0.
const (
	samplesWritten    = "X-Prometheus-Remote-Write-Samples-Written"
	histogramsWritten = "X-Prometheus-Remote-Write-Histograms-Written"
	exemplarsWritten  = "X-Prometheus-Remote-Write-Exemplars-Written"
)

// retryAfter is how many seconds a sender should wait when the receiver is busy.
const retryAfter = "2"

// serve answers 204 only after the program has taken the request's samples. 400 and 413 tell the sender not to send
// the request again, 503 to do so: then nothing of it counts as taken.
func (r *Receiver) serve(w http.ResponseWriter, req *http.Request) {
	if err := r.take(w, req); err != nil {
		var f *fault
		if !errors.As(err, &f) {
			f = refuse(http.StatusInternalServerError, "%v", err)
		}
		if f.status == http.StatusServiceUnavailable {
			w.Header().Set("Retry-After", retryAfter)
		}
		http.Error(w, f.text, f.status)
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

func (r *Receiver) take(w http.ResponseWriter, req *http.Request) error {
	if !r.mu.TryRLock() {
		return refuse(http.StatusServiceUnavailable, "the receiver is stopping")
	}
	defer r.mu.RUnlock()
	if r.index == nil {
		return refuse(http.StatusServiceUnavailable, "the receiver does not run")
	}
	v, f := version(req.Header)
	if f != nil {
		return f
	}
	// Not every ResponseWriter has deadlines; then the server's own hold.
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(r.cfg.ReadTimeout))
	b := r.buffers.Get().(*buffers)
	defer r.release(b)
	if f := r.readBody(b, w, req); f != nil {
		return r.count(f)
	}
	_ = control.SetReadDeadline(time.Time{}) // else it would end the wait for the program too
	if f := r.decompress(b); f != nil {
		return r.count(f)
	}
	ctx, cancel := context.WithTimeout(req.Context(), r.cfg.PushTimeout)
	defer cancel()
	return r.push(ctx, w, b, v)
}

// count counts a request that could not be read at all as one drop.
func (r *Receiver) count(f *fault) *fault {
	switch f.status {
	case http.StatusBadRequest:
		r.env.Drops.Add(Factory.Name, ingest.DropMalformed, 1)
	case http.StatusRequestEntityTooLarge:
		r.env.Drops.Add(Factory.Name, ingest.DropTooLarge, 1)
	}
	return f
}

func (r *Receiver) push(ctx context.Context, w http.ResponseWriter, b *buffers, version int) error {
	t := &taking{ctx: ctx, batch: r.index.Batch(time.Now())}
	defer t.batch.Close()
	b.decoder.out = t
	defer func() { b.decoder.out = nil }()
	err := b.decoder.read(b.decoded, version)
	if err == nil {
		err = t.push()
	}
	if version == 2 {
		t.report(w.Header(), err == nil)
	}
	switch {
	case errors.Is(err, errMalformed) || errors.Is(err, errSymbols):
		t.batch.Drop(ingest.DropMalformed, 1)
		return refuse(http.StatusBadRequest, "%v", err)
	case err != nil:
		return err
	}
	return t.refused()
}

func (d *decoder) read(b []byte, version int) error {
	if version == 2 {
		return d.requestV2(b)
	}
	return d.request(b)
}

// taking takes one request's samples.
type taking struct {
	ctx                            context.Context
	batch                          *ingest.Batch
	samples, histograms, exemplars int
}

func (t *taking) add(key []byte, points []ingest.Point) error {
	t.samples += len(points)
	t.batch.Add(key, points)
	if t.batch.Full() {
		return t.push()
	}
	return nil
}

func (t *taking) drop(why ingest.Drop, samples int) {
	t.samples += samples
	t.batch.Drop(why, samples)
}

func (t *taking) ignore(histograms, exemplars int) {
	t.histograms += histograms
	t.exemplars += exemplars
	t.batch.Drop(ingest.DropUnmapped, histograms)
}

func (t *taking) push() error {
	if err := t.batch.Push(t.ctx); err != nil {
		return refuse(http.StatusServiceUnavailable, "the program is busy and did not take the samples in time; send them again")
	}
	return nil
}

// faulty are the drops that are the sender's fault, for which the specification wants 400. The others are data that
// a sender is right to send, though no use can be made of them here.
var faulty = []ingest.Drop{
	ingest.DropMalformed, ingest.DropOutOfOrder, ingest.DropFuture, ingest.DropTooMany, ingest.DropTooLarge,
}

func (t *taking) faults() (n int, text string) {
	var parts []string
	for _, why := range faulty {
		if k := t.batch.Dropped(why); k > 0 {
			n += k
			parts = append(parts, fmt.Sprintf("%d %s", k, why))
		}
	}
	return n, strings.Join(parts, ", ")
}

// refused answers the samples that were invalid; the others of the request were taken.
func (t *taking) refused() error {
	if n, text := t.faults(); n > 0 {
		return refuse(http.StatusBadRequest, "%d of %d samples refused: %s; the others were taken", n, t.samples, text)
	}
	return nil
}

// report writes how much was taken. Samples that no rule maps, histograms and exemplars count as taken: they came
// well, and a sender would take their absence for a fault of the receiver.
func (t *taking) report(h http.Header, taken bool) {
	var samples, histograms, exemplars int
	if taken {
		invalid, _ := t.faults()
		samples, histograms, exemplars = max(0, t.samples-invalid), t.histograms, t.exemplars
	}
	h.Set(samplesWritten, strconv.Itoa(samples))
	h.Set(histogramsWritten, strconv.Itoa(histograms))
	h.Set(exemplarsWritten, strconv.Itoa(exemplars))
}
