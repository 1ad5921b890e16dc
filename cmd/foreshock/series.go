package main

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock/tables"
)

const seriesHelp = `FILE is a CSV (also gzipped, or - for standard input) in one of these forms, with a header or without:
  one value per row              value
  a time and a value per row     timestamp,value
  one series per row             series_id,t1,t2,…    empty cells at the end are padding
Steps are regular. An empty cell, NaN or NA is a missing value.`

// series is one sequence in regular steps.
type series struct {
	id     string        // empty when the file is a single series
	values []float64     // NaN where missing
	times  []string      // of the values, as the file has them; nil where it has none
	start  time.Time     // of the first value, and
	step   time.Duration // the distance of values; 0 where times are not known
	filled int           // steps without a row, now missing values
	fault  error         // why the row of this series cannot be read; the others can
	read   int64         // bytes of the file up to here
}

// label is the time of a value as the file has it, or its number from 1 on.
func (s *series) label(i int) string {
	if s.times != nil {
		return s.times[i]
	}
	return strconv.Itoa(i + 1)
}

// seriesFile reads the series of a file one after the other.
type seriesFile struct {
	*tables.File
	read  int64 // bytes of it
	wide  bool  // one series per row
	timed bool  // a time and a value per row
	rows  *csv.Reader
	first []string // the row that told the form, when it is no header
	line  int      // of the last row read
	ids   map[string]int
	ahead []series // read to find periods, and not handed out yet
}

// openSeries opens a file and reads as much as it takes to know its form.
func openSeries(name string, stdin io.Reader) (*seriesFile, error) {
	f := &seriesFile{ids: map[string]int{}}
	var err error
	if f.File, err = tables.Open(name, stdin, func(read, _ int64) { f.read = read }); err != nil {
		return nil, err
	}
	if err := f.start(); err != nil {
		_ = f.Close()
		return nil, err
	}
	return f, nil
}

func (f *seriesFile) start() error {
	f.rows = csv.NewReader(f.File)
	f.rows.FieldsPerRecord = -1
	f.rows.TrimLeadingSpace = true
	first, err := f.row()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: no values; one per row is expected, or one series per row", f.Name)
	}
	if err != nil {
		return err
	}
	f.timed = len(first) == 2
	head := header(first)
	if !head {
		f.first = slices.Clone(first)
		f.wide = len(first) > 2
		return nil
	}
	f.wide = len(first) > 2 || strings.EqualFold(first[0], "series_id")
	f.timed = f.timed && !f.wide
	if f.wide && tables.TimeColumn(first[:1]) == 0 {
		return fmt.Errorf("%s:1: %d columns after a time, and which is meant is not clear; leave two, for example with: cut -d, -f1,2", f.Name, len(first)-1)
	}
	return nil
}

// row reads the next row that is not empty.
func (f *seriesFile) row() ([]string, error) {
	if f.first != nil {
		row := f.first
		f.first = nil
		return row, nil
	}
	row, err := f.rows.Read()
	return row, located(f.Name, err)
}

// header says whether a file's first row names its columns: none of those that could hold values does.
func header(row []string) bool {
	if strings.EqualFold(row[0], "series_id") {
		return true
	}
	cells := row
	if len(row) > 1 {
		cells = row[1:]
	}
	text := false
	for _, cell := range cells {
		x, err := value(cell, false)
		if err == nil && !math.IsNaN(x) {
			return false
		}
		text = text || err != nil
	}
	return text
}

// value reads a cell; NaN is a missing value. With comma, a decimal comma is understood.
func value(cell string, comma bool) (float64, error) {
	if tables.Missing([]byte(cell)) {
		return math.NaN(), nil
	}
	x, err := tables.Number([]byte(cell), comma)
	if err != nil || math.IsInf(x, 0) {
		return 0, fmt.Errorf("%.40q is no finite number; write NaN, or nothing, for a missing value", strings.TrimSpace(cell))
	}
	return x, nil
}

// next is the next series; io.EOF after the last. Other errors are of the whole file.
func (f *seriesFile) next() (series, error) {
	if len(f.ahead) > 0 {
		s := f.ahead[0]
		f.ahead = f.ahead[1:]
		return s, nil
	}
	return f.nextRead()
}

func (f *seriesFile) nextRead() (series, error) {
	if !f.wide {
		return f.whole()
	}
	row, err := f.row()
	if err != nil {
		return series{}, err
	}
	line, _ := f.rows.FieldPos(0)
	s := series{id: row[0], read: f.read}
	if s.id == "" {
		return s, fmt.Errorf("%s:%d:1: the series has no name; the first column is its series_id", f.Name, line)
	}
	if before, twice := f.ids[s.id]; twice {
		return s, fmt.Errorf("%s:%d:1: series %s is there already, in line %d; each needs a name of its own", f.Name, line, s.id, before)
	}
	f.ids[s.id] = line
	cells := row[1:]
	for len(cells) > 0 && strings.TrimSpace(cells[len(cells)-1]) == "" {
		cells = cells[:len(cells)-1]
	}
	s.values = make([]float64, len(cells))
	for i, cell := range cells {
		if s.values[i], err = value(cell, false); err != nil {
			s.fault = f.at(i+1, err)
			break
		}
	}
	return s, nil
}

// at says where in the last row something is wrong.
func (f *seriesFile) at(field int, err error) error {
	line, column := f.rows.FieldPos(field)
	return fmt.Errorf("%s:%d:%d: %w", f.Name, line, column, err)
}

// whole reads a file that is a single series.
func (f *seriesFile) whole() (series, error) {
	var s series
	if f.line < 0 {
		return s, io.EOF
	}
	columns := 1
	if f.timed {
		columns = 2
	}
	if f.first == nil {
		f.line, _ = f.rows.FieldPos(0) // the header
	}
	for {
		row, err := f.row()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return s, err
		}
		if len(row) != columns {
			return s, f.at(0, fmt.Errorf("%d columns where the rows before have %d", len(row), columns))
		}
		x, err := value(row[columns-1], false)
		if err != nil {
			return s, f.at(columns-1, err)
		}
		line, _ := f.rows.FieldPos(0)
		if f.timed {
			s.times = append(s.times, row[0])
		} else {
			for range line - f.line - 1 { // the reader of CSV passes over empty lines, which are missing values here
				s.values = append(s.values, math.NaN())
			}
		}
		s.values = append(s.values, x)
		f.line = line
	}
	f.line = -1 // read
	s.read = f.read
	if len(s.values) == 0 {
		return s, fmt.Errorf("%s: no values after the header", f.Name)
	}
	if err := s.regular(); err != nil {
		return s, fmt.Errorf("%s: %w", f.Name, err)
	}
	return s, nil
}
