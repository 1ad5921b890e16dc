package remotewrite

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"math"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/s2"
	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"
	"go.uber.org/goleak"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// gathered keeps what is pushed. While blocked it waits as a pipeline does whose owners are busy.
type gathered struct {
	mu       sync.Mutex
	ids      map[foreshock.ID]ingest.Handle
	readings []ingest.Reading
	most     int
	blocked  bool
}

func (g *gathered) Register(id foreshock.ID, about ingest.About) (ingest.Handle, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if about.Source != "remotewrite" {
		return 0, fmt.Errorf("registered by %q", about.Source)
	}
	h, ok := g.ids[id]
	if !ok && g.most > 0 && len(g.ids) >= g.most {
		return 0, ingest.ErrTooMany
	}
	if !ok {
		h = ingest.Handle(len(g.ids))
		g.ids[id] = h
	}
	return h, nil
}

func (g *gathered) Push(ctx context.Context, batch []ingest.Reading) error {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.blocked {
		<-ctx.Done()
		return ctx.Err()
	}
	g.readings = append(g.readings, batch...)
	return nil
}

func (g *gathered) Slow(ingest.Operation) {}

func (g *gathered) taken() []ingest.Reading {
	g.mu.Lock()
	defer g.mu.Unlock()
	return slices.Clone(g.readings)
}

func (g *gathered) handle(id foreshock.ID) (ingest.Handle, bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	h, ok := g.ids[id]
	return h, ok
}

var rules = ingest.Mapping{Rules: []ingest.Rule{
	{Metric: "count", ID: "${device}", Field: "ops", Counter: true},
	{Metric: "gauge", ID: "${device}", Field: "latency_seconds"},
}}

// running is a receiver that runs behind a server.
type running struct {
	url   string
	sink  *gathered
	drops *ingest.Drops
}

