// Package replay reads recorded data in virtual time: tables (CSV) with a row per step and workload, block traces
// with a line per request, and answers of Prometheus to range queries (JSON).
//
// A row of a table that is stamped t covers [t, t+step), so it belongs to the step that ends at t+step, and its numbers are known
// from then on. Rows that are stamped a little early or late, and tables whose rows do not lie on multiples of their step, are put
// on the grid of steps that [ingest.Fold] uses; never earlier than they ended.
package replay

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"math"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/tables"
)

// Options say how to read a file. The zero value lets the file speak.
type Options struct {
	Format  string            // "csv", "msr", "prometheus"; "" finds out
	ID      foreshock.ID      // the workload of a table without a column of ids; default the file's name without endings
	Metric  string            // what the column "value" holds; default "iops"
	Columns map[string]string // from names in the file to names that are known, where they differ
	Step    time.Duration     // of the workloads; 0: the spacing of the rows, 10s for block traces
	Window  int               // how many rows are held to put them in order; 0 means 1<<18 (30 MB), 1<<10 for block traces

	Progress func(read, total int64) // is told of bytes as they are read; total is 0 when it is not known
	Log      *slog.Logger            // nil for none
	Drops    *ingest.Drops           // counts what Report counts; nil for none
}

// Reader reads a file's rows in order of time. One goroutine at a time uses it. Close it.
type Reader struct {
	opts      Options
	path      string
	lines     lines
	format    format
	workloads ids
	queue     queue
	window    int
	ended     error // io.EOF, or what broke the reading off

	grid    grid
	step    time.Duration
	last    int64 // time of the row that was handed out last
	any     bool  // one was handed out
	newest  []int64
	report  report
	handles []handle
}

// format turns lines into rows.
type format interface {
	// line takes one line.
	line(text []byte) error
	// flush takes note of the end of the file.
	flush()
	// more hands on some rows that are complete, and says whether there may be further ones. It is called before each line.
	more() bool
}

// Open opens a file, "-" for standard input, packed with gzip or not, and reads as much as it takes to know its
// form and step. What it cannot make out at all is an error that says what it saw.
func Open(path string, opts Options) (*Reader, error) {
	file, err := tables.Open(path, os.Stdin, opts.Progress)
	if err != nil {
		return nil, err
	}
	r := &Reader{opts: opts, path: path, lines: lines{File: file}}
	if r.opts.Log == nil {
		r.opts.Log = slog.New(slog.DiscardHandler)
	}
	if err := r.begin(path); err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", file.Name, err)
	}
	return r, nil
}

func (r *Reader) begin(path string) error {
	if r.opts.Step < 0 || r.opts.Step%time.Millisecond != 0 {
		return fmt.Errorf("step must be a whole number of milliseconds above 0, not %v", r.opts.Step)
	}
	if r.opts.ID == "" {
		r.opts.ID = fileID(path)
	}
	if err := r.opts.ID.Check(); err != nil {
		return fmt.Errorf("%w; name the workload by the option id", err)
	}
	r.report.drops = r.opts.Drops
	if err := r.recognise(); err != nil {
		return err
	}
	r.fill()
	if r.queue.len() == 0 {
		return r.nothing()
	}
	if r.grid.native == 0 {
		r.grid, r.report.StepNote = detectGrid(r.queue.rows)
	}
	r.step = r.opts.Step
	if r.step == 0 {
		r.step = time.Duration(r.grid.native) * time.Millisecond
	}
	return nil
}

// fileID makes an id of a file's name.
func fileID(path string) foreshock.ID {
	if path == "-" {
		return "stdin"
	}
	base := filepath.Base(path)
	for _, ending := range []string{".gz", ".csv", ".tsv", ".txt", ".json"} {
		if cut := strings.TrimSuffix(base, ending); cut != "" {
			base = cut
		}
	}
	return foreshock.ID(base)
}

