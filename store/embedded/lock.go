package embedded

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

const (
	lockName = "lock"
	// lockPatience is how long to wait for commands that only read.
	lockPatience = 2 * time.Second
)

// lock holds a data folder: one process may write in it, or several may read.
type lock struct {
	file   *os.File
	shared bool
}

// lockFolder takes the folder, or says who has it.
func lockFolder(dir string, shared bool) (*lock, error) {
	mode := os.O_RDWR | os.O_CREATE
	if shared {
		mode = os.O_RDONLY
	}
	f, err := os.OpenFile(filepath.Join(dir, lockName), mode, 0o640)
	if err != nil {
		return nil, fmt.Errorf("lock %s: %w", dir, err)
	}
	l := &lock{f, shared}
	if err := l.take(dir); err != nil {
		_ = f.Close()
		return nil, err
	}
	return l, nil
}

func (l *lock) take(dir string) error {
	for deadline := time.Now().Add(lockPatience); ; time.Sleep(50 * time.Millisecond) {
		held, err := tryLock(l.file, l.shared)
		switch pid := l.holder(); {
		case err != nil:
			return fmt.Errorf("lock %s: %w", dir, err)
		case held:
			return l.sign(dir)
		case pid != 0:
			return fmt.Errorf("data folder %s is in use by process %d; stop it, or name another folder", dir, pid)
		case time.Now().After(deadline):
			return fmt.Errorf("data folder %s is being read by another process; try again when that has ended", dir)
		}
	}
}

// holder is the process that writes in the folder, or 0.
func (l *lock) holder() int {
	b := make([]byte, 20)
	n, _ := l.file.ReadAt(b, 0)
	pid, err := strconv.Atoi(strings.TrimSpace(string(b[:n])))
	if err != nil || pid <= 0 || !alive(pid) {
		return 0
	}
	return pid
}

// sign writes down who holds the folder.
func (l *lock) sign(dir string) error {
	if l.shared {
		return nil
	}
	err := l.file.Truncate(0)
	if err == nil {
		_, err = l.file.WriteAt(fmt.Appendln(nil, os.Getpid()), 0)
	}
	if err != nil {
		return fmt.Errorf("lock %s: %w", dir, err)
	}
	return nil
}

// release gives the folder back. The file stays: removing it would let two processes lock two files of one name.
func (l *lock) release() error {
	if !l.shared {
		_ = l.file.Truncate(0)
	}
	return l.file.Close()
}
