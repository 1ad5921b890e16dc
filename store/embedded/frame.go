package embedded

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"io"
)

// A frame holds the events of one commit; it is written whole and then synced. With numbers in little-endian order:
//
//	0   4 bytes  0xF5 "FJ1"; 0xF5 is not in any UTF-8, so no body holds it
//	4   4 bytes  length of the body
//	8   8 bytes  number of its first event
//	16  4 bytes  count of its events
//	20  4 bytes  CRC-32C of all but this
//	24  32 bytes SHA-256 of the chain before, the first number, the count and the body: the chain
//	56           the body: each event as a line of JSON
//
// The checksum finds damage. The chain ties each frame to all before it, so that a frame that was replaced, left out
// or taken from another journal is found as well, even with a checksum that fits.
const (
	frameMagic  = "\xf5FJ1"
	frameHeader = 56
	maxBody     = 16 << 20
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// chain is the fingerprint of all frames up to one.
type chain [sha256.Size]byte

func (c chain) next(first uint64, count uint32, body []byte) (next chain) {
	h := sha256.New()
	var numbers [12]byte
	binary.LittleEndian.PutUint64(numbers[:], first)
	binary.LittleEndian.PutUint32(numbers[8:], count)
	h.Write(c[:])
	h.Write(numbers[:])
	h.Write(body)
	h.Sum(next[:0])
	return next
}

// frame is a decoded frame.
type frame struct {
	first uint64
	count uint32
	chain chain
	body  []byte
}

// last is the number of the frame's last event.
func (f *frame) last() uint64 { return f.first + uint64(f.count) - 1 }

// size is how many bytes the frame takes in its file.
func (f *frame) size() int64 { return frameHeader + int64(len(f.body)) }

// appendTo writes the frame behind b.
func (f *frame) appendTo(b []byte) []byte {
	at := len(b)
	b = append(b, frameMagic...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(f.body)))
	b = binary.LittleEndian.AppendUint64(b, f.first)
	b = binary.LittleEndian.AppendUint32(b, f.count)
	b = append(b, 0, 0, 0, 0)
	b = append(b, f.chain[:]...)
	b = append(b, f.body...)
	binary.LittleEndian.PutUint32(b[at+20:], frameSum(b[at:]))
	return b
}

// frameSum is the checksum of a whole frame.
func frameSum(b []byte) uint32 {
	return crc32.Update(crc32.Checksum(b[:20], castagnoli), castagnoli, b[24:])
}

// badFrame says why no frame could be read where one was expected.
type badFrame string

func (e badFrame) Error() string { return string(e) }

// readFrame reads the frame at an offset of a file that ends at end. It uses buf where that is large enough, and the
// frame's body lies in it. The error is a badFrame, or the disk's.
func readFrame(r io.ReaderAt, at, end int64, buf []byte) (frame, []byte, error) {
	bad := func(format string, args ...any) (frame, []byte, error) {
		return frame{}, buf, badFrame(fmt.Sprintf(format, args...))
	}
	if end-at < frameHeader {
		return bad("only %d bytes are left", end-at)
	}
	buf = grow(buf, frameHeader)
	if err := readFull(r, buf, at); err != nil {
		return frame{}, buf, err
	}
	length := int64(binary.LittleEndian.Uint32(buf[4:]))
	switch {
	case string(buf[:4]) != frameMagic:
		return bad("no frame begins here")
	case length > maxBody || length > end-at-frameHeader:
		return bad("the frame would be %d bytes long, with %d left", length, end-at-frameHeader)
	}
	buf = grow(buf, int(frameHeader+length))
	if err := readFull(r, buf[frameHeader:], at+frameHeader); err != nil {
		return frame{}, buf, err
	}
	if binary.LittleEndian.Uint32(buf[20:]) != frameSum(buf) {
		return bad("the checksum does not match")
	}
	f := frame{first: binary.LittleEndian.Uint64(buf[8:]), count: binary.LittleEndian.Uint32(buf[16:]), body: buf[frameHeader:]}
	copy(f.chain[:], buf[24:])
	return f, buf, nil
}

// grow gives buf the length n, and keeps what it holds.
func grow(buf []byte, n int) []byte {
	if n <= cap(buf) {
		return buf[:n]
	}
	return append(make([]byte, 0, max(n, 2*cap(buf))), buf...)[:n]
}

// readFull fills b from the offset, or gives the disk's error.
func readFull(r io.ReaderAt, b []byte, at int64) error {
	n, err := r.ReadAt(b, at)
	if n == len(b) {
		return nil
	}
	if err == nil || err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return err
}
