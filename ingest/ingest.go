// Package ingest turns what sources read into regular steps of workloads.
//
// A [Source] reads something outside and pushes [Reading] values into a [Sink]; [Fold] makes steps of them: it
// bounds, orders, de-duplicates, and counts what it drops and why. Each source is a folder below this one.
package ingest

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Source reads something outside the program.
type Source interface {
	// Run pushes what it reads until ctx ends or, for recorded data, until the end. An error ends the source;
	// what can pass by itself (a server that is away) is logged once, counted, and tried again.
	Run(ctx context.Context, sink Sink) error
}

// Receiver is a source that others push to. Its handlers are served by the program's one listener.
type Receiver interface {
	Source
	// Routes gives the HTTP handlers by pattern of [net/http.ServeMux], for example "POST /api/v1/write".
	// They may be called only while Run runs.
	Routes() []Route
}

// Route is one handler of a Receiver.
type Route struct {
	Pattern string
	Handler http.Handler
}

// Factory offers a source to configuration files.
type Factory struct {
	Name string
	// New decodes the source's block over its defaults (unknown keys are errors), checks it, and makes the source.
	New func(decode func(any) error, env Env) (Source, error)
}

// Env is what the program lends to a source.
type Env struct {
	Log     *slog.Logger  // it names the source already
	Step    time.Duration // the program's default step
	History time.Duration // how far back profiles keep what they learn; 0: as where nothing is said of it
	Drops   *Drops
}

// Sink takes what sources read. It is safe for concurrent use.
type Sink interface {
	// Register gives the handle by which readings of the workload are pushed; the same id gives the same handle, as long as the
	// sink [Holds] it. It answers ErrTooMany above the bound on workloads.
	Register(id foreshock.ID, about About) (Handle, error)
	// Push hands readings over and copies them, so the slice may be used again. It waits while the owners are busy,
	// until ctx ends; then nothing of the batch may be assumed taken.
	Push(ctx context.Context, batch []Reading) error
	// Slow offers one operation for the ring of the workload's slowest.
	Slow(op Operation)
}

// VirtualSink is a sink whose clock the source drives, as in a replay.
type VirtualSink interface {
	Sink
	// Advance sets the clock; steps that ended before it are complete.
	Advance(ctx context.Context, now time.Time) error
}

// Holder is a sink that lets workloads go that it has not heard of for long. What is pushed with the handle of one that has just gone brings it back; later
// it is not taken, and it is never another's.
type Holder interface {
	Holds(h Handle) bool
}

// Holds says whether a handle is good still, or its workload is to be registered anew. A sink that says nothing of it holds all.
func Holds(sink Sink, h Handle) bool {
	holder, says := sink.(Holder)
	return !says || holder.Holds(h)
}

// ErrTooMany refuses a workload above the bound.
var ErrTooMany = errors.New("too many workloads; raise limits.workloads, narrow the source, or lower limits.forget_after so that those that are gone make room sooner")

// About says how a workload's readings come.
type About struct {
	Source   string
	Step     time.Duration // 0: the program's default
	Lateness time.Duration // how long after its end a step stays open for late readings
}

// Handle stands for a registered workload.
type Handle uint64

// Reading is one number of one workload at one time.
type Reading struct {
	Value  float64
	Time   int64 // Unix milliseconds
	Handle Handle
	Span   uint32 // milliseconds that an increment took; 0 for gauges and for single events
	Field  Field
}

// Field is what a reading reads. Gauges are averaged within a step. Increments are added up: by those of a
// counter (Span above 0) a rate is known for the time that they cover, by those of single events (Span 0) for the whole step.
type Field uint8

// The fields and their units.
const (
	Latency     Field = Field(foreshock.Latency)    // gauge, seconds
	Throughput  Field = Field(foreshock.Throughput) // gauge, bytes per second
	IOPS        Field = Field(foreshock.IOPS)       // gauge, per second
	QueueDepth  Field = Field(foreshock.QueueDepth) // gauge, requests
	LatencyP50  Field = 4                           // gauge, seconds
	LatencyP95  Field = 5                           // gauge, seconds
	LatencyP99  Field = 6                           // gauge, seconds
	Pressure    Field = 7                           // gauge, share 0-1
	AllocatedAt Field = 8                           // gauge; AllocatedAt+Dimension is the amount allocated, in the dimension's unit

	Ops          Field = AllocatedAt + foreshock.NumDimensions // increment, requests completed
	Bytes        Field = Ops + 1                               // increment, bytes moved
	OpSeconds    Field = Ops + 2                               // increment, seconds spent on the requests completed
	QueueSeconds Field = Ops + 3                               // increment, requests in flight integrated over time, in seconds
	WaitSeconds  Field = Ops + 4                               // increment, seconds in which something waited (PSI)
	NumFields          = int(Ops) + 5
)

// Increment says whether readings of f are added up.
func (f Field) Increment() bool { return f >= Ops }

// Operation is one I/O operation with the time of its components, from a trace.
type Operation struct {
	Workload   foreshock.ID  `json:"workload"`
	Start      time.Time     `json:"start"`
	Duration   time.Duration `json:"duration_ns"`
	Trace      string        `json:"trace"` // the trace's identifier
	Components []Component   `json:"components"`
}

// Component is one part of an operation's path: its name is the secondary identifier.
type Component struct {
	Name     string        `json:"name"`
	Duration time.Duration `json:"duration_ns"`
}
