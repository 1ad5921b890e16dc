package pipeline

import (
	"context"
	"math"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/timeseries/quantile"
)

// Series is a workload over time, as it is drawn: coarse steps of the profile, then rows of several steps, then single steps.
type Series struct {
	ID        foreshock.ID          `json:"id"`
	Step      time.Duration         `json:"step_ns"`
	Dimension foreshock.Dimension   `json:"dimension"` // that Demand and Allocated of the points are of
	Points    []Point               `json:"points"`    // oldest first
	Forecasts []*foreshock.Forecast `json:"forecasts"`
}

// Point is what is kept of a time. What is absent was not read, or is not kept of that time.
type Point struct {
	Time     time.Time        `json:"time"` // its end
	Length   time.Duration    `json:"length_ns"`
	Values   foreshock.Values `json:"values"` // means
	Highest  float64          `json:"latency_highest_seconds,omitempty"`
	Expected foreshock.Values `json:"expected"`
	Lower    foreshock.Values `json:"lower"`
	Upper    foreshock.Values `json:"upper"`
	Score    float64          `json:"score"` // the highest; NaN is absent and not a point
	// Demand and Allocated are of the series' dimension, in its unit; below 0: not known.
	Demand    float64 `json:"demand"`
	Allocated float64 `json:"allocated"`
}

const unknownAmount = -1

// Series gives what is kept of a workload between two times; a zero time is no bound.
func (p *Pipeline) Series(ctx context.Context, id foreshock.ID, from, to time.Time) (s Series, err error) {
	err = p.look(ctx, id, func(o *owner, w *workload, _ bool) { s = o.series(w, from, to) })
	return s, err
}

func (o *owner) series(w *workload, from, to time.Time) Series {
	s := Series{ID: w.id, Step: w.profile.Length, Points: []Point{}, Forecasts: []*foreshock.Forecast{}}
	for _, f := range w.forecasts {
		if f != nil {
			s.Forecasts = append(s.Forecasts, f)
		}
	}
	var fine, middle []Point
	if w.seen == nil {
		s.Dimension = shownDimension(w, &w.demand)
	} else {
		s.Dimension = w.seen.dim
		middle, fine = w.seen.middles(), w.seen.fines(w.profile.Length)
	}
	coarse := coarsePoints(w.profile, s.Dimension)
	fineFrom := cut(middle, begin(fine, never))
	middleFrom := cut(coarse, begin(middle, fineFrom))
	add := func(list []Point, after, until time.Time) {
		for i := range list {
			p := &list[i]
			if !p.Time.After(after) || p.Time.After(until) || !from.IsZero() && p.Time.Before(from) || !to.IsZero() && p.Time.Add(-p.Length).After(to) {
				continue
			}
			s.Points = append(s.Points, *p)
		}
	}
	add(coarse, time.Time{}, middleFrom)
	add(middle, middleFrom, fineFrom)
	o.now(w, fine)
	between(middle, fine)
	add(fine, fineFrom, never)
	return s
}

// cut is where finer points that begin at a time take the place of coarser ones: at an end of one of these, so that nothing is told twice or not at all.
func cut(coarser []Point, from time.Time) time.Time {
	for i := range coarser {
		if !coarser[i].Time.Before(from) {
			return coarser[i].Time
		}
	}
	return from
}

// begin is when a list of points begins, or otherwise.
func begin(list []Point, otherwise time.Time) time.Time {
	if len(list) == 0 {
		return otherwise
	}
	return list[0].Time.Add(-list[0].Length)
}

// coarsePoints are the coarse steps of a profile. What was normal then is not kept.
func coarsePoints(p *foreshock.Profile, d foreshock.Dimension) []Point {
	if p.Coarse.Length <= 0 {
		return nil
	}
	rows := 0
	columns := [foreshock.NumMetrics + 2][]float64{}
	take := func(i int, history quantile.Column) {
		columns[i] = history.Values(nil)
		rows = max(rows, len(columns[i]))
	}
	for m := range foreshock.Metric(foreshock.NumMetrics) {
		take(int(m), p.MeansOf(m))
	}
	take(foreshock.NumMetrics, p.Scores())
	take(foreshock.NumMetrics+1, p.DemandOf(d))
	end := p.Coarse.End().Add(-p.Coarse.Length)
	list := make([]Point, rows)
	for i := range list {
		back := rows - 1 - i // all columns end together
		at := func(column []float64) float64 {
			if back >= len(column) {
				return math.NaN()
			}
			return column[len(column)-1-back]
		}
		point := &list[i]
		point.Time, point.Length = end.Add(-time.Duration(back)*p.Coarse.Length), p.Coarse.Length
		for m := range foreshock.Metric(foreshock.NumMetrics) {
			point.Values.Set(m, at(columns[m]))
		}
		point.Score = orElse(at(columns[foreshock.NumMetrics]), 0)
		point.Demand, point.Allocated = orElse(at(columns[foreshock.NumMetrics+1]), unknownAmount), unknownAmount
	}
	return list
}

