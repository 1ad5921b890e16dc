package replay

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/ingest"
)

const name = "replay"

// Config is the replay block of a configuration file.
type Config struct {
	Path    string            `yaml:"path"`    // a CSV file or a block trace, packed with gzip or not; "-" for standard input
	Format  string            `yaml:"format"`  // csv, msr; default found out
	ID      string            `yaml:"id"`      // the workload of a table without a column of ids; default the file's name
	Metric  string            `yaml:"metric"`  // what the column "value" holds; default iops
	Columns map[string]string `yaml:"columns"` // from names in the file to names that are known
	Step    time.Duration     `yaml:"step"`    // default the spacing of the rows, 10s for block traces
	Window  int               `yaml:"window"`  // how many rows are held to put them in order; default 262144, 1024 for block traces
}

// Factory offers this source to configuration files as "replay". It needs a sink with a virtual clock.
var Factory = ingest.Factory{Name: name, New: func(decode func(any) error, env ingest.Env) (ingest.Source, error) {
	var cfg Config
	if err := decode(&cfg); err != nil {
		return nil, err
	}
	return New(cfg, env)
}}

// Source opens a file when it runs.
type Source struct {
	path string
	opts Options
}

// New checks the settings. It does not open the file: Run does.
func New(cfg Config, env ingest.Env) (*Source, error) {
	if cfg.Path == "" {
		return nil, errors.New("path must name a file, or be - for standard input")
	}
	if cfg.Metric != "" {
		var m foreshock.Metric
		if err := m.UnmarshalText([]byte(cfg.Metric)); err != nil {
			return nil, fmt.Errorf("metric: %w", err)
		}
	}
	if cfg.Step < 0 {
		return nil, fmt.Errorf("step must be above 0, not %v", cfg.Step)
	}
	if cfg.Window < 0 {
		return nil, fmt.Errorf("window must be above 0, not %d", cfg.Window)
	}
	return &Source{path: cfg.Path, opts: Options{
		Format: cfg.Format, ID: foreshock.ID(cfg.ID), Metric: cfg.Metric, Columns: cfg.Columns, Step: cfg.Step, Window: cfg.Window,
		Log: env.Log, Drops: env.Drops,
	}}, nil
}

// Run reads the file to its end.
func (s *Source) Run(ctx context.Context, sink ingest.Sink) error {
	reader, err := Open(s.path, s.opts)
	if err != nil {
		return err
	}
	defer reader.Close()
	return reader.Run(ctx, sink)
}

// handle is how the sink knows a workload.
type handle struct {
	ingest.Handle
	good bool
}

// player pushes a reader's rows, step by step.
type player struct {
	*Reader
	sink  ingest.VirtualSink
	step  int64 // milliseconds
	end   int64 // of the step under way; 0 before the first
	clock int64
	sums  []sum    // by workload
	some  []uint32 // workloads with something in the step
	batch []ingest.Reading
}

// sum adds up the rows of one workload in one step.
type sum struct {
	row
	at    int64 // where its first row is placed
	last  int64 // stamp of its last row
	count [numCells]uint32
}

// Run pushes all rows into the sink, which must have a virtual clock, and drives that clock: to the end of each step once its
// rows were pushed, also of steps without any. Of two rows of one workload with one time, the first counts.
func (r *Reader) Run(ctx context.Context, sink ingest.Sink) error {
	virtual, ok := sink.(ingest.VirtualSink)
	if !ok {
		return fmt.Errorf("replay %s: recorded data needs a virtual clock, and this is a live run; use: foreshock replay %s", r.lines.Name, r.path)
	}
	p := &player{Reader: r, sink: virtual, step: r.step.Milliseconds()}
	err := p.play(ctx)
	if err != nil && ctx.Err() != nil {
		return nil
	}
	return err
}

func (p *player) play(ctx context.Context) error {
	for {
		w, err := p.next()
		if err != nil {
			if err := p.finish(ctx); err != nil {
				return err
			}
			if errors.Is(err, io.EOF) {
				return nil
			}
			return p.failure(err)
		}
		at := p.grid.place(w.time, p.step)
		if end := ceil(at, p.step); end != p.end {
			if err := p.goOn(ctx, end); err != nil {
				return err
			}
		}
		p.take(&w, at)
	}
}

