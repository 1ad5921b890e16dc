package main

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/pipeline"
)

func view(id string, severity foreshock.Severity, score, demand, allocated float64, decision string) pipeline.View {
	v := pipeline.View{ID: foreshock.ID(id), Severity: severity, Score: score, Threshold: 1, Decision: decision}
	v.Demand.Set(foreshock.DimIOPS, demand)
	if allocated > 0 {
		v.Allocated.Set(foreshock.DimIOPS, allocated)
	}
	return v
}

// The screen says what it should after each key.
func TestTop(t *testing.T) {
	s := newTop(false)
	list := []pipeline.View{
		view("disk/b", foreshock.None, 0.4, 100, 0, "hold: nothing"),
		view("vol/a", foreshock.High, 2.5, 2900, 3000, "grow: forecast peak 3209 IOPS within 31m"),
		view("disk/c", foreshock.Low, 1.2, 10, 100, "hold: low"),
	}
	s.take(answered{list: list})
	s.take(answered{list: list})
	f := func(keys, want string) {
		t.Helper()
		for _, key := range keysOf(keys) {
			if s.press(key) {
				t.Fatalf("%q ends it", key)
			}
		}
		got := strings.ReplaceAll(s.draw(100, 10), "\033[K\r\n", "\n")
		if !strings.Contains(got, want) {
			t.Errorf("after %q:\n%s\nwant in it:\n%s", keys, got, want)
		}
	}
	f("", "foreshock: 3 workloads, 2 not normal   sorted by severity")
	f("", `   WORKLOAD  SEVERITY  SCORE  COURSE  HEADROOM  DECISION
   vol/a     high      2.50   ██      3 %       grow: forecast peak 3209 IOPS within 31m
   disk/c    low       1.20   ▅▅      90 %      hold: low
   disk/b    none      0.40   ▂▂      -         hold: nothing
`)
	f("\033[B\033[B", "▸  disk/c ")
	f("ss", "sorted by headroom")
	f("s", "   disk/b    none      0.40   ▂▂      -         hold: nothing\n▸  disk/c")
	f("/VOL", "filter: VOL_   sorted")
	f("\x7f\r", "filter: VO   sorted")
	if shown := s.shown(); len(shown) != 1 || shown[0].ID != "vol/a" {
		t.Errorf("%d are shown", len(shown))
	}
	f("\r", "explain vol/a   esc: back\n")
	s.take(answered{list: list, explain: "one\ntwo\nthree\n"})
	f("j", "esc: back\ntwo\nthree\n")
	f("jjjj", "esc: back\nthree\n")
	f("\033", "filter: VO   sorted")
	f("/\033", "3 workloads")
	s.take(answered{err: io.ErrUnexpectedEOF})
	f("", "unexpected EOF\n")
	if !s.press("q") || !s.press("ctrl-c") {
		t.Error("it does not end")
	}
}

// However small the screen, no line is wider, and what is chosen is on it.
func TestTopFits(t *testing.T) {
	s := newTop(false)
	var list []pipeline.View
	for i := range 50 {
		list = append(list, view("disk/"+strings.Repeat("x", i), foreshock.None, 0.1, 1, 2, strings.Repeat("why ", 50)))
	}
	s.take(answered{list: list})
	for range 30 {
		s.press("down")
	}
	text := strings.ReplaceAll(s.draw(70, 12), "\033[K\r\n", "\n")
	lines := strings.Split(strings.TrimSuffix(text, "\n"), "\n")
	if len(lines) > 11 || !strings.Contains(text, "▸") {
		t.Errorf("%d lines:\n%s", len(lines), text)
	}
	for _, line := range lines {
		if n := len([]rune(line)); n > 70 {
			t.Errorf("%d characters: %s", n, line)
		}
	}
	s.press("enter")
	s.take(answered{list: list, explain: strings.Repeat("ä", 150) + "\n"})
	if text := s.draw(70, 12); strings.Count(text, "\r\n") != 4 {
		t.Errorf("an explanation of 150 characters in 70 columns:\n%s", text)
	}
}

func TestKeys(t *testing.T) {
	want := []string{"a", "up", "esc", "ä", "enter", "ctrl-c"}
	if got := keysOf("a\033[A\033ä\r\x03"); !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
	if code := run([]string{"top"}); code != exitUsage {
		t.Errorf("without a terminal it exits with %d", code)
	}
}
