package remotewrite

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/prompb"
	writev2 "github.com/prometheus/prometheus/prompb/io/prometheus/write/v2"

	"github.com/foreshock-io/foreshock/ingest"
)

// heard is what a decoder handed over, in a form that can be compared.
type heard struct {
	series                []string // "name=value,… value@time …", in order
	histograms, exemplars int
	dropped               int
}

func (h *heard) add(key []byte, points []ingest.Point) error {
	var b strings.Builder
	for rest := read(key); rest.more(); {
		rest.tag()
		name, value := labelOf(rest.bytes())
		fmt.Fprintf(&b, "%q=%q,", name, value)
	}
	h.put(b.String(), points)
	return nil
}

func (h *heard) put(labels string, points []ingest.Point) {
	if len(points) == 0 {
		return
	}
	for _, p := range points {
		h.series = append(h.series, fmt.Sprintf("%s %x@%d", labels, math.Float64bits(p.Value), p.Time))
	}
}

func (h *heard) drop(_ ingest.Drop, samples int) { h.dropped += samples }

func (h *heard) ignore(histograms, exemplars int) {
	h.histograms += histograms
	h.exemplars += exemplars
}

func (h *heard) String() string {
	return fmt.Sprintf("%d histograms, %d exemplars, %d dropped\n%s", h.histograms, h.exemplars, h.dropped, strings.Join(h.series, "\n"))
}

// reference decodes with Prometheus' own generated code.
func reference(b []byte) (*heard, error) {
	var req prompb.WriteRequest
	if err := req.Unmarshal(b); err != nil {
		return nil, err
	}
	h := new(heard)
	for _, ts := range req.Timeseries {
		var labels strings.Builder
		for _, l := range ts.Labels {
			if l.Value != "" {
				fmt.Fprintf(&labels, "%q=%q,", l.Name, l.Value)
			}
		}
		var points []ingest.Point
		for _, s := range ts.Samples {
			points = append(points, ingest.Point{Value: s.Value, Time: s.Timestamp})
		}
		h.put(labels.String(), points)
		h.ignore(len(ts.Histograms), len(ts.Exemplars))
	}
	return h, nil
}

func referenceV2(b []byte) (*heard, error) {
	var req writev2.Request
	if err := req.Unmarshal(b); err != nil {
		return nil, err
	}
	h := new(heard)
	for _, ts := range req.Timeseries {
		h.ignore(len(ts.Histograms), len(ts.Exemplars))
		labels, why := labelsV2(ts.LabelsRefs, req.Symbols)
		if why != "" {
			h.drop(why, len(ts.Samples))
			continue
		}
		var points []ingest.Point
		for _, s := range ts.Samples {
			points = append(points, ingest.Point{Value: s.Value, Time: s.Timestamp})
		}
		h.put(labels, points)
	}
	return h, nil
}

func labelsV2(refs []uint32, symbols []string) (string, ingest.Drop) {
	var labels strings.Builder
	if len(refs) > maxRefs {
		return "", ingest.DropTooLarge
	}
	if len(refs)%2 != 0 {
		return "", ingest.DropMalformed
	}
	size := 0
	for i := 0; i < len(refs); i += 2 {
		if int(refs[i]) >= len(symbols) || int(refs[i+1]) >= len(symbols) {
			return "", ingest.DropMalformed
		}
		name, value := symbols[refs[i]], symbols[refs[i+1]]
		if size+len(name)+len(value) > ingest.MaxKey {
			return "", ingest.DropTooLarge
		}
		if value != "" {
			size += len(ingest.AppendLabel(nil, name, value))
			fmt.Fprintf(&labels, "%q=%q,", name, value)
		}
	}
	return labels.String(), ""
}

// compare decodes b with both; they must agree.
func compare(t *testing.T, b []byte, version int, reference func([]byte) (*heard, error)) {
	t.Helper()
	want, wantErr := reference(b)
	got := new(heard)
	d := decoder{out: got}
	original := bytes.Clone(b)
	err := d.read(b, version)
	if (err == nil) != (wantErr == nil) {
		t.Fatalf("%x: %v, but generated code says %v", b, err, wantErr)
	}
	if err == nil && got.String() != want.String() {
		t.Fatalf("%x: got %s\ngenerated code %s", b, got, want)
	}
	if !bytes.Equal(b, original) {
		t.Fatalf("%x was changed", original)
	}
}

