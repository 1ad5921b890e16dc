package replay

import (
	"fmt"
	"math"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
)

func TestBlockTrace(t *testing.T) {
	f := func(file string, opts Options, want ...string) {
		t.Helper()
		r, err := Open(file, opts)
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		compare(t, rows(t, r), want)
		if report := r.Report(); len(report.Wrong) > 0 || report.Format != "msr" {
			t.Errorf("report %+v", report)
		}
	}
	// usr.0: 2 ms and 4 ms at once; then one of 2 s that ends in the next step, with one of 6 ms.
	// usr.1: one of 10 s, of which 8 s are in its first step, and that counts where it was completed.
	want := []string{
		"2007-02-22T17:00:00 usr.0 latency_seconds=0.003 throughput_bps=1228.8 iops=0.2 queue_depth=0.1006 p50=0.003 p95=0.0039 p99=0.00398",
		"2007-02-22T17:00:10 usr.0 latency_seconds=1.003 throughput_bps=2457.6 iops=0.2 queue_depth=0.1006 p50=1 p95=1.9 p99=1.98",
		"2007-02-22T17:00:10 usr.1 latency_seconds=10 throughput_bps=3276.8 iops=0.1 queue_depth=0.2 p50=10 p95=10 p99=10",
		"2007-02-22T17:00:20 usr.0 throughput_bps=0 iops=0 queue_depth=0",
		"2007-02-22T17:00:20 usr.1 throughput_bps=0 iops=0 queue_depth=0",
		"2007-02-22T17:00:30 usr.0 throughput_bps=0 iops=0 queue_depth=0",
		"2007-02-22T17:00:30 usr.1 throughput_bps=0 iops=0 queue_depth=0",
		"2007-02-22T17:00:40 usr.0 throughput_bps=0 iops=0 queue_depth=0",
		"2007-02-22T17:00:40 usr.1 latency_seconds=0.001 throughput_bps=51.2 iops=0.1 queue_depth=0.0001 p50=0.001 p95=0.001 p99=0.001",
	}
	f("testdata/msr.csv", Options{}, want...)
	data, err := os.ReadFile("testdata/msr.csv")
	if err != nil {
		t.Fatal(err)
	}
	f(write(t, "named.csv", blockHeading+"\n"+string(data)), Options{}, want...)
	// One requests' line more or less out of order changes nothing.
	lines := strings.SplitAfter(string(data), "\n")
	lines[0], lines[1], lines[2] = lines[2], lines[0], lines[1]
	shuffled, err := Open(write(t, "shuffled.csv", strings.Join(lines, "")), Options{Format: "msr"})
	if err != nil {
		t.Fatal(err)
	}
	defer shuffled.Close()
	all := rows(t, shuffled)
	slices.SortStableFunc(all, func(a, b foreshock.Step) int {
		if c := a.Time.Compare(b.Time); c != 0 {
			return c
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	compare(t, all, want)
}

func filetime(second float64) int64 { return 128166372000000000 + int64(second*1e7) }

func TestBlockTraceFaults(t *testing.T) {
	var content strings.Builder
	request := func(second float64, rest string) {
		fmt.Fprintf(&content, "%d,hm,0,%s\n", filetime(second), rest)
	}
	const good = "Read,0,4096,1000"
	request(0, good)
	request(3600, good)                         // an hour of silence is idleness
	request(1e8, good)                          // years later, and alone: a damaged time
	request(3601, good)                         // …
	request(5, good)                            // late
	request(3602, "Trim,0,4096,1000")           // malformed
	request(3602, "Read,0,-1,1000")             // malformed
	request(3602, "Read,0,x,1000")              // malformed
	request(3602, "Read,0,4096,9e9")            // malformed
	content.WriteString("12,hm,0,Read,0,1,1\n") // malformed: 1601
	request(3602, "Read,0,4096,99999999999")    // absurd
	request(3602+3*86400, good)                 // after three days the trace goes on: a hole, since the next request says so, too
	request(3603+3*86400, good)
	r, err := Open(write(t, "hm.csv", content.String()), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	all := rows(t, r)
	want := map[ingest.Drop]int64{ingest.DropOutOfOrder: 2, ingest.DropMalformed: 5, ingest.DropAbsurd: 1}
	for _, w := range r.Report().Wrong {
		if want[w.Reason] != w.Count {
			t.Errorf("%+v, want %d", w, want[w.Reason])
		}
		delete(want, w.Reason)
	}
	if len(want) > 0 || len(all) < 361 || len(all) > 380 {
		t.Errorf("not counted: %v; %d rows, want 361 and some", want, len(all))
	}
	requests := 0.0
	for i := range all {
		x, _ := all[i].Values.Get(foreshock.IOPS)
		requests += x * 10
	}
	if math.Abs(requests-5) > 1e-9 {
		t.Errorf("%v requests, want 5", requests)
	}
}

// Little's law holds for what is folded, and nothing is lost, whatever the step.
func TestBlockTraceAdds(t *testing.T) {
	var content strings.Builder
	const n = 20000
	seconds := 0.0
	for i := range n {
		took := 1e-4 * float64(1+i*7919%1000)
		seconds += took
		fmt.Fprintf(&content, "%d,web,%d,Write,%d,4096,%d\n", filetime(float64(i)/100), i%3, i, int64(took*1e7+0.5))
	}
	file := write(t, "web.csv", content.String())
	for _, step := range []time.Duration{time.Second, 10 * time.Second, time.Minute} {
		r, err := Open(file, Options{Step: step})
		if err != nil {
			t.Fatal(err)
		}
		var ops, bytes, inFlight, spent float64
		for _, s := range rows(t, r) {
			iops, _ := s.Values.Get(foreshock.IOPS)
			throughput, _ := s.Values.Get(foreshock.Throughput)
			depth, _ := s.Values.Get(foreshock.QueueDepth)
			latency, _ := s.Values.Get(foreshock.Latency)
			ops += iops * step.Seconds()
			bytes += throughput * step.Seconds()
			inFlight += depth * step.Seconds()
			spent += iops * latency * step.Seconds()
			if s.LatencyP50 > s.LatencyP95 || s.LatencyP95 > s.LatencyP99 {
				t.Fatalf("percentiles of %+v are out of order", s)
			}
		}
		near := func(what string, got, want float64) {
			if math.Abs(got-want) > 1e-6*want {
				t.Errorf("step %v: %s %v, want %v", step, what, got, want)
			}
		}
		near("requests", ops, n)
		near("bytes", bytes, n*4096)
		near("seconds of response", spent, seconds)
		near("seconds in flight", inFlight, seconds)
		r.Close()
	}
	if _, err := Open(file, Options{Step: time.Millisecond}); err == nil || !strings.Contains(err.Error(), "at least 100ms") {
		t.Errorf("a step of 1ms: %v", err)
	}
}

func TestLatencies(t *testing.T) {
	var l latencies
	var all []float64
	for i := range 1000 {
		x := math.Pow(10, -5+float64(i*7919%1000)/200)
		l.add(x)
		all = append(all, x)
	}
	slices.Sort(all)
	for _, q := range []float64{0, 0.5, 0.95, 0.99, 1} {
		h := q * 999
		low := all[int(h)]
		want := low + (h-math.Floor(h))*(all[min(int(h)+1, 999)]-low)
		if got := l.quantile(q); math.Abs(got-want) > 0.0005*want {
			t.Errorf("quantile %v is %v, want %v", q, got, want)
		}
	}
}

func BenchmarkBlockTrace(b *testing.B) {
	var content strings.Builder
	const n = 200_000
	for i := range n {
		fmt.Fprintf(&content, "%d,web,%d,Write,%d,4096,%d\n", filetime(float64(i)/1000), i%3, i, 1000+i*7919%100000)
	}
	file := write(b, "web.csv", content.String())
	b.SetBytes(int64(content.Len()))
	b.ReportAllocs()
	for b.Loop() {
		run(b, file, Options{})
	}
}
