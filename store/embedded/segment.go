package embedded

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"sort"
	"strings"
)

// A segment is one file of the journal: a header, then frames. It is made under another name and renamed when its header is
// on the disk, so a segment without a good header is a damaged one. The header is, with numbers in little-endian order:
//
//	0   4 bytes  0xF5 "FJS"
//	4   4 bytes  version of the form, 1
//	8   8 bytes  number of its first event
//	16  32 bytes the chain before it
//	48  4 bytes  CRC-32C of all before
const (
	segmentMagic   = "\xf5FJS"
	segmentVersion = 1
	segmentHeader  = 52
	segmentSuffix  = ".journal"
	halfMade       = ".new" // suffix of a segment that has not got its name yet
	// markEvery is how many bytes lie between the places that are remembered.
	markEvery = 64 << 10
)

// segment is what is known of one file of the journal.
type segment struct {
	name  string
	first uint64 // number of its first event
	end   int64  // where its last good frame ends
	marks []mark // the first is the end of the header
}

// mark is a place where a frame begins.
type mark struct {
	next  uint64 // number of the frame's first event
	at    int64
	chain chain // before the frame
}

// segmentName makes names whose order is that of the numbers.
func segmentName(first uint64) string { return fmt.Sprintf("%020d%s", first, segmentSuffix) }

// segmentsOf lists the segments among the names, in order.
func segmentsOf(names []string) []*segment {
	var list []*segment
	for _, name := range names {
		var first uint64
		digits, ok := strings.CutSuffix(name, segmentSuffix)
		if _, err := fmt.Sscanf(digits, "%d", &first); !ok || err != nil || segmentName(first) != name {
			continue
		}
		list = append(list, &segment{name: name, first: first})
	}
	sort.Slice(list, func(i, j int) bool { return list[i].first < list[j].first })
	return list
}

func encodeSegmentHeader(first uint64, before chain) []byte {
	b := append(make([]byte, 0, segmentHeader), segmentMagic...)
	b = binary.LittleEndian.AppendUint32(b, segmentVersion)
	b = binary.LittleEndian.AppendUint64(b, first)
	b = append(b, before[:]...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// newerError says that a file was written by a program that this one does not know.
type newerError uint32

func (e newerError) Error() string {
	return fmt.Sprintf("its form is version %d; this program knows %d: run the newer program", uint32(e), segmentVersion)
}

// readHeader reads a segment's header. The error is a badFrame, a newerError, or the disk's.
func readHeader(f file, size int64) (first uint64, before chain, err error) {
	if size < segmentHeader {
		return 0, before, badFrame("the header is cut")
	}
	b := make([]byte, segmentHeader)
	if err := readFull(f, b, 0); err != nil {
		return 0, before, err
	}
	version := binary.LittleEndian.Uint32(b[4:])
	switch {
	case string(b[:4]) != segmentMagic:
		return 0, before, badFrame("it does not begin as a journal does")
	case crc32.Checksum(b[:48], castagnoli) != binary.LittleEndian.Uint32(b[48:]):
		return 0, before, badFrame("the header's checksum does not match")
	case version != segmentVersion:
		return 0, before, newerError(version)
	}
	copy(before[:], b[16:])
	return binary.LittleEndian.Uint64(b[8:]), before, nil
}

// add remembers a frame that begins where the segment ended.
func (s *segment) add(f *frame, before chain) {
	if n := len(s.marks); n == 0 || s.end-s.marks[n-1].at >= markEvery {
		s.marks = append(s.marks, mark{f.first, s.end, before})
	}
	s.end += f.size()
}

// near gives the last place that is remembered at or before the event.
func (s *segment) near(seq uint64) mark {
	i := sort.Search(len(s.marks), func(i int) bool { return s.marks[i].next > seq })
	return s.marks[max(i-1, 0)]
}

// frameAfter says whether a good frame begins somewhere behind an offset: then what lies before it was on the disk, and
// is not what a crash left of a write.
func frameAfter(f file, at, size int64) (bool, error) {
	const window = 1 << 20
	buf := make([]byte, min(window+int64(len(frameMagic))-1, max(size-at, 0)))
	var body []byte
	for from := at + 1; from < size; from += window {
		b := buf[:min(int64(len(buf)), size-from)]
		if err := readFull(f, b, from); err != nil {
			return false, err
		}
		for i := 0; ; i++ {
			j := bytes.Index(b[i:], []byte(frameMagic))
			if j < 0 {
				break
			}
			i += j
			var err error
			if _, body, err = readFrame(f, from+int64(i), size, body); err == nil {
				return true, nil
			}
			if !errors.As(err, new(badFrame)) {
				return false, err
			}
		}
	}
	return false, nil
}
