package replay

import (
	"bytes"
	"fmt"
	"math"
	"slices"
	"strconv"
	"time"

	"github.com/foreshock-io/foreshock/ingest"
)

// blockHeading is the line of names that some copies of block traces begin with.
const blockHeading = "Timestamp,Hostname,DiskNumber,Type,Offset,Size,ResponseTime"

const (
	blockStep    = 10 * time.Second
	shortestStep = 100 * time.Millisecond
	// lateRequests is how far a block trace may be out of order: requests are written when they were issued, or when
	// they were completed.
	lateRequests = time.Minute
	// longestRequest bounds a response time that is believed.
	longestRequest = time.Hour
	// longestSilence is how long all disks may be silent; what is longer is a hole in the trace.
	longestSilence = 24 * time.Hour
	// maxDisks bounds the disks of a trace: each has a row per step.
	maxDisks = 10_000
	// filetimeUnix is 1970 in units of 100 ns since 1601, as Windows counts.
	filetimeUnix = 116444736000000000
)

// blockTrace folds a block trace in the form of MSR Cambridge (Narayanan, Donnelly, Rowstron 2008, FAST, SNIA IOTTA) into rows: one line per
// request with the time of its issue in units of 100 ns since 1601, host, disk number, Read or Write, offset and size in bytes,
// and response time in units of 100 ns.
//
// Requests, bytes and response times count in the step of the completion, as the counters of a kernel have it. The queue depth is
// the time that requests were in flight, over the step's length.
type blockTrace struct {
	*Reader
	step   int64 // nanoseconds
	disks  []*diskTrace
	name   []byte
	cells  [][]byte
	closed int64 // steps before this one were handed on, once open
	until  int64 // steps before this one are complete
	newest int64 // latest issue, nanoseconds
	open   bool
	leap   leap
}

// leap is a request that is much later than those before it. It is believed when the next request is as late: else
// one damaged time would make all that follow look old.
type leap struct {
	request
	disk *diskTrace
	text []byte
	set  bool
}

// diskTrace is one disk's steps that are not complete.
type diskTrace struct {
	id    uint32
	steps map[int64]*diskStep
	begun int64 // its first step
}

// diskStep is what happened in one step.
type diskStep struct {
	requests, bytes float64
	seconds         float64 // of response, of what was completed
	inFlight        float64 // seconds times requests
	latencies       latencies
}

func (r *Reader) newBlockTrace() (*blockTrace, error) {
	step := r.opts.Step
	if step != 0 && step < shortestStep {
		return nil, fmt.Errorf("step must be at least %v for block traces, not %v", shortestStep, step)
	}
	r.report.StepNote = "chosen"
	if step == 0 {
		step = blockStep
		r.report.StepNote = "the default for block traces"
	}
	r.grid = grid{native: step.Milliseconds()}
	r.report.Columns = []string{"latency_seconds, its percentiles, throughput_bps, iops and queue_depth from single requests"}
	return &blockTrace{Reader: r, step: step.Nanoseconds()}, nil
}

// request is one line of the trace.
type request struct {
	issued, took int64 // nanoseconds
	bytes        float64
}

// isRequest says whether a line looks like one of a block trace.
func isRequest(line []byte) bool {
	cells := bytes.Split(line, []byte{','})
	if len(cells) != 7 || len(cells[0]) < 17 || !isKind(cells[3]) {
		return false
	}
	_, err := parseRequest(cells)
	return err == nil
}

func isKind(cell []byte) bool {
	return bytes.EqualFold(cell, []byte("Read")) || bytes.EqualFold(cell, []byte("Write"))
}

func parseRequest(cells [][]byte) (request, error) {
	malformed := func(format string, args ...any) (request, error) {
		return request{}, fault{ingest.DropMalformed, fmt.Sprintf(format, args...)}
	}
	if len(cells) != 7 {
		return malformed("it has %d cells, and a request has 7: %s", len(cells), blockHeading)
	}
	var numbers [3]int64
	for i, at := range []int{0, 5, 6} {
		n, err := strconv.ParseInt(string(cells[at]), 10, 64)
		if err != nil || n < 0 {
			return malformed("%q is no whole number of at least 0", clip(string(cells[at])))
		}
		numbers[i] = n
	}
	if !isKind(cells[3]) {
		return malformed("%q is neither Read nor Write", clip(string(cells[3])))
	}
	if since := numbers[0] - filetimeUnix; since < 0 || since > math.MaxInt64/200 {
		return malformed("the time %d is not between 1970 and 2116, in units of 100 ns since 1601", numbers[0])
	}
	if numbers[2] > int64(longestRequest/100) {
		return request{}, fault{ingest.DropAbsurd, fmt.Sprintf("a response time of %d s", numbers[2]/1e7)}
	}
	return request{issued: (numbers[0] - filetimeUnix) * 100, took: numbers[2] * 100, bytes: float64(numbers[1])}, nil
}

