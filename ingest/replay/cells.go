package replay

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock/ingest"
)

// missing says whether a cell holds nothing.
func missing(cell []byte) bool {
	switch string(cell) {
	case "", "-", "NaN", "nan", "NAN", "NA", "N/A", "n/a", "null", "NULL", "None":
		return true
	}
	return false
}

// parseValue reads a number that may be in a cell: finite and not negative. With comma, a decimal comma is understood.
func parseValue(cell []byte, comma bool) (float64, error) {
	text := string(cell)
	if comma && !strings.Contains(text, ".") {
		text = strings.Replace(text, ",", ".", 1)
	}
	x, err := strconv.ParseFloat(text, 64)
	switch {
	case math.IsInf(x, 0):
		return 0, fault{ingest.DropNaN, fmt.Sprintf("%q is infinite, or beyond what a number can hold", clip(text))}
	case err != nil:
		return 0, fault{ingest.DropMalformed, fmt.Sprintf("%q is no number", clip(text))}
	case math.IsNaN(x):
		return 0, fault{ingest.DropNaN, fmt.Sprintf("%q is not a number", clip(text))}
	case x < 0:
		return 0, fault{ingest.DropNegative, fmt.Sprintf("%q is below 0", clip(text))}
	}
	return x + 0, nil // -0 becomes 0
}

func clip(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), 40)], "\uFFFD")
}

// layouts are the forms in which a time may be written. Without a zone it is UTC.
var layouts = []string{
	time.RFC3339Nano,
	"2006-01-02 15:04:05.999999999",
	"2006-01-02 15:04:05.999999999Z07:00",
	"2006-01-02T15:04:05.999999999",
	"2006-01-02 15:04",
	"2006-01-02T15:04",
	"2006-01-02",
}

// latest is the end of the year 9999 in Unix milliseconds: what comes after cannot be written in RFC 3339.
const latest = 253402300799999

// clock reads times. It tries the form of the time before first.
type clock struct{ layout int }

// parse reads a time and gives Unix milliseconds. A number counts from 1970 in seconds, from 1e11 (the year 5138) on in
// milliseconds, from 1e14 in microseconds, from 1e17 in nanoseconds.
func (c *clock) parse(cell []byte, comma bool) (int64, error) {
	if len(cell) == 0 {
		return 0, fault{ingest.DropMalformed, "the time is missing"}
	}
	if ms, isNumber, err := parseUnix(cell, comma); isNumber {
		return ms, err
	}
	text := string(cell)
	for i := range layouts {
		n := (c.layout + i) % len(layouts)
		if t, err := time.Parse(layouts[n], text); err == nil {
			c.layout = n
			return checkTime(t.UnixMilli())
		}
	}
	return 0, fault{ingest.DropMalformed, fmt.Sprintf("%q is no time; write it as 2026-01-31T12:00:00Z, 2026-01-31 12:00:00 (UTC) or Unix seconds", clip(text))}
}

func parseUnix(cell []byte, comma bool) (ms int64, isNumber bool, err error) {
	if n, err := strconv.ParseInt(string(cell), 10, 64); err == nil && n >= 0 {
		switch {
		case n < 1e11:
			n *= 1000
		case n >= 1e17:
			n /= 1e6
		case n >= 1e14:
			n /= 1e3
		}
		ms, err := checkTime(n)
		return ms, true, err
	}
	x, err := parseValue(cell, comma)
	switch {
	case err != nil && reasonOf(err) == ingest.DropMalformed:
		return 0, false, nil
	case err != nil:
		return 0, true, fault{ingest.DropMalformed, "time: " + err.Error()}
	case x < 1e11:
		x *= 1000
	case x >= 1e17:
		x /= 1e6
	case x >= 1e14:
		x /= 1e3
	}
	ms, err = checkTime(int64(math.Round(math.Min(x, latest+1))))
	return ms, true, err
}

func checkTime(ms int64) (int64, error) {
	if ms < 0 || ms > latest {
		return 0, fault{ingest.DropMalformed, "the time is before 1970 or after 9999"}
	}
	return ms, nil
}

// split cuts a line into cells without their quotes and the spaces around. A quoted cell ends on its line.
func split(cells [][]byte, line []byte, delimiter byte) ([][]byte, error) {
	for {
		line = bytes.TrimLeft(line, " ")
		if len(line) == 0 || line[0] != '"' {
			end := bytes.IndexByte(line, delimiter)
			if end < 0 {
				return append(cells, bytes.TrimSpace(line)), nil
			}
			cells, line = append(cells, bytes.TrimSpace(line[:end])), line[end+1:]
			continue
		}
		cell, rest, ok := unquote(line[1:])
		if !ok {
			return cells, fault{ingest.DropMalformed, "a quote is not closed"}
		}
		cells, line = append(cells, bytes.TrimSpace(cell)), bytes.TrimLeft(rest, " ")
		if len(line) == 0 {
			return cells, nil
		}
		if line[0] != delimiter {
			return cells, fault{ingest.DropMalformed, "something follows a closing quote"}
		}
		line = line[1:]
	}
}

// unquote gives what is quoted, in which a doubled quote stands for one, and what follows it.
func unquote(text []byte) (cell, rest []byte, ok bool) {
	end := bytes.IndexByte(text, '"')
	if end < 0 {
		return nil, nil, false
	}
	if end+1 == len(text) || text[end+1] != '"' {
		return text[:end], text[end+1:], true
	}
	for i := 0; i < len(text); i++ {
		if text[i] == '"' {
			if i+1 == len(text) || text[i+1] != '"' {
				return cell, text[i+1:], true
			}
			i++
		}
		cell = append(cell, text[i])
	}
	return nil, nil, false
}
