package feedback

import (
	"fmt"
	"math"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Latch remembers that acting on a workload did not help. It is plain data, and what the journal says of the workload folds into it: see [Latch.Fold]. The
// zero value is open.
type Latch struct {
	Action string    // that closed it, or ""
	Reason string    // in words
	Since  time.Time // when it closed
	Until  time.Time // when it opens by itself
	Times  int       // how often in a row it closed; each time it stays closed for twice as long
	// Level is what the workload was like when it closed; a workload that has changed is tried again.
	Level foreshock.Values

	ReduceUntil  time.Time // no reductions until then
	ReduceReason string
	ReduceTimes  int // how often in a row a reduction went too far; each time there are none for twice as long

	// RollBack is the verdict that wants its action taken back, nil where none does; Wanted is when it was given.
	RollBack *foreshock.Evaluation
	Wanted   time.Time
}

const (
	firstLatch    = 6 * time.Hour
	mostLatch     = 7 * 24 * time.Hour
	firstNoReduce = time.Hour
	mostNoReduce  = 24 * time.Hour
	otherLevel    = 2.0 // times; a workload of another level is another workload
)

// Fold takes one event of the workload in: evaluations close the latch, and a correction of "latch" to 0, by a person or by [Latch.Opens], opens it.
func (l Latch) Fold(e foreshock.Event) Latch {
	switch {
	case e.Evaluation != nil:
		return l.judged(e.Time, e.Evaluation)
	case e.Correction != nil && e.Correction.What == "latch" && e.Correction.To == 0:
		return Latch{Times: l.Times, ReduceTimes: l.ReduceTimes, RollBack: l.RollBack, Wanted: l.Wanted}
	}
	return l
}

func (l Latch) judged(now time.Time, e *foreshock.Evaluation) Latch {
	if l.RollBack = nil; e.RollBack {
		l.RollBack, l.Wanted = e, now
	}
	switch {
	case e.Latch:
		l.Times = min(l.Times+1, 16)
		l.Action, l.Reason, l.Since, l.Level = e.Action, e.Text, now, e.After.Mean
		l.Until = now.Add(min(mostLatch, firstLatch<<(l.Times-1)))
	case e.Verdict == foreshock.TooMuch && e.RollBack:
		l.ReduceTimes = min(l.ReduceTimes+1, 16)
		l.ReduceReason, l.ReduceUntil = e.Text, now.Add(min(mostNoReduce, firstNoReduce<<(l.ReduceTimes-1)))
	case e.Verdict == foreshock.Helped && e.Reduced:
		l.ReduceTimes = 0 // it may be what was rolled back: that more does not help holds
	case e.Verdict == foreshock.Helped:
		l.Times = 0
	}
	return l
}

// Closed says why nothing is done for the workload, or "".
func (l Latch) Closed(now time.Time) string {
	if l.Action == "" || !now.Before(l.Until) {
		return ""
	}
	return fmt.Sprintf("action %s: %s (until %s, or when the workload changes)", l.Action, l.Reason, l.Until.UTC().Format("2006-01-02 15:04 UTC"))
}

// NoReduce says why nothing is reduced, or "".
func (l Latch) NoReduce(now time.Time) string {
	if !now.Before(l.ReduceUntil) {
		return ""
	}
	return fmt.Sprintf("%s (until %s)", l.ReduceReason, l.ReduceUntil.UTC().Format("2006-01-02 15:04 UTC"))
}

// Opens says whether the workload has changed since the latch closed: its latency, IOPS or throughput, as the mean of some steps, is at another level. The
// correction, put into the journal, opens it.
func (l Latch) Opens(id foreshock.ID, now time.Time, mean foreshock.Values) (foreshock.Correction, bool) {
	if l.Closed(now) == "" {
		return foreshock.Correction{}, false
	}
	for _, m := range []foreshock.Metric{foreshock.Latency, foreshock.IOPS, foreshock.Throughput} {
		then, known := l.Level.Get(m)
		x, seen := mean.Get(m)
		if known && seen && then > 0 && x > 0 && math.Abs(math.Log(x/then)) > math.Log(otherLevel) {
			return Open(id, fmt.Sprintf("%s changed from %s to %s", m, foreshock.FormatMetric(m, then), foreshock.FormatMetric(m, x))), true
		}
	}
	return foreshock.Correction{}, false
}

// Open is the correction by which the latch is opened, by a person or as the workload has changed.
func Open(id foreshock.ID, why string) foreshock.Correction {
	return foreshock.Correction{Workload: id, What: "latch", From: 1, To: 0, Why: why}
}
