package embedded

import (
	"encoding/binary"
	"hash/crc32"
)

// The head says how far the journal had come, in a file of its own with two slots that are written in turn after each
// commit and synced seldom: never ahead of the journal, and at most a little behind. It tells a crash, which takes only what was
// not acknowledged, from damage at the journal's end, which looks the same. A slot is, with numbers in little-endian order:
//
//	0   4 bytes  0xF5 "FJH"
//	4   8 bytes  number of the oldest event that is kept
//	12  8 bytes  number of the last event
//	20  32 bytes the chain after it
//	52  4 bytes  CRC-32C of all before
const (
	headName  = "head"
	headMagic = "\xf5FJH"
	headSize  = 56
	headApart = 4096 // a slot is never in the same block as the other
)

type head struct {
	oldest, last uint64
	chain        chain
}

func (h head) encode() []byte {
	b := append(make([]byte, 0, headSize), headMagic...)
	b = binary.LittleEndian.AppendUint64(b, h.oldest)
	b = binary.LittleEndian.AppendUint64(b, h.last)
	b = append(b, h.chain[:]...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, castagnoli))
}

// readHead gives the newer of the slots that are good, or the zero head, and the slot to write next.
func readHead(f file) (newest head, slot int) {
	for i := range 2 {
		b := make([]byte, headSize)
		if err := readFull(f, b, int64(i*headApart)); err != nil || string(b[:4]) != headMagic ||
			crc32.Checksum(b[:52], castagnoli) != binary.LittleEndian.Uint32(b[52:]) {
			continue
		}
		h := head{oldest: binary.LittleEndian.Uint64(b[4:]), last: binary.LittleEndian.Uint64(b[12:])}
		copy(h.chain[:], b[20:])
		if h.last >= newest.last && h.oldest >= newest.oldest {
			newest, slot = h, 1-i
		}
	}
	return newest, slot
}
