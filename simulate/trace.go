package simulate

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
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

// row is a line of a trace.
type row struct {
	at          int64
	iops, bytes float64
}

// ReadTrace reads a file with the header unix_seconds,iops,bytes_per_sec. A row holds for its native step, which is the least
// distance between rows; where rows are missing so are the steps.
func ReadTrace(file string) (*Trace, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	t, err := parseTrace(f)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	t.Name = strings.TrimSuffix(file[strings.LastIndexByte(file, '/')+1:], ".csv")
	return t, nil
}

func parseTrace(r io.Reader) (*Trace, error) {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	if head, err := in.Read(); err != nil || len(head) < 3 || head[0] != "unix_seconds" || head[1] != "iops" || head[2] != "bytes_per_sec" {
		return nil, errors.New("line 1: the header must be unix_seconds,iops,bytes_per_sec")
	}
	var rows []row
	for {
		fields, err := in.Read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return nil, err
		}
		line, _ := in.FieldPos(0)
		next, err := parseRow(fields)
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", line, err)
		}
		if n := len(rows); n > 0 && next.at <= rows[n-1].at {
			return nil, fmt.Errorf("line %d: %d is not later than the row before it (%d); sort the rows by time", line, next.at, rows[n-1].at)
		}
		rows = append(rows, next)
	}
	if len(rows) < 2 {
		return nil, fmt.Errorf("%d rows; at least 2 are needed", len(rows))
	}
	return spread(rows)
}

func parseRow(fields []string) (row, error) {
	at, err := strconv.ParseInt(fields[0], 10, 64)
	if err != nil {
		return row{}, fmt.Errorf("unix_seconds is %q; whole seconds are expected", fields[0])
	}
	var x [2]float64
	for i, name := range []string{"iops", "bytes_per_sec"} {
		if x[i], err = strconv.ParseFloat(fields[i+1], 64); err != nil || !(x[i] >= 0) || x[i] > 1e18 {
			return row{}, fmt.Errorf("%s is %q; a number of at least 0 is expected", name, fields[i+1])
		}
	}
	return row{at, x[0], x[1]}, nil
}

// mostSteps bounds the length of a trace: twenty years.
const mostSteps = 20 * 366 * 1440

// spread holds each row over its native step.
func spread(rows []row) (*Trace, error) {
	native := rows[1].at - rows[0].at
	for i := 2; i < len(rows); i++ {
		native = min(native, rows[i].at-rows[i-1].at)
	}
	n := (rows[len(rows)-1].at + native - rows[0].at) / stepSeconds
	if n < 1 || n > mostSteps {
		return nil, fmt.Errorf("the rows cover %d minutes; between 1 and %d are possible", n, mostSteps)
	}
	t := &Trace{Start: rows[0].at, Demand: make([]float64, n), Bytes: make([]float64, n), Missing: make([]bool, n)}
	k := 0
	for i := range t.Demand {
		at := t.Start + int64(i)*stepSeconds
		for k+1 < len(rows) && rows[k+1].at <= at {
			k++
		}
		t.Demand[i], t.Bytes[i] = rows[k].iops, rows[k].bytes
		t.Missing[i] = at >= rows[k].at+native
	}
	return t, nil
}

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
