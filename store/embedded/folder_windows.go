package embedded

import (
	"errors"
	"os"

	"golang.org/x/sys/windows"
)

// syncFolder does nothing: NTFS keeps a journal of names, and has no call for it.
func syncFolder(string) error { return nil }

// tryLock takes the lock on an open file, shared or exclusive, or answers false where another process holds it. The
// byte that is locked is far behind what is written, so that others can read who holds it.
func tryLock(f *os.File, shared bool) (bool, error) {
	how := uint32(windows.LOCKFILE_FAIL_IMMEDIATELY)
	if !shared {
		how |= windows.LOCKFILE_EXCLUSIVE_LOCK
	}
	err := windows.LockFileEx(windows.Handle(f.Fd()), how, 0, 1, 0, &windows.Overlapped{Offset: 1 << 20})
	switch {
	case err == nil:
		return true, nil
	case errors.Is(err, windows.ERROR_LOCK_VIOLATION):
		return false, nil
	}
	return false, os.NewSyscallError("LockFileEx", err)
}

// alive says whether there may be a process with the number.
func alive(int) bool { return true }
