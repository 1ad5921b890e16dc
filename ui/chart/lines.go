package chart

import (
	"math"
	"strconv"
	"strings"
	"time"
)

// Value is a value at a time. NaN is a gap.
type Value struct {
	At time.Time
	X  float64
}

// Line is a second series over the same axis: a demand, an allocation.
type Line struct {
	Class  string
	Steps  bool // each value holds until the next one; else values are joined
	Values []Value
}

// Fan is what is expected to come: its middle, and bands about it from the widest to the narrowest.
type Fan struct {
	Times  []time.Time
	Middle []float64
	Bands  []Band
}

// Band is what lies between two bounds, at each time of a fan.
type Band struct{ Lower, Upper []float64 }

// Hover is what is said of a time when it is pointed at.
type Hover struct {
	At   time.Time
	Text string
}

// others calls f for the values of lines and the bounds of the fan; for the axis.
func (c *Chart) others(f func(at time.Time, x float64)) {
	for _, l := range c.Lines {
		for _, v := range l.Values {
			f(v.At, v.X)
		}
	}
	if c.Fan == nil {
		return
	}
	for _, b := range c.Fan.Bands {
		for i, at := range c.Fan.Times {
			f(at, b.Lower[i])
			f(at, b.Upper[i])
		}
	}
}

func (v *canvas) lines() {
	for _, l := range v.Lines {
		v.printf(`<path class="%s" d="`, escaped(l.Class))
		drawn := false
		for _, value := range l.Values {
			if !drawable(value.X) {
				drawn = false
				continue
			}
			x, y := units*v.x(value.At), v.y(value.X)
			switch {
			case !drawn:
				v.printf("M%.1f %.1f", x, y)
			case l.Steps:
				v.printf("H%.1fV%.1f", x, y)
			default:
				v.printf("L%.1f %.1f", x, y)
			}
			drawn = true
		}
		if l.Steps && drawn {
			v.printf("h.1")
		}
		v.printf(`"/>`)
	}
}

func (v *canvas) fan() {
	if v.Fan == nil || len(v.Fan.Times) == 0 {
		return
	}
	at := func(i int) float64 { return units * v.x(v.Fan.Times[i]) }
	for _, b := range v.Fan.Bands {
		v.printf(`<path class="fan" d="`)
		command := 'M'
		for i, x := range b.Upper {
			if drawable(x) && drawable(b.Lower[i]) {
				v.printf("%c%.1f %.1f", command, at(i), v.y(x))
				command = 'L'
			}
		}
		for i := len(b.Lower) - 1; i >= 0; i-- {
			if drawable(b.Lower[i]) && drawable(b.Upper[i]) {
				v.printf("L%.1f %.1f", at(i), v.y(b.Lower[i]))
			}
		}
		if command == 'L' {
			v.printf("Z")
		}
		v.printf(`"/>`)
	}
	v.printf(`<path class="forecast" d="`)
	command := 'M'
	for i, x := range v.Fan.Middle {
		if drawable(x) {
			v.printf("%c%.1f %.1f", command, at(i), v.y(x))
			command = 'L'
		}
	}
	v.printf(`"/>`)
}

// pointed are the attributes that a script reads when the chart is pointed at: the range in Unix milliseconds, and per moment its place, in
// ten-thousandths of the width, and its text, a line each.
func (v *canvas) pointed() string {
	if len(v.Hover) == 0 {
		return ""
	}
	places, texts := make([]string, 0, len(v.Hover)), make([]string, 0, len(v.Hover))
	for _, h := range v.Hover {
		x := v.x(h.At)
		if x < 0 || x > 1 || math.IsNaN(x) {
			continue
		}
		places = append(places, strconv.Itoa(int(math.Round(1e4*x))))
		texts = append(texts, strings.ReplaceAll(h.Text, "\n", " "))
	}
	return ` data-from="` + strconv.FormatInt(v.From.UnixMilli(), 10) + `" data-to="` + strconv.FormatInt(v.To.UnixMilli(), 10) +
		`" data-at="` + strings.Join(places, " ") + `" data-text="` + escaped(strings.Join(texts, "\n")) + `"`
}
