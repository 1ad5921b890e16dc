package otlp

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/pmetric"
	"go.opentelemetry.io/collector/pdata/pmetric/pmetricotlp"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/collector/pdata/ptrace/ptraceotlp"
	"go.uber.org/goleak"
	"google.golang.org/protobuf/encoding/protowire"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// gathered keeps what is pushed and offered. While blocked it waits as a pipeline does whose owners are busy.
type gathered struct {
	mu         sync.Mutex
	ids        map[foreshock.ID]ingest.Handle
	readings   []ingest.Reading
	operations []ingest.Operation
	blocked    bool
}

func (g *gathered) Register(id foreshock.ID, _ ingest.About) (ingest.Handle, error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	h, ok := g.ids[id]
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

func (g *gathered) Slow(op ingest.Operation) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.operations = append(g.operations, op)
}

func (g *gathered) block(blocked bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.blocked = blocked
}

// read gives the readings as text, sorted.
func (g *gathered) read() string {
	g.mu.Lock()
	defer g.mu.Unlock()
	names := map[ingest.Handle]foreshock.ID{}
	for id, h := range g.ids {
		names[h] = id
	}
	var lines []string
	for _, r := range g.readings {
		lines = append(lines, fmt.Sprintf("%s %s %g/%d", names[r.Handle], r.Field, r.Value, r.Span))
	}
	slices.Sort(lines)
	return strings.Join(lines, "\n")
}

// receiver is one that runs behind a server.
type receiver struct {
	url   string
	grpc  string
	sink  *gathered
	drops *ingest.Drops
	stop  func()
}

var rules = ingest.Mapping{Rules: []ingest.Rule{
	{Metric: "io.count", ID: "${host.name}/${device}", Field: "ops", Counter: true},
	{Metric: "io.depth", ID: "${host.name}/${device}", Field: "queue_depth"},
	{Metric: "io.time_sum", ID: "${host.name}", Field: "op_seconds", Counter: true},
	{Metric: "io.time_count", ID: "${host.name}", Field: "ops", Counter: true},
}}

func run(t testing.TB, change func(*Config)) receiver {
	t.Helper()
	at := receiver{sink: &gathered{ids: map[foreshock.ID]ingest.Handle{}}, drops: new(ingest.Drops), grpc: freeAddress(t)}
	source, err := Factory.New(func(into any) error {
		cfg := into.(*Config)
		cfg.Mapping = rules
		cfg.GRPC.Listen = at.grpc
		cfg.Traces.Operations = []OperationRule{{Kind: "server", Bytes: "size"}}
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
	server := httptest.NewServer(mux)
	at.url = server.URL
	ctx, cancel := context.WithCancel(t.Context())
	var done sync.WaitGroup
	done.Go(func() {
		if err := r.Run(ctx, at.sink); err != nil {
			t.Error(err)
		}
	})
	at.stop = sync.OnceFunc(func() {
		cancel()
		done.Wait()
		server.Close()
		http.DefaultClient.CloseIdleConnections()
	})
	t.Cleanup(at.stop)
	for {
		if conn, err := net.Dial("tcp", at.grpc); err == nil {
			conn.Close()
			break
		}
		runtime.Gosched() // Run has not begun to listen
	}
	return at
}

func freeAddress(t testing.TB) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

type header map[string]string

// post sends a body and gives the status and the answer.
func post(t testing.TB, url string, h header, body io.Reader) (int, []byte) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, body)
	if err != nil {
		t.Fatal(err)
	}
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
	if resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") == "" {
		t.Error("503 without Retry-After")
	}
	return resp.StatusCode, text
}

