package telemetry

import (
	"slices"
	"sync"

	"github.com/foreshock-io/foreshock"
)

// Counts counts events by what they say, since the program started. The zero value is ready; safe for concurrent use.
type Counts struct {
	mu sync.Mutex // guards by
	by map[counted]int64
}

// counted is a row of the table and the value of its one label.
type counted struct {
	row   int
	label string
}

// Take counts an event.
func (c *Counts) Take(e *foreshock.Event) {
	var what counted
	switch {
	case e.Anomaly != nil && !e.Anomaly.End.IsZero():
		what = counted{anomaliesEnded, e.Anomaly.Worst.String()}
	case e.Decision != nil:
		what = counted{decisions, e.Decision.Kind.String()}
	case e.Change != nil:
		what = counted{actionChanges, e.Change.State.String()}
	case e.Evaluation != nil:
		what = counted{verdicts, e.Evaluation.Verdict.String()}
	default:
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.by == nil {
		c.by = map[counted]int64{}
	}
	c.by[what]++
}

// show tells all counts, also those that are 0: of a counter that begins with its first event, nobody can tell the increase.
func (c *Counts) show(show show) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, what := range counters {
		show(what.row, float64(c.by[what]), what.label)
	}
}

var counters = slices.Concat(
	labels(anomaliesEnded, foreshock.Low, foreshock.High),
	labels(decisions, foreshock.Nothing, foreshock.Hold),
	labels(actionChanges, foreshock.Proposed, foreshock.Expired),
	labels(verdicts, foreshock.Unclear, foreshock.TooLittle),
)

// labels lists the values from first to last.
func labels[T interface {
	~uint8
	String() string
}](row int, first, last T) []counted {
	var list []counted
	for x := first; x <= last; x++ {
		list = append(list, counted{row, x.String()})
	}
	return list
}
