package main

import (
	"errors"
	"os"
	"path/filepath"
)

// wholeFile is written beside its place, and takes it only once it is whole: a fault leaves what was there.
type wholeFile struct {
	*os.File
	place string
}

// createWhole makes the file beside its place, so that what cannot be written fails at once.
func createWhole(place string) (*wholeFile, error) {
	if info, err := os.Stat(place); err == nil && info.IsDir() {
		return nil, &os.PathError{Op: "write", Path: place, Err: errors.New("is a folder; name a file")}
	}
	f, err := os.CreateTemp(filepath.Dir(place), "."+filepath.Base(place)+".*")
	if err != nil {
		return nil, &os.PathError{Op: "write", Path: place, Err: errors.Unwrap(err)}
	}
	return &wholeFile{f, place}, nil
}

// settle puts the file in its place where err is nil, else takes it away; it gives err and its own faults.
func (f *wholeFile) settle(err error) error {
	if err == nil {
		err = f.Chmod(0o644)
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = os.Rename(f.Name(), f.place)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}
