package main

import (
	"context"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/foreshock-io/foreshock/app"
	"github.com/foreshock-io/foreshock/config"
)

// openPipeline folds, profiles, scores and decides, as the program does.
func openPipeline() (end, error) {
	var clock atomic.Int64 // Unix nanoseconds: the rounds follow each other faster than real time
	clock.Store(time.Now().UnixNano())
	line, err := app.Measured(config.Default(), slog.New(slog.DiscardHandler), func() time.Time { return time.Unix(0, clock.Load()) })
	if err != nil {
		return end{}, err
	}
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- line.Run(ctx) }()
	return end{
		sink: line, drops: line.Drops, clock: func(at time.Time) { clock.Store(at.UnixNano()) },
		drain: func() { _ = line.Alive(ctx) }, // what was handed over before is worked off first
		taken: func() int64 { return line.Counts().Readings },
		close: func() { cancel(); <-ran },
	}, nil
}
