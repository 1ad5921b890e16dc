package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
)

// wholeFile is written beside its place, and takes it only once it is whole: a fault leaves what was there. A device or a pipe is written to, as it can be nothing else.
type wholeFile struct {
	*os.File
	place string // empty: it is there
}

// createWhole makes the file beside its place, or beside what a link there leads to.
func createWhole(place string) (*wholeFile, error) {
	switch info, err := os.Stat(place); {
	case err != nil: // there is none yet
	case info.IsDir():
		return nil, &os.PathError{Op: "write", Path: place, Err: errors.New("is a folder; name a file")}
	case !info.Mode().IsRegular():
		f, err := os.OpenFile(place, os.O_WRONLY, 0)
		return &wholeFile{f, ""}, err
	default:
		if place, err = filepath.EvalSymlinks(place); err != nil {
			return nil, err
		}
	}
	f, err := os.CreateTemp(filepath.Dir(place), "."+filepath.Base(place)+".*")
	if err != nil {
		return nil, &os.PathError{Op: "write", Path: place, Err: errors.Unwrap(err)}
	}
	return &wholeFile{f, place}, nil
}

// settle puts the file in its place where err is nil, else takes it away; it gives err and its own faults.
func (f *wholeFile) settle(err error) error {
	if f.place == "" {
		return errors.Join(err, f.Close())
	}
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

// mayCreate says at once why a file could not be written that is to be written later. Nothing is left of it, should the program be interrupted until then.
func mayCreate(place string) error {
	if info, err := os.Stat(place); err == nil && !info.IsDir() && !info.Mode().IsRegular() {
		return nil
	}
	f, err := createWhole(place)
	if err != nil {
		return err
	}
	return errors.Join(f.Close(), os.Remove(f.Name()))
}

// writeWhole writes a file, which takes its place once it is whole.
func writeWhole(place string, write func(io.Writer) error) error {
	f, err := createWhole(place)
	if err != nil {
		return err
	}
	return f.settle(write(f))
}
