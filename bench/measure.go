package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/foreshock-io/foreshock/ingest"
	"github.com/foreshock-io/foreshock/ingest/remotewrite"
)

// result is what a load cost.
type result struct {
	samples   int // measured
	cpu, wall time.Duration
	heap, rss int64 // bytes more than before the receiver began
	labels    int64 // bytes of labels in the receiver's index
}

func micros(d time.Duration, n int) float64 { return float64(d.Nanoseconds()) / 1000 / float64(n) }

// measure sends the load. The first round, in which the series are new, is not in the times.
func measure(l load, open func() (end, error)) (result, error) {
	e, err := open()
	if err != nil {
		return result{}, err
	}
	defer e.close()
	source, err := remotewrite.Factory.New(func(into any) error {
		cfg := into.(*remotewrite.Config)
		cfg.Presets, cfg.Prefix, cfg.Step = []string{"node_exporter"}, "${instance}/", interval
		return nil
	}, ingest.Env{Drops: e.drops})
	if err != nil {
		return result{}, err
	}
	receiver := source.(*remotewrite.Receiver)
	ctx, cancel := context.WithCancel(context.Background())
	ran := make(chan error, 1)
	go func() { ran <- receiver.Run(ctx, e.sink) }()
	r, err := send(l, e, receiver)
	cancel()
	return r, errors.Join(err, <-ran)
}

func send(l load, e end, receiver *remotewrite.Receiver) (r result, err error) {
	var enc encoder
	start := time.Now().Add(-time.Duration(l.rounds+1) * interval)
	bodies := enc.round(l, 0, start)
	heap, rss := memory()
	for round := range l.rounds + 1 {
		e.clock(start.Add(time.Duration(round) * interval))
		cpu, began := processorTime(), time.Now()
		for _, body := range bodies {
			if err := post(receiver, body); err != nil {
				return r, err
			}
		}
		e.drain()
		if round > 0 {
			r.cpu += processorTime() - cpu
			r.wall += time.Since(began)
			r.samples += l.series
		}
		if round < l.rounds {
			bodies = enc.round(l, round+1, start.Add(time.Duration(round+1)*interval))
		}
	}
	if taken, want := e.taken(), int64(l.series)*int64(l.rounds); taken != want {
		return r, fmt.Errorf("%d readings arrived, want %d; dropped: %v", taken, want, e.drops.List())
	}
	heapAfter, rssAfter := memory()
	r.heap, r.rss, r.labels = heapAfter-heap, rssAfter-rss, receiver.Size().LabelBytes
	runtime.KeepAlive(&enc)
	return r, nil
}

// post hands a request to the receiver's handler, as the program's listener does.
func post(receiver *remotewrite.Receiver, body []byte) error {
	for {
		req, err := http.NewRequest(http.MethodPost, remotewrite.Path, bytes.NewReader(body))
		if err != nil {
			return err
		}
		w := answer{header: http.Header{}}
		receiver.Routes()[0].Handler.ServeHTTP(&w, req)
		switch w.status {
		case http.StatusNoContent:
			return nil
		case http.StatusServiceUnavailable: // Run has not begun, or the end is busy
			runtime.Gosched()
		default:
			return fmt.Errorf("answered %d: %s", w.status, strings.TrimSpace(w.text.String()))
		}
	}
}

// answer is a ResponseWriter that keeps what is written.
type answer struct {
	header http.Header
	status int
	text   strings.Builder
}

func (a *answer) Header() http.Header               { return a.header }
func (a *answer) WriteHeader(status int)            { a.status = status }
func (a *answer) Write(b []byte) (int, error)       { return a.text.Write(b) }
func (a *answer) SetReadDeadline(_ time.Time) error { return nil }

// processorTime is what the process has used, in user and system mode.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err) // it cannot fail for the process itself
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// memory gives the live heap and the resident set, in bytes. The resident set is 0 where the system has no /proc.
func memory() (heap, rss int64) {
	runtime.GC()
	debug.FreeOSMemory()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	if statm, err := os.ReadFile("/proc/self/statm"); err == nil {
		if f := strings.Fields(string(statm)); len(f) > 1 {
			pages, _ := strconv.ParseInt(f[1], 10, 64) // the kernel writes a number
			rss = pages * int64(os.Getpagesize())
		}
	}
	return int64(m.HeapAlloc), rss
}
