package main

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock/config"
	"github.com/klauspost/compress/gzip"
)

// scores is what detect writes of a file.
func scores(t interface{ Fatal(...any) }, text, form string, columns ...string) string {
	in, err := openReadings("-", strings.NewReader(text), &detectOptions{columns: columns, say: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	o := detectOptions{config: config.Default(), form: form, columns: columns, say: io.Discard}
	if err := o.score(context.Background(), in, &out); err != nil && !errors.As(err, new(incomplete)) {
		t.Fatal(err)
	}
	return out.String()
}

// file is days of a row a minute with a daily season, two metrics, an hour without data, and an incident in the last day.
func file(days int) (lines []string) {
	lines = append(lines, "timestamp,reads,latency,label")
	start := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	for i := range days * 1440 {
		if i%1440 == 700 && i/1440 == 1 {
			start = start.Add(time.Hour)
		}
		wave := math.Sin(2 * math.Pi * float64(i) / 1440)
		wobble := float64(i*7919%101) / 101
		reads, latency := 1000+500*wave+100*wobble, 1+0.2*wobble
		if at := i - (days-1)*1440; at >= 600 && at < 630 {
			latency *= 20
		}
		lines = append(lines, fmt.Sprintf("%s,%g,%g,1", start.Add(time.Duration(i)*time.Minute).Format(time.DateTime), reads, latency))
	}
	return lines
}

func text(lines []string) string { return strings.Join(lines, "\n") + "\n" }

// What is said of a row depends on the rows up to it: of a file that is cut short the same is said.
func TestDetectIsCausal(t *testing.T) {
	lines := file(4)
	whole := scores(t, text(lines), "csv")
	for _, rows := range []int{1, 15, 16, 17, 1000, 3*1440 + 605, 3*1440 + 640} {
		if part := scores(t, text(lines[:rows+1]), "csv"); !strings.HasPrefix(whole, part) || strings.Count(part, "\n") != rows+1 {
			t.Errorf("the first %d rows alone have other scores", rows)
		}
	}
}

// The incident is found, in the metric that has it, and nothing else is worth an alarm.
func TestDetectFinds(t *testing.T) {
	found := 0
	for i, line := range strings.Split(strings.TrimSpace(scores(t, text(file(4)), "json")), "\n") {
		if !strings.Contains(line, `"severity":"medium"`) && !strings.Contains(line, `"severity":"high"`) {
			continue
		}
		if at := i - 3*1440; at < 600 || at >= 660 {
			t.Errorf("row %d: %s", i+1, line)
		}
		if strings.HasSuffix(line, `"metric":"latency"}`) {
			found++
		}
	}
	if found == 0 {
		t.Error("the incident is not found")
	}
}

// FuzzReadings reads any bytes: each row has a score from 0 to 1, and nothing panics.
func FuzzReadings(f *testing.F) {
	f.Add([]byte("timestamp,value\n2026-01-01 00:00:00,1\n2026-01-01 00:01:00,x\n"))
	f.Add([]byte("0,1,2\n1e10,\"1\",NaN\n1e300,,\n-5,1\n"))
	f.Add([]byte("\xef\xbb\xbftime,a,b,label,split\n2026-03-29T01:30:00+02:00,1,,0,test\n\n,\n"))
	f.Add([]byte("\x1f\x8bno gzip"))
	f.Fuzz(func(t *testing.T, data []byte) {
		in, err := openReadings("-", bytes.NewReader(data), &detectOptions{say: io.Discard})
		if err != nil {
			return
		}
		var out bytes.Buffer
		o := detectOptions{config: config.Default(), form: "csv", say: io.Discard}
		_ = o.score(context.Background(), in, &out) // rows that cannot be read are told
		rows := csv.NewReader(&out)
		for n := 0; ; n++ {
			row, err := rows.Read()
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				t.Fatal(err)
			}
			if score, err := strconv.ParseFloat(row[1], 64); n > 0 && (err != nil || !(score >= 0 && score < 1)) {
				t.Fatalf("row %d: %q", n, row)
			}
		}
	})
}

// How far a file is, is drawn while it is scored, and gone when it is done or something is said; of standard input nobody knows how long it is.
func TestDetectShowsHowFarItIs(t *testing.T) {
	name := filepath.Join(t.TempDir(), "rows.csv")
	text := "timestamp,reads\n" + strings.Repeat("2026-03-02 00:00:00,1\n", 30) + "never,1\n"
	if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	drawn := func(name string) string {
		t.Helper()
		var screen strings.Builder
		o := detectOptions{config: config.Default(), form: "csv", bar: &bar{w: &screen, began: time.Now()}}
		o.say = o.bar.above(&screen)
		in, err := openReadings(name, strings.NewReader(text), &o)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = in.Close() }()
		if err := o.score(t.Context(), in, io.Discard); !errors.As(err, new(incomplete)) {
			t.Fatalf("%v", err)
		}
		return screen.String()
	}
	all := barText(1, 1, 0)
	if got := drawn(name); !strings.HasPrefix(got, "\r"+all) || !strings.Contains(got, "\033[Kforeshock: "+name+":32: ") || !strings.HasSuffix(got, "\r\033[K") {
		t.Errorf("drawn: %q", got)
	}
	if got := drawn("-"); strings.Contains(got, "━") {
		t.Errorf("of standard input: %q", got)
	}
}

