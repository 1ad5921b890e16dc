package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"syscall"
	"time"
)

// batch does one thing with every series of a file, on all cores.
type batch[T any] struct {
	file     *seriesFile
	deadline time.Duration // of one series; 0: none
	work     func(context.Context, *series) (T, error)
	write    func(*series, T) error // one by one, in the order of the file
	say      io.Writer              // which series failed, and why
}

// outcome is a series and, once done is closed, what became of it.
type outcome[T any] struct {
	series series
	result T
	err    error
	done   chan struct{}
}

// run returns as soon as ctx ends or Ctrl-C is pressed, with what is done written. What still computes then, or waits for input, cannot be stopped in the
// middle and is left behind: the program is about to end.
func (b *batch[T]) run(ctx context.Context) error {
	ctx, stop := signal.NotifyContext(ctx, os.Interrupt, syscall.SIGTERM)
	defer stop()
	outcomes, readErr := b.begin(ctx)
	progress := b.progress()
	var all, failed int
	var last error
	for {
		o := await(ctx, outcomes)
		if o != nil {
			await(ctx, o.done)
		}
		if ctx.Err() != nil {
			return fmt.Errorf("interrupted; %d series are done", all-failed)
		}
		if o == nil {
			break
		}
		all++
		if o.series.filled > 0 {
			b.note(&o.series, fmt.Sprintf("%d steps have no row; taken as missing values", o.series.filled))
		}
		if o.err == nil {
			o.err = b.write(&o.series, o.result)
		}
		if o.err != nil {
			var usage usageError
			if errors.As(o.err, &usage) {
				return o.err
			}
			failed, last = failed+1, o.err
			if b.file.wide {
				b.note(&o.series, o.err.Error())
			}
		}
		progress.at(o.series.read, b.file.Size)
	}
	progress.end()
	switch err := <-readErr; {
	case err != nil:
		return err
	case !b.file.wide:
		return last
	case failed == all && all > 0:
		return fmt.Errorf("all %d series failed, for the reasons above", all)
	case failed > 0:
		return incomplete{fmt.Errorf("%d of %d series failed, for the reasons above; the others are done", failed, all)}
	}
	return nil
}

// await receives, or gives the zero value when the channel is closed or ctx ends.
func await[T any](ctx context.Context, from <-chan T) (v T) {
	select {
	case v = <-from:
	case <-ctx.Done():
	}
	return v
}

// note says something of a series.
func (b *batch[T]) note(s *series, what string) {
	name := b.file.Name
	if b.file.wide {
		name = s.id
	}
	fmt.Fprintf(b.say, "foreshock: %s: %s\n", name, what)
}

// begin reads and computes, and hands over what it has begun, in the order of the file.
func (b *batch[T]) begin(ctx context.Context) (<-chan *outcome[T], <-chan error) {
	cores := runtime.GOMAXPROCS(0)
	outcomes, readErr, busy := make(chan *outcome[T], 4*cores), make(chan error, 1), make(chan struct{}, cores)
	go func() {
		defer close(readErr)
		defer close(outcomes)
		for {
			s, err := b.file.next()
			if err != nil {
				if !errors.Is(err, io.EOF) {
					readErr <- err
				}
				return
			}
			o := &outcome[T]{series: s, err: s.fault, done: make(chan struct{})}
			select {
			case busy <- struct{}{}:
			case <-ctx.Done():
				return
			}
			go func() {
				if o.err == nil {
					o.result, o.err = b.timed(ctx, &o.series)
				}
				close(o.done)
				<-busy
			}()
			select {
			case outcomes <- o:
			case <-ctx.Done():
				return
			}
		}
	}()
	return outcomes, readErr
}

// timed is work within the deadline. What does not end by itself by then is left behind, so that a file of many series always ends.
func (b *batch[T]) timed(ctx context.Context, s *series) (result T, err error) {
	if b.deadline == 0 {
		return b.work(ctx, s)
	}
	ctx, cancel := context.WithTimeout(ctx, b.deadline)
	defer cancel()
	done := make(chan func() (T, error), 1)
	go func() {
		result, err := b.work(ctx, s)
		done <- func() (T, error) { return result, err }
	}()
	if answer := await(ctx, done); answer != nil {
		if result, err = answer(); err == nil || ctx.Err() == nil { // else it was stopped
			return result, err
		}
	}
	return result, fmt.Errorf("not done within %s; allow more with --deadline, or take a cheaper model", b.deadline)
}

// progress draws how far a file of many series is, on a terminal.
func (b *batch[T]) progress() *bar {
	if !b.file.wide || b.file.Size == 0 {
		return nil
	}
	return newBar()
}
