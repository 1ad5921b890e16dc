package api

import (
	"fmt"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Past is what the journal shows of a workload as it stood at a moment. Take gathers it from the events of the journal, in their order.
//
// Decisions are kept when they say something new: the one in force at the moment is the last before it. Readings, scores of single steps and
// whole forecasts are not kept; what the decision was told of them is.
type Past struct {
	At       time.Time           `json:"at"`
	Kept     time.Time           `json:"kept_since,omitzero"` // the first event that the journal still has
	Gone     bool                `json:"gone,omitempty"`      // the workload is not watched now
	Known    bool                `json:"-"`                   // the journal has an event of the workload
	Anomaly  *foreshock.Anomaly  `json:"anomaly,omitempty"`   // that lasted
	Decision *foreshock.Decision `json:"decision,omitempty"`  // in force
	Until    time.Time           `json:"until,omitzero"`      // when another decision took its place; zero: it has not
	Before   []foreshock.Event   `json:"before"`              // what happened in the hour up to it
	After    []foreshock.Event   `json:"after"`               // what came of it: actions, verdicts and what followed, in the day after it
}

const (
	pastBefore = time.Hour
	pastAfter  = 24 * time.Hour
	pastEvents = 50 // of each
)

// Take takes an event of the journal in; those of other workloads only tell how far back it goes.
func (p *Past) Take(id foreshock.ID, e *foreshock.Event) {
	if p.Kept.IsZero() {
		p.Kept = e.Time
	}
	if e.Workload() != id {
		return
	}
	p.Known = true
	if e.Time.After(p.At) {
		p.follow(e)
		return
	}
	switch {
	case e.Anomaly != nil:
		p.Anomaly = e.Anomaly
		if !e.Anomaly.End.IsZero() {
			p.Anomaly = nil
		}
	case e.Decision != nil:
		p.Decision = e.Decision
	}
	if !e.Time.Before(p.At.Add(-pastBefore)) {
		p.Before = append(p.Before, *e)
		p.Before = p.Before[max(0, len(p.Before)-pastEvents):]
	}
}

// follow takes in what came after the moment.
func (p *Past) follow(e *foreshock.Event) {
	if e.Decision != nil {
		if p.Until.IsZero() {
			p.Until = e.Time
		}
		return
	}
	if len(p.After) < pastEvents && e.Time.Before(p.At.Add(pastAfter)) {
		p.After = append(p.After, *e)
	}
}

// explainPast says in words what is kept of a moment.
func explainPast(b *strings.Builder, id foreshock.ID, p *Past) {
	fmt.Fprintf(b, "%s at %s, as the journal has it. Decisions are kept when they say something new; readings and whole forecasts of the past are not.\n", id, clock(p.At))
	if p.Gone {
		b.WriteString("It is not watched: no data of it have come since the program was started, or its configuration read, or for so long that it was forgotten.\n")
	}
	switch {
	case p.Kept.IsZero():
		b.WriteString("The journal is empty.\n")
	case p.At.Before(p.Kept):
		fmt.Fprintf(b, "The journal goes back to %s only: nothing is kept of the time before.\n", clock(p.Kept))
	}
	if p.Anomaly != nil {
		fmt.Fprintf(b, "Anomaly since %s: %s\n", clock(p.Anomaly.Start), p.Anomaly.Text)
	}
	if p.Decision == nil {
		b.WriteString("No decision on it is kept from before that time.\n")
	} else {
		explainDecision(b, p.Decision)
		if p.Until.IsZero() {
			b.WriteString("It is in force still.\n")
		} else {
			fmt.Fprintf(b, "It was in force until %s.\n", clock(p.Until))
		}
	}
	explainEvents(b, "In the hour before:", p.Before)
	explainEvents(b, "What came of it, in the day after:", p.After)
}
