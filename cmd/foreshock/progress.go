package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"
)

// bar draws how far long work is, and is gone when the work is done.
type bar struct {
	w     io.Writer
	began time.Time
	drawn time.Time // the last time; zero: never
}

// newBar is a bar on standard error, or nil where that is no terminal; a nil bar draws nothing.
func newBar() *bar {
	if !terminal(os.Stderr) {
		return nil
	}
	return &bar{w: os.Stderr, began: time.Now()}
}

// barWidth is that of a full bar, in characters.
const barWidth = 32

// at draws that done of total is done, at most ten times a second.
func (b *bar) at(done, total int64) {
	if b == nil || total <= 0 {
		return
	}
	now := time.Now()
	if now.Sub(b.drawn) < 100*time.Millisecond {
		return
	}
	b.drawn = now
	fmt.Fprint(b.w, "\r"+barText(done, total, now.Sub(b.began))+"\033[K")
}

// barText is the bar as text: how much is done, in percent too, and, once that can be told, how long the rest takes.
func barText(done, total int64, took time.Duration) string {
	share := min(1, float64(done)/float64(total))
	full := int(share * barWidth)
	text := fmt.Sprintf("%s%s %3.0f %%", strings.Repeat("━", full), strings.Repeat("╌", barWidth-full), 100*share)
	if share > 0 && took > 2*time.Second {
		left := time.Duration(float64(took) * (1 - share) / share)
		text += fmt.Sprintf("  %s left", left.Round(time.Second))
	}
	return text
}

// above is where to write lines to w while the bar is drawn, so that they stand above it.
func (b *bar) above(w io.Writer) io.Writer {
	if b == nil {
		return w
	}
	return aboveBar{b, w}
}

type aboveBar struct {
	bar *bar
	io.Writer
}

func (a aboveBar) Write(line []byte) (int, error) {
	a.bar.end()
	return a.Writer.Write(line)
}

// end takes the bar away.
func (b *bar) end() {
	if b != nil && !b.drawn.IsZero() {
		fmt.Fprint(b.w, "\r\033[K")
	}
}