// nothing says why there is no row at all.
func (r *Reader) nothing() error {
	if r.ended != nil && !errors.Is(r.ended, io.EOF) {
		return r.ended
	}
	if wrong := r.report.wrong; len(wrong) > 0 && len(wrong[0].Examples) > 0 {
		first := wrong[0].Examples[0]
		return fmt.Errorf("not one row of it can be used; line %d: %s", first.Line, first.Why)
	}
	return errors.New("has no rows")
}

// fill reads until the queue holds a window of rows or the file ends.
func (r *Reader) fill() {
	for r.queue.len() < r.window {
		if r.format.more() {
			continue
		}
		if r.ended != nil {
			return
		}
		r.readLine()
	}
}

func (r *Reader) readLine() {
	line, err := r.lines.next()
	switch {
	case errors.Is(err, errTooLong):
		r.wrong(ingest.DropTooLarge, line, err)
	case err != nil:
		r.format.flush()
		r.ended = err
	default:
		if err := r.format.line(line); err != nil {
			r.wrong(reasonOf(err), line, err)
		}
	}
}

// emit takes a row from the format.
func (r *Reader) emit(w row) {
	if r.any && w.time < r.last {
		r.wrong(ingest.DropOutOfOrder, nil, fmt.Errorf("more than %d rows too late; sort the file by time, or raise the option window", r.window))
		return
	}
	r.queue.push(w)
}

// next gives the next row, or io.EOF.
func (r *Reader) next() (row, error) {
	r.fill()
	if r.queue.len() == 0 {
		return row{}, r.ended
	}
	w := r.queue.pop()
	for int(w.id) >= len(r.newest) {
		r.newest = append(r.newest, math.MinInt64)
	}
	if r.newest[w.id] == w.time {
		r.report.Duplicates++
	}
	r.newest[w.id] = w.time
	if !r.any {
		r.report.From = time.UnixMilli(w.time).UTC()
	}
	r.last, r.any = w.time, true
	r.report.To = time.UnixMilli(w.time + r.grid.native).UTC()
	r.report.Rows++
	return w, nil
}

// Next fills steps with the rows that come next in time, as they are stamped: Time is the end of the row, Time less Length its stamp.
// It says how many it filled; after the last, io.EOF. Use either Next or Run.
func (r *Reader) Next(steps []foreshock.Step) (int, error) {
	for i := range steps {
		w, err := r.next()
		if err != nil {
			if i > 0 {
				return i, nil
			}
			return 0, r.failure(err)
		}
		r.fillStep(&steps[i], &w)
	}
	return len(steps), nil
}

func (r *Reader) fillStep(step *foreshock.Step, w *row) {
	*step = foreshock.Step{
		ID:      r.workloads.names[w.id],
		Time:    time.UnixMilli(w.time + r.grid.native).UTC(),
		Length:  time.Duration(r.grid.native) * time.Millisecond,
		Quality: foreshock.Fresh,
	}
	for f := range ingest.Field(numCells) {
		x, ok := w.get(f)
		switch {
		case !ok:
		case f >= ingest.AllocatedAt:
			step.Allocated.Set(foreshock.Dimension(f-ingest.AllocatedAt), x)
		case f == ingest.LatencyP50:
			step.LatencyP50 = x
		case f == ingest.LatencyP95:
			step.LatencyP95 = x
		case f == ingest.LatencyP99:
			step.LatencyP99 = x
		default:
			step.Values.Set(foreshock.Metric(f), x)
		}
	}
}

// failure adds the file's name to what broke the reading off.
func (r *Reader) failure(err error) error {
	if errors.Is(err, io.EOF) {
		return io.EOF
	}
	return fmt.Errorf("read %s: line %d: %w", r.lines.Name, r.lines.number, err)
}

// Step is the length of the workloads' steps.
func (r *Reader) Step() time.Duration { return r.step }

// IDs lists the workloads read so far, in order of appearance.
func (r *Reader) IDs() []foreshock.ID { return r.workloads.names }

// Close closes the file.
func (r *Reader) Close() error { return r.lines.Close() }
