package main

import (
	"bufio"
	"fmt"
	"io"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/api"
	"github.com/foreshock-io/foreshock/app"
)

// eventPrinter writes events as they come, in one of the forms of replay.
type eventPrinter struct {
	out  *bufio.Writer
	rows *rows // nil: text
}

func newEventPrinter(out *bufio.Writer, form string) *eventPrinter {
	p := &eventPrinter{out: out}
	if form != "text" {
		p.rows = newRows(out, form, eventHead)
	}
	return p
}

// eventHead names the columns of events.
var eventHead = []string{"time", "type", "workload", "what"}

func eventRow(e *foreshock.Event) []string {
	return []string{e.Time.Format(time.RFC3339), e.Type, string(e.Workload()), api.Sentence(e)}
}

// event writes one. That it cannot be written is told at the end, when the buffer is flushed.
func (p *eventPrinter) event(e *foreshock.Event) {
	switch {
	case p.rows == nil:
		fmt.Fprintf(p.out, "%s  %-10s %s  %s\n", e.Time.UTC().Format("2006-01-02 15:04:05"), e.Type, e.Workload(), api.Sentence(e))
	case p.rows.objects():
		_ = p.rows.object(e)
	default:
		_ = p.rows.row(eventRow(e))
	}
}

// summary writes what the events come to; where they are rows, beside them.
func (p *eventPrinter) summary(s *app.ReplaySummary, beside io.Writer) error {
	switch {
	case p.rows == nil:
		_, err := fmt.Fprint(p.out, s.Text())
		return err
	case !p.rows.objects():
		fmt.Fprint(beside, s.Text())
	default:
		if err := p.rows.object(s); err != nil {
			return err
		}
	}
	return p.rows.flush()
}
