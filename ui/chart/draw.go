package chart

import (
	"math"
	"time"
)

// line draws the readings: each point from its first reading over its least and greatest to its last.
func (v *canvas) line() {
	v.printf(`<path class="line" d="`)
	v.each(func(p *point, begins bool) bool {
		if math.IsNaN(p.last) {
			return false
		}
		x := units * v.x(p.from)
		command := 'L'
		if begins {
			command = 'M'
		}
		v.printf("%c%.1f %.1f", command, x, v.y(p.first))
		if p.least != p.most {
			v.printf("V%.1fV%.1fV%.1f", v.y(p.least), v.y(p.most), v.y(p.last))
		} else if begins {
			v.printf("h.1") // a lone reading can be seen
		}
		return true
	})
	v.printf(`"/>`)
}

// each calls f for each point, with whether a new stroke begins there: at the first, after a gap, and after a point of which f says that it
// was not drawn.
func (v *canvas) each(f func(p *point, begins bool) bool) {
	gap := v.Trace.gap()
	drawn := false
	for i := range v.Trace.points {
		p := &v.Trace.points[i]
		begins := !drawn
		if !begins {
			before := &v.Trace.points[i-1]
			begins = max(before.hole, p.from.Sub(before.to)) > gap
		}
		drawn = f(p, begins)
	}
}

func (v *canvas) expected() {
	v.printf(`<path class="expected" d="`)
	v.each(func(p *point, begins bool) bool {
		x := p.expected.value()
		if math.IsNaN(x) {
			return false
		}
		command := 'L'
		if begins {
			command = 'M'
		}
		v.printf("%c%.1f %.1f", command, units*v.x(p.from), v.y(x))
		return true
	})
	v.printf(`"/>`)
}

// band fills what lies between the bounds: forth along the upper ones, and back along the lower ones.
func (v *canvas) band() {
	var stretch []*point
	fill := func() {
		if len(stretch) > 1 {
			v.printf(`<path class="band" d="`)
			command := 'M'
			for _, p := range stretch {
				v.printf("%c%.1f %.1f", command, units*v.x(p.from), v.y(p.upper.value()))
				command = 'L'
			}
			for i := len(stretch) - 1; i >= 0; i-- {
				v.printf("L%.1f %.1f", units*v.x(stretch[i].from), v.y(stretch[i].lower.value()))
			}
			v.printf(`Z"/>`)
		}
		stretch = stretch[:0]
	}
	v.each(func(p *point, begins bool) bool {
		if begins {
			fill()
		}
		if p.lower.n == 0 || p.upper.n == 0 {
			return false
		}
		stretch = append(stretch, p)
		return true
	})
	fill()
}

// mostTicks is how many values stand beside a drawing, and tickHeight the height for each of them where there are more than two.
const (
	mostTicks  = 5
	tickHeight = 32
)

// ticks are round values of the axis: 1, 2 or 5 times a power of ten apart.
func ticks(low, high, height float64) (list []float64) {
	raw := (high - low) / max(2, min(mostTicks, math.Floor(height/tickHeight)))
	if !(raw > 0) || math.IsInf(raw, 0) {
		return nil
	}
	power := math.Pow(10, math.Floor(math.Log10(raw)))
	step := 10 * power
	for _, nice := range []float64{1, 2, 5} {
		if nice*power >= 0.9*raw { // a little closer is close enough
			step = nice * power
			break
		}
	}
	for k := math.Ceil(low / step); k*step <= high && len(list) < 2*mostTicks; k++ {
		list = append(list, k*step+0) // -0 is 0
	}
	return list
}

// ticks are the values that stand beside the axis.
func (v *canvas) ticks() []float64 {
	if v.Ticks != nil {
		return v.Ticks
	}
	unit := 1.0
	for v.Binary && 1024*unit <= v.high {
		unit *= 1024
	}
	list := ticks(v.low/unit, v.high/unit, v.height)
	for i := range list {
		list[i] *= unit
	}
	return list
}

func (v *canvas) grid() {
	v.printf(`<path class="grid" d="`)
	for _, x := range v.ticks() {
		v.printf("M0 %.1fH%d", v.y(x), units)
	}
	for _, at := range times(v.From, v.To) {
		v.printf("M%.1f 0V%.0f", units*v.x(at.at), v.height)
	}
	v.printf(`"/>`)
}

// axis writes values and times. The times that a narrow screen has no room for are of class more.
func (v *canvas) axis() {
	for _, x := range v.ticks() {
		text := v.format(x)
		if y := v.y(x); y > 10 {
			v.printf(`<text class="value" x="2" y="%.1f">%s</text>`, y-3, text)
		}
	}
	for i, at := range times(v.From, v.To) {
		class := "time"
		if i%2 == 1 {
			class = "time more"
		}
		x := v.x(at.at)
		if v.Bare || x < 0.02 || x > 0.97 {
			continue
		}
		v.printf(`<line class="tick" x1="%.3f%%" x2="%.3f%%" y1="%.0f" y2="%.0f"/><text class="%s" x="%.3f%%" y="%.0f">%s</text>`,
			100*x, 100*x, v.height, v.height+4, class, 100*x, v.height+labels-6, at.text)
	}
}

type timeTick struct {
	at   time.Time
	text string
}

const (
	day       = 24 * time.Hour
	mostTimes = 9
)

// times are round times between two: multiples of a step that people know, in UTC.
func times(from, to time.Time) (list []timeTick) {
	from, to = from.UTC(), to.UTC()
	span := to.Sub(from)
	if span <= 0 {
		return nil
	}
	steps := []time.Duration{
		time.Second, 5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute, time.Hour, 3 * time.Hour, 6 * time.Hour, 12 * time.Hour,
		day, 2 * day, 7 * day, 14 * day, 28 * day, 56 * day, 112 * day, 364 * day,
	}
	step := steps[len(steps)-1]
	for _, s := range steps {
		if span/s <= mostTimes {
			step = s
			break
		}
	}
	for span/step > mostTimes {
		step *= 2
	}
	format := "Jan 2"
	switch {
	case step < time.Minute:
		format = "15:04:05"
	case step < day && span > day:
		format = "Jan 2 15:04"
	case step < day:
		format = "15:04"
	case step >= 364*day:
		format = "Jan 2006"
	}
	for at := from.Truncate(step); !at.After(to); at = at.Add(step) {
		if !at.Before(from) {
			list = append(list, timeTick{at, at.Format(format)})
		}
	}
	return list
}
