package pipeline

import (
	"math"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/timeseries/quantile"
)

// seen is what was read of a workload lately, for the charts: every step of the last while, and rows of several steps, with what was normal
// then, of a longer one. What is older is in the profile, by coarse steps. It is for those who look; nothing is decided on it, and a restart
// begins it anew. Values are kept as codes of two bytes, [Options.Recent] bytes in all.
type seen struct {
	fine, middle strip
	length       int64 // of a middle row, Unix milliseconds
	dim          foreshock.Dimension
	open         openRow
}

// Columns of a fine row: the metrics, then the score.
const (
	fineScore = foreshock.NumMetrics
	fineWidth = fineScore + 1
)

// Columns of a middle row: the metrics' means, what was expected of each, its bounds, and the rest.
const (
	midExpected  = foreshock.NumMetrics
	midLower     = 2 * foreshock.NumMetrics
	midUpper     = 3 * foreshock.NumMetrics
	midScore     = 4 * foreshock.NumMetrics // the highest
	midLatency   = midScore + 1             // the highest
	midDemand    = midScore + 2             // the highest, of the dimension
	midAllocated = midScore + 3             // of the dimension, at its end
	midWidth     = midScore + 4
)

// fineRows and midRows share the bytes: as many as fill Go's size classes for the default of 4 KiB, less what the rings themselves take.
func fineRows(bytes int) int { return bytes * 3 / 80 }
func midRows(bytes int) int  { return bytes * 9 / 640 }

// middlesOfCoarse is how many middle rows a coarse step of the profile has.
const middlesOfCoarse = 5

// openRow is the middle row that is being filled.
type openRow struct {
	end       int64
	sum       [foreshock.NumMetrics]float32
	n         [foreshock.NumMetrics]uint16
	score     float32
	latency   float32
	demand    float32 // NaN: none
	allocated float32 // NaN: none
}

// strip is a ring of rows at regular times. The zero value is empty.
type strip struct {
	codes []quantile.Code // all its rows, from the first reading on
	end   int64           // of the newest row, Unix milliseconds
	head  uint16          // the oldest row
	rows  uint16          // that are filled
}

// row makes a row for the time that ends at end, with gaps where times were left out; nil for a time that is not newer than the newest.
func (s *strip) row(end, length int64, width, capacity int) []quantile.Code {
	if capacity == 0 || s.rows > 0 && end <= s.end {
		return nil
	}
	if s.codes == nil {
		s.codes = make([]quantile.Code, width*capacity)
	}
	missing := int64(0)
	if s.rows > 0 {
		missing = min((end-s.end)/length-1, int64(capacity))
	}
	var row []quantile.Code
	for range max(missing, 0) + 1 {
		row = s.push(width, capacity)
	}
	s.end = end
	return row
}

// push adds an empty row.
func (s *strip) push(width, capacity int) []quantile.Code {
	at := (int(s.head) + int(s.rows)) % capacity
	if int(s.rows) == capacity {
		s.head = uint16((int(s.head) + 1) % capacity)
	} else {
		s.rows++
	}
	row := s.codes[at*width : (at+1)*width]
	for i := range row {
		row[i] = quantile.Missing
	}
	return row
}

// each calls f with the end of each row, oldest first.
func (s *strip) each(length int64, width int, f func(end int64, row []quantile.Code)) {
	if s.rows == 0 {
		return
	}
	capacity := len(s.codes) / width
	for i := range int(s.rows) {
		at := (int(s.head) + i) % capacity
		f(s.end-int64(int(s.rows)-1-i)*length, s.codes[at*width:(at+1)*width])
	}
}

// see keeps a step for the charts.
func (o *owner) see(w *workload, step *foreshock.Step, found *foreshock.Finding, demand, allocated foreshock.Allocation) {
	if o.Recent <= 0 {
		return
	}
	s := w.seen
	if s == nil {
		s = &seen{length: middleLength(w.profile), dim: shownDimension(w, &demand)}
		w.seen = s
	}
	end := step.Time.UnixMilli()
	if row := s.fine.row(end, w.profile.Length.Milliseconds(), fineWidth, min(fineRows(o.Recent), math.MaxUint16)); row != nil {
		for m := range foreshock.Metric(foreshock.NumMetrics) {
			if x, ok := step.Values.Get(m); ok {
				row[m] = quantile.Encode(x)
			}
		}
		row[fineScore] = quantile.Encode(found.Score)
	}
	if at := (end + s.length - 1) / s.length * s.length; at != s.open.end {
		o.closeRow(w, step)
		s.open = openRow{end: at, demand: float32(math.NaN()), allocated: float32(math.NaN())}
	}
	s.open.add(step, found, demand, allocated, s.dim)
}

func middleLength(p *foreshock.Profile) int64 {
	step := p.Length.Milliseconds()
	return max(p.Coarse.Length.Milliseconds()/middlesOfCoarse/step, 1) * step
}

// shownDimension is the one whose demand is drawn: the first that the policy may change, else the first that there is a demand of.
func shownDimension(w *workload, demand *foreshock.Allocation) foreshock.Dimension {
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		if w.scalable() && w.policy.Changes(d) {
			return d
		}
	}
	if list := demand.Dimensions(); len(list) > 0 {
		return list[0]
	}
	return foreshock.DimIOPS
}

func (r *openRow) add(step *foreshock.Step, found *foreshock.Finding, demand, allocated foreshock.Allocation, d foreshock.Dimension) {
	for m := range foreshock.Metric(foreshock.NumMetrics) {
		if x, ok := step.Values.Get(m); ok && r.n[m] < math.MaxUint16 {
			r.sum[m] += float32(x)
			r.n[m]++
		}
	}
	if x, ok := step.Values.Get(foreshock.Latency); ok {
		r.latency = max(r.latency, float32(x))
	}
	r.score = max(r.score, float32(found.Score))
	if x, ok := demand.Get(d); ok && !(float32(x) <= r.demand) {
		r.demand = float32(x)
	}
	if x, ok := allocated.Get(d); ok {
		r.allocated = float32(x)
	}
}

// closeRow writes the middle row that has ended, with what is normal as it ends. The step is the first after it.
func (o *owner) closeRow(w *workload, step *foreshock.Step) {
	s := w.seen
	r := &s.open
	if r.end == 0 {
		return
	}
	row := s.middle.row(r.end, s.length, midWidth, min(midRows(o.Recent), math.MaxUint16))
	if row == nil {
		return
	}
	for m := range foreshock.NumMetrics {
		if r.n[m] > 0 {
			row[m] = quantile.Encode(float64(r.sum[m]) / float64(r.n[m]))
		}
	}
	row[midScore], row[midLatency] = quantile.Encode(float64(r.score)), quantile.Encode(float64(r.latency))
	row[midDemand], row[midAllocated] = quantile.Encode(float64(r.demand)), quantile.Encode(float64(r.allocated))
	if step.Time.UnixMilli() > r.end+s.length {
		return // what is normal now is not what was normal before the gap
	}
	o.Detector.Explain(&o.shown, w.profile, step)
	for m := range foreshock.NumMetrics {
		if o.shown.Judged[m] {
			row[midExpected+m] = quantile.Encode(o.shown.Expected[m])
			row[midLower+m], row[midUpper+m] = quantile.Encode(o.shown.Lower[m]), quantile.Encode(o.shown.Upper[m])
		}
	}
}

// milli is a time of so many Unix milliseconds.
func milli(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