// line takes one request.
func (b *blockTrace) line(text []byte) error {
	var err error
	if b.cells, err = split(b.cells[:0], text, ','); err != nil {
		return err
	}
	q, err := parseRequest(b.cells)
	if err != nil {
		return err
	}
	done := (q.issued + q.took) / b.step
	if b.open && done < b.closed {
		return fault{ingest.DropOutOfOrder, fmt.Sprintf("it is more than %v older than a request before it", lateRequests)}
	}
	disk, err := b.disk(b.cells[1], b.cells[2], done)
	if err != nil {
		return err
	}
	b.judgeLeap(q.issued)
	if b.open && q.issued-b.newest > int64(longestSilence) {
		b.leap = leap{q, disk, bytes.Clone(text), true}
		return nil
	}
	b.count(&q, disk)
	return nil
}

func (b *blockTrace) count(q *request, disk *diskTrace) {
	disk.add(q, b.step, b.closed)
	b.newest = max(b.newest, q.issued)
	b.complete((b.newest - int64(lateRequests)) / b.step)
}

// judgeLeap decides about the last request, now that the next is known.
func (b *blockTrace) judgeLeap(next int64) {
	if !b.leap.set {
		return
	}
	b.leap.set = false
	if max(next-b.leap.issued, b.leap.issued-next) <= int64(longestSilence) {
		b.count(&b.leap.request, b.leap.disk)
		return
	}
	b.wrong(ingest.DropOutOfOrder, b.leap.text, fmt.Errorf("it is more than %v later than the requests before and after it", longestSilence))
}

// disk finds a disk's steps by host and number.
func (b *blockTrace) disk(host, number []byte, step int64) (*diskTrace, error) {
	b.name = append(append(append(b.name[:0], host...), '.'), number...)
	id, err := b.workloads.of(b.name)
	if err != nil {
		return nil, err
	}
	if int(id) == len(b.disks) {
		if id >= maxDisks {
			return nil, fault{ingest.DropTooMany, fmt.Sprintf("more than %d disks in one trace; split it", maxDisks)}
		}
		b.disks = append(b.disks, &diskTrace{id: id, steps: map[int64]*diskStep{}, begun: step})
	}
	disk := b.disks[id]
	disk.begun = min(disk.begun, step)
	return disk, nil
}

// add counts a request where it was completed, and its time in flight where it was. What is closed stays as it is.
func (d *diskTrace) add(q *request, step, closed int64) {
	end := q.issued + q.took
	for k := max(q.issued/step, closed, d.begun); k <= end/step; k++ {
		s := d.at(k)
		s.inFlight += float64(min(end, (k+1)*step)-max(q.issued, k*step)) / 1e9
	}
	s := d.at(end / step)
	s.requests++
	s.bytes += q.bytes
	s.seconds += float64(q.took) / 1e9
	s.latencies.add(float64(q.took) / 1e9)
}

func (d *diskTrace) at(k int64) *diskStep {
	s := d.steps[k]
	if s == nil {
		s = new(diskStep)
		d.steps[k] = s
	}
	return s
}

// complete makes the steps before the given one known as complete.
func (b *blockTrace) complete(until int64) {
	if !b.open {
		b.closed, b.open = until, true
		for _, disk := range b.disks {
			b.closed = min(b.closed, disk.begun)
		}
	}
	b.until = max(b.until, until)
}

// more hands on the next complete step of all disks, if there is one. A disk that the trace has nothing of was idle in it.
func (b *blockTrace) more() bool {
	if !b.open || b.closed >= b.until {
		return false
	}
	if b.until-b.closed > int64(longestSilence)/b.step && !b.anyBefore(b.until) {
		b.closed = b.until // a hole
		return false
	}
	for _, disk := range b.disks {
		b.hand(disk, b.closed)
	}
	b.closed++
	return true
}

// anyBefore says whether some disk has a step before the given one.
func (b *blockTrace) anyBefore(until int64) bool {
	return slices.ContainsFunc(b.disks, func(d *diskTrace) bool {
		for k := range d.steps {
			if k < until {
				return true
			}
		}
		return false
	})
}

// hand hands on one step of a disk.
func (b *blockTrace) hand(d *diskTrace, k int64) {
	if k < d.begun {
		return
	}
	s := d.steps[k]
	delete(d.steps, k)
	if s == nil {
		s = new(diskStep)
	}
	seconds := float64(b.step) / 1e9
	w := row{time: k * b.grid.native, id: d.id}
	w.set(ingest.IOPS, s.requests/seconds)
	w.set(ingest.Throughput, s.bytes/seconds)
	w.set(ingest.QueueDepth, s.inFlight/seconds)
	if s.requests > 0 {
		w.set(ingest.Latency, s.seconds/s.requests)
		w.set(ingest.LatencyP50, s.latencies.quantile(0.50))
		w.set(ingest.LatencyP95, s.latencies.quantile(0.95))
		w.set(ingest.LatencyP99, s.latencies.quantile(0.99))
	}
	b.emit(w)
}

// flush completes what is left: up to the last step that something happened in.
func (b *blockTrace) flush() {
	b.judgeLeap(math.MaxInt64 / 2)
	last, some := int64(0), false
	for _, disk := range b.disks {
		for k := range disk.steps {
			last, some = max(last, k), true
		}
	}
	if some {
		b.complete(last + 1)
	}
}
