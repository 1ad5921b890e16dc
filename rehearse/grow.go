package rehearse

import (
	"math"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock/timeseries/forest"
)

const (
	demandOnly   = 20 // features of demand and of the time
	mostFeatures = demandOnly + 2 + 2*len(deviations{})
	slotWidth    = 7 // minutes to each side of the same time on another day: the width of a peak
	leastRows    = 200
	early        = 3 * day // until then the forest is grown four times a day, then once
)

// describe fills row, of as many as there are features, with what the forest may know at the end of minute i, all of it from minutes up to i.
func (r *Rehearsal) describe(h memory, i int, row []float64) {
	from, _ := r.horizon()
	now := h.at(i)
	since := 0
	for since < 40 && h.at(i-since-1) == now {
		since++
	}
	target := i + from
	var days [7]float64
	for d := range days {
		k := target - (d+1)*day
		days[d] = h.peak(min(k+slotWidth, i))
	}
	yesterday, week := days[0], days[6]
	slices.Sort(days[:])
	at := r.end.Unix()/60 + int64(i-r.past.n+1)
	copy(row, []float64{
		now, h.at(i - 1), h.at(i - 5), now - h.at(i-1),
		h.few(i), h.peak(i), h.hour(i), h.hours(i), h.mean(i-14, i), h.mean(i-59, i),
		float64(since), float64(at % day), float64(at / day % 7),
		yesterday, days[3], days[6], week, h.at(target - day), h.mean(target-day-30, min(target-day+30, i)),
		h.mean(i-day+1, i),
	})
	if r.signals.scarce {
		return
	}
	row = row[demandOnly:]
	row[0], row[1] = h.scoreAt(i), h.anomalousHour(i)
	for m, now := range h.deviationsAt(i) {
		row[2+2*m], row[3+2*m] = float64(now), h.deviationLately(m, i)
	}
}

// features is how many there are. What is announced comes within minutes: where a change takes effect for hours anomalies are left out, as they only give
// trees more to find in chance.
func (s *signals) features() int {
	if s.scarce {
		return demandOnly
	}
	return mostFeatures
}

// GrowDue says whether the forest should be grown anew.
func (r *Rehearsal) GrowDue() bool {
	every := day
	if r.past.n < early {
		every = day / 4
	}
	return r.past.n >= day/2 && r.past.n-r.grown >= every
}

// Grown are forests, how many minutes had been seen when they were grown, and whether changes were scarce then.
type Grown struct {
	forests
	minutes int
	scarce  bool
}

// examples are minutes that forests grow on: what was known then, and what was needed next.
type examples struct {
	rows, targets [][]float64
	guide         []float64 // mean logarithm of the targets
	now           []float64 // what ratios are of
}

// Grow grows forests on what is known; nil where that is too little.
func (r *Rehearsal) Grow() *Grown {
	e := r.examples()
	if len(e.rows) < leastRows {
		return nil
	}
	most := 0.0
	for _, y := range e.targets {
		most = max(most, slices.Max(y))
	}
	g := &Grown{minutes: r.past.n, scarce: r.signals.scarce}
	c := forest.Config{Trees: r.trees(), Seed: r.Draws<<32 + uint64(r.past.n), Width: r.width(most)} //nolint:gosec // positive
	g.amount = forest.Grow(e.rows, e.targets, e.guide, c)
	for i, y := range e.targets {
		now := math.Log(e.now[i])
		e.guide[i] -= now
		for k := range y {
			y[k] = r.log(y[k]) - now
		}
	}
	c.Width = ratioWidth
	g.ratio = forest.Grow(e.rows, e.targets, e.guide, c)
	return g
}

// trees is how many a forest has. Where changes are scarce amounts are finer and targets more, so that a tree takes twice the memory, and more trees were no better.
func (r *Rehearsal) trees() int {
	if r.signals.scarce {
		return 20
	}
	return 40
}

func (r *Rehearsal) examples() (e examples) {
	from, to := r.nextNeeds()
	first := max(60, r.past.n-kept+8*day)
	if r.past.n < kept {
		first = 60
	}
	every := max(1, (r.past.n-first)/mostRows)
	seen, features := r.past.windows(), r.signals.features()
	room := make([]float64, max(0, (r.past.n-to-first)/every+1)*(features+mostTargets))
	for i := first; i+to < r.past.n; i += every {
		y := r.target(room[features:features], i, from, to)
		if len(y) == 0 {
			continue
		}
		row := room[:features:features]
		r.describe(seen, i, row)
		e.rows, e.targets = append(e.rows, row), append(e.targets, y)
		e.guide, e.now = append(e.guide, r.meanLog(y)), append(e.now, r.ratioOf(seen, i))
		room = room[features+len(y):]
	}
	return e
}

// nextNeeds are the minutes that forests know of, from the last one on. Where changes are free a smaller amount is all there is in the next minute, and a greater
// one works after the delay: the minutes from the one to the other count alike.
func (r *Rehearsal) nextNeeds() (from, to int) {
	if from, to = r.horizon(); !r.signals.scarce {
		from = 1
	}
	return from, to
}

// mostRows bounds the work of growing.
const mostRows = 12000

// mostTargets is the most that target gives.
const mostTargets = 4

// target appends to y what was needed from minute i+from to i+to, at up to four of them; nothing where minute i was not read.
func (r *Rehearsal) target(y []float64, i, from, to int) []float64 {
	if !r.past.is(i, known) {
		return y
	}
	every := (to - from + mostTargets) / mostTargets
	for j := i + from; j <= i+to; j += every {
		if r.past.is(j, known) {
			y = append(y, r.past.at(j))
		}
	}
	return y
}

// ratioWidth is how far apart logarithms of ratios are told apart.
const ratioWidth = 0.1

// log is the logarithm of a need, of which less than the least amount is as good as that.
func (r *Rehearsal) log(need float64) float64 { return math.Log(max(need, r.terms.Min, leastNeed)) }

const leastNeed = 1e-3

func (r *Rehearsal) meanLog(y []float64) float64 {
	var sum float64
	for _, need := range y {
		sum += r.log(need)
	}
	return sum / float64(len(y))
}

// SetForest takes forests into use; nil keeps those that there are, and so do forests of other terms, which were told other needs.
func (r *Rehearsal) SetForest(g *Grown) {
	if g != nil && g.scarce == r.signals.scarce {
		r.forests, r.knows = &g.forests, g.minutes
	}
	r.grown = r.past.n
}

// regrow grows the forest that is in use from the history, which has gone on since.
func (r *Rehearsal) regrow() {
	if r.knows == 0 {
		return
	}
	then := *r
	then.past.n = r.knows
	then.end = r.end.Add(-time.Duration(r.past.n-r.knows) * time.Minute)
	if g := then.Grow(); g != nil {
		r.forests = &g.forests
	}
}