func zip(t testing.TB, b []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	w := gzip.NewWriter(&out)
	if _, err := w.Write(b); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

func stamp(t time.Time) pcommon.Timestamp { return pcommon.NewTimestampFromTime(t) }

// metricsAt makes one resource's metrics: a cumulative counter of two points, a delta, a gauge, and two histograms.
func metricsAt(now time.Time) pmetric.Metrics {
	all := pmetric.NewMetrics()
	rm := all.ResourceMetrics().AppendEmpty()
	rm.Resource().Attributes().PutStr("host.name", "h")
	rm.Resource().Attributes().PutStr("device", "of the resource")
	list := rm.ScopeMetrics().AppendEmpty().Metrics()
	before := stamp(now.Add(-10 * time.Second))

	x := list.AppendEmpty()
	x.SetName("io.count")
	sum := x.SetEmptySum()
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityCumulative)
	sum.SetIsMonotonic(true)
	for i, at := range []pcommon.Timestamp{before, stamp(now)} {
		p := sum.DataPoints().AppendEmpty()
		p.SetTimestamp(at)
		p.SetIntValue(int64(100 + 5*i))
		p.Attributes().PutStr("device", "sda")
	}
	x = list.AppendEmpty()
	x.SetName("io.count")
	sum = x.SetEmptySum()
	sum.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	p := sum.DataPoints().AppendEmpty()
	p.SetStartTimestamp(before)
	p.SetTimestamp(stamp(now))
	p.SetDoubleValue(7)
	p.Attributes().PutInt("device", 3)

	x = list.AppendEmpty()
	x.SetName("io.depth")
	p = x.SetEmptyGauge().DataPoints().AppendEmpty()
	p.SetTimestamp(stamp(now))
	p.SetDoubleValue(2.5)

	x = list.AppendEmpty()
	x.SetName("io.time")
	h := x.SetEmptyHistogram()
	h.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	hp := h.DataPoints().AppendEmpty()
	hp.SetStartTimestamp(before)
	hp.SetTimestamp(stamp(now))
	hp.SetSum(0.5)
	hp.SetCount(4)

	x = list.AppendEmpty()
	x.SetName("io.time")
	e := x.SetEmptyExponentialHistogram()
	e.SetAggregationTemporality(pmetric.AggregationTemporalityDelta)
	ep := e.DataPoints().AppendEmpty()
	ep.Attributes().PutStr("device", "other")
	ep.SetStartTimestamp(before)
	ep.SetTimestamp(stamp(now))
	ep.SetSum(1.5)
	ep.SetCount(6)

	x = list.AppendEmpty()
	x.SetName("io.unknown")
	x.SetEmptyGauge().DataPoints().AppendEmpty().SetTimestamp(stamp(now))
	return all
}

func TestMetrics(t *testing.T) {
	want := strings.Join([]string{
		"h op_seconds 0.5/10000", "h op_seconds 1.5/10000", "h ops 4/10000", "h ops 6/10000",
		"h/3 ops 7/10000", "h/of the resource queue_depth 2.5/0", "h/sda ops 5/10000",
	}, "\n")
	request := pmetricotlp.NewExportRequestFromMetrics(metricsAt(time.Now()))
	inProto, err := request.MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	asJSON, err := request.MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	f := func(name string, h header, body []byte) {
		t.Helper()
		at := run(t, nil)
		for range 2 { // sent again, it changes nothing
			status, answer := post(t, at.url+"/v1/metrics", h, bytes.NewReader(body))
			if status != 200 {
				t.Errorf("%s: answered %d %s", name, status, answer)
			}
		}
		if got := at.sink.read(); got != want {
			t.Errorf("%s: read\n%s\nwant\n%s", name, got, want)
		}
		at.stop()
	}
	f("protobuf", nil, inProto)
	f("protobuf, gzip", header{"Content-Encoding": "gzip"}, zip(t, inProto))
	f("JSON", header{"Content-Type": "application/json; charset=utf-8"}, asJSON)
}

