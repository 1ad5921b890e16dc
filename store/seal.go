package store

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"github.com/cespare/xxhash/v2"
	"github.com/foreshock-io/foreshock"
)

// A sealed value is, with numbers in little-endian order:
//
//	0   4 bytes  "fspv"
//	4   4 bytes  version of the payload's form
//	8   4 bytes  length of the payload
//	12  16 bytes the first half of the SHA-256 of the workload's id
//	28           the payload
//	end 8 bytes  xxhash64 of all before
const (
	sealMagic   = "fspv"
	sealIDAt    = 12
	sealBodyAt  = 28
	sealSumSize = 8
)

// SealOverhead is by how many bytes a sealed value is longer than its payload.
const SealOverhead = sealBodyAt + sealSumSize

// Seal wraps the payload of a workload's profile for a store, so that Open notices when what comes back is
// something else: cut, changed, or another workload's. The version is that of the payload's form.
func Seal(id foreshock.ID, version uint32, payload []byte) []byte {
	b := make([]byte, 0, len(payload)+SealOverhead)
	b = append(b, sealMagic...)
	b = binary.LittleEndian.AppendUint32(b, version)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(payload)))
	b = append(b, hashOf(id)...)
	b = append(b, payload...)
	return binary.LittleEndian.AppendUint64(b, xxhash.Sum64(b))
}

// Open unwraps what Seal wrapped for id. The payload is a part of data, not a copy. An error wraps ErrDamaged.
func Open(id foreshock.ID, data []byte) (version uint32, payload []byte, err error) {
	damaged := func(what string) (uint32, []byte, error) {
		return 0, nil, fmt.Errorf("profile of %s: %w: %s", id, ErrDamaged, what)
	}
	switch {
	case len(data) < SealOverhead:
		return damaged(fmt.Sprintf("it has only %d bytes", len(data)))
	case string(data[:4]) != sealMagic:
		return damaged("it is not a sealed profile")
	case uint64(binary.LittleEndian.Uint32(data[8:])) != uint64(len(data)-SealOverhead):
		return damaged("its length is not what was stored")
	case binary.LittleEndian.Uint64(data[len(data)-sealSumSize:]) != xxhash.Sum64(data[:len(data)-sealSumSize]):
		return damaged("its checksum does not match")
	case !bytes.Equal(data[sealIDAt:sealBodyAt], hashOf(id)):
		return damaged("it belongs to another workload")
	}
	return binary.LittleEndian.Uint32(data[4:]), data[sealBodyAt : len(data)-sealSumSize], nil
}

func hashOf(id foreshock.ID) []byte {
	sum := sha256.Sum256([]byte(id))
	return sum[:sealBodyAt-sealIDAt]
}
