package replay

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/tables"
)

// meaning is what a column holds.
type meaning struct {
	field ingest.Field
	scale float64 // to the field's unit
}

// known are the columns that are read, beside the time, the id and "value".
var known = map[string]meaning{
	"latency_seconds":          {ingest.Latency, 1},
	"latency_ms":               {ingest.Latency, 0.001},
	"throughput_bps":           {ingest.Throughput, 1},
	"bytes_per_sec":            {ingest.Throughput, 1},
	"iops":                     {ingest.IOPS, 1},
	"queue_depth":              {ingest.QueueDepth, 1},
	"latency_p50_seconds":      {ingest.LatencyP50, 1},
	"latency_p95_seconds":      {ingest.LatencyP95, 1},
	"latency_p99_seconds":      {ingest.LatencyP99, 1},
	"allocated_iops":           {ingest.AllocatedAt + ingest.Field(foreshock.DimIOPS), 1},
	"allocated_throughput_bps": {ingest.AllocatedAt + ingest.Field(foreshock.DimThroughput), 1},
	"allocated_size_bytes":     {ingest.AllocatedAt + ingest.Field(foreshock.DimSize), 1},
}

// none marks a column that a table does not have.
const none = -1

// table reads a CSV file with a line of names.
type table struct {
	*Reader
	delimiter byte
	names     []string
	timeAt    int
	idAt      int // or none
	columns   []column
	clock     tables.Clock
	id        uint32 // where there is no column of ids
	cells     [][]byte
}

// column is one that is read.
type column struct {
	at int
	meaning
}

// newTable understands the line of names.
func (r *Reader) newTable(header []byte) (*table, error) {
	t := &table{Reader: r, delimiter: tables.Delimiter(header), idAt: none}
	cells, err := split(nil, header, t.delimiter)
	if err != nil {
		return nil, fmt.Errorf("line %d: %w", r.lines.number, err)
	}
	for _, cell := range cells {
		t.names = append(t.names, r.columnName(cell))
	}
	return t, t.assign()
}

// columnName gives a column's name, as the options have it.
func (r *Reader) columnName(cell []byte) string {
	name := string(cell)
	if other, ok := r.opts.Columns[name]; ok {
		name = other
	}
	return strings.ToLower(name)
}

// assign finds out what each column means.
func (t *table) assign() error {
	var unread []int
	taken := map[ingest.Field]string{}
	value := none
	t.timeAt = tables.TimeColumn(t.names)
	for at, name := range t.names {
		what, isKnown := known[name]
		switch {
		case at == t.timeAt:
		case t.idAt == none && name == "id":
			t.idAt = at
		case value == none && name == "value":
			value = at
		case isKnown && taken[what.field] != "":
			return fmt.Errorf("line %d: the columns %s and %s hold the same; leave one out", t.lines.number, taken[what.field], name)
		case isKnown:
			taken[what.field] = name
			t.columns = append(t.columns, column{at, what})
			t.report.Columns = append(t.report.Columns, fieldName(what.field)+" from "+name)
		default:
			unread = append(unread, at)
		}
	}
	if value == none && len(t.columns) == 0 && len(unread) == 1 {
		value, unread = unread[0], nil // the only one there is
	}
	if value != none && len(t.columns) > 0 {
		unread = append(unread, value)
	}
	if t.timeAt == none || value == none && len(t.columns) == 0 {
		return t.notUnderstood()
	}
	if len(t.columns) == 0 {
		if err := t.assignValue(value); err != nil {
			return err
		}
	}
	for _, at := range unread {
		t.report.Unread = append(t.report.Unread, clip(t.names[at]))
	}
	return t.nameWorkload()
}

func (t *table) assignValue(at int) error {
	var m foreshock.Metric
	text := t.opts.Metric
	if text == "" {
		text = foreshock.IOPS.String()
	}
	if err := m.UnmarshalText([]byte(text)); err != nil {
		return fmt.Errorf("option metric: %w", err)
	}
	t.columns = []column{{at, meaning{ingest.Field(m), 1}}}
	read := m.String() + " from " + clip(t.names[at])
	if t.opts.Metric == "" {
		read += " (metric is not stated)"
	}
	t.report.Columns = []string{read}
	return nil
}

// nameWorkload gives the number of the only workload, where no column names them.
func (t *table) nameWorkload() (err error) {
	if t.idAt == none {
		t.id, err = t.workloads.of([]byte(t.opts.ID))
	}
	return err
}

// fieldName is the name of the column in a field's own unit.
func fieldName(f ingest.Field) string {
	for name, m := range known {
		if m.field == f && m.scale == 1 && name != "bytes_per_sec" {
			return name
		}
	}
	return ""
}

// notUnderstood says what is there and what would be understood.
func (t *table) notUnderstood() error {
	seen := t.names
	more := ""
	if len(seen) > 8 {
		seen, more = seen[:8], fmt.Sprintf(" and %d more", len(t.names)-8)
	}
	quoted := make([]string, len(seen))
	for i, name := range seen {
		quoted[i] = fmt.Sprintf("%q", clip(name))
	}
	lacks := "no column holds anything that is known"
	if t.timeAt == none {
		lacks = "no column holds the time"
	}
	return fmt.Errorf("line %d: %s; the columns are %s%s; known are the time as %s, id, %s, or a single value; rename them; a source of the configuration can map them by its setting columns",
		t.lines.number, lacks, strings.Join(quoted, ", "), more, strings.Join(tables.TimeColumns, " or "), strings.Join(slices.Sorted(maps.Keys(known)), ", "))
}

// line reads one row.
func (t *table) line(text []byte) error {
	var err error
	if t.cells, err = split(t.cells[:0], text, t.delimiter); err != nil {
		return err
	}
	if len(t.cells) != len(t.names) {
		return fault{ingest.DropMalformed, fmt.Sprintf("it has %d cells, and there are %d columns", len(t.cells), len(t.names))}
	}
	comma := t.delimiter != ','
	w := row{id: t.id}
	if w.time, err = parseTime(&t.clock, t.cells[t.timeAt], comma); err != nil {
		return err
	}
	if t.idAt != none {
		if w.id, err = t.workloads.of(t.cells[t.idAt]); err != nil {
			return err
		}
	}
	for _, c := range t.columns {
		cell := t.cells[c.at]
		if tables.Missing(cell) {
			continue
		}
		x, err := parseValue(cell, comma)
		if err != nil { // the rest of the row stands
			t.wrong(reasonOf(err), text, fmt.Errorf("%s: %w", t.names[c.at], err))
			continue
		}
		w.set(c.field, x*c.scale)
	}
	if w.has != 0 {
		t.emit(w)
	}
	return nil
}

// A row of a table is complete with its line.
func (t *table) more() bool { return false }
func (t *table) flush()     {}