// take adds a row to its workload's step.
func (p *player) take(w *row, at int64) {
	for int(w.id) >= len(p.sums) {
		p.sums = append(p.sums, sum{last: -1})
	}
	s := &p.sums[w.id]
	if s.last == w.time {
		return
	}
	s.last = w.time
	if s.has == 0 {
		s.at = at
		p.some = append(p.some, w.id)
	}
	s.has |= w.has
	for f := range ingest.Field(numCells) {
		x, ok := w.get(f)
		switch {
		case !ok:
			continue
		case f >= ingest.AllocatedAt:
			s.cells[f] = x // as it was last
		case f >= ingest.LatencyP50:
			s.cells[f] = max(s.cells[f], x) // a step shows its worst
		default:
			s.cells[f] += x
			s.count[f]++
		}
	}
}

// goOn pushes the step under way and lets the clock go on to the one that ends at end.
func (p *player) goOn(ctx context.Context, end int64) error {
	if p.end == 0 {
		p.end = end
		return p.advance(ctx, end-p.step)
	}
	if err := p.push(ctx); err != nil {
		return err
	}
	// A step is complete when its end is past. The steps of a gap go by one by one, those of a very long one several at a time.
	stride := p.step * max(1, (end-p.end)/p.step/longGap)
	for t := p.end; t < end; t += stride {
		if err := p.advance(ctx, t+1); err != nil {
			return err
		}
	}
	p.end = end
	return nil
}

// longGap is how many steps of a gap go by one by one at the most.
const longGap = 10_000

// advance sets the clock.
func (p *player) advance(ctx context.Context, ms int64) error {
	p.clock = max(ms, 0)
	if err := p.sink.Advance(ctx, time.UnixMilli(p.clock).UTC()); err != nil {
		return fmt.Errorf("replay %s: %w", p.lines.Name, err)
	}
	return nil
}

// atOnce is how many readings are pushed at a time, and how far they may be ahead of the clock: a sink does not believe more than
// five minutes.
const (
	atOnce = 4096
	ahead  = int64(4 * time.Minute / time.Millisecond)
)

// push hands the step under way to the sink.
func (p *player) push(ctx context.Context) error {
	if p.end-p.clock > ahead {
		if err := p.advance(ctx, p.end); err != nil {
			return err
		}
	}
	for _, id := range p.some {
		s := &p.sums[id]
		if handle, ok := p.handle(id); ok {
			p.readings(handle, s)
		}
		s.has, s.cells, s.count = 0, [numCells]float64{}, [numCells]uint32{}
		if len(p.batch) >= atOnce {
			if err := p.deliver(ctx); err != nil {
				return err
			}
		}
	}
	p.some = p.some[:0]
	return p.deliver(ctx)
}

func (p *player) readings(handle ingest.Handle, s *sum) {
	for f := range ingest.Field(numCells) {
		x, ok := s.get(f)
		if !ok {
			continue
		}
		if n := s.count[f]; n > 1 {
			x /= float64(n)
		}
		p.batch = append(p.batch, ingest.Reading{Value: x, Time: s.at, Handle: handle, Field: f})
	}
}

func (p *player) deliver(ctx context.Context) error {
	if len(p.batch) == 0 {
		return nil
	}
	err := p.sink.Push(ctx, p.batch)
	p.batch = p.batch[:0]
	if err != nil {
		return fmt.Errorf("replay %s: %w", p.lines.Name, err)
	}
	return nil
}

// handle registers a workload with its first step, and anew where the sink has let it go. The steps of one that is refused are counted.
func (p *player) handle(id uint32) (ingest.Handle, bool) {
	for int(id) >= len(p.handles) {
		p.handles = append(p.handles, handle{})
	}
	h := &p.handles[id]
	if !h.good || !ingest.Holds(p.sink, h.Handle) {
		var err error
		h.Handle, err = p.sink.Register(p.workloads.names[id], ingest.About{Source: name, Step: p.Step()})
		if h.good = err == nil; !h.good {
			p.wrong(ingest.DropTooMany, nil, fmt.Errorf("register %s: %w", p.workloads.names[id], err))
		}
	}
	return h.Handle, h.good
}

// finish pushes the last step and completes it.
func (p *player) finish(ctx context.Context) error {
	if p.end == 0 {
		return nil
	}
	if err := p.push(ctx); err != nil {
		return err
	}
	return p.advance(ctx, p.end+1)
}

// Probe says whether the file can be read.
func (s *Source) Probe(context.Context) (string, error) {
	if s.path == "-" {
		return "standard input", nil
	}
	f, err := os.Open(s.path)
	if err != nil {
		return "", fmt.Errorf("%w; correct path", err)
	}
	return "can be read", f.Close()
}
