package chart

import (
	"math"
	"time"
)

// Reading is one value of a series with what was expected of it. NaN is what is not known.
type Reading struct {
	At                     time.Time
	Value                  float64
	Most                   float64 // the highest, where Value is a mean of several; 0: Value
	Expected, Lower, Upper float64
}

// mostPoints is how many points of a trace are kept: more than a screen is wide.
const mostPoints = 2048

// Trace is a series as it is drawn, in bounded memory: when there are too many points, neighbours become one. What stands out is kept, as
// each point knows its least and its greatest reading. Readings come in order of time. The zero value is ready.
type Trace struct {
	points []point
	each   int // readings of a point
	in     int // readings of the last point
}

// point is some readings in a row.
type point struct {
	from, to    time.Time
	hole        time.Duration // the longest between two of its readings
	first, last float64       // NaN when it has no reading
	least, most float64
	lower       mean
	upper       mean
	expected    mean
}

// mean is of what was known.
type mean struct {
	sum float64
	n   int
}

func (m *mean) add(x float64) {
	if drawable(x) {
		m.sum, m.n = m.sum+x, m.n+1
	}
}

func (m *mean) join(o mean) { m.sum, m.n = m.sum+o.sum, m.n+o.n }

func (m *mean) value() float64 {
	if m.n == 0 {
		return math.NaN()
	}
	return m.sum / float64(m.n)
}

// drawable says whether a value can be on an axis: differences of such values are finite.
func drawable(x float64) bool { return math.Abs(x) <= 1e300 }

// Add takes in the next reading.
func (t *Trace) Add(r Reading) {
	if !drawable(r.Value) {
		r.Value = math.NaN()
	}
	p := point{from: r.At, to: r.At, first: r.Value, last: r.Value, least: r.Value, most: r.Value}
	if drawable(r.Most) && r.Most > r.Value {
		p.most = r.Most
	}
	p.expected.add(r.Expected)
	p.lower.add(r.Lower)
	p.upper.add(r.Upper)
	t.each = max(t.each, 1)
	if n := len(t.points); n > 0 && t.in < t.each {
		t.points[n-1].join(p)
		t.in++
		return
	}
	if len(t.points) == mostPoints {
		t.halve()
	}
	t.points = append(t.points, p)
	t.in = 1
}

// halve makes one point of two.
func (t *Trace) halve() {
	for i := range t.points[:mostPoints/2] {
		t.points[i] = t.points[2*i]
		t.points[i].join(t.points[2*i+1])
	}
	t.points = t.points[:mostPoints/2]
	t.each *= 2
}

// join takes in the point that follows.
func (p *point) join(o point) {
	p.hole = max(p.hole, o.hole, o.from.Sub(p.to))
	p.to = o.to
	p.expected.join(o.expected)
	p.lower.join(o.lower)
	p.upper.join(o.upper)
	switch {
	case math.IsNaN(o.last):
	case math.IsNaN(p.last):
		p.first, p.last, p.least, p.most = o.first, o.last, o.least, o.most
	default:
		p.last, p.least, p.most = o.last, min(p.least, o.least), max(p.most, o.most)
	}
}

// Empty says whether there is nothing to draw.
func (t *Trace) Empty() bool {
	for i := range t.points {
		if !math.IsNaN(t.points[i].last) {
			return false
		}
	}
	return true
}

// Span is the time of the first reading and of the last.
func (t *Trace) Span() (from, to time.Time) {
	if len(t.points) == 0 {
		return from, to
	}
	return t.points[0].from, t.points[len(t.points)-1].to
}

// values is the least reading and the greatest.
func (t *Trace) values() (least, most float64) {
	least, most = math.NaN(), math.NaN()
	for i := range t.points {
		p := &t.points[i]
		if math.IsNaN(least) || p.least < least {
			least = p.least
		}
		if math.IsNaN(most) || p.most > most {
			most = p.most
		}
	}
	return least, most
}

// gap is a distance of neighbours that nothing is drawn over: ten times the usual one.
func (t *Trace) gap() time.Duration {
	if len(t.points) < 2 {
		return math.MaxInt64
	}
	from, to := t.Span()
	return 10 * max(to.Sub(from)/time.Duration(len(t.points)-1), 1)
}
