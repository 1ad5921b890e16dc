package ingest

import (
	"math"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Fold makes regular steps of one workload's readings. A step that ends at T holds the readings with times in
// (T-step, T]; steps are aligned to the Unix epoch. One goroutine at a time uses a Fold.
//
// A step stays open for the lateness after its end, so readings of the step after it may arrive meanwhile: two steps
// are open at most, and what is older than both is late. A gauge's readings closer together than 1/64 of a step count as one, so that a
// batch that was sent twice changes nothing.
type Fold struct {
	length, lateness int64 // milliseconds
	closed           int64 // end of the last complete step, Unix milliseconds; 0 before the first
	end              int64 // of the earlier open step; 0 while none is open
	now, next        *openStep
}

// openStep is a step that is being filled.
type openStep struct {
	seen      [foreshock.NumMetrics]uint64 // one bit per 1/64 of the step
	sum       [foreshock.NumMetrics]float64
	count     [foreshock.NumMetrics]uint16
	highest   [4]float64 // LatencyP50 … Pressure: a step shows its worst
	added     [NumFields - int(Ops)]float64
	allocated foreshock.Allocation
	stated    [foreshock.NumDimensions]int64 // when it was allocated so, Unix milliseconds: the last by time counts
	has       uint32                         // bit per field
	from, to  int64                          // what the increments of counters cover, Unix milliseconds
}

// NewFold folds to steps of the given length. Lateness is cut to the step's length.
func NewFold(length, lateness time.Duration) *Fold {
	ms := max(length.Milliseconds(), 1)
	return &Fold{length: ms, lateness: min(max(lateness.Milliseconds(), 0), ms), now: new(openStep)}
}

// Length is the step's length.
func (f *Fold) Length() time.Duration { return time.Duration(f.length) * time.Millisecond }

// Idle says whether no step is open: nothing was read since the last that was complete.
func (f *Fold) Idle() bool { return f.end == 0 }

// Close writes the next complete step into step, if there is one at time now (Unix milliseconds): a step is complete when now is
// past its end and the lateness. Call it until it answers false, before each Add and as the clock goes on.
// Steps in which nothing was read are passed over.
func (f *Fold) Close(now int64, step *foreshock.Step) bool {
	for f.end != 0 && now > f.end+f.lateness {
		full := f.now.has != 0
		if full {
			f.now.fill(step, f.end, f.length)
		}
		f.shift()
		if full {
			return true
		}
	}
	return false
}

// shift goes on to the next step.
func (f *Fold) shift() {
	*f.now = openStep{}
	f.closed = f.end
	f.end += f.length
	switch {
	case f.next != nil && f.next.has != 0:
		f.now, f.next = f.next, f.now
	default:
		f.end = 0 // the next reading says where to go on
	}
}

// Add takes a reading, or says why not. Close(r.Time) must have answered false before.
func (f *Fold) Add(r *Reading) Drop {
	if why := check(r); why != "" {
		return why
	}
	end := (r.Time + f.length - 1) / f.length * f.length
	switch {
	case end <= f.closed:
		return DropLate
	case f.end == 0:
		f.end = end
		fallthrough
	case end == f.end:
		return f.now.add(r, end, f.length)
	case end == f.end+f.length:
		if f.next == nil {
			f.next = new(openStep)
		}
		return f.next.add(r, end, f.length)
	case end > f.end && f.now.has == 0:
		f.end = end
		return f.now.add(r, end, f.length)
	}
	return DropLate
}

// highestOf bounds what is believed, per field: beyond any device.
var highestOf = [NumFields]float64{
	Latency: 1e5, Throughput: 1e15, IOPS: 1e12, QueueDepth: 1e9,
	LatencyP50: 1e5, LatencyP95: 1e5, LatencyP99: 1e5, Pressure: 1,
	AllocatedAt: 1e12, AllocatedAt + 1: 1e15, AllocatedAt + 2: 1e20, AllocatedAt + 3: 1e6, AllocatedAt + 4: 1e18, AllocatedAt + 5: 1e7,
	Ops: 1e15, Bytes: 1e18, OpSeconds: 1e12, QueueSeconds: 1e12, WaitSeconds: 1e9,
}

// check judges a reading by itself.
func check(r *Reading) Drop {
	switch {
	case int(r.Field) >= NumFields || r.Time <= 0:
		return DropMalformed
	case math.IsNaN(r.Value) || math.IsInf(r.Value, 0):
		return DropNaN
	case r.Value < 0:
		return DropNegative
	case r.Value > highestOf[r.Field]:
		return DropAbsurd
	}
	return ""
}

func (o *openStep) add(r *Reading, end, length int64) Drop {
	switch field := r.Field; {
	case field.Increment():
		o.added[field-Ops] += r.Value
		if r.Span > 0 {
			o.cover(r.Time-int64(r.Span), r.Time)
		}
	case field >= AllocatedAt:
		if d := foreshock.Dimension(field - AllocatedAt); r.Time >= o.stated[d] {
			o.allocated.Set(d, r.Value)
			o.stated[d] = r.Time
		}
	case field >= LatencyP50:
		o.highest[field-LatencyP50] = max(o.highest[field-LatencyP50], r.Value)
	default:
		bit := uint64(1) << min(63, (r.Time-(end-length))*64/length)
		if o.seen[field]&bit != 0 {
			return DropDuplicate
		}
		o.seen[field] |= bit
		o.sum[field] += r.Value
		o.count[field]++
	}
	o.has |= 1 << r.Field
	return ""
}

func (o *openStep) cover(from, to int64) {
	if o.to == 0 || from < o.from {
		o.from = from
	}
	o.to = max(o.to, to)
}

func (o *openStep) is(f Field) bool { return o.has&(1<<f) != 0 }

// fill writes what the step comes to.
func (o *openStep) fill(step *foreshock.Step, end, length int64) {
	*step = foreshock.Step{
		Time:       time.UnixMilli(end).UTC(),
		Length:     time.Duration(length) * time.Millisecond,
		LatencyP50: o.highest[0], LatencyP95: o.highest[1], LatencyP99: o.highest[2], Pressure: o.highest[3],
		Allocated: o.allocated,
		Quality:   foreshock.Fresh,
	}
	for m := range foreshock.Metric(foreshock.NumMetrics) {
		if o.count[m] > 0 {
			step.Values.Set(m, o.sum[m]/float64(o.count[m]))
		}
	}
	seconds := float64(length) / 1000
	if o.to > o.from {
		seconds = float64(o.to-o.from) / 1000
	}
	rate := func(m foreshock.Metric, f Field) {
		if o.is(f) && !step.Values.Has(m) {
			step.Values.Set(m, o.added[f-Ops]/seconds)
		}
	}
	rate(foreshock.IOPS, Ops)
	rate(foreshock.Throughput, Bytes)
	rate(foreshock.QueueDepth, QueueSeconds)
	if ops := o.added[0]; o.is(OpSeconds) && ops > 0 && !step.Values.Has(foreshock.Latency) {
		step.Values.Set(foreshock.Latency, o.added[OpSeconds-Ops]/ops)
	}
	if o.is(WaitSeconds) && !o.is(Pressure) {
		step.Pressure = min(1, o.added[WaitSeconds-Ops]/seconds)
	}
}
