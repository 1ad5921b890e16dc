package embedded

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/foreshock-io/foreshock/store"
)

// loadJournal opens the journal of a disk and checks all of it. What a crash left unfinished at the end is cut off; damage is kept
// in the journal, which then takes no events. The error is for what a person has to settle before anything can be read.
func loadJournal(d disk, path string, readOnly bool, o Options) (*Journal, error) {
	j := &Journal{options: o.withDefaults(), disk: d, path: path, readOnly: readOnly}
	names, err := d.list()
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	known, err := j.loadHead()
	if err != nil {
		return nil, fmt.Errorf("journal: %w", err)
	}
	j.segments = segmentsOf(names)
	torn, err := j.check(known)
	if newer := newerError(0); errors.As(err, &newer) {
		return nil, err
	}
	if j.damage = err; err != nil {
		j.options.Log.Error("journal is damaged; nothing can act", "err", err)
	}
	if readOnly || j.damage != nil {
		return j, nil
	}
	if err := j.ready(names, torn); err != nil {
		return nil, errors.Join(fmt.Errorf("journal %s: %w", path, err), j.Close())
	}
	return j, nil
}

// loadHead reads how far the journal had come. A head that is not there says nothing.
func (j *Journal) loadHead() (head, error) {
	f, err := j.disk.open(headName, !j.readOnly)
	if errors.Is(err, fs.ErrNotExist) {
		return head{}, nil
	}
	if err != nil {
		return head{}, err
	}
	known, slot := readHead(f)
	if j.readOnly {
		return known, f.Close()
	}
	j.headFile, j.slot = f, slot
	return known, nil
}

// check reads every segment and learns where its frames are, what the last event is, and how many bytes a crash left
// behind it. The error is damage.
func (j *Journal) check(known head) (torn int64, err error) {
	if len(j.segments) == 0 {
		if known.last > 0 {
			return 0, j.damaged("", 0, fmt.Sprintf("its files are gone, with events up to %d", known.last))
		}
		return 0, nil
	}
	first := j.segments[0].first
	if known.oldest > 0 && first > known.oldest {
		return 0, j.damaged(segmentName(known.oldest), 0, "the file is gone")
	}
	j.last = first - 1
	for i, s := range j.segments {
		torn, err = j.checkSegment(s, i == 0, i == len(j.segments)-1, known)
		if err != nil {
			j.segments = j.segments[:i+1]
			return 0, err
		}
	}
	if known.last > j.last {
		s := j.segments[len(j.segments)-1]
		return 0, j.damaged(s.name, s.end, fmt.Sprintf("it ends with event %d, but %d had been written", j.last, known.last))
	}
	return torn, nil
}

// checkSegment reads one segment.
func (j *Journal) checkSegment(s *segment, oldest, newest bool, known head) (torn int64, err error) {
	f, err := j.disk.open(s.name, false)
	if err != nil {
		return 0, j.damaged(s.name, 0, err.Error())
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return 0, j.damaged(s.name, 0, err.Error())
	}
	first, before, err := readHeader(f, size)
	if newer := newerError(0); errors.As(err, &newer) {
		return 0, fmt.Errorf("journal %s: %w", filepath.Join(j.path, s.name), err)
	}
	switch {
	case err != nil:
		return 0, j.damaged(s.name, 0, err.Error())
	case first != j.last+1 || first != s.first:
		return 0, j.damaged(s.name, 0, fmt.Sprintf("it begins with event %d after event %d", first, j.last))
	case oldest:
		j.chain = before
	case before != j.chain:
		return 0, j.damaged(s.name, 0, "it does not continue the file before it")
	}
	s.end = segmentHeader
	var buf []byte
	for s.end < size {
		var fr frame
		fr, buf, err = readFrame(f, s.end, size, buf)
		if err == nil {
			err = j.follow(s, &fr, known)
		}
		if err != nil {
			return size - s.end, j.judge(f, s, size, newest, err)
		}
	}
	return 0, nil
}

// follow goes on by a frame, when it is the one that comes next.
func (j *Journal) follow(s *segment, fr *frame, known head) error {
	next := j.chain.next(fr.first, fr.count, fr.body)
	switch {
	case fr.count == 0 || fr.first != j.last+1:
		return badFrame(fmt.Sprintf("event %d comes after event %d", fr.first, j.last))
	case next != fr.chain:
		return badFrame("the frame does not continue what is before it")
	case fr.last() == known.last && next != known.chain:
		return badFrame("the journal was another when it was written")
	}
	s.add(fr, j.chain)
	j.last, j.chain = fr.last(), next
	return nil
}

// judge tells damage from what a crash left. Frames are written one at a time, so a crash can spoil only the last, and
// only one that was not acknowledged.
func (j *Journal) judge(f file, s *segment, size int64, mayBeTorn bool, why error) error {
	if bad := badFrame(""); mayBeTorn && errors.As(why, &bad) {
		later, err := frameAfter(f, s.end, size)
		if err == nil && !later {
			return nil
		}
		why = errors.Join(why, err)
	}
	return j.damaged(s.name, s.end, why.Error())
}

// damaged says where the journal is damaged and what to do.
func (j *Journal) damaged(name string, at int64, what string) error {
	return fmt.Errorf("journal %s at byte %d: %w: %s; nothing acts on it. Put the file back from a backup; or settle the open actions "+
		"by hand, move the folder %s away, and start again with an empty one", filepath.Join(j.path, name), at, store.ErrDamaged, what, j.path)
}

// ready makes the journal ready for writing.
func (j *Journal) ready(names []string, torn int64) (err error) {
	for _, name := range names {
		if strings.HasSuffix(name, halfMade) {
			if err := j.disk.remove(name); err != nil {
				return err
			}
		}
	}
	if j.headFile == nil {
		if j.headFile, err = j.disk.create(headName); err != nil {
			return err
		}
	}
	if len(j.segments) == 0 { // the sync of the folder covers the head's name
		s, f, err := makeSegment(j.disk, 1, chain{})
		if err != nil {
			return err
		}
		j.segments, j.tail = []*segment{s}, f
		return nameSegment(j.disk, s, f)
	}
	s := j.segments[len(j.segments)-1]
	if j.tail, err = j.disk.open(s.name, true); err != nil {
		return err
	}
	if torn > 0 {
		j.options.Log.Warn("cut off what a crash left unfinished in the journal", "file", s.name, "offset", s.end, "bytes", torn)
		if err := j.tail.Truncate(s.end); err != nil {
			return err
		}
	}
	// What was read may have been in the page cache only.
	if err := j.tail.Sync(); err != nil {
		return err
	}
	return j.disk.syncFolder()
}
