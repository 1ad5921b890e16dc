package chart

import (
	"io"
	"math"
)

// Spark is a small drawing of a series against what was expected of it, for a row of a table.
type Spark struct {
	Title    string // for those who cannot see it
	Class    string // of the line's end: a severity
	Readings []Reading
}

// Sizes of a spark, in pixels.
const (
	sparkWidth  = 128
	sparkHeight = 24
)

// SVG writes the spark.
func (s *Spark) SVG(w io.Writer) error {
	c := &Chart{Trace: new(Trace)}
	for _, r := range s.Readings {
		c.Trace.Add(r)
		for _, x := range []float64{r.Lower, r.Upper} {
			if drawable(x) {
				c.Include = append(c.Include, x)
			}
		}
	}
	c.From, c.To = c.Trace.Span()
	v := newCanvas(c, w, sparkHeight)
	v.printf(`<svg class="chart spark" role="img" width="%d" height="%d"><title>%s</title>`, sparkWidth, sparkHeight, escaped(s.Title))
	v.printf(`<svg width="%d" height="%d" viewBox="0 0 %d %d" preserveAspectRatio="none">`, sparkWidth-4, sparkHeight, units, sparkHeight)
	v.band()
	v.line()
	v.printf(`</svg>`)
	if n := len(s.Readings); n > 0 && drawable(s.Readings[n-1].Value) && !math.IsNaN(v.y(s.Readings[n-1].Value)) {
		v.printf(`<circle class="end %s" cx="%d" cy="%.1f" r="2.5"/>`, escaped(s.Class), sparkWidth-4, v.y(s.Readings[n-1].Value))
	}
	v.printf(`</svg>`)
	return v.w.Flush()
}
