package replay

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/goccy/go-yaml"
)

// write makes a file to read.
func write(t testing.TB, name, content string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// rows reads all rows of a file.
func rows(t testing.TB, r *Reader) (all []foreshock.Step) {
	t.Helper()
	batch := make([]foreshock.Step, 7)
	for {
		n, err := r.Next(batch)
		all = append(all, batch[:n]...)
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
	}
}

// show writes a step in one line.
func show(s *foreshock.Step) string {
	text := fmt.Sprintf("%s %s", s.Time.Add(-s.Length).Format("2006-01-02T15:04:05.999"), s.ID)
	for m := range foreshock.Metric(foreshock.NumMetrics) {
		if x, ok := s.Values.Get(m); ok {
			text += fmt.Sprintf(" %s=%.6g", m, x)
		}
	}
	if s.LatencyP99 != 0 {
		text += fmt.Sprintf(" p50=%.3g p95=%.3g p99=%.3g", s.LatencyP50, s.LatencyP95, s.LatencyP99)
	}
	if !s.Allocated.Empty() {
		text += " allocated " + s.Allocated.String()
	}
	return text
}

func compare(t *testing.T, got []foreshock.Step, want []string) {
	t.Helper()
	for i := range max(len(got), len(want)) {
		var g, w string
		if i < len(got) {
			g = show(&got[i])
		}
		if i < len(want) {
			w = want[i]
		}
		if g != w {
			t.Errorf("row %d is\n%s\nwant\n%s", i, g, w)
		}
	}
}

func TestTables(t *testing.T) {
	f := func(content string, opts Options, step time.Duration, want ...string) {
		t.Helper()
		r, err := Open(write(t, "vol.csv", content), opts)
		if err != nil {
			t.Error(err)
			return
		}
		defer r.Close()
		compare(t, rows(t, r), want)
		if report := r.Report(); len(report.Wrong) > 0 {
			t.Errorf("wrong: %+v", report.Wrong)
		}
		if r.Step() != step {
			t.Errorf("step %v, want %v", r.Step(), step)
		}
	}
	f("unix_seconds,iops,bytes_per_sec\n1375394400,39.5,646374\n1375394700,37.4,612759\n", Options{}, 5*time.Minute,
		"2013-08-01T22:00:00 vol throughput_bps=646374 iops=39.5", "2013-08-01T22:05:00 vol throughput_bps=612759 iops=37.4")
	f("timestamp,value\n2014-04-01 00:00:00,20.0\n2014-04-01 00:05:00,0\n", Options{}, 5*time.Minute,
		"2014-04-01T00:00:00 vol iops=20", "2014-04-01T00:05:00 vol iops=0")
	f("time,value\n2014-04-01T00:00:00Z,20\n2014-04-01T01:00:10+01:00,21\n", Options{ID: "a/b", Metric: "latency_seconds"}, 10*time.Second,
		"2014-04-01T00:00:00 a/b latency_seconds=20", "2014-04-01T00:00:10 a/b latency_seconds=21")
	f("Time,ID,Latency_ms,Queue_Depth,allocated_iops,allocated_throughput_bps,latency_p99_seconds,latency_p50_seconds,latency_p95_seconds\n60,a,2,1.5,3000,125e6,0.5,0.1,0.2\n", Options{}, 10*time.Second,
		"1970-01-01T00:01:00 a latency_seconds=0.002 queue_depth=1.5 p50=0.1 p95=0.2 p99=0.5 allocated iops=3000 throughput=1.25e+08")
	// Not in order; a hole; cells and rows that hold nothing; a workload by itself.
	f("time,id,iops,queue_depth\n30,a,3,\n10,a,1,NaN\n20,a,,\n10,b,5,null\n50,a,-,7\n", Options{}, 20*time.Second,
		"1970-01-01T00:00:10 a iops=1", "1970-01-01T00:00:10 b iops=5", "1970-01-01T00:00:30 a iops=3", "1970-01-01T00:00:50 a queue_depth=7")
	// First all of one workload, then all of the next.
	f("time,id,iops\n1,a,1\n2,a,2\n1,b,3\n2,b,4\n", Options{}, time.Second,
		"1970-01-01T00:00:01 a iops=1", "1970-01-01T00:00:01 b iops=3", "1970-01-01T00:00:02 a iops=2", "1970-01-01T00:00:02 b iops=4")
	// How files are written.
	f("\ufeff\"time\";\"iops\"\r\n\"10\";\"1,5\"\r\n\r\n\"20\";2,5", Options{}, 10*time.Second,
		"1970-01-01T00:00:10 vol iops=1.5", "1970-01-01T00:00:20 vol iops=2.5")
	f("# made by hand\ntime\tid\tiops\tlatency_seconds\n10\t\"a \"\"b\"\"\"\t1\t\n11\t\"a \"\"b\"\"\"\t2\t\n", Options{}, time.Second,
		`1970-01-01T00:00:10 a "b" iops=1`, `1970-01-01T00:00:11 a "b" iops=2`)
	// The only column beside the time, whatever it is called; and names of one's own.
	f("timestamp,cpu_percent\n10,55\n", Options{Metric: "queue_depth"}, 10*time.Second, "1970-01-01T00:00:10 vol queue_depth=55")
	f("timestamp,disk_q,disk_r\n10,0.5,3\n", Options{Columns: map[string]string{"disk_q": "queue_depth", "disk_r": "iops"}}, 10*time.Second,
		"1970-01-01T00:00:10 vol iops=3 queue_depth=0.5")
	// One time, several ways of counting.
	for _, text := range []string{"1375394400", "1375394400.000", "1375394400000", "1375394400000000", "1375394400000000000", "1.3753944e9", "2013-08-01T22:00:00Z", "2013-08-01 22:00", "2013-08-01 22:00:00+00:00"} {
		f("time,iops\n"+text+",1\n", Options{Step: time.Minute}, time.Minute, "2013-08-01T22:00:00 vol iops=1")
	}
	f("time,iops\n1375394400.25,-0\n", Options{Step: time.Minute}, time.Minute, "2013-08-01T22:00:00.25 vol iops=0")
}

func TestPacked(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	fmt.Fprint(w, "time,iops\n10,1\n20,2\n")
	w.Close()
	var read, total int64
	file := write(t, "vol.csv.gz", packed.String())
	r, err := Open(file, Options{Progress: func(r, all int64) { read, total = r, all }})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	compare(t, rows(t, r), []string{"1970-01-01T00:00:10 vol iops=1", "1970-01-01T00:00:20 vol iops=2"})
	if read != int64(packed.Len()) || total != read {
		t.Errorf("progress says %d of %d bytes, and the file has %d", read, total, packed.Len())
	}
	// A file that was cut: what is there is read, and the end is an error.
	cut, err := Open(write(t, "cut.csv.gz", packed.String()[:packed.Len()-12]), Options{})
	if err != nil {
		if !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Error(err)
		}
		return
	}
	defer cut.Close()
	batch := make([]foreshock.Step, 10)
	for err == nil {
		_, err = cut.Next(batch)
	}
	if !errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "cut.csv.gz") {
		t.Errorf("a cut file ends with %v", err)
	}
}

