package replay

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// The formats, as options name them.
const (
	formatCSV   = "csv"
	formatBlock = "msr"
	formatRange = "prometheus"
)

// How many rows are held to put them in order. The rows of a block trace are made here, and in order but for a few.
const (
	tableWindow = 1 << 18
	blockWindow = 1 << 10
)

// recognise finds out a file's form by its first line.
func (r *Reader) recognise() (err error) {
	if begin, _ := r.lines.Peek(1); r.opts.Format == formatRange || r.opts.Format == "" && string(begin) == "{" {
		r.report.Format, r.window = formatRange, tableWindow
		r.format, err = r.newPromRange()
		return err
	}
	return r.recogniseLines()
}

func (r *Reader) recogniseLines() error {
	first, err := r.lines.next()
	for err == nil && first[0] == '#' {
		first, err = r.lines.next()
	}
	switch {
	case errors.Is(err, io.EOF):
		return errors.New("is empty")
	case err != nil:
		return fmt.Errorf("line %d: %w", max(r.lines.number, 1), err)
	}
	first = bytes.Clone(first)
	heading := bytes.EqualFold(first, []byte(blockHeading))
	block := heading || isRequest(first)
	switch r.opts.Format {
	case "":
	case formatCSV:
		block = false
	case formatBlock:
		block = true
	default:
		return fmt.Errorf("no format is called %q; there is: %s, %s, %s", r.opts.Format, formatCSV, formatBlock, formatRange)
	}
	r.window = r.opts.Window
	if block {
		r.report.Format = formatBlock
		if r.window <= 0 {
			r.window = blockWindow
		}
		if r.format, err = r.newBlockTrace(); err != nil {
			return err
		}
		if !heading {
			if err := r.format.line(first); err != nil {
				r.wrong(reasonOf(err), first, err)
			}
		}
		return nil
	}
	r.report.Format = formatCSV
	if r.window <= 0 {
		r.window = tableWindow
	}
	if bytes.IndexByte(first, 0) >= 0 {
		return errors.New("it is no text; known are CSV files and block traces in the form of MSR Cambridge, packed with gzip or not")
	}
	r.format, err = r.newTable(first)
	return err
}
