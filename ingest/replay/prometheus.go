package replay

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/tables"
)

// maxRange bounds a recorded Prometheus range in bytes: it is held whole, since one series comes after another.
const maxRange = 1 << 30

// latestSecond is the end of the year 9999.
const latestSecond = 253402300799

// rangeAnswer is an answer of /api/v1/query_range.
type rangeAnswer struct {
	Status string `json:"status"`
	Error  string `json:"error"`
	Data   struct {
		Type   string        `json:"resultType"`
		Result []rangeSeries `json:"result"`
	} `json:"data"`
}

type rangeSeries struct {
	Metric map[string]string `json:"metric"`
	Values []rangeValue      `json:"values"`
}

// rangeValue is a time in seconds and a number as text.
type rangeValue struct {
	ms   int64
	text string
}

func (v *rangeValue) UnmarshalJSON(data []byte) error {
	var seconds float64
	pair := []any{&seconds, &v.text}
	if err := json.Unmarshal(data, &pair); err != nil {
		return err
	}
	if len(pair) != 2 || !(seconds >= 0 && seconds <= latestSecond) {
		return errors.New("a value is a time in seconds, from 1970 to 9999, and a number as text")
	}
	v.ms = int64(math.Round(seconds * 1000))
	return nil
}

// promRange hands on the rows of answers of Prometheus to range queries, one answer after another in the file. The name of a series, as
// `label_replace(…, "__name__", "iops", "", "")` gives it, is that of a column; its label id, else its other labels, is the workload.
//
// A sample at t tells of the time until t, so it is the row of the step that ends then.
type promRange struct {
	*Reader
	rows []row // in order
}

// newPromRange reads everything.
func (r *Reader) newPromRange() (*promRange, error) {
	p := &promRange{Reader: r}
	from := &io.LimitedReader{R: r.lines, N: maxRange + 1}
	decoder := json.NewDecoder(from)
	var all []rangeSeries
	for {
		var a rangeAnswer
		err := decoder.Decode(&a)
		if errors.Is(err, io.EOF) {
			break
		}
		switch {
		case from.N <= 0:
			return nil, errors.New("is longer than 1 GiB; record shorter ranges, and replay one after another")
		case err != nil:
			return nil, fmt.Errorf("it begins like JSON, and is no answer of Prometheus to a range query: %w", err)
		case a.Status != "success":
			return nil, fmt.Errorf("holds an answer of Prometheus that is an error: %s", cmp.Or(a.Error, "status "+clip(a.Status)))
		case a.Data.Type != "matrix":
			return nil, fmt.Errorf("holds a result of type %q; only that of a range query, matrix, has a series: ask /api/v1/query_range", clip(a.Data.Type))
		}
		all = append(all, a.Data.Result...)
	}
	if err := p.merge(all); err != nil {
		return nil, err
	}
	r.ended = io.EOF
	return p, nil
}

// merge makes rows of the series: one per workload and time.
func (p *promRange) merge(all []rangeSeries) error {
	type place struct {
		id uint32
		ms int64
	}
	at := map[place]int{}
	step := spacing(all)
	columns := map[string]bool{}
	for i := range all {
		name, what, err := p.column(&all[i])
		if err != nil {
			return err
		}
		id, err := p.workloads.of([]byte(p.workload(all[i].Metric)))
		if err != nil {
			return err
		}
		columns[fieldName(what.field)+" from "+name] = true
		for _, v := range all[i].Values {
			if tables.Missing([]byte(v.text)) {
				continue
			}
			x, err := parseValue([]byte(v.text), false)
			if err != nil {
				p.wrong(reasonOf(err), []byte(v.text), err)
				continue
			}
			k, known := at[place{id, v.ms}]
			if !known {
				k = len(p.rows)
				at[place{id, v.ms}] = k
				p.rows = append(p.rows, row{time: v.ms - step, id: id})
			}
			p.rows[k].set(what.field, x*what.scale)
		}
	}
	p.report.Columns = slices.Sorted(maps.Keys(columns))
	slices.SortStableFunc(p.rows, func(a, b row) int { return cmp.Or(cmp.Compare(a.time, b.time), cmp.Compare(a.id, b.id)) })
	return nil
}

// spacing is the least time between two samples of a series, in milliseconds; 0 where none has two.
func spacing(all []rangeSeries) int64 {
	var step int64
	for i := range all {
		for k := 1; k < len(all[i].Values); k++ {
			if d := all[i].Values[k].ms - all[i].Values[k-1].ms; d > 0 && (step == 0 || d < step) {
				step = d
			}
		}
	}
	return step
}

// column is what a series holds.
func (p *promRange) column(s *rangeSeries) (string, meaning, error) {
	name := p.columnName([]byte(s.Metric["__name__"]))
	if what, ok := known[name]; ok {
		return name, what, nil
	}
	if p.opts.Metric != "" {
		var m foreshock.Metric
		if err := m.UnmarshalText([]byte(p.opts.Metric)); err != nil {
			return name, meaning{}, fmt.Errorf("option metric: %w", err)
		}
		return cmp.Or(name, "value"), meaning{ingest.Field(m), 1}, nil
	}
	return name, meaning{}, fmt.Errorf(`a series is named %q; known are %s; name it in the query by label_replace(…, "__name__", "iops", "", ""), or give the option metric`,
		clip(name), strings.Join(slices.Sorted(maps.Keys(known)), ", "))
}

// workload is the label id, or the values of the other labels in the order of their names.
func (p *promRange) workload(labels map[string]string) string {
	if id := labels["id"]; id != "" {
		return id
	}
	var parts []string
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		if name != "__name__" && name != "job" {
			parts = append(parts, labels[name])
		}
	}
	return cmp.Or(strings.Join(parts, "/"), string(p.opts.ID))
}

// more hands on the next row.
func (p *promRange) more() bool {
	if len(p.rows) == 0 {
		return false
	}
	p.emit(p.rows[0])
	p.rows = p.rows[1:]
	return true
}

// All is read at once: there are no lines.
func (p *promRange) line([]byte) error { return nil }
func (p *promRange) flush()            {}
