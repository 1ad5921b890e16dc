package embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"github.com/foreshock-io/foreshock"
)

// Read calls f for each event with a number of at least from, in order, until f returns an error. It sees what was
// there when it was called, and begins near from, wherever that is. At damage it ends with an error that wraps
// store.ErrDamaged.
func (j *Journal) Read(ctx context.Context, from uint64, f func(*foreshock.Event) error) error {
	j.mu.Lock()
	var parts []part
	for i, s := range j.segments {
		if next := i + 1; next < len(j.segments) && j.segments[next].first <= from || len(s.marks) == 0 {
			continue
		}
		parts = append(parts, part{s.name, s.near(from), s.end})
	}
	damage := j.damage
	j.mu.Unlock()
	for _, p := range parts {
		err := j.readPart(ctx, p, from, f)
		if errors.Is(err, fs.ErrNotExist) && j.dropped(p.name) {
			continue
		}
		if err != nil {
			return err
		}
	}
	return damage
}

// part is what is to be read of a segment.
type part struct {
	name string
	from mark
	end  int64
}

func (j *Journal) readPart(ctx context.Context, p part, from uint64, each func(*foreshock.Event) error) (err error) {
	f, err := j.disk.open(p.name, false)
	if err != nil {
		return fmt.Errorf("journal: %w", err)
	}
	defer f.Close()
	var buf []byte
	next, before := p.from.next, p.from.chain
	for at := p.from.at; at < p.end; {
		if err := ctx.Err(); err != nil {
			return err
		}
		var fr frame
		fr, buf, err = readFrame(f, at, p.end, buf)
		if err == nil && (fr.first != next || before.next(fr.first, fr.count, fr.body) != fr.chain) {
			err = badFrame("the frame does not continue what is before it")
		}
		if err == nil && fr.last() >= from {
			err = fr.events(from, each)
		}
		if bad := badFrame(""); errors.As(err, &bad) {
			return j.damaged(p.name, at, bad.Error())
		}
		if err != nil {
			return err
		}
		next, before, at = fr.last()+1, fr.chain, at+fr.size()
	}
	return nil
}

// dropped says whether a segment is one no more.
func (j *Journal) dropped(name string) bool {
	j.mu.Lock()
	defer j.mu.Unlock()
	return !slices.ContainsFunc(j.segments, func(s *segment) bool { return s.name == name })
}
