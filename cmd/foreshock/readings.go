package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"time"
	"unicode"
	"unicode/utf8"
)

// notMetrics are names of columns that say something of a row: labels for scorers, and what detectors wrote.
var notMetrics = []string{"label", "labels", "io_label", "anomaly", "is_anomaly", "recurring", "split", "anomaly_score", "severity"}

// timeColumns are names of the column with the time; without any it is the first.
var timeColumns = []string{"timestamp", "time", "datetime", "date", "unix_seconds", "ds"}

// readings reads times and metrics row by row. What cannot be read in a row is told and taken as missing: every row is handed out.
type readings struct {
	name    string
	text    *bufio.Reader
	rows    *csv.Reader
	close   func() error
	size    int64        // of the file in bytes; 0: unknown
	read    atomic.Int64 // bytes of it
	first   []string     // the first row below the header
	time    int          // column
	metrics []int        // columns
	names   []string     // of the metrics
	ignored []string     // columns that are no metrics by what is in them
	wrong   int          // rows in which something could not be read
	latest  time.Time
	back    int // rows that are before the row above them, and the line of the first
	backAt  int
	long    int // rows that go on over several lines, and the line of the first
	longAt  int
	say     io.Writer
}

// reading is one row.
type reading struct {
	stamp  string // as it is in the file
	at     time.Time
	timed  bool
	values []float64 // NaN where missing
}

// openReadings opens a file, - for standard input, and finds its columns: those that are chosen, or all that look like metrics.
func openReadings(name string, stdin io.Reader, chosen []string, say io.Writer) (*readings, error) {
	r := &readings{name: name, close: func() error { return nil }, say: say}
	from := stdin
	if name == "-" {
		r.name = "standard input"
	} else {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		if info, err := file.Stat(); err == nil {
			r.size = info.Size()
		}
		from, r.close = counted{file, &r.read}, file.Close
	}
	err := r.start(from, chosen)
	if err != nil {
		_ = r.close()
		return nil, err
	}
	return r, nil
}

func (r *readings) start(from io.Reader, chosen []string) (err error) {
	if r.text, err = unpacked(r.name, from); err != nil {
		return err
	}
	r.rows = csv.NewReader(r.text)
	r.rows.Comma = delimiterOf(r.text)
	r.rows.FieldsPerRecord, r.rows.LazyQuotes, r.rows.TrimLeadingSpace = -1, true, r.rows.Comma != '\t' // an empty cell between tabs would be lost
	return r.columns(chosen)
}

// delimiterOf is the one of comma, semicolon and tab that the first line has most of, as far as it has come.
func delimiterOf(text *bufio.Reader) rune {
	begun, _ := text.Peek(text.Buffered())
	line, _, _ := bytes.Cut(begun, []byte("\n"))
	delimiter, most := ',', 0
	for _, c := range "\t;," {
		if n := bytes.Count(line, []byte(string(c))); n > most {
			delimiter, most = c, n
		}
	}
	return delimiter
}

// value reads the cell of a metric. Where commas do not divide cells, a decimal comma is understood.
func (r *readings) value(cell string) (float64, error) {
	if r.rows.Comma != ',' && !strings.Contains(cell, ".") {
		cell = strings.Replace(cell, ",", ".", 1)
	}
	return value(cell)
}

// columns finds the time and the metrics from the header, where there is one, and the first row below it.
func (r *readings) columns(chosen []string) error {
	head, err := r.rows.Read()
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: it is empty; a header such as timestamp,value and a row per time are expected", r.name)
	}
	if err != nil {
		return r.located(err)
	}
	if _, err := when(head[0]); err == nil { // no header: rows from the first on
		r.first = slices.Clone(head)
		head = make([]string, len(head))
		for i := range head {
			head[i] = "column " + strconv.Itoa(i+1)
		}
	} else if r.first, err = r.rows.Read(); err != nil && !errors.Is(err, io.EOF) {
		return r.located(err)
	}
	r.time = max(0, slices.IndexFunc(head, func(name string) bool { return slices.Contains(timeColumns, strings.ToLower(strings.TrimSpace(name))) }))
	if len(head) < 2 {
		return fmt.Errorf("%s:1: one column only; a time and at least one metric with a comma, a semicolon or a tab between them are expected, for example timestamp,value", r.name)
	}
	for i, name := range head {
		name = strings.TrimSpace(name)
		switch {
		case i == r.time:
		case len(chosen) > 0 && !slices.Contains(chosen, name), len(chosen) == 0 && slices.Contains(notMetrics, strings.ToLower(name)):
		case len(chosen) == 0 && r.first != nil && !r.isMetric(i):
			r.ignored = append(r.ignored, name)
		default:
			r.metrics, r.names = append(r.metrics, i), append(r.names, name)
		}
	}
	return r.check(head, chosen)
}

// isMetric says whether the first row has a number in a column, or nothing.
func (r *readings) isMetric(column int) bool {
	if column >= len(r.first) {
		return true
	}
	_, err := r.value(r.first[column])
	return err == nil
}

