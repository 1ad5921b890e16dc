package main

import (
	"errors"
	"os"
	"path/filepath"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/app"
	"github.com/foreshock-io/foreshock/ui/report"
)

// replayPage draws a replay.
type replayPage struct {
	file *os.File
	*report.Report
}

// newReplayPage lets a page see what a replay sees. The file is made at once: that it cannot be is not worth a long replay.
func newReplayPage(from, to string, r *app.ReplayOptions) (*replayPage, error) {
	file, err := os.Create(to)
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

func (p *replayPage) write(summary *app.ReplaySummary) error {
	return errors.Join(p.Write(p.file, summary.Text()), p.file.Close())
}