// spanAt appends a span. Identifiers are single bytes, 0 for none.
func spanAt(to ptrace.SpanSlice, trace, id, parent byte, name string, end time.Time, d time.Duration) ptrace.Span {
	s := to.AppendEmpty()
	s.SetTraceID(pcommon.TraceID{15: trace})
	s.SetSpanID(pcommon.SpanID{7: id})
	s.SetParentSpanID(pcommon.SpanID{7: parent})
	s.SetName(name)
	s.SetStartTimestamp(stamp(end.Add(-d)))
	s.SetEndTimestamp(stamp(end))
	return s
}

func spansOf(t testing.TB, service string, fill func(ptrace.SpanSlice)) []byte {
	t.Helper()
	all := ptrace.NewTraces()
	rs := all.ResourceSpans().AppendEmpty()
	rs.Resource().Attributes().PutStr("service.name", service)
	fill(rs.ScopeSpans().AppendEmpty().Spans())
	b, err := ptraceotlp.NewExportRequestFromTraces(all).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// The parts of an operation come in three requests, of two services, some before it, one twice.
func TestTraces(t *testing.T) {
	at := run(t, func(cfg *Config) { cfg.Traces.Operations[0].Sampled = 0.5 })
	now := time.Now()
	send := func(body []byte) {
		t.Helper()
		status, answer := post(t, at.url+"/v1/traces", nil, bytes.NewReader(body))
		resp := ptraceotlp.NewExportResponse()
		if err := resp.UnmarshalProto(answer); err != nil || status != 200 || resp.PartialSuccess().RejectedSpans() != 0 {
			t.Fatalf("answered %d %q, %v", status, answer, err)
		}
	}
	send(spansOf(t, "disk", func(to ptrace.SpanSlice) {
		spanAt(to, 1, 3, 1, "device", now, 20*time.Millisecond)
		spanAt(to, 1, 4, 3, "deeper", now, 10*time.Millisecond)
		spanAt(to, 2, 5, 9, "no operation", now, time.Second)
	}))
	root := spansOf(t, "db", func(to ptrace.SpanSlice) {
		s := spanAt(to, 1, 1, 0, "write", now, 100*time.Millisecond)
		s.SetKind(ptrace.SpanKindServer)
		s.Attributes().PutInt("size", 4096)
		spanAt(to, 3, 1, 0, "not of a server", now, time.Second)
	})
	send(root)
	send(root)
	late := spansOf(t, "net", func(to ptrace.SpanSlice) {
		spanAt(to, 1, 6, 1, "network", now, 30*time.Millisecond)
		spanAt(to, 1, 7, 1, "network", now, 5*time.Millisecond)
	})
	send(late)
	send(late)
	at.stop() // offers what waits
	want := "service/db bytes 8192/0\nservice/db op_seconds 0.2/0\nservice/db ops 2/0"
	if got := at.sink.read(); got != want {
		t.Errorf("read\n%s\nwant\n%s", got, want)
	}
	if len(at.sink.operations) != 1 {
		t.Fatalf("%d operations, want 1: %+v", len(at.sink.operations), at.sink.operations)
	}
	op := at.sink.operations[0]
	parts := []ingest.Component{{Name: "device", Duration: 20 * time.Millisecond}, {Name: "network", Duration: 35 * time.Millisecond}}
	if op.Workload != "service/db" || op.Duration != 100*time.Millisecond || !op.Start.Equal(now.Add(-100*time.Millisecond)) ||
		op.Trace != "00000000000000000000000000000001" || !slices.Equal(op.Components, parts) {
		t.Errorf("operation %+v", op)
	}
	counts := map[ingest.Drop]int64{}
	for _, d := range at.drops.List() {
		counts[d.Reason] = d.Count
	}
	if counts[ingest.DropDuplicate] != 1 || counts[ingest.DropUnmapped] != 2 || len(counts) != 2 {
		t.Errorf("dropped %v, want 1 duplicate and 2 unmapped", counts)
	}
}

func TestSpansThatCannotBe(t *testing.T) {
	now := time.Now()
	f := func(why ingest.Drop, rejected int64, change func(ptrace.Span)) {
		t.Helper()
		at := run(t, nil)
		body := spansOf(t, "db", func(to ptrace.SpanSlice) {
			s := spanAt(to, 1, 1, 0, "write", now, time.Second)
			s.SetKind(ptrace.SpanKindServer)
			change(s)
		})
		status, answer := post(t, at.url+"/v1/traces", nil, bytes.NewReader(body))
		resp := ptraceotlp.NewExportResponse()
		if err := resp.UnmarshalProto(answer); err != nil || status != 200 || resp.PartialSuccess().RejectedSpans() != rejected {
			t.Errorf("%s: answered %d, %v, %d rejected, want %d", why, status, err, resp.PartialSuccess().RejectedSpans(), rejected)
		}
		if got := at.sink.read(); got != "" {
			t.Errorf("%s: read %s", why, got)
		}
		if list := at.drops.List(); len(list) == 0 || !slices.ContainsFunc(list, func(d ingest.Dropped) bool { return d.Reason == why && d.Count == 1 }) {
			t.Errorf("%s: dropped %v", why, list)
		}
		at.stop()
	}
	f(ingest.DropMalformed, 1, func(s ptrace.Span) { s.SetTraceID(pcommon.TraceID{}) })
	f(ingest.DropMalformed, 1, func(s ptrace.Span) { s.SetEndTimestamp(0) })
	f(ingest.DropFuture, 1, func(s ptrace.Span) { s.SetEndTimestamp(stamp(now.Add(time.Hour))) })
	f(ingest.DropNegative, 0, func(s ptrace.Span) { s.SetStartTimestamp(stamp(now.Add(time.Second))) })
	f(ingest.DropAbsurd, 0, func(s ptrace.Span) { s.SetStartTimestamp(0) })
	f(ingest.DropUnmapped, 0, func(s ptrace.Span) { s.SetKind(ptrace.SpanKindInternal) })
}

func TestPendingIsBounded(t *testing.T) {
	now := time.UnixMilli(1_000_000)
	p := newPending(Traces{Wait: time.Second, MaxSpans: 10})
	id := func(i byte) pcommon.TraceID { return pcommon.TraceID{i} }
	for i := range byte(8) {
		if !p.enter(now, &operation{trace: id(i), span: pcommon.SpanID{1}}) || p.enter(now, &operation{trace: id(i), span: pcommon.SpanID{1}}) {
			t.Fatal("an operation comes in once")
		}
	}
	parts := []part{{trace: id(1), span: pcommon.SpanID{2}}, {trace: id(1), span: pcommon.SpanID{2}}, {trace: id(50)}, {trace: id(51)}, {trace: id(52)}}
	if got := p.add(now, parts); got != 2 || p.size != 10 {
		t.Errorf("%d refused and %d kept, want 2 and 10", got, p.size)
	}
	if got := p.take(now.Add(time.Second - 1)); len(got) != 0 {
		t.Errorf("%d operations before their time", len(got))
	}
	if got := p.take(now.Add(time.Second)); len(got) != 8 || p.size != 0 || len(p.traces) != 0 || len(p.order) != 0 {
		t.Errorf("%d operations, %d left", len(got), p.size)
	}
}

// What is not taken in time is answered 503, and is taken when it comes again.
func TestBusy(t *testing.T) {
	at := run(t, func(cfg *Config) { cfg.PushTimeout = 20 * time.Millisecond })
	now := time.Now()
	spans := spansOf(t, "db", func(to ptrace.SpanSlice) {
		spanAt(to, 1, 1, 0, "write", now, time.Second).SetKind(ptrace.SpanKindServer)
	})
	numbers, err := pmetricotlp.NewExportRequestFromMetrics(metricsAt(now)).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	for _, status := range []int{503, 200, 200} {
		at.sink.block(status == 503)
		for path, body := range map[string][]byte{"/v1/traces": spans, "/v1/metrics": numbers} {
			if got, answer := post(t, at.url+path, nil, bytes.NewReader(body)); got != status {
				t.Errorf("%s: answered %d %s, want %d", path, got, answer, status)
			}
		}
	}
	if got := len(at.sink.readings); got != 7+2 {
		t.Errorf("%d readings, want 9:\n%s", got, at.sink.read())
	}
}

// endless gives zeros without end.
type endless struct{}

func (endless) Read(b []byte) (int, error) {
	clear(b)
	return len(b), nil
}

// nested is an attribute value that holds itself n times.
func nested(n int) []byte {
	var value []byte
	for range n {
		list := protowire.AppendBytes(protowire.AppendTag(nil, 1, protowire.BytesType), value)
		value = protowire.AppendBytes(protowire.AppendTag(nil, 5, protowire.BytesType), list)
	}
	return value
}

func wrap(b []byte, path ...protowire.Number) []byte {
	for _, field := range slices.Backward(path) {
		b = protowire.AppendBytes(protowire.AppendTag(nil, field, protowire.BytesType), b)
	}
	return b
}

// Whatever comes, memory stays bounded, the answer is prompt and the receiver goes on.
func TestHostile(t *testing.T) {
	at := run(t, nil)
	f := func(name, path string, h header, body io.Reader, status int) {
		t.Helper()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		got, answer := post(t, at.url+path, h, body)
		runtime.ReadMemStats(&after)
		if got != status {
			t.Errorf("%s: answered %d %s, want %d", name, got, answer, status)
		}
		if made := after.TotalAlloc - before.TotalAlloc; made > 256<<20 {
			t.Errorf("%s: %d MiB were allocated", name, made>>20)
		}
		if got, _ := post(t, at.url+"/v1/metrics", nil, bytes.NewReader(nil)); got != 200 {
			t.Errorf("after %s: answered %d", name, got)
		}
	}
	asJSON, zipped := header{"Content-Type": "application/json"}, header{"Content-Encoding": "gzip"}
	f("text", "/v1/metrics", header{"Content-Type": "text/plain"}, strings.NewReader("x"), 415)
	f("zstd", "/v1/metrics", header{"Content-Encoding": "zstd"}, strings.NewReader("x"), 415)
	f("not protobuf", "/v1/metrics", nil, strings.NewReader("hello"), 400)
	f("not JSON", "/v1/traces", asJSON, strings.NewReader("{"), 400)
	f("not gzip", "/v1/traces", zipped, strings.NewReader("hello"), 400)
	f("a body without end", "/v1/metrics", nil, io.LimitReader(endless{}, 1<<30), 413)
	f("64 MiB zipped", "/v1/traces", zipped, bytes.NewReader(zip(t, make([]byte, 64<<20))), 413)
	f("four million points", "/v1/metrics", nil, bytes.NewReader(wrap(bytes.Repeat([]byte{0x0a, 0}, 3<<20), 1, 2, 2, 5)), 413)
	f("four million spans", "/v1/traces", nil, bytes.NewReader(wrap(bytes.Repeat([]byte{0x12, 0}, 3<<20), 1, 2)), 413)
	f("deep attributes", "/v1/metrics", nil, bytes.NewReader(wrap(nested(2000), 1, 1, 1, 2)), 400)
	f("deep attributes", "/v1/traces", nil, bytes.NewReader(wrap(nested(2000), 1, 2, 2, 9, 2)), 400)
	f("deep JSON", "/v1/traces", asJSON, io.LimitReader(deepJSON{}, 4<<20), 400)
	f("JSON of objects", "/v1/traces", asJSON, strings.NewReader(`{"resourceSpans":[`+strings.Repeat("{},", 1<<20)+`{}]}`), 413)
	f("packed numbers", "/v1/metrics", nil, bytes.NewReader(wrap(make([]byte, 4<<20), 1, 2, 2, 10, 1, 8, 2)), 200)
}

type deepJSON struct{}

func (deepJSON) Read(b []byte) (int, error) {
	return copy(b, bytes.Repeat([]byte(`{"a":[`), 1000)), nil
}

// The shape that is counted before decoding is that which is decoded: each message counts.
func TestShape(t *testing.T) {
	all := metricsAt(time.Now())
	b, err := pmetricotlp.NewExportRequestFromMetrics(all).MarshalProto()
	if err != nil {
		t.Fatal(err)
	}
	// One resource with two attributes of one value each, one scope list with a scope, six metrics with six kinds of
	// data, seven points, of which four have an attribute with its value. The exponential histogram has two buckets.
	const resource, scopes, metrics, points, attributes, buckets = 1 + 1 + 2*2, 2, 2 * 6, 7, 4 * 2, 2
	if n, err := metricsRequest.count(b); err != nil || n != resource+scopes+metrics+points+attributes+buckets {
		t.Errorf("%d messages (%v), want %d", n, err, resource+scopes+metrics+points+attributes+buckets)
	}
	if _, err := metricsRequest.count(wrap(nested(10), 1, 1, 1, 2)); err != nil {
		t.Errorf("ten levels: %v", err)
	}
}

func FuzzMetrics(f *testing.F) {
	b, err := pmetricotlp.NewExportRequestFromMetrics(metricsAt(time.Now())).MarshalProto()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, false)
	b, err = pmetricotlp.NewExportRequestFromMetrics(metricsAt(time.Now())).MarshalJSON()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(b, true)
	r, run := fuzzed(f)
	f.Fuzz(func(_ *testing.T, b []byte, asJSON bool) {
		_, _ = r.metrics(context.Background(), run, b, encodingFor(asJSON))
	})
}

