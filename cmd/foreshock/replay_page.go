package main

import (
	"io"
	"path/filepath"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/app"
	"github.com/foreshock-io/foreshock/ui/report"
)

// replayPage draws a replay.
type replayPage struct {
	place string
	*report.Report
}

// newReplayPage lets a page see what a replay sees. That the file cannot be written is not worth a long replay.
func newReplayPage(from, to string, r *app.ReplayOptions) (*replayPage, error) {
	if err := mayCreate(to); err != nil {
		return nil, err
	}
	p := &replayPage{to, report.New("Replay of " + filepath.Base(from))}
	r.Scored = p.Step
	print := r.Event
	r.Event = func(e *foreshock.Event) {
		print(e)
		p.Event(e)
	}
	return p, nil
}

// settle writes the page of a replay that ended well, and leaves what was there of one that did not.
func (p *replayPage) settle(summary *app.ReplaySummary, err error) error {
	if err != nil {
		return err
	}
	return writeWhole(p.place, func(w io.Writer) error { return p.Write(w, summary.Text()) })
}
