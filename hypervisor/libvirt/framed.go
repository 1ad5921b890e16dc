package libvirt

import (
	"encoding/binary"
	"fmt"
	"io"
	"net"
)

// The least and the most that a message may be, its length of 4 bytes included: the header is 24 bytes; the protocol's own bound is 32 MiB
// (VIR_NET_MESSAGE_MAX in libvirt's rpc/virnetprotocol.x).
const (
	leastMessage = 28
	mostMessage  = 32<<20 + 4
)

// framed checks the length of each message before it is handed on: the client would ask for whatever memory a length names.
// One goroutine reads.
type framed struct {
	net.Conn
	head []byte // what of a length was checked and is not yet handed on
	left int    // bytes of the message that are still to come
}

func (f *framed) Read(p []byte) (int, error) {
	if len(f.head) == 0 && f.left == 0 {
		var length [4]byte
		if _, err := io.ReadFull(f.Conn, length[:]); err != nil {
			return 0, err
		}
		n := binary.BigEndian.Uint32(length[:])
		if n < leastMessage || n > mostMessage {
			return 0, fmt.Errorf("a message of %d bytes is none of libvirt's", n)
		}
		f.head, f.left = append(f.head, length[:]...), int(n)-len(length)
	}
	if len(f.head) > 0 {
		n := copy(p, f.head)
		f.head = f.head[n:]
		return n, nil
	}
	n, err := f.Conn.Read(p[:min(len(p), f.left)])
	f.left -= n
	return n, err
}
