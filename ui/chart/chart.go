// Package chart draws series over time as SVG: what was read, what was expected, stretches and moments that are marked.
//
// A chart is as wide as its place and fixed in height. Lines and bands are in a drawing that is stretched; what may not be stretched
// (texts, points) is placed in per cent. Colours come from classes, for which [Style] has a light and a dark scheme.
package chart

import (
	"bufio"
	"encoding/xml"
	"fmt"
	"io"
	"math"
	"strings"
	"time"
)

// Chart is one value over time. The zero value of everything but From, To and a trace is of use.
type Chart struct {
	Title    string // for those who cannot see it
	From, To time.Time
	Height   int // in pixels; 0 is 220
	Trace    *Trace
	// Format writes a value of the axis; nil is Short.
	Format func(float64) string
	// Binary says that values are bytes, told in powers of 1024: round ones are those that are round in such a unit.
	Binary bool
	// Ticks are the values that stand beside the axis; nil is some round ones.
	Ticks []float64
	// Include are values that the axis must have; without any it fits the readings.
	Include []float64
	Rules   []Rule
	Spans   []Span
	Marks   []Mark
	Lines   []Line
	Fan     *Fan
	Hover   []Hover // in order of time
	Bare    bool    // no times below: another chart of the same times stands there
}

// Rule is a horizontal line, a limit for example.
type Rule struct {
	At    float64
	Class string
}

// Span is a stretch of time that is coloured.
type Span struct {
	From, To time.Time
	Class    string // of the colour: low, medium, high; apart is of what does not count; with pale behind it a pale one
	Text     string // shown when it is pointed at
	Label    string // written at its top, or ""
	Link     string // where a click leads, or ""
}

// Mark is a moment with a sign below the drawing.
type Mark struct {
	At    time.Time
	Class string
	Sign  string // one letter or so
	Text  string
}

// Sizes, in pixels, and the width of the stretched drawing in units of its own.
const (
	defaultHeight = 220
	labels        = 22 // below the drawing, for times
	bare          = 6  // in place of them
	signs         = 16 // below that, for marks
	least         = 60 // of the drawing
	units         = 1000
)

// canvas is a chart being drawn.
type canvas struct {
	*Chart
	w         *bufio.Writer
	height    float64 // of the drawing
	below     int     // of what is below it
	low, high float64 // values at its bottom and its top
}

// SVG writes the chart.
func (c *Chart) SVG(w io.Writer) error {
	height := c.Height
	if height == 0 {
		height = defaultHeight
	}
	below := labels
	if c.Bare {
		below = bare
	}
	if len(c.Marks) > 0 {
		below += signs
	}
	v := newCanvas(c, w, math.Max(least, float64(height-below)))
	v.below = below
	v.printf(`<svg class="chart" role="img" width="100%%" height="%.0f"%s><title>%s</title>`, v.height+float64(below), v.pointed(), escaped(c.Title))
	v.printf(`<svg class="plot" width="100%%" height="%.0f" viewBox="0 0 %d %.0f" preserveAspectRatio="none">`, v.height, units, v.height)
	v.spans()
	v.band()
	v.grid()
	v.fan()
	v.expected()
	v.line()
	v.lines()
	v.rules()
	v.printf(`</svg>`)
	v.axis()
	v.labels()
	v.marks()
	v.printf("</svg>\n")
	return v.w.Flush()
}

func newCanvas(c *Chart, w io.Writer, height float64) *canvas {
	v := &canvas{Chart: c, w: bufio.NewWriter(w), height: height}
	v.scale()
	return v
}

func (v *canvas) printf(format string, args ...any) { fmt.Fprintf(v.w, format, args...) }

// escaped is a text as XML may have it; characters that it may not have are replaced.
func escaped(text string) string {
	var b strings.Builder
	_ = xml.EscapeText(&b, []byte(text)) // a Builder takes everything
	return b.String()
}

