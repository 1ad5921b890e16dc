package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"

	"golang.org/x/sync/errgroup"
)

// treeFile is a file of a folder, and where its scores go.
type treeFile struct {
	in, out string
	size    int64
	fault   error // why it cannot be scored
}

// detectTree scores every CSV below a folder to the same path below another. A file that fails is told, and the others are done.
func detectTree(ctx context.Context, from, to string, o *detectOptions) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	files, err := csvFiles(from, to, o.form)
	if err != nil {
		return err
	}
	total := int64(0)
	for _, f := range files {
		total += f.size
	}
	t := &tree{total: total, bar: newBar()}
	t.say = t.bar.above(o.say)
	mine := *o
	mine.say = t
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, f := range files {
		g.Go(func() error {
			if ctx.Err() == nil {
				t.done(f, mine.scoreFile(ctx, f))
			}
			return nil
		})
	}
	_ = g.Wait() // no function of it fails
	return t.verdict(ctx, len(files))
}

// csvFiles lists what there is to score. A folder to write to that lies in the one to read is left out; what cannot be read is listed with the reason.
func csvFiles(from, to, form string) ([]treeFile, error) {
	root, err := filepath.EvalSymlinks(from)
	if err != nil {
		return nil, err
	}
	outside, err := filepath.Abs(to)
	if err != nil {
		return nil, err
	}
	var files []treeFile
	taken := map[string]string{}
	err = filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil && name == root:
			return err
		case err != nil:
			files = append(files, treeFile{in: name, fault: err})
			return nil
		case d.IsDir():
			return passOver(name, root, outside)
		}
		unpacked := withoutEnding(name, ".gz")
		path := withoutEnding(unpacked, ".csv")
		if path == unpacked {
			return nil
		}
		relative, err := filepath.Rel(root, path)
		if err != nil {
			return err
		}
		f := treeFile{in: name, out: filepath.Join(to, relative+"."+form)}
		switch info, err := os.Stat(name); { // of a link's target
		case err != nil:
			f.fault = err
		case !info.Mode().IsRegular():
			f.fault = fmt.Errorf("%s: it is no file, but %s; name it by itself: foreshock detect %s", name, kind(info), name)
		case taken[f.out] != "":
			f.fault = fmt.Errorf("%s: its scores would take the place of those of %s, %s; rename one of the two", name, taken[f.out], f.out)
		default:
			f.size, taken[f.out] = info.Size(), name
		}
		files = append(files, f)
		return nil
	})
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("%s: no *.csv or *.csv.gz is in it or below", from)
	}
	return files, nil
}

// withoutEnding takes away the end of a name, in capitals or not.
func withoutEnding(name, ending string) string {
	if at := len(name) - len(ending); at >= 0 && strings.EqualFold(name[at:], ending) {
		return name[:at]
	}
	return name
}

// kind says in a word what is no file.
func kind(info fs.FileInfo) string {
	switch {
	case info.IsDir():
		return "a link to a folder"
	case info.Mode()&fs.ModeNamedPipe != 0:
		return "a pipe"
	}
	return "a device or a socket"
}

// passOver skips the folder that is written to. It cannot be the one that is read: files would replace themselves.
func passOver(folder, root, outside string) error {
	switch whole, err := filepath.Abs(folder); {
	case err != nil:
		return err
	case whole != outside:
		return nil
	case folder == root:
		return usageError{fmt.Errorf("%s is the folder to read and the one to write to; name another to write to", root)}
	}
	return fs.SkipDir
}

// scoreFile scores a file, and puts the result in its place once it is whole.
func (o *detectOptions) scoreFile(ctx context.Context, f treeFile) (err error) {
	if f.fault != nil {
		return f.fault
	}
	in, err := openReadings(f.in, nil, o)
	if err != nil {
		return err
	}
	defer func() { _ = in.Close() }()
	if err := os.MkdirAll(filepath.Dir(f.out), 0o755); err != nil {
		return err
	}
	out, err := createWhole(f.out)
	if err != nil {
		return err
	}
	err = o.score(ctx, in, out)
	var part incomplete
	if errors.As(err, &part) { // what could be read is scored
		return errors.Join(err, out.settle(nil))
	}
	return out.settle(err)
}

// tree follows how far a folder is. What is said comes line by line from several files at once.
type tree struct {
	mu           sync.Mutex // guards what follows
	say          io.Writer
	bar          *bar
	read, total  int64
	failed, part int
	scored       int
}

func (t *tree) Write(line []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.say.Write(line)
}

func (t *tree) done(f treeFile, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	var part incomplete
	switch t.scored++; {
	case errors.As(err, &part):
		t.part++
	case err != nil:
		t.failed++
	}
	if err != nil && !errors.Is(err, context.Canceled) { // which is told once
		fmt.Fprintf(t.say, "foreshock: %v\n", err)
	}
	t.read += f.size
	t.bar.at(t.read, t.total)
}

func (t *tree) verdict(ctx context.Context, files int) error {
	t.bar.end()
	switch {
	case ctx.Err() != nil:
		return fmt.Errorf("interrupted; %d of %d files are done", t.scored-t.failed, files)
	case t.failed == files:
		return fmt.Errorf("all %d files failed, for the reasons above", files)
	case t.failed+t.part > 0:
		return incomplete{fmt.Errorf("of %d files %d failed and %d could not be read in full, for the reasons above; the others are done", files, t.failed, t.part)}
	}
	return nil
}
