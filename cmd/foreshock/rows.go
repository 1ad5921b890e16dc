package main

import (
	"bufio"
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"math"

	"github.com/spf13/cobra"
)

// seriesOutputFlag adds -o with the forms that go on through a pipe.
func seriesOutputFlag(c *cobra.Command, form *string) {
	c.Flags().StringVarP(form, "output", "o", "csv", "csv, or json: one object per series, a line each")
	_ = c.RegisterFlagCompletionFunc("output", cobra.FixedCompletions([]string{"csv", "json"}, cobra.ShellCompDirectiveNoFileComp))
}

// rows writes what is made of series as it comes, as CSV or a JSON object per series.
type rows struct {
	buffer *bufio.Writer
	head   []string      // not written yet: there is none where there are no rows
	csv    *csv.Writer   // nil with -o json
	json   *json.Encoder // nil with -o csv
}

func newRows(w io.Writer, form string, head []string) (*rows, error) {
	r := &rows{buffer: bufio.NewWriterSize(w, 1<<16), head: head}
	switch form {
	case "csv":
		r.csv = csv.NewWriter(r.buffer)
		return r, nil
	case "json":
		r.json = json.NewEncoder(r.buffer)
		r.json.SetEscapeHTML(false)
		return r, nil
	}
	return nil, usageError{fmt.Errorf("-o %s: there is: csv, json", form)}
}

// row writes a row of CSV.
func (r *rows) row(cells []string) error {
	if r.head != nil {
		if err := r.csv.Write(r.head); err != nil {
			return err
		}
		r.head = nil
	}
	return r.csv.Write(cells)
}

func (r *rows) flush() error {
	if r.csv != nil {
		r.csv.Flush()
	}
	return r.buffer.Flush()
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
