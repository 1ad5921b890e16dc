// Package tables reads what all tables of times and numbers have in common (CSV, whatever their columns mean): the file, packed or not, its delimiter, times and numbers.
package tables

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/klauspost/compress/gzip"
)

// Ahead is how far a file is read ahead in bytes, and so the longest line that can be read without a copy.
const Ahead = 1 << 20

// File is the text of a file: what was packed in it, without the mark of its encoding. Close it.
type File struct {
	*bufio.Reader
	Name  string // for messages
	Size  int64  // in bytes, packed as it is; 0 when it is not known
	close func() error
}

// Open opens a file, "-" for standard input. progress, where it is not nil, is told of bytes as they are read; total is 0 when it is not known.
func Open(name string, stdin io.Reader, progress func(read, total int64)) (*File, error) {
	f := &File{Name: name, close: func() error { return nil }}
	from := &counting{Reader: stdin, file: f, progress: progress}
	if name == "-" {
		f.Name = "standard input"
	} else {
		file, err := os.Open(name)
		if err != nil {
			return nil, err
		}
		if info, err := file.Stat(); err == nil {
			f.Size = info.Size()
		}
		from.Reader, f.close = file, file.Close
	}
	if err := f.unpack(from); err != nil {
		_ = f.close()
		return nil, fmt.Errorf("%s: %w", f.Name, err)
	}
	return f, nil
}

func (f *File) unpack(from io.Reader) error {
	f.Reader = bufio.NewReaderSize(from, Ahead)
	if magic, _ := f.Peek(2); string(magic) == "\x1f\x8b" {
		plain, err := gzip.NewReader(f.Reader)
		if err != nil {
			return fmt.Errorf("it begins like a gzip file and is none: %w", err)
		}
		f.Reader = bufio.NewReaderSize(plain, Ahead)
	}
	switch mark, _ := f.Peek(3); {
	case string(mark) == "\xef\xbb\xbf":
		if _, err := f.Discard(3); err != nil {
			return err
		}
	case bytes.HasPrefix(mark, []byte("\xff\xfe")), bytes.HasPrefix(mark, []byte("\xfe\xff")):
		return errors.New("it is UTF-16; convert it with: iconv -f UTF-16 -t UTF-8")
	}
	if begun, _ := f.Peek(f.Buffered()); bytes.IndexByte(begun, '\n') < 0 && bytes.ContainsRune(bytes.TrimRight(begun, "\r"), '\r') {
		return errors.New(`its lines end in a carriage return alone, as on old Macintoshes; convert them with: tr '\r' '\n'`)
	}
	return nil
}

// Close closes the file.
func (f *File) Close() error { return f.close() }

// counting tells how far a file is read.
type counting struct {
	io.Reader
	file     *File
	read     int64
	progress func(read, total int64)
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read += int64(n)
	if c.progress != nil && n > 0 {
		c.progress(c.read, c.file.Size)
	}
	return n, err
}

// Delimiter is the one of comma, semicolon and tab that the first line has most of. Where it is no comma, numbers may have a decimal comma.
func Delimiter(line []byte) byte {
	best, most := byte(','), 0
	for _, d := range []byte{',', ';', '\t'} {
		if n := bytes.Count(line, []byte{d}); n > most {
			best, most = d, n
		}
	}
	return best
}

// TimeColumns are the names that the column with the time may have, the surest first.
var TimeColumns = []string{"unix_seconds", "timestamp", "time", "datetime", "date", "ds"}

// TimeColumn finds the column with the time by its name, in capitals or not; -1 where there is none.
func TimeColumn(names []string) int {
	for _, known := range TimeColumns {
		if at := slices.IndexFunc(names, func(name string) bool { return strings.EqualFold(strings.TrimSpace(name), known) }); at >= 0 {
			return at
		}
	}
	return -1
}

var nothing = [][]byte{[]byte("-"), []byte("NaN"), []byte("NA"), []byte("N/A"), []byte("null"), []byte("None")}

