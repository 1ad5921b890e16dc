package replay

import (
	"bufio"
	"bytes"
	"errors"
	"io"
	"strings"

	"github.com/foreshock-io/foreshock/tables"
)

// maxLine bounds a line in bytes.
const maxLine = tables.Ahead

var errTooLong = errors.New("the line is longer than 1 MiB")

// lines reads a file line by line.
type lines struct {
	*tables.File
	number int64 // of the line that was read last
}

// next gives the next line that is not empty, without its end and the spaces around. It is valid until the line after. For one
// that is too long it gives the begin, and errTooLong.
func (l *lines) next() ([]byte, error) {
	for {
		line, err := l.ReadSlice('\n')
		if len(line) > 0 {
			l.number++
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			begin := bytes.Clone(line[:exampleBytes])
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = l.ReadSlice('\n')
			}
			return begin, errTooLong
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, err // what was read of the line may be cut short
		}
		if line = bytes.Trim(line, " \r\n"); len(line) > 0 {
			return line, nil
		}
		if err != nil {
			return nil, err
		}
	}
}

// quotable is the begin of a line for a message.
func quotable(line []byte) string {
	return strings.ToValidUTF8(string(line[:min(len(line), exampleBytes)]), "\uFFFD")
}