func (r *readings) check(head, chosen []string) error {
	for _, name := range chosen {
		if !slices.Contains(r.names, name) {
			return usageError{fmt.Errorf("%s: no metric is called %q; there is: %s", r.name, name, listed(slices.Delete(slices.Clone(head), r.time, r.time+1)))}
		}
	}
	if len(r.metrics) == 0 {
		return fmt.Errorf("%s: no column is a metric; there is: %s; name those that are with --columns", r.name, listed(head))
	}
	return nil
}

// next hands out the next row, io.EOF after the last.
func (r *readings) next() (reading, error) {
	cells := r.first
	if r.first = nil; cells == nil {
		var err error
		if cells, err = r.rows.Read(); err != nil {
			return reading{}, r.located(err)
		}
	}
	if slices.ContainsFunc(cells, func(cell string) bool { return strings.Contains(cell, "\n") }) {
		if r.long++; r.long == 1 {
			r.longAt, _ = r.rows.FieldPos(0)
		}
	}
	line := reading{values: make([]float64, len(r.metrics))}
	var faults []error
	if r.time < len(cells) {
		line.stamp = cells[r.time]
	}
	var err error
	if line.at, err = when(line.stamp); err != nil {
		faults = append(faults, err)
	}
	line.timed = err == nil
	r.follow(&line)
	for i, column := range r.metrics {
		if column >= len(cells) {
			line.values[i] = math.NaN()
			faults = append(faults, fmt.Errorf("the row ends before its %s", legible(r.names[i])))
			continue
		}
		if line.values[i], err = r.value(cells[column]); err != nil {
			line.values[i] = math.NaN()
			faults = append(faults, fmt.Errorf("%s: %w", legible(r.names[i]), err))
		}
	}
	r.tell(faults)
	return line, nil
}

// follow counts the rows that go back in time.
func (r *readings) follow(line *reading) {
	if !line.timed {
		return
	}
	if line.at.Before(r.latest) {
		if r.back++; r.back == 1 {
			r.backAt, _ = r.rows.FieldPos(0)
		}
	}
	r.latest = line.at
}

// mostTold is how many rows are told of, the rest is counted.
const mostTold = 5

// tell says what could not be read of the last row.
func (r *readings) tell(faults []error) {
	if len(faults) == 0 {
		return
	}
	if r.wrong++; r.wrong > mostTold {
		return
	}
	at, _ := r.rows.FieldPos(0)
	for _, err := range faults {
		fmt.Fprintf(r.say, "foreshock: %s:%d: %v; taken as missing\n", r.name, at, err)
	}
}

// legible is a name for a message, in quotes where it is not plain text or long.
func legible(name string) string {
	if len(name) > 40 || strings.ContainsFunc(name, func(c rune) bool { return !unicode.IsPrint(c) || c == utf8.RuneError }) {
		return fmt.Sprintf("%.40q", name)
	}
	return name
}

// mostListed is how many columns a message names.
const mostListed = 30

// listed are names for a message.
func listed(names []string) string {
	var list []string
	for _, name := range names[:min(len(names), mostListed)] {
		list = append(list, legible(strings.TrimSpace(name)))
	}
	if more := len(names) - mostListed; more > 0 {
		list = append(list, fmt.Sprintf("%d more", more))
	}
	return strings.Join(list, ", ")
}

func (r *readings) located(err error) error {
	var bad *csv.ParseError
	switch {
	case errors.Is(err, io.EOF):
		return err
	case errors.As(err, &bad):
		return fmt.Errorf("%s:%d:%d: %w", r.name, bad.Line, bad.Column, bad.Err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: what is packed in it ends too early; copy or pack it anew", r.name)
	}
	return fmt.Errorf("%s: %w", r.name, err)
}

// when reads a time: RFC 3339, the same without zone or seconds or with a space, then in UTC, or a number since 1970: seconds,
// milliseconds from 1e11 on (the year 5138), microseconds from 1e14, nanoseconds from 1e17.
func when(cell string) (time.Time, error) {
	cell = strings.TrimSpace(cell)
	seconds, err := strconv.ParseFloat(cell, 64)
	if err != nil {
		for _, layout := range layouts {
			if at, err := time.Parse(layout, cell); err == nil {
				return at, nil
			}
		}
	}
	switch size := math.Abs(seconds); {
	case size >= 1e17:
		seconds /= 1e9
	case size >= 1e14:
		seconds /= 1e6
	case size >= 1e11:
		seconds /= 1e3
	}
	if err != nil || !(math.Abs(seconds) < 1e11) {
		return time.Time{}, fmt.Errorf("%.40q is no time; write it as 2006-01-02T15:04:05Z, 2006-01-02 15:04:05 or in Unix seconds", cell)
	}
	whole, part := math.Modf(seconds)
	return time.Unix(int64(whole), int64(math.Round(part*1e9))).UTC(), nil
}
