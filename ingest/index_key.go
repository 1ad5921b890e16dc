package ingest

import (
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"unicode/utf8"
)

// A series is known by its key: its labels as remote write 1.0 encodes them in a TimeSeries, that is for each label
// byte 0x0a, its length, then the Label message with 0x0a, length, name and 0x12, length, value. A receiver of remote
// write uses the bytes as they came; other sources make them of their labels, sorted, with AppendKey.

// MaxKey is the longest key that an index takes, in bytes. Four and more fit into a chunk of the arena.
const MaxKey = 1 << (chunkBits - 2)

const (
	tagFirst  = 1<<3 | 2 // field 1, length-delimited
	tagSecond = 2<<3 | 2
)

// AppendKey appends the series' key to dst. It sorts the labels.
func (l Labels) AppendKey(dst []byte) []byte {
	slices.SortFunc(l, func(a, b Label) int { return strings.Compare(a.Name, b.Name) })
	for i := range l {
		dst = AppendLabel(dst, l[i].Name, l[i].Value)
	}
	return dst
}

// AppendLabel appends one label to a key. Labels must come in the order of their names.
func AppendLabel[T string | []byte](dst []byte, name, value T) []byte {
	size := 2 + varintSize(len(name)) + len(name) + varintSize(len(value)) + len(value)
	dst = binary.AppendUvarint(append(dst, tagFirst), uint64(size))
	dst = append(binary.AppendUvarint(append(dst, tagFirst), uint64(len(name))), name...)
	return append(binary.AppendUvarint(append(dst, tagSecond), uint64(len(value))), value...)
}

func varintSize(n int) int {
	size := 1
	for ; n >= 0x80; n >>= 7 {
		size++
	}
	return size
}

var errLabels = errors.New("labels are malformed")

// rawLabel is a label as it stands in a key.
type rawLabel struct{ name, value []byte }

// parseKey takes a key apart and checks it: a series has a name, and labels of different, non-empty names, in UTF-8.
// It appends to dst, and says whether the labels are sorted.
func parseKey(dst []rawLabel, key []byte) (labels []rawLabel, sorted bool, err error) {
	sorted, named := true, false
	for len(key) > 0 {
		l, rest, ok := nextLabel(key)
		if !ok || len(l.name) == 0 || !utf8.Valid(l.name) || !utf8.Valid(l.value) {
			return dst, sorted, errLabels
		}
		if n := len(dst); n > 0 && string(dst[n-1].name) >= string(l.name) {
			sorted = false
		}
		named = named || string(l.name) == NameLabel && len(l.value) > 0
		dst, key = append(dst, l), rest
	}
	if !named || !sorted && repeats(dst) {
		return dst, sorted, errLabels
	}
	return dst, sorted, nil
}

func repeats(labels []rawLabel) bool {
	names := make([]string, len(labels))
	for i := range labels {
		names[i] = string(labels[i].name)
	}
	slices.Sort(names)
	return len(slices.Compact(names)) < len(labels)
}

// nextLabel reads the label at the start of key.
func nextLabel(key []byte) (l rawLabel, rest []byte, ok bool) {
	if key[0] != tagFirst {
		return l, nil, false
	}
	label, rest, ok := lengthDelimited(key[1:])
	for ok && len(label) > 0 {
		var text []byte
		tag := label[0]
		text, label, ok = lengthDelimited(label[1:])
		switch tag {
		case tagFirst:
			l.name = text
		case tagSecond:
			l.value = text
		default:
			ok = false
		}
	}
	return l, rest, ok
}

func lengthDelimited(b []byte) (text, rest []byte, ok bool) {
	size, n := binary.Uvarint(b)
	if n <= 0 || size > uint64(len(b)-n) {
		return nil, nil, false
	}
	return b[n : n+int(size)], b[n+int(size):], true
}

// nameOf gives the series' name from parsed labels.
func nameOf(labels []rawLabel) []byte {
	for i := range labels {
		if string(labels[i].name) == NameLabel {
			return labels[i].value
		}
	}
	return nil
}

func appendLabels(dst Labels, raw []rawLabel) Labels {
	for _, l := range raw {
		dst = append(dst, Label{string(l.name), string(l.value)})
	}
	return dst
}
