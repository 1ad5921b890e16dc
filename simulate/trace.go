package simulate

import (
	"fmt"
	"slices"
	"time"
)

// Trace is recorded demand on the steps of the model.
type Trace struct {
	Name    string
	Start   int64     // of the first step, Unix seconds
	Demand  []float64 // offered, I/O per second, per step
	Bytes   []float64 // offered, bytes per second, per step
	Missing []bool    // nothing was measured in the step; the demand stays at its last value
	Warmup  int       // steps at the start that are run and not scored
}

// Row is a line of a trace: a time in Unix seconds, I/O per second and bytes per second.
type Row struct {
	At          int64
	IOPS, Bytes float64
}

// mostSteps bounds the length of a trace: twenty years.
const mostSteps = 20 * 366 * 1440

// TraceOf holds each row, in order of time, over its native step, which is the commonest distance between rows; up to the next row where that comes
// less than half a step late. Of rows that are shorter than the model's step each of its steps has the mean.
func TraceOf(rows []Row) (*Trace, error) {
	if len(rows) < 2 {
		return nil, fmt.Errorf("%d rows; at least 2 are needed, to know how long each of them holds", len(rows))
	}
	native := usualDistance(rows)
	first, last := rows[0].At, rows[len(rows)-1].At
	n := (last - first + native) / stepSeconds
	switch {
	case last-first < 0 || n > mostSteps: // below 0: more than a number can hold
		return nil, fmt.Errorf("the rows go from %s to %s; at most twenty years are possible: see whether a time is wrong", moment(first), moment(last))
	case n < 1:
		return nil, fmt.Errorf("the rows cover %d s; at least a minute is needed", last-first+native)
	}
	t := &Trace{Start: first, Demand: make([]float64, n), Bytes: make([]float64, n), Missing: make([]bool, n)}
	k := 0
	for i := range t.Demand {
		at := t.Start + int64(i)*stepSeconds
		for k+1 < len(rows) && rows[k+1].At <= at {
			k++
		}
		t.Demand[i], t.Bytes[i] = rows[k].IOPS, rows[k].Bytes
		t.Missing[i] = at >= until(rows, k, native)
		if native < stepSeconds {
			t.mean(i, rows[k:], native)
		}
	}
	return t, nil
}

// mean sets a step to the mean of the rows within it, the first of which began last before it or with it.
func (t *Trace) mean(i int, rows []Row, native int64) {
	begin := t.Start + int64(i)*stepSeconds
	var seconds, requests, bytes float64
	for k := 0; k < len(rows) && rows[k].At < begin+stepSeconds; k++ {
		if s := float64(min(until(rows, k, native), begin+stepSeconds) - max(rows[k].At, begin)); s > 0 {
			seconds, requests, bytes = seconds+s, requests+s*rows[k].IOPS, bytes+s*rows[k].Bytes
		}
	}
	if t.Missing[i] = seconds == 0; seconds > 0 {
		t.Demand[i], t.Bytes[i] = requests/seconds, bytes/seconds
	}
}

// until is the end of what row k holds for.
func until(rows []Row, k int, native int64) int64 {
	if k+1 < len(rows) && 2*(rows[k+1].At-rows[k].At) < 3*native {
		return rows[k+1].At
	}
	return rows[k].At + native
}

// usualDistance is the commonest between neighbours in time, the least of several.
func usualDistance(rows []Row) int64 {
	distances := make([]int64, len(rows)-1)
	for i := range distances {
		distances[i] = rows[i+1].At - rows[i].At
	}
	slices.Sort(distances)
	usual, most, run := distances[0], 0, 0
	for i, d := range distances {
		if run++; i > 0 && d != distances[i-1] {
			run = 1
		}
		if run > most {
			usual, most = d, run
		}
	}
	return usual
}

func moment(at int64) string { return time.Unix(at, 0).UTC().Format(time.RFC3339) }

// Scored says whether a step counts.
func (t *Trace) Scored(i int) bool { return i >= t.Warmup && !t.Missing[i] }

// Peak is the highest need over the steps that count, I/O per second.
func (t *Trace) Peak() float64 {
	var most float64
	for i, demand := range t.Demand {
		if t.Scored(i) {
			most = max(most, Need(demand))
		}
	}
	return most
}

// Between is the part of a trace from a time to another, in Unix seconds; 0 leaves an end as it is. The warm-up is as long as it was.
func (t *Trace) Between(from, to int64) (*Trace, error) {
	first, last := 0, len(t.Demand)
	if from != 0 {
		first = int(max(0, (from-t.Start+stepSeconds-1)/stepSeconds))
	}
	if to != 0 {
		last = int(min(int64(last), (to-t.Start)/stepSeconds))
	}
	if first >= last {
		return nil, fmt.Errorf("nothing of the trace lies between the times asked for; it goes from %s to %s", moment(t.Start), moment(t.Start+int64(len(t.Demand))*stepSeconds))
	}
	part := *t
	part.Start += int64(first) * stepSeconds
	part.Demand, part.Bytes, part.Missing = t.Demand[first:last], t.Bytes[first:last], t.Missing[first:last]
	return &part, nil
}