func TestStandardInput(t *testing.T) {
	file, err := os.Open(write(t, "x", "time,iops\n10,1\n"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	defer func(old *os.File) { os.Stdin = old }(os.Stdin)
	os.Stdin = file
	r, err := Open("-", Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	compare(t, rows(t, r), []string{"1970-01-01T00:00:10 stdin iops=1"})
}

func TestNotUnderstood(t *testing.T) {
	f := func(content string, opts Options, want ...string) {
		t.Helper()
		r, err := Open(write(t, "vol.csv", content), opts)
		if err == nil {
			r.Close()
			t.Errorf("%.40q is taken", content)
			return
		}
		for _, w := range append(want, "vol.csv: ") {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%.40q: the error %q does not say %q", content, err, w)
			}
		}
	}
	f("", Options{}, "is empty")
	f("\n\r\n", Options{}, "is empty")
	f("time,iops\n", Options{}, "has no rows")
	f("series_id,t1,t2\na,1,2\n", Options{}, "no column holds the time", `"series_id", "t1", "t2"`, "bytes_per_sec", "rename them; a source of the configuration can map them by its setting columns")
	f("time,a,b\n1,2,3\n", Options{}, "no column holds anything that is known", `"time", "a", "b"`)
	f("time\n1\n", Options{}, "no column holds anything")
	f("time,latency_ms,latency_seconds\n1,2,3\n", Options{}, "leave one out")
	f("time,iops\nyesterday,5\n", Options{}, "not one row", "line 2", `"yesterday" is no time`, "2026-01-31T12:00:00Z")
	f("time,iops\n1,-5\n", Options{}, "line 2: iops: \"-5\" is below 0")
	f("1404086400,5\n1404086460,6\n", Options{}, "no column holds the time")
	f("\xff\xfet\x00i\x00", Options{}, "UTF-16", "iconv")
	f("\x1f\x8bno", Options{}, "gzip")
	f("PK\x03\x04\x00\x00\x00binary", Options{}, "it is no text")
	f("\"time,iops\n", Options{}, "line 1: a quote is not closed")
	f(strings.Repeat("x", maxLine+5), Options{}, "line 1", "longer than 1 MiB")
	f("time,value\n1,2\n", Options{Metric: "speed"}, `no metric is called "speed"`)
	f("time,value\n1,2\n", Options{Format: "json"}, `no format is called "json"; there is: csv, msr`)
	f("time,value\n1,2\n", Options{Step: -time.Second}, "step must be")
	f("time,value\n1,2\n", Options{ID: "a\x01"}, "control character", "option id")
	if _, err := Open(filepath.Join(t.TempDir(), "none.csv"), Options{}); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("no file: %v", err)
	}
}

// Wrong rows are counted with an example, and cost nothing else.
func TestWrongRows(t *testing.T) {
	var drops ingest.Drops
	content := "time,id,iops,queue_depth\n" +
		"10,a,1,1\n" +
		"x,a,1,1\n" + // malformed
		"20,a,2\n" + // malformed
		"20,a,\"2,2\n" + // malformed
		"20,a,2,-1\n" + // negative: the rest stands
		"30,a,inf,3\n" + // nan
		"30,,3,3\n" + // bad id
		"40,a,4,4,4\n" + // malformed
		strings.Repeat("y", maxLine+1) + "\n" + // too long
		"-5,a,1,1\n" + // malformed
		"1e300,a,1,1\n" + // malformed
		"40,a,1e999,4\n"
	r, err := Open(write(t, "vol.csv", content), Options{Drops: &drops})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	compare(t, rows(t, r), []string{
		"1970-01-01T00:00:10 a iops=1 queue_depth=1", "1970-01-01T00:00:20 a iops=2",
		"1970-01-01T00:00:30 a queue_depth=3", "1970-01-01T00:00:40 a queue_depth=4",
	})
	report := r.Report()
	want := map[ingest.Drop]int64{ingest.DropMalformed: 6, ingest.DropNegative: 1, ingest.DropNaN: 2, ingest.DropBadID: 1, ingest.DropTooLarge: 1}
	for _, w := range report.Wrong {
		if w.Count != want[w.Reason] || len(w.Examples) != int(min(w.Count, 3)) {
			t.Errorf("%+v, want %d", w, want[w.Reason])
		}
		delete(want, w.Reason)
	}
	if len(want) > 0 {
		t.Errorf("not counted: %v", want)
	}
	if first := report.Wrong[0].Examples[0]; first.Line != 3 || first.Text != "x,a,1,1" || !strings.Contains(first.Why, `"x" is no`) {
		t.Errorf("first example: %+v", first)
	}
	if len(drops.List()) != 5 || report.Rows != 4 || report.Lines != 13 {
		t.Errorf("drops %v, %d rows of %d lines", drops.List(), report.Rows, report.Lines)
	}
	if report.From != time.Unix(10, 0).UTC() || report.To != time.Unix(50, 0).UTC() || report.Workloads != 1 || report.Step != 10*time.Second {
		t.Errorf("report %+v", report)
	}
}

// Rows are put in order within the window; what is later is counted.
func TestWindow(t *testing.T) {
	f := func(window int, late int64, times ...int) {
		t.Helper()
		content := "time,iops\n"
		for _, second := range times {
			content += fmt.Sprintf("%d,1\n", second)
		}
		r, err := Open(write(t, "vol.csv", content), Options{Window: window})
		if err != nil {
			t.Fatal(err)
		}
		defer r.Close()
		all := rows(t, r)
		if !slices.IsSortedFunc(all, func(a, b foreshock.Step) int { return a.Time.Compare(b.Time) }) {
			t.Errorf("window %d: %v come out of order", window, times)
		}
		counted := int64(0)
		for _, w := range r.Report().Wrong {
			if w.Reason == ingest.DropOutOfOrder {
				counted = w.Count
			}
		}
		if counted != late || int64(len(all)) != int64(len(times))-late {
			t.Errorf("window %d: of %v, %d are counted as late, want %d; %d rows", window, times, counted, late, len(all))
		}
	}
	f(2, 0, 1, 2, 3, 4)
	f(2, 0, 2, 1, 4, 3)
	f(2, 1, 2, 3, 4, 1)
	f(4, 0, 2, 3, 4, 1)
	f(1, 3, 4, 3, 2, 1)
}

func TestDuplicates(t *testing.T) {
	r, err := Open(write(t, "vol.csv", "time,iops\n10,1\n20,2\n20,3\n30,4\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if n := len(rows(t, r)); n != 4 || r.Report().Duplicates != 1 {
		t.Errorf("%d rows, %d duplicates; want 4 and 1", n, r.Report().Duplicates)
	}
}

func TestSample(t *testing.T) {
	data, err := os.ReadFile("sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	var file struct {
		Sources []struct{ Replay Config }
	}
	if err := yaml.UnmarshalWithOptions(data, &file, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	if _, err := New(file.Sources[0].Replay, ingest.Env{}); err != nil {
		t.Error(err)
	}
}

func TestSettings(t *testing.T) {
	f := func(cfg Config, want string) {
		t.Helper()
		decode := func(v any) error { *v.(*Config) = cfg; return nil }
		if _, err := Factory.New(decode, ingest.Env{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", cfg, err, want)
		}
	}
	f(Config{}, "path must name a file")
	f(Config{Path: "x", Metric: "speed"}, "metric: no metric is called")
	f(Config{Path: "x", Metric: "iops", Step: -1}, "step must be")
	f(Config{Path: "x", Window: -1}, "window must be")
}

// What is not finite, or negative, never comes out, whatever goes in.
func FuzzReader(f *testing.F) {
	block, err := os.ReadFile("testdata/msr.csv")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(block)
	f.Add([]byte("unix_seconds,iops,bytes_per_sec\n1375394400,39.5,646374\n1375394700,NaN,inf\n"))
	f.Add([]byte("\ufefftime;id;latency_ms;value\r\n\"2014-04-01 00:00:00\";\"a\"\"b\";1,5;3\n"))
	f.Add([]byte("time\tvalue\n1e300\t-1\n9e10\t1e308\n0\t0\n"))
	f.Add([]byte("time,latency_ms\n253402300799,1e308\n5,5e-324\n"))
	f.Add([]byte(`{"status":"success","data":{"resultType":"matrix","result":[{"metric":{"__name__":"iops"},"values":[[60,"1"],[120,"NaN"],[9e11,"-1"]]}]}}`))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, data []byte) {
		file := filepath.Join(dir, "x.csv")
		if err := os.WriteFile(file, data, 0o600); err != nil {
			t.Fatal(err)
		}
		r, err := Open(file, Options{Window: 50})
		if err != nil {
			return
		}
		defer r.Close()
		batch := make([]foreshock.Step, 100)
		last := time.Time{}
		for count := 0; count < 1e5; {
			n, err := r.Next(batch)
			if err != nil {
				break
			}
			count += n
			for i := range batch[:n] {
				check(t, &batch[i])
				if batch[i].Time.Before(last) {
					t.Fatalf("%v comes after %v", batch[i].Time, last)
				}
				last = batch[i].Time
			}
		}
		sink := newFolding(r.Step())
		again, err := Open(file, Options{Window: 50})
		if err != nil {
			t.Fatal(err)
		}
		defer again.Close()
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		sink.atMost(500_000, cancel)
		if err := again.Run(ctx, sink); err != nil && r.ended == io.EOF {
			t.Fatal(err)
		}
		for i := range sink.steps {
			check(t, &sink.steps[i])
		}
	})
}

func check(t *testing.T, s *foreshock.Step) {
	numbers := []float64{s.LatencyP50, s.LatencyP95, s.LatencyP99}
	for m := range foreshock.Metric(foreshock.NumMetrics) {
		x, _ := s.Values.Get(m)
		numbers = append(numbers, x)
	}
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		x, _ := s.Allocated.Get(d)
		numbers = append(numbers, x)
	}
	for _, x := range numbers {
		if math.IsNaN(x) || math.IsInf(x, 0) || x < 0 {
			t.Fatalf("%v in %+v", x, s)
		}
	}
	if err := s.ID.Check(); err != nil {
		t.Fatal(err)
	}
}