func exampleV1() []byte {
	req := prompb.WriteRequest{
		Timeseries: []prompb.TimeSeries{
			{
				Labels: []prompb.Label{
					{Name: "__name__", Value: "count"},
					{Name: "device", Value: "d1"},
					{Name: "long", Value: strings.Repeat("v", 200)},
					{Name: "empty"},
				},
				Samples: []prompb.Sample{{Value: 1.5, Timestamp: 1000}, {Value: math.NaN(), Timestamp: -1}, {}},
				Exemplars: []prompb.Exemplar{
					{Labels: []prompb.Label{{Name: "trace", Value: "x"}}, Value: 1, Timestamp: 5},
				},
			},
			{
				Labels:  []prompb.Label{{Name: "__name__", Value: "count"}, {Name: "device", Value: "d2"}},
				Samples: []prompb.Sample{{Value: 2, Timestamp: math.MaxInt64}},
				Histograms: []prompb.Histogram{{
					Count: &prompb.Histogram_CountInt{CountInt: 3}, Sum: 2, Schema: -1, ZeroCount: &prompb.Histogram_ZeroCountFloat{ZeroCountFloat: 1},
					PositiveSpans: []prompb.BucketSpan{{Offset: -3, Length: 4}}, PositiveDeltas: []int64{1, -1, 300},
					NegativeCounts: []float64{1, 2}, ResetHint: prompb.Histogram_GAUGE, Timestamp: 7, CustomValues: []float64{3},
				}},
			},
		},
		Metadata: []prompb.MetricMetadata{{Type: 1, MetricFamilyName: "count", Help: "h", Unit: "u"}},
	}
	b, err := req.Marshal()
	if err != nil {
		panic(err) // a message of our own
	}
	return b
}

func exampleV2() []byte {
	req := writev2.Request{
		Symbols: []string{"", "__name__", "count", "device", "d1", "help", strings.Repeat("v", 200)},
		Timeseries: []writev2.TimeSeries{
			{
				LabelsRefs: []uint32{1, 2, 3, 4, 5, 6, 5, 0},
				Samples:    []writev2.Sample{{Value: 1.5, Timestamp: 1000, StartTimestamp: 10}, {}},
				Exemplars:  []writev2.Exemplar{{LabelsRefs: []uint32{3, 4}, Value: 2, Timestamp: 3}},
				Metadata:   writev2.Metadata{Type: 1, HelpRef: 5, UnitRef: 0},
			},
			{LabelsRefs: []uint32{1, 99}, Samples: []writev2.Sample{{}}},
			{LabelsRefs: []uint32{1}, Samples: []writev2.Sample{{}}},
			{LabelsRefs: []uint32{1, 2}, Histograms: []writev2.Histogram{{Sum: 1, PositiveDeltas: []int64{4}, StartTimestamp: 3}}},
		},
	}
	b, err := req.Marshal()
	if err != nil {
		panic(err) // a message of our own
	}
	return b
}

// odd are messages that are written in ways that generated code does not write, but reads.
func odd() [][]byte {
	label := ingest.AppendLabel(nil, "a", "b")
	sample := []byte{2<<3 | 2, 2, 2 << 3, 5}
	series := func(parts ...[]byte) []byte {
		body := slices.Concat(parts...)
		return append([]byte{1<<3 | 2, byte(len(body))}, body...)
	}
	return [][]byte{
		series(label, sample, label), // labels apart
		series(sample, label),        // labels last
		series(sample),               // no labels
		series(label),                // no samples
		series([]byte{0x8a, 0x00, 6, 0x0a, 1, 'a', 0x12, 1, 'b'}, sample),         // a long tag
		series([]byte{0x0a, 0x86, 0x00, 0x0a, 1, 'a', 0x12, 1, 'b'}, sample),      // a long length
		series([]byte{0x0a, 7, 0x0a, 1, 'a', 0x12, 0x81, 0x00, 'b'}, sample),      // a long length inside
		series([]byte{0x0a, 6, 0x12, 1, 'b', 0x0a, 1, 'a'}, sample),               // value first
		series([]byte{0x0a, 9, 0x0a, 1, 'a', 0x12, 1, 'b', 0x12, 1, 'c'}, sample), // value twice
		series([]byte{0x0a, 8, 0x0a, 1, 'a', 0x12, 1, 'b', 0x18, 1}, sample),      // an unknown field
		series([]byte{0x0a, 5, 0x0a, 1, 'a', 0x12, 0}, sample),                    // no value
		series([]byte{0x0a, 3, 0x0a, 1, 'a'}, sample),                             // no value at all
		series(label, []byte{0x2b, 0x33, 0x08, 1, 0x34, 0x2c}, sample),            // groups
		series(label, []byte{0x2b, 0x33, 0x08, 1, 0x34}, sample),                  // a group that does not end
		series(label, []byte{0x2c}, sample),                                       // a group that does not begin
		series(label, []byte{0x2e}, sample),                                       // no such wire type
		series(label, []byte{0x10, 5}, sample),                                    // a sample that is a number
		{0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},        // ten bytes
		{0x10, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},  // eleven
		{0x8a, 0x80, 0x80, 0x80, 0x80, 0x01, 0},                                   // field 1 + 2^32
		{0x0a, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01},        // length -1
		{0x02, 0}, // field 0
		{0x0d, 0, 0, 0},
		{0x09, 0, 0, 0},
	}
}

