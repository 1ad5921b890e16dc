package embedded

import (
	"os"

	"golang.org/x/sys/unix"
)

// syncData waits until the file's content is on the disk; its times may come later, which saves a write.
func syncData(f *os.File) error {
	for {
		if err := unix.Fdatasync(int(f.Fd())); err != unix.EINTR {
			return os.NewSyscallError("fdatasync", err)
		}
	}
}
