package embedded

import (
	"io"
	"os"
	"path/filepath"
)

// disk is the part of a file system that the journal uses: one flat folder. What was written is safe from a power cut
// after the file's Sync; that a name is there, gone or another is safe after syncFolder.
type disk interface {
	list() ([]string, error)
	create(name string) (file, error) // empty, whatever was there before
	open(name string, write bool) (file, error)
	rename(from, to string) error
	remove(name string) error
	syncFolder() error
}

// file is an open file of a disk.
type file interface {
	io.ReaderAt
	io.WriterAt
	io.Closer
	Truncate(size int64) error
	Size() (int64, error)
	Sync() error
}

// folder is a disk on the real one.
type folder string

func (d folder) path(name string) string { return filepath.Join(string(d), name) }

func (d folder) list() ([]string, error) {
	entries, err := os.ReadDir(string(d))
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names, err
}

func (d folder) create(name string) (file, error) {
	return opened(os.OpenFile(d.path(name), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o640))
}

func (d folder) open(name string, write bool) (file, error) {
	mode := os.O_RDONLY
	if write {
		mode = os.O_RDWR
	}
	return opened(os.OpenFile(d.path(name), mode, 0))
}

func opened(f *os.File, err error) (file, error) {
	if err != nil {
		return nil, err
	}
	return realFile{f}, nil
}

func (d folder) rename(from, to string) error { return os.Rename(d.path(from), d.path(to)) }
func (d folder) remove(name string) error     { return os.Remove(d.path(name)) }
func (d folder) syncFolder() error            { return syncFolder(string(d)) }

// realFile is a file of a folder.
type realFile struct{ *os.File }

func (f realFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (f realFile) Sync() error { return syncData(f.File) }
