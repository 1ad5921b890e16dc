package tables

import (
	"bytes"
	"compress/gzip"
	"io"
	"math"
	"strings"
	"testing"
	"time"
)

func TestClock(t *testing.T) {
	var clock Clock
	f := func(text string, want time.Time) {
		t.Helper()
		if got, err := clock.Parse([]byte(text), true); err != nil || !got.Equal(want) {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	at := time.Date(2026, 3, 29, 1, 30, 0, 0, time.UTC)
	f("2026-03-29T01:30:00Z", at)
	f("2026-03-29T03:30:00+02:00", at)
	f("2026-03-29 01:30:00", at)
	f(" 2026-03-29T01:30:00 ", at)
	f("2026-03-29 01:30:00.25", at.Add(250*time.Millisecond))
	f("2026-03-29", at.Truncate(24*time.Hour))
	f("2026-03", time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC))
	f("1774747800", at)
	f("1774747800.5", at.Add(500*time.Millisecond))
	f("1774747800,5", at.Add(500*time.Millisecond))
	f("1.7747478e9", at)
	f("2026-03-29 03:30:00+02:00", at)
	f("2026-03-29 01:30:00.25Z", at.Add(250*time.Millisecond))
	f("2026-03-29 01:30", at)
	f("2026-03-29T03:30:00+0200", at)
	f("2026-03-29 03:30:00.5+0200", at.Add(500*time.Millisecond))
	f("2026-03-29 03:30:00+02", at)
	f("2026-03-28 20:00:00-0530", at)
	f("2026-03-29 03:30:00 +0200", at)
	f("2026-03-29 03:30:00 +02:00", at)
	f("2026-03-29 01:30:00 UTC", at)
	f("2026/03/29 01:30:00", at)
	f("1774747800000", at)
	f("1774747800500000", at.Add(500*time.Millisecond))
	f("1774747800000000001", at.Add(1))
	f("-60", time.Unix(-60, 0))
	f("-1774747800500", time.Unix(-1774747800, -5e8))
	for _, text := range []string{"", "x", "NaN", "Inf", "1e300", "2026-13-01", "99999999999999999999"} {
		if got, err := clock.Parse([]byte(text), false); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
}

func TestNumber(t *testing.T) {
	f := func(text string, comma bool, want float64) {
		t.Helper()
		if got, err := Number([]byte(text), comma); err != nil || got != want {
			t.Errorf("%q is %v, %v; want %v", text, got, err, want)
		}
	}
	f("1.5", false, 1.5)
	f(" 1,5 ", true, 1.5)
	f("-1.5", true, -1.5)
	f("1e999", false, math.Inf(1))
	for _, text := range []string{"", "x", "1,5", "1.5 MiB"} {
		if got, err := Number([]byte(text), false); err == nil {
			t.Errorf("%q is %v", text, got)
		}
	}
	for _, text := range []string{"", " ", "-", "NaN", "nan", "n/a", "NA", "null", "None"} {
		if !Missing([]byte(text)) {
			t.Errorf("%q is a value", text)
		}
	}
	if Missing([]byte("0")) {
		t.Error("0 is missing")
	}
}

func TestColumns(t *testing.T) {
	f := func(line string, delimiter byte, timeAt int) {
		t.Helper()
		if got := Delimiter([]byte(line)); got != delimiter {
			t.Errorf("%q is divided by %q, want %q", line, got, delimiter)
		}
		if got := TimeColumn(strings.Split(line, string(delimiter))); got != timeAt {
			t.Errorf("%q has its time in %d, want %d", line, got, timeAt)
		}
	}
	f("timestamp,value", ',', 0)
	f("a, b;c; Time", ';', 2)
	f("date\ttimestamp\tvalue", '\t', 1)
	f("value", ',', -1)
}

func TestOpen(t *testing.T) {
	var packed bytes.Buffer
	w := gzip.NewWriter(&packed)
	_, _ = w.Write([]byte("\xef\xbb\xbftext"))
	_ = w.Close()
	f := func(content, want, fault string) {
		t.Helper()
		read := int64(0)
		file, err := Open("-", strings.NewReader(content), func(n, total int64) { read = n + total })
		if err != nil {
			if fault == "" || !strings.Contains(err.Error(), "standard input: "+fault) {
				t.Errorf("%q: %v", content, err)
			}
			return
		}
		got, err := io.ReadAll(file)
		if err != nil || string(got) != want || fault != "" || read != int64(len(content)) {
			t.Errorf("%q is %q, %v; %d bytes read", content, got, err, read)
		}
	}
	f("", "", "")
	f("text", "text", "")
	f("\xef\xbb\xbftext", "text", "")
	f(packed.String(), "text", "")
	f("\x1f\x8bno", "", "it begins like a gzip file and is none")
	f("\xff\xfet\x00", "", "it is UTF-16")
	f("a\r", "a\r", "")
	f("a,b\r\n1,2\r\n", "a,b\r\n1,2\r\n", "")
	f("a,b\r1,2\r", "", "its lines end in a carriage return alone")
	f("\xef\xbb\xbfa,b\r1,2", "", "its lines end in a carriage return alone")
	if _, err := Open("nowhere.csv", nil, nil); err == nil {
		t.Error("what is not there is opened")
	}
}
