package ebpf

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// ErrUnsupported is what Open gives where block requests cannot be traced; the text says why and what would
// help. Nothing is left behind in the kernel.
var ErrUnsupported = errors.New("block requests cannot be traced")

const defaultMemory = 64 << 20

// Options says how much to trace. The zero value works.
type Options struct {
	Cgroups   bool // one series per cgroup instead of one for all
	MaxMemory int  // bytes that the series may take in the kernel; default 64 MiB
}

// Device is a block device's number.
type Device struct{ Major, Minor uint32 }

func (d Device) String() string { return fmt.Sprintf("%d:%d", d.Major, d.Minor) }

// Direction is the direction of a request.
type Direction uint8

// The directions. Flushes, discards and commands of drivers are not measured.
const (
	Read Direction = iota
	Write
)

func (d Direction) String() string {
	if d == Write {
		return "write"
	}
	return "read"
}

// Key names a series.
type Key struct {
	Device    Device // the whole disk; partitions count for their disk
	Cgroup    uint64 // inode of the cgroup's folder; 0 unless Options.Cgroups
	Direction Direction
}

// Delta is what one series gained since the last reading.
type Delta struct {
	Key

	// Latency holds each completed request from its creation to its completion: the time that
	// /proc/diskstats sums up, waiting in the I/O scheduler included.
	Latency    Histogram
	LatencySum time.Duration // exact
	WaitSum    time.Duration // the part of LatencySum before the driver got the request
	Ops        uint64        // completed requests; Latency.Count()
	Bytes      uint64
	Errors     uint64 // completed with an error
	InFlight   uint64 // given to the driver and not completed, at the time of the reading
}

// Mean is the mean latency in seconds, NaN without requests.
func (d *Delta) Mean() float64 {
	if d.Ops == 0 {
		return math.NaN()
	}
	return d.LatencySum.Seconds() / float64(d.Ops)
}

// Merge adds what other gained: another direction or cgroup of the same device. The key stays.
func (d *Delta) Merge(other *Delta) {
	d.Latency.Merge(&other.Latency)
	d.LatencySum += other.LatencySum
	d.WaitSum += other.WaitSum
	d.Ops += other.Ops
	d.Bytes += other.Bytes
	d.Errors += other.Errors
	d.InFlight += other.InFlight
}

// Reading is what all series gained since the last reading; series without change are left out.
type Reading struct {
	Deltas []Delta
	// Unmeasured requests are in no series: there was no room for a further one (raise Options.MaxMemory), or
	// their completion came in the middle of another one's.
	Unmeasured uint64
	// Untracked requests were measured, but are missing in InFlight and WaitSum.
	Untracked uint64
}

// counters is one series summed over the CPUs since tracing began.
type counters struct {
	latency, wait, bytes, errors uint64
	inFlight                     int64
	// The kernel counts in 32 bits to halve its memory. They may wrap: differences modulo 2^32 stay right
	// for up to four billion requests between two readings.
	buckets [Buckets]uint32
}

// since gives what c gained over an earlier reading, and whether there is anything to tell.
func (c *counters) since(last *counters) (Delta, bool) {
	d := Delta{
		LatencySum: time.Duration(c.latency - last.latency),
		WaitSum:    time.Duration(c.wait - last.wait),
		Bytes:      c.bytes - last.bytes,
		Errors:     c.errors - last.errors,
		// The copies of the CPUs are not read at one instant: a request that ends on another CPU than it
		// began on can be seen ending first.
		InFlight: uint64(max(c.inFlight, 0)),
	}
	for i := range c.buckets {
		n := uint64(c.buckets[i] - last.buckets[i])
		d.Latency[i] = n
		d.Ops += n
	}
	return d, d.Ops+d.Bytes+d.Errors+d.InFlight > 0
}
