package main

import (
	"bytes"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/foreshock-io/foreshock/pipeline"
	"github.com/foreshock-io/foreshock/tables"
	"github.com/foreshock-io/foreshock/timeseries/surprise"
)

// notMetrics are names of columns that say something of a row: labels for scorers, and what detectors wrote.
var notMetrics = []string{"label", "labels", "io_label", "anomaly", "is_anomaly", "recurring", "split", "anomaly_score", "severity"}

// readings reads times and metrics row by row. What cannot be read in a row is told and taken as missing: every row is handed out.
type readings struct {
	*tables.File
	rows    *csv.Reader
	clock   tables.Clock
	read    int64      // bytes of it
	ahead   [][]string // rows that were read to see what the columns hold, with their numbers in lines
	lines   []int
	most    int      // how many rows may be read ahead
	line    int      // of the row that was handed out last
	time    int      // column
	metrics []int    // columns
	names   []string // of the metrics
	ignored []string // columns that are no metrics by what is in them
	numbers []int    // columns that number the rows
	timed   int      // rows whose time could be read
	wrong   int      // rows in which something could not be
	latest  time.Time
	back    int // rows that are before the row above them, and the line of the first
	backAt  int
	long    int // rows that go on over several lines, and the line of the first
	longAt  int
	beyond  []beyond // by metric
	say     io.Writer
}

// beyond is how many readings of a metric a score cannot hold, with the first.
type beyond struct {
	n, line int
	first   float64
}

// reading is one row.
type reading struct {
	stamp  string // as it is in the file
	at     time.Time
	timed  bool
	values []float64 // NaN where missing
}

// openReadings opens a file, - for standard input, and finds its columns: those that are chosen, or all that look like metrics.
func openReadings(name string, stdin io.Reader, o *detectOptions) (*readings, error) {
	r := &readings{say: o.say, most: pipeline.StepRows}
	if name == "-" && o.step != 0 { // a row may be the answer to what was said of the one before it
		r.most = 1
	}
	var err error
	if r.File, err = tables.Open(name, stdin, func(read, _ int64) { r.read = read }); err != nil {
		return nil, err
	}
	begun, _ := r.Peek(r.Buffered()) // as far as it has come
	r.rows = csv.NewReader(r.File)
	r.rows.Comma = rune(tables.Delimiter(names(begun)))
	r.rows.FieldsPerRecord, r.rows.LazyQuotes, r.rows.TrimLeadingSpace = -1, true, r.rows.Comma != '\t' // an empty cell between tabs would be lost
	if err := r.columns(o.columns); err != nil {
		_ = r.Close()
		return nil, err
	}
	return r, nil
}

// names is the first line of a text that is neither empty nor a comment.
func names(text []byte) []byte {
	for line := range bytes.Lines(text) {
		if line = bytes.TrimSpace(line); len(line) > 0 && line[0] != comment {
			return line
		}
	}
	return nil
}

// comment begins lines above the names that are passed over.
const comment = '#'

// columns finds the time and the metrics from the header, where there is one, and the first row below it.
func (r *readings) columns(chosen []string) error {
	r.rows.Comment = comment
	head, err := r.rows.Read()
	r.rows.Comment = 0 // below every line is a row
	if errors.Is(err, io.EOF) {
		return fmt.Errorf("%s: it is empty; a header such as timestamp,value and a row per time are expected", r.Name)
	}
	if err != nil {
		return located(r.Name, err)
	}
	if _, err := r.clock.Parse([]byte(head[0]), r.comma()); err == nil { // no header: rows from the first on
		at, _ := r.rows.FieldPos(0)
		r.ahead, r.lines = append(r.ahead, head), append(r.lines, at)
		head = make([]string, len(head))
		for i := range head {
			head[i] = "column " + strconv.Itoa(i+1)
		}
	} else if err := r.look(1); err != nil {
		return located(r.Name, err)
	}
	r.time = r.timeColumn(head)
	if len(head) < 2 {
		return fmt.Errorf("%s:1: one column only; a time and at least one metric with a comma, a semicolon or a tab between them are expected, for example timestamp,value", r.Name)
	}
	for i, name := range head {
		name = strings.TrimSpace(name)
		switch {
		case i == r.time:
		case len(chosen) > 0 && !slices.Contains(chosen, name), len(chosen) == 0 && slices.Contains(notMetrics, strings.ToLower(name)):
		case len(chosen) == 0 && !r.isMetric(i):
			r.ignored = append(r.ignored, name)
		case len(chosen) == 0 && nameless(name) && r.counts(i):
			r.numbers = append(r.numbers, i)
		default:
			r.metrics, r.names = append(r.metrics, i), append(r.names, name)
		}
	}
	r.beyond = make([]beyond, len(r.metrics))
	return r.check(head, chosen)
}

// look reads rows ahead until there are so many, or no more.
func (r *readings) look(rows int) error {
	for len(r.ahead) < rows {
		cells, err := r.rows.Read()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		at, _ := r.rows.FieldPos(0)
		r.ahead, r.lines = append(r.ahead, cells), append(r.lines, at)
	}
	return nil
}