func orElse(x, otherwise float64) float64 {
	if math.IsNaN(x) {
		return otherwise
	}
	return x
}

func (s *seen) middles() (list []Point) {
	s.middle.each(s.length, midWidth, func(end int64, row []quantile.Code) {
		p := Point{Time: milli(end), Length: time.Duration(s.length) * time.Millisecond}
		for m := range foreshock.Metric(foreshock.NumMetrics) {
			p.Values.Set(m, quantile.Decode(row[m]))
			p.Expected.Set(m, quantile.Decode(row[midExpected+m]))
			p.Lower.Set(m, quantile.Decode(row[midLower+m]))
			p.Upper.Set(m, quantile.Decode(row[midUpper+m]))
		}
		p.Score, p.Highest = orElse(quantile.Decode(row[midScore]), 0), orElse(quantile.Decode(row[midLatency]), 0)
		p.Demand, p.Allocated = orElse(quantile.Decode(row[midDemand]), unknownAmount), orElse(quantile.Decode(row[midAllocated]), unknownAmount)
		list = append(list, p)
	})
	return list
}

func (s *seen) fines(length time.Duration) (list []Point) {
	s.fine.each(length.Milliseconds(), fineWidth, func(end int64, row []quantile.Code) {
		p := Point{Time: milli(end), Length: length, Demand: unknownAmount, Allocated: unknownAmount}
		for m := range foreshock.Metric(foreshock.NumMetrics) {
			p.Values.Set(m, quantile.Decode(row[m]))
		}
		p.Score = orElse(quantile.Decode(row[fineScore]), 0)
		list = append(list, p)
	})
	return list
}

// now puts what is normal, demanded and allocated now into the newest point.
func (o *owner) now(w *workload, fine []Point) {
	if len(fine) == 0 || w.last.Time.IsZero() {
		return
	}
	p := &fine[len(fine)-1]
	o.Detector.Explain(&o.shown, w.profile, &w.last)
	for m := range foreshock.Metric(foreshock.NumMetrics) {
		if o.shown.Judged[m] {
			p.Expected.Set(m, o.shown.Expected[m])
			p.Lower.Set(m, o.shown.Lower[m])
			p.Upper.Set(m, o.shown.Upper[m])
		}
	}
	if x, ok := w.demand.Get(w.seen.dim); ok {
		p.Demand = x
	}
	allocated := o.allocation(w, &w.last)
	if x, ok := allocated.Get(w.seen.dim); ok {
		p.Allocated = x
	}
}

// between gives the fine points, but for the newest, what was normal, demanded and allocated in the middle row that they are in.
func between(middle, fine []Point) {
	if len(fine) == 0 {
		return
	}
	rows := slices.Concat(middle, fine[len(fine)-1:])
	at := 0
	for i := range fine[:len(fine)-1] {
		p := &fine[i]
		for at < len(rows)-1 && rows[at].Time.Before(p.Time) {
			at++
		}
		row := &rows[at]
		if row.Time.Sub(p.Time) > 2*max(row.Length, rows[0].Length) {
			continue
		}
		p.Expected, p.Lower, p.Upper = row.Expected, row.Lower, row.Upper
		if at > 0 {
			p.blend(&rows[at-1], row)
		}
		p.Demand, p.Allocated = row.Demand, row.Allocated
	}
}

// blend puts what was normal between two rows, in the order of time, into a point between them.
func (p *Point) blend(before, after *Point) {
	span := after.Time.Sub(before.Time)
	if span <= 0 {
		return
	}
	part := float64(p.Time.Sub(before.Time)) / float64(span)
	mix := func(to *foreshock.Values, a, b *foreshock.Values) {
		for m := range foreshock.Metric(foreshock.NumMetrics) {
			x, known := a.Get(m)
			y, too := b.Get(m)
			if known && too {
				to.Set(m, x+part*(y-x))
			}
		}
	}
	mix(&p.Expected, &before.Expected, &after.Expected)
	mix(&p.Lower, &before.Lower, &after.Lower)
	mix(&p.Upper, &before.Upper, &after.Upper)
}

// HoursOfWeek is how many hours a week has.
const HoursOfWeek = 7 * 24

// Week is the mean of a metric in each hour of the week (UTC, from Monday 0:00) over the coarse steps that the profile keeps; NaN where nothing was read.
func (p *Pipeline) Week(ctx context.Context, id foreshock.ID, m foreshock.Metric) (week [HoursOfWeek]float64, err error) {
	err = p.look(ctx, id, func(_ *owner, w *workload, _ bool) {
		var n [HoursOfWeek]float64
		for _, point := range coarsePoints(w.profile, 0) {
			if x, ok := point.Values.Get(m); ok {
				at := point.Time.Add(-point.Length / 2).UTC()
				hour := (int(at.Weekday())+6)%7*24 + at.Hour()
				week[hour] += x
				n[hour]++
			}
		}
		for i := range week {
			week[i] /= n[i] // 0/0 is NaN
		}
	})
	return week, err
}
