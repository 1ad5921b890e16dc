package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math"
	"strings"
	"testing"
)

// Whatever a file holds, its series are numbers and missing values with a time each or none, or there is an error that names the file.
func FuzzSeries(f *testing.F) {
	for _, seed := range []string{
		"1\n2\n\nNaN\n", "value\n1\nNA\n", "time,v\n2026-01-01,1\n2026-01-04,2\n2026-01-05,3\n", "series_id,t1,t2\na,1,,3,,\nb,2\n",
		"\"\",\"x\"\n\"1\",0.5\n\"2\",1\n", "\xef\xbb\xbfx\n1\n", "\x1f\x8b", "1,2,3\n", "1700000000,1\n1700000060,2\n1e300,3\n", "a,b\nc,d\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		file, err := openSeries("-", bytes.NewReader(data))
		for err == nil {
			var s series
			if s, err = file.next(); err != nil || s.fault != nil {
				continue
			}
			if s.times != nil && len(s.times) != len(s.values) {
				t.Fatalf("%d times of %d values", len(s.times), len(s.values))
			}
			if len(s.values) > 2000+20*len(data) {
				t.Fatalf("%d values of %d bytes", len(s.values), len(data))
			}
			for _, x := range s.values {
				if math.IsInf(x, 0) {
					t.Fatal("a value is infinite")
				}
			}
		}
		if err != io.EOF && !strings.HasPrefix(err.Error(), "standard input") {
			t.Fatalf("%q does not say where", err)
		}
	})
}

// An interruption ends a command that waits for input at once, with what is done written.
func TestInterrupt(t *testing.T) {
	in, feed := io.Pipe()
	out, answer := io.Pipe()
	ctx, interrupt := context.WithCancel(t.Context())
	root := rootCommand()
	root.SetArgs([]string{"decompose", "-", "--period", "2"})
	root.SetIn(in)
	root.SetOut(answer)
	ended := make(chan error, 1)
	go func() {
		ended <- root.ExecuteContext(ctx)
		_ = answer.Close()
	}()
	// More than the program reads at once: when this is written, at least the first half is read.
	rows := strings.Repeat("a%d,1,2,1,2,1,2,1,2\n", 20000)
	ids := make([]any, 20000)
	for i := range ids {
		ids[i] = i
	}
	go func() { _, _ = fmt.Fprintf(feed, rows, ids...) }()
	first := make([]byte, 100)
	if _, err := io.ReadFull(out, first); err != nil {
		t.Fatal(err)
	}
	interrupt()
	rest, err := io.ReadAll(out)
	if err != nil {
		t.Fatal(err)
	}
	if err := <-ended; err == nil || !strings.Contains(err.Error(), "interrupted; ") {
		t.Errorf("it ended with %v", err)
	}
	written := string(first) + string(rest)
	if !strings.HasSuffix(written, "\n") || strings.Count(written, ",") != 5*strings.Count(written, "\n") {
		t.Errorf("the last row is cut off: %q", written[max(0, len(written)-100):])
	}
}