// scale fits the axis to the readings, with some room.
func (v *canvas) scale() {
	v.low, v.high = v.Trace.values()
	include := func(x float64) {
		if math.IsNaN(v.low) {
			v.low, v.high = x, x
		}
		v.low, v.high = min(v.low, x), max(v.high, x)
	}
	for _, x := range v.Include {
		include(x)
	}
	v.others(func(at time.Time, x float64) {
		if drawable(x) && !at.Before(v.From) && !at.After(v.To) {
			include(x)
		}
	})
	if math.IsNaN(v.low) {
		v.low, v.high = 0, 1
	}
	room := 0.06 * (v.high - v.low)
	if room == 0 {
		room = max(0.1*math.Abs(v.high), 1e-9)
	}
	bottom := v.low
	v.low, v.high = v.low-room, v.high+room
	if bottom >= 0 && v.low < 0 { // what is never negative has nothing below 0
		v.low = -0.01 * v.high
	}
}

// x is the place of a time, as a share of the width.
func (v *canvas) x(at time.Time) float64 {
	whole := v.To.Sub(v.From)
	if whole <= 0 {
		return 0.5
	}
	return float64(at.Sub(v.From)) / float64(whole)
}

// y is the place of a value, in pixels from the top; beyond the drawing no further than its own height.
func (v *canvas) y(x float64) float64 {
	y := v.height * (v.high - x) / (v.high - v.low)
	return max(-v.height, min(2*v.height, y))
}

func (v *canvas) spans() {
	for _, s := range v.Spans {
		from, to := max(0, v.x(s.From)), min(1, v.x(s.To))
		if to < 0 || from > 1 {
			continue
		}
		const thin = 0.003 // an anomaly of one step can still be seen
		if to-from < thin {
			middle := (from + to) / 2
			from, to = middle-thin/2, middle+thin/2
		}
		if s.Link != "" {
			v.printf(`<a href="%s">`, escaped(s.Link))
		}
		v.printf(`<rect class="span %s" x="%.2f" y="0" width="%.2f" height="%.0f"><title>%s</title></rect>`,
			escaped(s.Class), units*from, units*(to-from), v.height, escaped(s.Text))
		if s.Link != "" {
			v.printf(`</a>`)
		}
	}
}

// labels stand within their spans; beside them, with an arrow, where a narrow screen would have no room.
func (v *canvas) labels() {
	const room = 0.18
	for _, s := range v.Spans {
		from, to := max(0, v.x(s.From)), min(1, v.x(s.To))
		switch {
		case s.Label == "" || to < from:
		case to-from >= room:
			v.printf(`<text class="label" x="%.3f%%" y="12">%s</text>`, 50*(from+to), escaped(s.Label))
		case to < 1-room:
			v.printf(`<text class="label after" x="%.3f%%" dx="4" y="12">← %s</text>`, 100*to, escaped(s.Label))
		default:
			v.printf(`<text class="label before" x="%.3f%%" dx="-4" y="12">%s →</text>`, 100*from, escaped(s.Label))
		}
	}
}

// rules come last, so that no line hides them.
func (v *canvas) rules() {
	for _, r := range v.Rules {
		if !drawable(r.At) {
			continue
		}
		v.printf(`<path class="rule %s" d="M0 %.1fH%d"/>`, escaped(r.Class), v.y(r.At), units)
	}
}

// marks that would lie on one another are one.
func (v *canvas) marks() {
	const apart = 0.008
	last := map[string]float64{}
	for _, m := range v.Marks {
		x := v.x(m.At)
		before, some := last[m.Class]
		if x < 0 || x > 1 || some && x-before < apart {
			continue
		}
		last[m.Class] = x
		v.printf(`<g class="mark %s"><title>%s</title><line x1="%.3f%%" x2="%.3f%%" y1="0" y2="%.0f"/><text x="%.3f%%" y="%.0f">%s</text></g>`,
			escaped(m.Class), escaped(m.Text), 100*x, 100*x, v.height, 100*x, v.height+float64(v.below)-4, escaped(m.Sign))
	}
}

func (v *canvas) format(x float64) string {
	if v.Format != nil {
		return escaped(v.Format(x))
	}
	return Short(x)
}

// Short writes a value with at most four digits and a letter for its thousands: 800M, 2.5k, 0.05.
func Short(x float64) string {
	for _, unit := range []struct {
		size   float64
		letter string
	}{{1e15, "P"}, {1e12, "T"}, {1e9, "G"}, {1e6, "M"}, {1e3, "k"}} {
		if math.Abs(x) >= unit.size {
			return fmt.Sprintf("%.4g%s", x/unit.size, unit.letter)
		}
	}
	return fmt.Sprintf("%.4g", x)
}
