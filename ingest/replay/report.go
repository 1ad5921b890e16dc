package replay

import (
	"errors"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
)

// Report says what was read so far.
type Report struct {
	File       string         `json:"file"`
	Format     string         `json:"format"`    // "csv" or "msr"
	Columns    []string       `json:"columns"`   // what is read from which column: "iops from value"
	Unread     []string       `json:"unread"`    // columns that mean nothing here
	Lines      int64          `json:"lines"`     // of the file
	Rows       int64          `json:"rows"`      // handed out
	Workloads  int            `json:"workloads"` // seen
	IDs        []foreshock.ID `json:"ids"`       // the first ten
	From       time.Time      `json:"from"`
	To         time.Time      `json:"to"` // the end of the last row
	Step       time.Duration  `json:"step_ns"`
	StepNote   string         `json:"step_note"`  // where the spacing of the rows is known from
	Duplicates int64          `json:"duplicates"` // rows with the time of another of the same workload
	Wrong      []Wrong        `json:"wrong"`      // what could not be used, by reason
}

// Wrong is how much could not be used for one reason: a row, or one cell of it.
type Wrong struct {
	Reason   ingest.Drop `json:"reason"`
	Count    int64       `json:"count"`
	Examples []Example   `json:"examples"` // the first three
}

// Example is one line that could not be used.
type Example struct {
	Line int64  `json:"line"`
	Text string `json:"text"`
	Why  string `json:"why"`
}

const (
	examples     = 3
	exampleBytes = 120
	exampleIDs   = 10
)

// report is a Report under way.
type report struct {
	Report
	wrong []Wrong
	drops *ingest.Drops
}

// Report gives what was read so far.
func (r *Reader) Report() Report {
	report := r.report.Report
	report.File = r.lines.Name
	report.Lines = r.lines.number
	report.Step = r.step
	report.Workloads = len(r.workloads.names)
	report.IDs = slices.Clone(r.workloads.names[:min(len(r.workloads.names), exampleIDs)])
	report.Wrong = make([]Wrong, len(r.report.wrong))
	for i, w := range r.report.wrong {
		w.Examples = slices.Clone(w.Examples)
		report.Wrong[i] = w
	}
	return report
}

// fault is why a row or a cell cannot be used.
type fault struct {
	reason ingest.Drop
	text   string
}

func (f fault) Error() string { return f.text }

func reasonOf(err error) ingest.Drop {
	var f fault
	if errors.As(err, &f) {
		return f.reason
	}
	return ingest.DropMalformed
}

// wrong counts what could not be used in the line that was read last.
func (r *Reader) wrong(reason ingest.Drop, line []byte, why error) {
	r.report.drops.Add(name, reason, 1)
	i := slices.IndexFunc(r.report.wrong, func(w Wrong) bool { return w.Reason == reason })
	if i < 0 {
		i = len(r.report.wrong)
		r.report.wrong = append(r.report.wrong, Wrong{Reason: reason})
		r.opts.Log.Warn("a row cannot be used", "file", r.lines.Name, "line", r.lines.number, "reason", reason, "err", why)
	}
	w := &r.report.wrong[i]
	w.Count++
	if len(w.Examples) < examples {
		w.Examples = append(w.Examples, Example{Line: r.lines.number, Text: quotable(line), Why: why.Error()})
	}
}
