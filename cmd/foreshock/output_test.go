package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"testing"
	"time"
)

func TestTable(t *testing.T) {
	list := table{head: []string{"workload", "severity", "score"}, rows: [][]string{{"vol/ä", "high", "2.10"}, {"disk/sda", "none", "0.20"}}}
	f := func(colours bool, want string) {
		t.Helper()
		var b strings.Builder
		if err := list.render(&b, colours); err != nil || b.String() != want {
			t.Errorf("%v\n%s\nwant\n%s", err, b.String(), want)
		}
	}
	f(false, "WORKLOAD  SEVERITY  SCORE\nvol/ä     high      2.10\ndisk/sda  none      0.20\n")
	f(true, "\033[1mWORKLOAD\033[0m  \033[1mSEVERITY\033[0m  \033[1mSCORE\033[0m\nvol/ä     \033[31mhigh\033[0m      2.10\ndisk/sda  none      0.20\n")
}

func TestYAMLHasTheNamesOfJSON(t *testing.T) {
	var b strings.Builder
	err := write(&b, "yaml", []struct {
		Z string `json:"workload"`
		A int64  `json:"seq"`
	}{{"true", 1 << 60}}, nil)
	if want := "- workload: \"true\"\n  seq: 1152921504606846976\n"; err != nil || b.String() != want {
		t.Errorf("%v\n%s\nwant\n%s", err, b.String(), want)
	}
}

// Nothing but a terminal has colours: not a pipe, a file or /dev/null.
func TestColoursOnTerminalsOnly(t *testing.T) {
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = null.Close() }()
	for _, w := range []io.Writer{null, new(bytes.Buffer), painted{null, false}} {
		if coloured(w) {
			t.Errorf("%T has colours", w)
		}
	}
	if !coloured(painted{new(bytes.Buffer), true}) {
		t.Error("what goes to a terminal in the end has no colours")
	}
}

func TestBar(t *testing.T) {
	f := func(done, total int64, took time.Duration, want string) {
		t.Helper()
		if got := barText(done, total, took); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(0, 10, time.Hour, strings.Repeat("╌", 32)+"   0 %")
	f(5, 10, time.Second, strings.Repeat("━", 16)+strings.Repeat("╌", 16)+"  50 %")
	f(5, 10, time.Minute, strings.Repeat("━", 16)+strings.Repeat("╌", 16)+"  50 %  1m0s left")
	f(12, 10, time.Second, strings.Repeat("━", 32)+" 100 %")

	var out strings.Builder
	b := &bar{w: &out, began: time.Now()}
	b.at(1, 4)
	b.at(2, 4) // too soon to draw again
	b.end()
	if strings.Count(out.String(), "%") != 1 || !strings.HasSuffix(out.String(), "\r\033[K") {
		t.Errorf("drawn: %q", out.String())
	}
	b = nil
	b.at(1, 4)
	b.end()
}

// Asked again and again, what has not changed is printed once, and a program that is away is waited for.
func TestWatch(t *testing.T) {
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	answers := []string{"a", "a", "", "b"}
	var out strings.Builder
	err := watch(ctx, &out, time.Millisecond, func(w io.Writer) error {
		next := answers[0]
		if answers = answers[1:]; len(answers) == 0 {
			stop()
		}
		if next == "" {
			fmt.Fprint(w, "half")
			return &awayError{Server: "http://x", Err: io.EOF}
		}
		_, err := fmt.Fprintln(w, next)
		return err
	})
	if err != nil || !regexp.MustCompile(`^a\nno answer from http://x: EOF; .*\n$`).MatchString(out.String()) {
		t.Errorf("%v\n%s", err, out.String())
	}
	if err := watch(t.Context(), &out, time.Millisecond, func(io.Writer) error { return os.ErrInvalid }); err != os.ErrInvalid {
		t.Errorf("%v, want what cannot pass by itself", err)
	}
}
