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
	file string
	*report.Report
}

// newReplayPage lets a page see what a replay sees.
func newReplayPage(from, to string, r *app.ReplayOptions) *replayPage {
	p := &replayPage{to, report.New("Replay of " + filepath.Base(from))}
	r.Scored = p.Step
	print := r.Event
	r.Event = func(e *foreshock.Event) {
		print(e)
		p.Event(e)
	}
	return p
}

func (p *replayPage) write(summary *app.ReplaySummary) error {
	out, err := os.Create(p.file)
	if err != nil {
		return err
	}
	return errors.Join(p.Write(out, summary.Text()), out.Close())
}
