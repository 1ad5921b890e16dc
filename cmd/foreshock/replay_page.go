package main

import (
	"path/filepath"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/app"
	"github.com/foreshock-io/foreshock/ui/report"
)

// replayPage draws a replay.
type replayPage struct {
	file *wholeFile
	*report.Report
}

// newReplayPage lets a page see what a replay sees. The file is made at once: that it cannot be is not worth a long replay.
func newReplayPage(from, to string, r *app.ReplayOptions) (*replayPage, error) {
	file, err := createWhole(to)
	if err != nil {
		return nil, err
	}
	p := &replayPage{file, report.New("Replay of " + filepath.Base(from))}
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
	if err == nil {
		err = p.Write(p.file, summary.Text())
	}
	return p.file.settle(err)
}
