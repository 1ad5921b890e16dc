package events

import (
	"encoding/csv"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Kind is which labelled spans are events.
type Kind int

const (
	Novel Kind = iota // an I/O metric takes part, and it is no nightly repetition
	IO                // an I/O metric takes part
	Any               // labelled
)

// Label is what is known of a row.
type Label struct {
	Any, IO, Recurring bool
	Test               bool // the row is scored; else it is for warming up
}

func (l Label) is(k Kind) bool {
	switch k {
	case Any:
		return l.Any
	case IO:
		return l.IO
	}
	return l.IO && !l.Recurring
}

// Machine is one labelled stream of several metrics, a row a minute.
type Machine struct {
	Name    string
	Metrics []string
	Times   []time.Time
	Rows    [][]float64
	Labels  []Label
}

// notMetrics are the columns that say something of a row beside its metrics.
var notMetrics = []string{"timestamp", "label", "io_label", "recurring", "split"}

// Load reads the machines of a folder, in the order of their names.
func Load(folder string) ([]Machine, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.csv"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no CSV file is there: %w", folder, os.ErrNotExist)
	}
	slices.Sort(files)
	machines := make([]Machine, len(files))
	for i, file := range files {
		if machines[i], err = load(file); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
	}
	return machines, nil
}

func load(file string) (m Machine, err error) {
	in, err := os.Open(file)
	if err != nil {
		return m, err
	}
	defer func() { _ = in.Close() }()
	rows, err := csv.NewReader(in).ReadAll()
	if err != nil {
		return m, err
	}
	if len(rows) == 0 {
		return m, fmt.Errorf("it is empty")
	}
	m.Name = strings.TrimSuffix(filepath.Base(file), ".csv")
	column := map[string]int{}
	var metrics []int
	for i, name := range rows[0] {
		column[name] = i
		if !slices.Contains(notMetrics, name) {
			m.Metrics, metrics = append(m.Metrics, name), append(metrics, i)
		}
	}
	for _, name := range notMetrics {
		if _, ok := column[name]; !ok {
			return m, fmt.Errorf("no column %q", name)
		}
	}
	for i, cells := range rows[1:] {
		seconds, err := strconv.ParseInt(cells[column["timestamp"]], 10, 64)
		if err != nil {
			return m, fmt.Errorf("row %d: %w", i+1, err)
		}
		values := make([]float64, len(metrics))
		for k, at := range metrics {
			if values[k], err = strconv.ParseFloat(cells[at], 64); err != nil {
				return m, fmt.Errorf("row %d: %w", i+1, err)
			}
		}
		is := func(name, yes string) bool { return cells[column[name]] == yes }
		m.Times, m.Rows = append(m.Times, time.Unix(seconds, 0).UTC()), append(m.Rows, values)
		m.Labels = append(m.Labels, Label{is("label", "1"), is("io_label", "1"), is("recurring", "1"), is("split", "test")})
	}
	return m, nil
}
