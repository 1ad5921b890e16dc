//go:build !linux

package ebpf

import (
	"fmt"
	"runtime"
)

// Tracer measures the block requests of this machine from Open to Close; there is none on this system.
type Tracer struct{}

// Open says that only Linux can do it.
func Open(Options) (*Tracer, error) {
	return nil, fmt.Errorf("%w: not on %s; use Linux", ErrUnsupported, runtime.GOOS)
}

// Close does nothing.
func (*Tracer) Close() error { return nil }

// Read says that nothing is measured.
func (*Tracer) Read() (Reading, error) { return Reading{}, ErrUnsupported }

func inode(string) (uint64, bool) { return 0, false }
