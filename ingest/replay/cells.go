package replay

import (
	"bytes"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/tables"
)

// parseValue reads a number that may be in a cell: finite and not negative. With comma, a decimal comma is understood.
func parseValue(cell []byte, comma bool) (float64, error) {
	x, err := tables.Number(cell, comma)
	switch {
	case err != nil:
		return 0, fault{ingest.DropMalformed, err.Error()}
	case math.IsInf(x, 0):
		return 0, fault{ingest.DropNaN, fmt.Sprintf("%.40q is infinite, or beyond what a number can hold", cell)}
	case math.IsNaN(x):
		return 0, fault{ingest.DropNaN, fmt.Sprintf("%.40q is not a number", cell)}
	case x < 0:
		return 0, fault{ingest.DropNegative, fmt.Sprintf("%.40q is below 0", cell)}
	}
	return x + 0, nil // -0 becomes 0
}

func clip(text string) string {
	return strings.ToValidUTF8(text[:min(len(text), 40)], "\uFFFD")
}

// latest is the end of the year 9999 in Unix milliseconds: what comes after cannot be written in RFC 3339.
const latest = 253402300799999

// parseTime reads a time and gives Unix milliseconds.
func parseTime(clock *tables.Clock, cell []byte, comma bool) (int64, error) {
	at, err := clock.Parse(cell, comma)
	if err != nil {
		return 0, fault{ingest.DropMalformed, err.Error()}
	}
	ms := at.Round(time.Millisecond).UnixMilli()
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