func FuzzTraces(f *testing.F) {
	f.Add(spansOf(f, "db", func(to ptrace.SpanSlice) {
		spanAt(to, 1, 1, 0, "write", time.Now(), time.Second).SetKind(ptrace.SpanKindServer)
	}), false)
	f.Add([]byte(`{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"01","spanId":"02","kind":2}]}]}]}`), true)
	r, run := fuzzed(f)
	f.Fuzz(func(_ *testing.T, b []byte, asJSON bool) {
		_, _ = r.traces(context.Background(), run, b, encodingFor(asJSON))
	})
}

func encodingFor(asJSON bool) encoding {
	if asJSON {
		return inJSON
	}
	return protobuf
}

// fuzzed is a receiver whose sink checks what it gets.
func fuzzed(f *testing.F) (*Receiver, *running) {
	cfg := Config{Mapping: rules, MaxBody: 1 << 20, Memory: 64 << 20, ReadTimeout: 1, PushTimeout: 1}
	cfg.Traces = Traces{Operations: []OperationRule{{Bytes: "size"}}, MaxSpans: 1000}
	r, err := New(cfg, ingest.Env{Drops: new(ingest.Drops)})
	if err != nil {
		f.Fatal(err)
	}
	sink := sane{f}
	return r, &running{sink: sink, pending: newPending(cfg.Traces), index: ingest.NewIndex(ingest.IndexConfig{
		Rules: r.rules, Sink: sink, Drops: r.env.Drops, About: r.about(),
	})}
}

type sane struct{ f *testing.F }

func (s sane) Register(id foreshock.ID, _ ingest.About) (ingest.Handle, error) { return 1, id.Check() }
func (s sane) Slow(ingest.Operation)                                           {}

func (s sane) Push(_ context.Context, batch []ingest.Reading) error {
	for _, r := range batch {
		if math.IsNaN(r.Value) || math.IsInf(r.Value, 0) || int(r.Field) >= ingest.NumFields {
			s.f.Errorf("read %+v", r)
		}
	}
	return nil
}
