//go:build unix

package main

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A file takes its place once it is whole; a fault leaves what was there. A link stays one, and what is no file, as a pipe, stays what it is.
func TestWriteWhole(t *testing.T) {
	dir := t.TempDir()
	file, link, pipe := filepath.Join(dir, "file"), filepath.Join(dir, "link"), filepath.Join(dir, "pipe")
	if err := os.Symlink("file", link); err != nil {
		t.Fatal(err)
	}
	f := func(place, text string, fault error, want string) {
		t.Helper()
		if err := mayCreate(place); err != nil {
			t.Fatal(err)
		}
		err := writeWhole(place, func(w io.Writer) error {
			_, err := io.WriteString(w, text)
			return errors.Join(err, fault)
		})
		if !errors.Is(err, fault) {
			t.Errorf("%s: %v", place, err)
		}
		if got, err := os.ReadFile(file); err != nil || string(got) != want {
			t.Errorf("%s: %q, %v; want %q", place, got, err, want)
		}
	}
	f(file, "one", nil, "one")
	f(link, "two", nil, "two")
	f(link, "three", io.ErrShortWrite, "two")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	reader, err := os.OpenFile(pipe, os.O_RDWR, 0) // so that opening it waits for nobody
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = reader.Close() }()
	f(pipe, "four", nil, "two")
	if info, err := os.Lstat(link); err != nil || info.Mode()&os.ModeSymlink == 0 {
		t.Errorf("the link is one no more: %v, %v", info, err)
	}
	if info, err := os.Lstat(pipe); err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		t.Errorf("the pipe is one no more: %v, %v", info, err)
	}
	if list, err := os.ReadDir(dir); err != nil || len(list) != 3 {
		t.Errorf("left: %v, %v", list, err)
	}
	if err := mayCreate(dir); err == nil {
		t.Error("a folder may be written")
	}
}
