package replay

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/gzip"
)

// maxLine bounds a line in bytes.
const maxLine = 1 << 20

var errTooLong = errors.New("the line is longer than 1 MiB")

// lines reads a file line by line.
type lines struct {
	path   string
	file   io.Closer
	from   *bufio.Reader
	number int64 // of the line that was read last
}

// counting tells how far a file is read.
type counting struct {
	io.Reader
	read, total int64
	progress    func(read, total int64)
}

func (c *counting) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.read += int64(n)
	if c.progress != nil && n > 0 {
		c.progress(c.read, c.total)
	}
	return n, err
}

// openFile opens a file, packed or not, and goes past the mark of its encoding.
func openFile(path string, progress func(read, total int64)) (*lines, error) {
	if path == "-" {
		return newLines(path, &counting{Reader: os.Stdin, progress: progress}, io.NopCloser(nil))
	}
	file, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	info, err := file.Stat()
	if err != nil {
		file.Close()
		return nil, err
	}
	l, err := newLines(path, &counting{Reader: file, total: info.Size(), progress: progress}, file)
	if err != nil {
		file.Close()
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	return l, nil
}

func newLines(path string, from io.Reader, file io.Closer) (*lines, error) {
	l := &lines{path: path, file: file, from: bufio.NewReaderSize(from, maxLine)}
	if magic, _ := l.from.Peek(2); string(magic) == "\x1f\x8b" {
		unpacked, err := gzip.NewReader(l.from)
		if err != nil {
			return nil, fmt.Errorf("it begins like a gzip file and is none: %w", err)
		}
		l.from = bufio.NewReaderSize(unpacked, maxLine)
	}
	switch mark, _ := l.from.Peek(3); {
	case string(mark) == "\xef\xbb\xbf":
		_, err := l.from.Discard(3)
		return l, err
	case bytes.HasPrefix(mark, []byte("\xff\xfe")), bytes.HasPrefix(mark, []byte("\xfe\xff")):
		return nil, errors.New("it is UTF-16; convert it with: iconv -f UTF-16 -t UTF-8")
	}
	return l, nil
}

// next gives the next line that is not empty, without its end and the spaces around. It is valid until the line after. For one
// that is too long it gives the begin, and errTooLong.
func (l *lines) next() ([]byte, error) {
	for {
		line, err := l.from.ReadSlice('\n')
		if len(line) > 0 {
			l.number++
		}
		if errors.Is(err, bufio.ErrBufferFull) {
			begin := bytes.Clone(line[:exampleBytes])
			for errors.Is(err, bufio.ErrBufferFull) {
				_, err = l.from.ReadSlice('\n')
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

func (l *lines) Close() error { return l.file.Close() }

// quotable is the begin of a line for a message.
func quotable(line []byte) string {
	return strings.ToValidUTF8(string(line[:min(len(line), exampleBytes)]), "\uFFFD")
}