// Missing says whether a cell holds nothing: it is empty, or one of the words that stand for that.
func Missing(cell []byte) bool {
	cell = bytes.TrimSpace(cell)
	return len(cell) == 0 || slices.ContainsFunc(nothing, func(word []byte) bool { return bytes.EqualFold(cell, word) })
}

// Number reads any number; one beyond what a number can hold is infinite. With comma, a decimal comma is understood.
func Number(cell []byte, comma bool) (float64, error) {
	text := string(bytes.TrimSpace(cell))
	if comma && !strings.Contains(text, ".") {
		text = strings.Replace(text, ",", ".", 1)
	}
	x, err := strconv.ParseFloat(text, 64)
	if err != nil && !math.IsInf(x, 0) {
		return 0, fmt.Errorf("%.40q is no number", text)
	}
	return x, nil
}

// layouts are the forms in which a time may be written. Without a zone it is UTC.
var layouts = []string{
	time.RFC3339Nano,
	"2006-01-02 15:04:05.999999999",
	"2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02T15:04:05.999999999",
	"2006-01-02T15:04:05.999999999Z0700",
	"2006-01-02 15:04:05.999999999Z0700",
	"2006-01-02 15:04:05.999999999Z07",
	"2006-01-02 15:04:05.999999999 Z0700",
	"2006-01-02 15:04:05.999999999 Z07:00",
	"2006-01-02 15:04:05.999999999 UTC",
	"2006/01/02 15:04:05.999999999",
	"2006-01-02 15:04",
	"2006-01-02T15:04",
	"2006-01-02",
	"2006-01",
}

// Written says how a time is written, and which it is; false where it is in none of these forms.
func Written(text string) (layout string, at time.Time, ok bool) {
	for _, layout := range layouts {
		if at, err := time.Parse(layout, text); err == nil {
			return layout, at, true
		}
	}
	return "", time.Time{}, false
}

// Clock reads times. It tries the form of the time before first; the zero value is ready.
type Clock struct{ layout int }

// Parse reads a time. A number counts from 1970 in seconds, from 1e11 (the year 5138) on in milliseconds, from 1e14 in microseconds, from 1e17 in nanoseconds.
func (c *Clock) Parse(cell []byte, comma bool) (time.Time, error) {
	cell = bytes.TrimSpace(cell)
	if len(cell) == 0 {
		return time.Time{}, errors.New("the time is missing")
	}
	if at, ok := unix(cell, comma); ok {
		return at, nil
	}
	text := string(cell)
	for i := range layouts {
		n := (c.layout + i) % len(layouts)
		if at, err := time.Parse(layouts[n], text); err == nil {
			c.layout = n
			return at, nil
		}
	}
	return time.Time{}, fmt.Errorf("%.40q is no time; write it as 2026-01-31T12:00:00Z, 2026-01-31 12:00:00 (UTC) or Unix seconds", text)
}

func unix(cell []byte, comma bool) (time.Time, bool) {
	if n, err := strconv.ParseInt(string(cell), 10, 64); err == nil { // whole numbers as they are: of nanoseconds a float64 has not all
		perSecond := int64(perSecond(float64(n)))
		return time.Unix(n/perSecond, n%perSecond*(1e9/perSecond)).UTC(), true
	}
	x, err := Number(cell, comma)
	x /= perSecond(x)
	if err != nil || !(math.Abs(x) < 1e11) {
		return time.Time{}, false
	}
	whole, part := math.Modf(x)
	return time.Unix(int64(whole), int64(math.Round(part*1e9))).UTC(), true
}

// perSecond is how many of the units that a number counts are a second.
func perSecond(x float64) float64 {
	switch size := math.Abs(x); {
	case size >= 1e17:
		return 1e9
	case size >= 1e14:
		return 1e6
	case size >= 1e11:
		return 1e3
	}
	return 1
}