// timeColumn is the column that is called like a time; else the first that has one in words and not as a number, which may be anything; else the first.
func (r *readings) timeColumn(head []string) int {
	if at := tables.TimeColumn(head); at >= 0 || len(r.ahead) == 0 {
		return max(0, at)
	}
	return max(0, slices.IndexFunc(r.ahead[0], func(cell string) bool {
		_, _, ok := tables.Written(strings.TrimSpace(cell))
		return ok
	}))
}

// isMetric says whether a column has numbers, or nothing. Where the first row has neither, those after it tell: as many as scores wait for.
func (r *readings) isMetric(column int) bool {
	text := false
	for i := 0; i < r.most; i++ {
		if r.look(i+1) != nil || i >= len(r.ahead) { // what fails is told when the row's turn has come
			break
		}
		if column >= len(r.ahead[i]) || tables.Missing([]byte(r.ahead[i][column])) {
			continue
		}
		if _, err := value(r.ahead[i][column], r.comma()); err == nil {
			return true
		}
		text = true
	}
	return !text
}

// nameless says whether a column has no name, or that which pandas gives one without.
func nameless(name string) bool { return name == "" || strings.HasPrefix(name, "Unnamed: ") }

// counts says whether a column numbers the rows from 0 or 1 on.
func (r *readings) counts(column int) bool {
	if r.look(r.most) != nil || len(r.ahead) < 2 {
		return false
	}
	first := 0
	for i, cells := range r.ahead {
		n, err := strconv.Atoi(cells[min(column, len(cells)-1)])
		if i == 0 {
			first = n
		}
		if err != nil || n != first+i || first < 0 || first > 1 {
			return false
		}
	}
	return true
}

func (r *readings) check(head, chosen []string) error {
	for _, name := range chosen {
		if !slices.Contains(r.names, name) {
			return usageError{fmt.Errorf("%s: no metric is called %q; there is: %s", r.Name, name, listed(slices.Delete(slices.Clone(head), r.time, r.time+1)))}
		}
	}
	if len(r.metrics) > 0 {
		return nil
	}
	for i := range head {
		if len(r.ahead) > 0 && i < len(r.ahead[0]) && i != r.time && slices.Contains(r.ignored, strings.TrimSpace(head[i])) {
			_, err := value(r.ahead[0][i], r.comma())
			return fmt.Errorf("%s: no column is a metric; there is: %s; name those that are with --columns; in row 1 %s: %w", r.Name, listed(head), legible(head[i]), err)
		}
	}
	return fmt.Errorf("%s: no column is a metric; there is: %s; name those that are with --columns", r.Name, listed(head))
}

// comma says whether numbers may have a decimal comma: where commas do not divide cells.
func (r *readings) comma() bool { return r.rows.Comma != ',' }

// next hands out the next row, io.EOF after the last.
func (r *readings) next() (reading, error) {
	if err := r.look(1); err != nil {
		return reading{}, located(r.Name, err)
	}
	if len(r.ahead) == 0 {
		return reading{}, io.EOF
	}
	cells := r.ahead[0]
	r.line = r.lines[0]
	r.ahead, r.lines = r.ahead[1:], r.lines[1:]
	if slices.ContainsFunc(cells, func(cell string) bool { return strings.Contains(cell, "\n") }) {
		if r.long++; r.long == 1 {
			r.longAt = r.line
		}
	}
	line := reading{values: make([]float64, len(r.metrics))}
	var faults []error
	if r.time < len(cells) {
		line.stamp = cells[r.time]
	}
	var err error
	if line.at, err = r.clock.Parse([]byte(line.stamp), r.comma()); err != nil {
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
		if line.values[i], err = value(cells[column], r.comma()); err != nil {
			line.values[i] = math.NaN()
			faults = append(faults, fmt.Errorf("%s: %w", legible(r.names[i]), err))
		}
		r.hold(i, line.values[i])
	}
	r.tell(faults)
	return line, nil
}

// follow counts the rows that go back in time.
func (r *readings) follow(line *reading) {
	if !line.timed {
		return
	}
	r.timed++
	if line.at.Before(r.latest) {
		if r.back++; r.back == 1 {
			r.backAt = r.line
		}
	}
	r.latest = line.at
}

// hold counts the readings that scores cannot hold.
func (r *readings) hold(metric int, x float64) {
	if size := math.Abs(x); !(size > surprise.Most || size != 0 && size < surprise.Least) {
		return
	}
	b := &r.beyond[metric]
	if b.n++; b.n == 1 {
		b.line, b.first = r.line, x
	}
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
	for _, err := range faults {
		fmt.Fprintf(r.say, "foreshock: %s:%d: %v; taken as missing\n", r.Name, r.line, err)
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

// located says where a table cannot be read; the end is no fault.
func located(name string, err error) error {
	var bad *csv.ParseError
	switch {
	case err == nil || errors.Is(err, io.EOF):
		return err
	case errors.As(err, &bad):
		return fmt.Errorf("%s:%d:%d: %w", name, bad.Line, bad.Column, bad.Err)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return fmt.Errorf("%s: what is packed in it ends too early; copy or pack it anew", name)
	}
	return fmt.Errorf("%s: %w", name, err)
}