// A gzipped file with the mark that spreadsheets write reads as the plain one does.
func TestOpenReadings(t *testing.T) {
	f := func(text string, names, ignored string) {
		t.Helper()
		in, err := openReadings("-", strings.NewReader(text), &detectOptions{say: io.Discard})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(in.names, " "); got != names {
			t.Errorf("%q has the metrics %s, want %s", text, got, names)
		}
		if got := strings.Join(in.ignored, " "); got != ignored {
			t.Errorf("%q: passed over %s, want %s", text, got, ignored)
		}
	}
	f("timestamp,value\n0,1\n", "value", "")
	f("\xef\xbb\xbftimestamp,value\n0,1\n", "value", "")
	f("value,Time\n1,0\n", "value", "")
	f("t,a,b\n0,1,\n", "a b", "")
	f("timestamp,disk_q,disk_r,label,io_label,recurring,split\n0,1,2,0,0,0,train\n", "disk_q disk_r", "")
	f("timestamp,a,host,Label\n0,1,db-1,0\n", "a", "host")
	f("2026-01-01 00:00:00,1,2\n", "column 2 column 3", "")
	f("2026-01-01 00:00:00,db-1,2\n", "column 3", "column 2")
	f("timestamp,a\n", "a", "")
	f("timestamp;a, b;c\n0;1,5;x\n", "a, b", "c")
	f("0\t\t1,5\n", "column 2 column 3", "")
	f("timestamp,a,b,host\n0,x,1,\n60,1,1,db-1\n", "a b", "host") // one reading that is none makes no text of a column, nor one that is missing a metric
	f("timestamp,a,b\n0,,1\n60,,x\n", "a b", "")
	f(",timestamp,a\n0,0,5\n1,60,6\n2,120,5\n", "a", "") // it numbers the rows
	f("Unnamed: 0,timestamp,a\n1,0,5\n2,60,6\n", "a", "")
	f(",timestamp,a\n0,0,5\n1,60,6\n3,120,5\n", " a", "")
	f("n,timestamp,a\n0,0,5\n1,60,6\n", "n a", "")
	f("# made by hand\n\n#\ntimestamp;a\n0;1,5\n", "a", "")
	f("cpu,when\n1,2026-01-01 00:00:00\n", "cpu", "")
	f("when,cpu\n0,2026\n", "cpu", "")
}

// Where the step is known a row may be the answer to the scores of those before: none but the first is waited for to see what the columns hold.
func TestOpenReadingsWaitsForOneRow(t *testing.T) {
	r, w := io.Pipe()
	defer func() { _ = r.Close() }()
	go func() { _, _ = io.WriteString(w, "timestamp,a,host\n0,1,\n") }()
	in, err := openReadings("-", r, &detectOptions{step: time.Minute, say: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	if row, err := in.next(); err != nil || row.stamp != "0" {
		t.Errorf("%v, %v", row, err)
	}
}

// A packed file that ends too early is scored up to there, and what to do is told.
func TestDetectSaysWhereAFileIsCutOff(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	if _, err := w.Write([]byte(text(file(2)))); err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	in, err := openReadings("-", bytes.NewReader(packed.Bytes()[:packed.Len()/2]), &detectOptions{say: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	o := detectOptions{config: config.Default(), form: "csv", say: io.Discard}
	err = o.score(t.Context(), in, &out)
	if err == nil || err.Error() != "standard input: what is packed in it ends too early; copy or pack it anew" {
		t.Errorf("%v", err)
	}
	if rows := strings.Count(out.String(), "\n"); rows < 1000 {
		t.Errorf("%d rows", rows)
	}
}

// Scoring ends with its context: whoever interrupts a folder does not wait for its greatest file.
func TestDetectEndsWithItsContext(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in, err := openReadings("-", strings.NewReader(text(file(1))), &detectOptions{say: io.Discard})
	if err != nil {
		t.Fatal(err)
	}
	o := detectOptions{config: config.Default(), form: "csv", say: io.Discard}
	if err := o.score(ctx, in, io.Discard); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
}
