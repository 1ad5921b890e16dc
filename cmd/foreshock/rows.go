package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"io"
	"math"
	"slices"

	"github.com/spf13/cobra"
)

// seriesOutputFlag adds -o with the forms that go on through a pipe: with json and yaml there is one object per series, in json a line each.
func seriesOutputFlag(c *cobra.Command, form *string) {
	outputFlag(c, form, "csv", "json", "yaml", "table")
}

// rows writes what is made of series as it comes: as CSV, or as an object per series, in JSON or in YAML. A table is written once all rows are there.
type rows struct {
	buffer *bufio.Writer
	form   string
	head   []string // not written yet: there is none where there are no rows
	csv    *csv.Writer
	json   *json.Encoder
	table  table
	style  bool // the table's
}

func newRows(w io.Writer, form string, head []string) *rows {
	r := &rows{buffer: bufio.NewWriterSize(w, 1<<16), form: form, head: head, style: coloured(w)}
	r.csv, r.json = csv.NewWriter(r.buffer), json.NewEncoder(r.buffer)
	r.json.SetEscapeHTML(false)
	return r
}

// objects says whether objects are written, not rows.
func (r *rows) objects() bool { return r.form == "json" || r.form == "yaml" }

// object writes one: a line of JSON, or a document of YAML.
func (r *rows) object(v any) error {
	if r.form == "json" {
		return r.json.Encode(v)
	}
	if _, err := r.buffer.WriteString("---\n"); err != nil {
		return err
	}
	return writeYAML(r.buffer, v)
}

// row writes a row of CSV, or keeps it for the table.
func (r *rows) row(cells []string) error {
	if r.form == "table" {
		r.table.rows = append(r.table.rows, slices.Clone(cells))
		return nil
	}
	if err := r.header(); err != nil {
		return err
	}
	return r.csv.Write(cells)
}

// header writes the head of CSV, once.
func (r *rows) header() error {
	if r.head == nil || r.form != "csv" {
		return nil
	}
	head := r.head
	r.head = nil
	return r.csv.Write(head)
}

// flush hands over what is buffered.
func (r *rows) flush() error {
	r.csv.Flush()
	if err := r.csv.Error(); err != nil {
		return err
	}
	return r.buffer.Flush()
}

// end writes the table, and hands over all that is buffered.
func (r *rows) end() error {
	if r.form == "table" {
		r.table.head = r.head
		if err := r.table.render(r.buffer, r.style); err != nil {
			return err
		}
	}
	return r.flush()
}

// object is a JSON object whose fields keep their order.
type object []field

type field struct {
	name  string
	value any
}

// MarshalJSON writes the fields.
func (o object) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	for i, f := range o {
		if i > 0 {
			b.WriteByte(',')
		}
		name, err := json.Marshal(f.name)
		if err != nil {
			return nil, err
		}
		value, err := json.Marshal(f.value)
		if err != nil {
			return nil, err
		}
		b.Write(name)
		b.WriteByte(':')
		b.Write(value)
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// real is a number in JSON, null where there is none.
func real(x float64) any {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	return x
}

// numbers are values in JSON, null where one is missing.
func numbers(x []float64) []any {
	list := make([]any, len(x))
	for i, v := range x {
		list[i] = real(v)
	}
	return list
}