func TestDecodeOdd(t *testing.T) {
	for _, b := range append(odd(), exampleV1(), exampleV2(), nil) {
		compare(t, b, 1, reference)
		compare(t, b, 2, referenceV2)
	}
	// Every cut and every changed byte of a usual message.
	for _, f := range []struct {
		b         []byte
		version   int
		reference func([]byte) (*heard, error)
	}{{exampleV1(), 1, reference}, {exampleV2(), 2, referenceV2}} {
		for i := range f.b {
			compare(t, f.b[:i], f.version, f.reference)
			for _, x := range []byte{0, 1, 0x7f, 0x80, 0xff} {
				b := bytes.Clone(f.b)
				b[i] ^= x
				compare(t, b, f.version, f.reference)
			}
		}
	}
}

// More samples than are handed over at once come in order, and wherever the labels stand.
func TestDecodeManySamples(t *testing.T) {
	var req prompb.WriteRequest
	ts := prompb.TimeSeries{Labels: []prompb.Label{{Name: "__name__", Value: "count"}}}
	for i := range 3*chunk + 7 {
		ts.Samples = append(ts.Samples, prompb.Sample{Value: float64(i), Timestamp: int64(i)})
	}
	req.Timeseries = append(req.Timeseries, ts)
	b, err := req.Marshal()
	if err != nil {
		t.Fatal(err)
	}
	compare(t, b, 1, reference)
}

func FuzzWriteRequest(f *testing.F) {
	for _, b := range append(odd(), exampleV1()) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { compare(t, b, 1, reference) })
}

func FuzzWriteRequestV2(f *testing.F) {
	for _, b := range append(odd(), exampleV2()) {
		f.Add(b)
	}
	f.Fuzz(func(t *testing.T, b []byte) { compare(t, b, 2, referenceV2) })
}

func BenchmarkDecode(b *testing.B) {
	req := prompb.WriteRequest{}
	for i := range 2000 {
		req.Timeseries = append(req.Timeseries, prompb.TimeSeries{
			Labels: []prompb.Label{
				{Name: "__name__", Value: "node_disk_reads_completed_total"},
				{Name: "cluster", Value: "eu-1"},
				{Name: "device", Value: fmt.Sprint("nvme", i, "n1")},
				{Name: "env", Value: "production"},
				{Name: "instance", Value: fmt.Sprintf("10.0.%d.%d:9100", i/256, i%256)},
				{Name: "job", Value: "node"},
				{Name: "namespace", Value: "storage"},
				{Name: "pod", Value: fmt.Sprint("node-exporter-", i)},
				{Name: "zone", Value: "eu-1a"},
			},
			Samples: []prompb.Sample{{Value: float64(i), Timestamp: 1_700_000_000_000}},
		})
	}
	body, err := req.Marshal()
	if err != nil {
		b.Fatal(err)
	}
	d := decoder{out: nothing{}}
	b.ReportAllocs()
	for b.Loop() {
		if err := d.read(body, 1); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/2000, "ns/sample")
}

type nothing struct{}

func (nothing) add([]byte, []ingest.Point) error { return nil }
func (nothing) drop(ingest.Drop, int)            {}
func (nothing) ignore(int, int)                  {}