func run(t testing.TB, change func(*Config)) running {
	t.Helper()
	at := running{sink: &gathered{ids: map[foreshock.ID]ingest.Handle{}}, drops: new(ingest.Drops)}
	source, err := Factory.New(func(into any) error {
		cfg := into.(*Config)
		cfg.Mapping = rules
		if change != nil {
			change(cfg)
		}
		return nil
	}, ingest.Env{Drops: at.drops})
	if err != nil {
		t.Fatal(err)
	}
	r := source.(*Receiver)
	mux := http.NewServeMux()
	for _, route := range r.Routes() {
		mux.Handle(route.Pattern, route.Handler)
	}
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		if err := r.Run(ctx, at.sink); err != nil {
			t.Error(err)
		}
	})
	server := httptest.NewServer(mux)
	at.url = server.URL + Path
	for post(t, at.url, nil, s2.EncodeSnappy(nil, nil)).StatusCode == http.StatusServiceUnavailable {
		runtime.Gosched() // Run has not begun
	}
	t.Cleanup(func() {
		cancel()
		done.Wait()
		server.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	return at
}

type header map[string]string

// post sends a body as senders of 1.0 do, with the headers changed, and reads the answer's text into its Status.
func post(t testing.TB, url string, h header, body []byte) *http.Response {
	t.Helper()
	return postFrom(t, url, h, bytes.NewReader(body))
}

func postFrom(t testing.TB, url string, h header, body io.Reader) *http.Response {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Encoding", "snappy")
	req.Header.Set("Content-Type", "application/x-protobuf")
	for k, v := range h {
		req.Header.Set(k, v)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	resp.Status = strings.TrimSpace(string(text))
	return resp
}

var v2 = header{"Content-Type": "application/x-protobuf;proto=io.prometheus.write.v2.Request", "X-Prometheus-Remote-Write-Version": "2.0.0"}

type marshaler interface{ Marshal() ([]byte, error) }

func encode(t testing.TB, m marshaler) []byte {
	t.Helper()
	b, err := m.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	return s2.EncodeSnappy(nil, b)
}

func series(name, device string, samples ...prompb.Sample) prompb.TimeSeries {
	return prompb.TimeSeries{
		Labels:  []prompb.Label{{Name: "__name__", Value: name}, {Name: "device", Value: device}},
		Samples: samples,
	}
}

func request(series ...prompb.TimeSeries) *prompb.WriteRequest {
	return &prompb.WriteRequest{Timeseries: series}
}

// What is answered to what is sent, and what is read of it.
func TestAnswers(t *testing.T) {
	now := time.Now().UnixMilli()
	f := func(name string, body []byte, h header, status int, readings int, text string) {
		t.Helper()
		at := run(t, nil)
		resp := post(t, at.url, h, body)
		if resp.StatusCode != status || !strings.Contains(resp.Status, text) {
			t.Errorf("%s: answered %d %q, want %d %q", name, resp.StatusCode, resp.Status, status, text)
		}
		if got := len(at.sink.taken()); got != readings {
			t.Errorf("%s: %d readings, want %d", name, got, readings)
		}
	}
	sample := func(v float64, before int64) prompb.Sample {
		return prompb.Sample{Value: v, Timestamp: now - before}
	}
	stale := math.Float64frombits(ingest.StaleMarker)
	good := encode(t, request(series("count", "d", sample(1, 3000), sample(3, 2000)), series("gauge", "d", sample(0.1, 0))))

	f("good", good, nil, 204, 2, "")
	f("nothing", encode(t, request()), nil, 204, 0, "")
	f("without headers", good, header{"Content-Type": "", "Content-Encoding": ""}, 204, 2, "")
	f("named 1.0", good, header{"Content-Type": "application/x-protobuf; proto=prometheus.WriteRequest"}, 204, 2, "")
	f("JSON", good, header{"Content-Type": "application/json"}, 415, 0, "Content-Type is")
	f("another message", good, header{"Content-Type": "application/x-protobuf;proto=x"}, 415, 0, "Content-Type is")
	f("gzip", good, header{"Content-Encoding": "gzip"}, 415, 0, "Content-Encoding is")
	f("not compressed", []byte("hello"), nil, 400, 0, "snappy")
	f("empty body", nil, nil, 400, 0, "snappy")
	f("not protobuf", s2.EncodeSnappy(nil, []byte("hello")), nil, 400, 0, "malformed")
	f("1.0 as 2.0", good, v2, 204, 0, "") // its fields are unknown to 2.0, which skips them
	f("unmapped", encode(t, request(series("other", "d", sample(1, 0)))), nil, 204, 0, "")
	f("no number", encode(t, request(series("gauge", "d", sample(math.NaN(), 0), sample(math.Inf(1), 0), sample(-1, 0), sample(stale, 0)))), nil, 204, 0, "")
	f("sent twice", encode(t, request(series("gauge", "d", sample(1, 0), sample(1, 0)))), nil, 204, 1, "")
	f("out of order", encode(t, request(series("gauge", "d", sample(1, 0), sample(1, 5), sample(1, -5)))), nil, 400, 2, "1 of 3 samples refused: 1 out_of_order")
	f("future", encode(t, request(series("gauge", "d", sample(1, -600_000)), series("gauge", "e", sample(1, 0)))), nil, 400, 1, "1 future")
	f("no name", encode(t, request(series("", "d", sample(1, 0)))), nil, 400, 0, "1 malformed")
	twice := series("gauge", "d", sample(1, 0))
	twice.Labels = append(twice.Labels, prompb.Label{Name: "device", Value: "e"})
	f("a label twice", encode(t, request(twice, series("gauge", "d", sample(1, 0)))), nil, 400, 1, "1 malformed")
	long := series("gauge", strings.Repeat("d", 20_000), sample(1, 0))
	f("a long label", encode(t, request(long)), nil, 400, 0, "1 too_large")
	noID := request(prompb.TimeSeries{Labels: []prompb.Label{{Name: "__name__", Value: "gauge"}}, Samples: []prompb.Sample{sample(1, 0)}})
	f("no id", encode(t, noID), nil, 204, 0, "") // the rule's fault, not the sender's
	cut, err := request(series("gauge", "d", sample(1, 0)), series("gauge", "e", sample(1, 0))).Marshal()
	if err != nil {
		t.Fatal(err)
	}
	f("cut", s2.EncodeSnappy(nil, cut[:len(cut)-3]), nil, 400, 0, "malformed")
	histogram := prompb.TimeSeries{Labels: series("gauge", "d").Labels, Histograms: []prompb.Histogram{{Sum: 1, Timestamp: now}}}
	f("native histogram", encode(t, request(histogram)), nil, 204, 0, "")
}

func TestAnswersV2(t *testing.T) {
	now := time.Now().UnixMilli()
	symbols := []string{"", "__name__", "gauge", "device", "d", "other"}
	f := func(name string, status, readings int, written string, series ...writev2.TimeSeries) {
		t.Helper()
		at := run(t, nil)
		resp := post(t, at.url, v2, encode(t, &writev2.Request{Symbols: symbols, Timeseries: series}))
		h := resp.Header
		got := fmt.Sprintf("%s %s %s", h.Get(samplesWritten), h.Get(histogramsWritten), h.Get(exemplarsWritten))
		if resp.StatusCode != status || got != written || len(at.sink.taken()) != readings {
			t.Errorf("%s: answered %d %q, written %s, %d readings; want %d, %s, %d", name, resp.StatusCode, resp.Status, got,
				len(at.sink.taken()), status, written, readings)
		}
	}
	one := []writev2.Sample{{Value: 1, Timestamp: now}}
	f("good", 204, 1, "1 0 0", writev2.TimeSeries{LabelsRefs: []uint32{1, 2, 3, 4}, Samples: one})
	f("unmapped", 204, 0, "1 0 1", writev2.TimeSeries{LabelsRefs: []uint32{1, 5, 3, 4}, Samples: one, Exemplars: []writev2.Exemplar{{}}})
	f("native histogram", 204, 0, "0 1 0", writev2.TimeSeries{LabelsRefs: []uint32{1, 2, 3, 4}, Histograms: []writev2.Histogram{{Timestamp: now}}})
	f("unknown symbol", 400, 1, "1 0 0", writev2.TimeSeries{LabelsRefs: []uint32{1, 2, 3, 9}, Samples: one},
		writev2.TimeSeries{LabelsRefs: []uint32{1, 2, 3, 4}, Samples: one})
	f("odd references", 400, 0, "0 0 0", writev2.TimeSeries{LabelsRefs: []uint32{1, 2, 3}, Samples: one})
}

// A series is the same by either version.
func TestBothVersionsAreOneSeries(t *testing.T) {
	now := time.Now().UnixMilli()
	at := run(t, nil)
	post(t, at.url, nil, encode(t, request(series("count", "d", prompb.Sample{Value: 1, Timestamp: now - 2000}))))
	resp := post(t, at.url, v2, encode(t, &writev2.Request{
		Symbols: []string{"", "device", "d", "__name__", "count"},
		Timeseries: []writev2.TimeSeries{{
			LabelsRefs: []uint32{3, 4, 1, 2}, Samples: []writev2.Sample{{Value: 6, Timestamp: now}},
		}},
	}))
	want := ingest.Reading{Value: 5, Time: now, Span: 2000, Field: ingest.Ops}
	if got := at.sink.taken(); resp.StatusCode != 204 || len(got) != 1 || got[0] != want {
		t.Errorf("answered %d, read %+v, want %+v", resp.StatusCode, got, want)
	}
}

// What is not taken in time is answered 503, and is taken when it comes again: nothing is lost, nothing counts twice.
func TestBusy(t *testing.T) {
	now := time.Now().UnixMilli()
	at := run(t, func(cfg *Config) { cfg.PushTimeout = 20 * time.Millisecond })
	if resp := post(t, at.url, nil, encode(t, request(series("count", "d", prompb.Sample{Value: 1, Timestamp: now - 2000})))); resp.StatusCode != 204 {
		t.Fatalf("first: answered %d", resp.StatusCode)
	}
	body := encode(t, request(series("count", "d", prompb.Sample{Value: 2, Timestamp: now})))
	at.sink.blocked = true
	resp := post(t, at.url, nil, body)
	if resp.StatusCode != 503 || resp.Header.Get("Retry-After") == "" {
		t.Fatalf("busy: answered %d, Retry-After %q", resp.StatusCode, resp.Header.Get("Retry-After"))
	}
	at.sink.blocked = false
	for range 3 {
		if resp := post(t, at.url, nil, body); resp.StatusCode != 204 {
			t.Fatalf("again: answered %d %q", resp.StatusCode, resp.Status)
		}
	}
	if got := at.sink.taken(); len(got) != 1 || got[0].Value != 1 {
		t.Errorf("read %v, want one increment of 1", got)
	}
}

func TestTooManyWorkloads(t *testing.T) {
	now := time.Now().UnixMilli()
	at := run(t, nil)
	at.sink.most = 1
	one := prompb.Sample{Value: 1, Timestamp: now}
	resp := post(t, at.url, nil, encode(t, request(series("gauge", "d", one), series("gauge", "e", one))))
	if resp.StatusCode != 400 || !strings.Contains(resp.Status, "1 too_many") || len(at.sink.taken()) != 1 {
		t.Errorf("answered %d %q, %d readings", resp.StatusCode, resp.Status, len(at.sink.taken()))
	}
}

// endless gives zeros without end, and counts them.
type endless struct{ given int }

func (e *endless) Read(b []byte) (int, error) {
	e.given += len(b)
	clear(b)
	return len(b), nil
}

// Whatever comes, memory stays within the setting, and the answer is prompt.
func TestBombs(t *testing.T) {
	at := run(t, nil)
	f := func(name string, h header, body io.Reader, status int) {
		t.Helper()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		began := time.Now()
		resp := postFrom(t, at.url, h, body)
		t.Logf("%s: %d in %s", name, resp.StatusCode, time.Since(began).Round(time.Millisecond))
		runtime.ReadMemStats(&after)
		if resp.StatusCode != status {
			t.Errorf("%s: answered %d %q, want %d", name, resp.StatusCode, resp.Status, status)
		}
		if made := after.TotalAlloc - before.TotalAlloc; made > 100<<20 {
			t.Errorf("%s: %d MiB were allocated", name, made>>20)
		}
		// The receiver goes on.
		if resp := post(t, at.url, nil, s2.EncodeSnappy(nil, nil)); resp.StatusCode != 204 {
			t.Errorf("after %s: answered %d", name, resp.StatusCode)
		}
	}
	const many = 4 << 20
	claim := func(n uint64) []byte { return binary.AppendUvarint(nil, n) }
	f("snappy claims 4 GiB", nil, bytes.NewReader(claim(1<<32-1)), 413)
	f("snappy claims 2^63", nil, bytes.NewReader(claim(1<<63)), 400)
	f("snappy claims 30 MiB in 5 bytes", nil, bytes.NewReader(claim(30<<20)), 400)
	zeros := s2.EncodeSnappy(nil, make([]byte, 100<<20))
	f("100 MiB of zeros", nil, bytes.NewReader(zeros), 413)
	f("30 MiB of zeros", nil, bytes.NewReader(s2.EncodeSnappy(nil, make([]byte, 30<<20))), 400)
	e := new(endless)
	f("a body without end", nil, io.LimitReader(e, 1<<30), 413)
	if e.given > 64<<20 {
		t.Errorf("%d MiB of the body were read", e.given>>20)
	}

	wide := prompb.TimeSeries{Samples: []prompb.Sample{{Value: 1, Timestamp: time.Now().UnixMilli()}}}
	for i := range 1_000_000 {
		wide.Labels = append(wide.Labels, prompb.Label{Name: fmt.Sprintf("l%07d", i), Value: "v"})
	}
	f("a million labels", nil, bytes.NewReader(encode(t, request(wide))), 400)
	deep := bytes.Repeat([]byte{0x53}, many) // groups in groups
	f("four million groups", nil, bytes.NewReader(s2.EncodeSnappy(nil, deep)), 400)
	unknown := bytes.Repeat([]byte{0x78, 1}, many)
	f("four million unknown fields", nil, bytes.NewReader(s2.EncodeSnappy(nil, unknown)), 204)
	empty := bytes.Repeat([]byte{0x0a, 0}, many)
	f("four million empty series", nil, bytes.NewReader(s2.EncodeSnappy(nil, empty)), 204)
	samples := append([]byte{0x0a, 0x80, 0x80, 0x80, 0x04}, bytes.Repeat([]byte{0x12, 0}, many)...)
	f("four million samples", nil, bytes.NewReader(s2.EncodeSnappy(nil, samples)), 400)
	symbols := bytes.Repeat([]byte{0x22, 0}, many)
	f("four million symbols", v2, bytes.NewReader(s2.EncodeSnappy(nil, symbols)), 400)
	big := writev2.Request{Symbols: []string{"", strings.Repeat("x", 1<<20)}}
	refs := make([]uint32, maxRefs)
	for i := range refs {
		refs[i] = 1
	}
	for range 1000 {
		big.Timeseries = append(big.Timeseries, writev2.TimeSeries{LabelsRefs: refs, Samples: []writev2.Sample{{}}})
	}
	f("a long symbol named often", v2, bytes.NewReader(encode(t, &big)), 400)
}

// A sender that does not go on is sent away, and its memory is free again.
func TestSlowSender(t *testing.T) {
	at := run(t, func(cfg *Config) { cfg.ReadTimeout = 50 * time.Millisecond })
	pr, pw := io.Pipe()
	defer pw.Close()
	go func() { _, _ = pw.Write([]byte{1, 2, 3}) }()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, at.url, pr)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err == nil {
		if resp.StatusCode != 400 {
			t.Errorf("answered %d, want 400 or a closed connection", resp.StatusCode)
		}
		resp.Body.Close()
	}
}

// Requests above the memory set for them are told to come again.
func TestMemoryIsShared(t *testing.T) {
	at := run(t, func(cfg *Config) {
		cfg.MaxBody, cfg.MaxDecoded, cfg.Memory = 100<<10, 200<<10, 300<<10
		cfg.PushTimeout = 10 * time.Second
	})
	at.sink.mu.Lock() // what pushes waits
	body := request()
	for i := range 2000 {
		body.Timeseries = append(body.Timeseries, series("gauge", fmt.Sprint("device-with-a-long-name-", i), prompb.Sample{Value: 1, Timestamp: 1000}))
	}
	b := encode(t, body)
	status := make(chan int)
	const senders = 4
	for range senders {
		go func() {
			resp, err := http.Post(at.url, "application/x-protobuf", bytes.NewReader(b))
			if err != nil {
				status <- 0
				return
			}
			resp.Body.Close()
			status <- resp.StatusCode
		}()
	}
	for range senders - 1 { // all but one find the memory taken
		if got := <-status; got != 503 {
			t.Errorf("answered %d, want 503", got)
		}
	}
	at.sink.mu.Unlock()
	if got := <-status; got != 204 {
		t.Errorf("answered %d, want 204", got)
	}
}

func TestNotRunning(t *testing.T) {
	r, err := New(Config{Mapping: rules, MaxBody: 1, MaxDecoded: 1, Memory: 2, ReadTimeout: 1, PushTimeout: 1}, ingest.Env{})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	r.Routes()[0].Handler.ServeHTTP(w, httptest.NewRequest(http.MethodPost, Path, nil))
	if w.Code != 503 {
		t.Errorf("answered %d, want 503", w.Code)
	}
}

func TestConfigReportsEveryFault(t *testing.T) {
	_, err := New(Config{Step: -1, IndexLimits: ingest.IndexLimits{Idle: 1}}, ingest.Env{})
	for _, want := range []string{"presets", "idle must be", "step is", "max_body_bytes", "max_decoded_bytes", "read_timeout", "push_timeout"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v does not speak of %q", err, want)
		}
	}
}
