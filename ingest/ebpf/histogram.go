package ebpf

import (
	"math"
	"math/bits"
	"time"
)

// The histogram's shape; bpf/block.bpf.c has the same numbers.
const (
	subBits = 3  // 2^3 equal parts per octave
	minExp  = 8  // below 2^8 ns = 256 ns there is one bucket
	maxExp  = 40 // from 2^40 ns = 1100 s on there is one bucket

	// Buckets is how many buckets a Histogram has.
	Buckets = (maxExp - minExp) << subBits
)

// RelativeError is how far a percentile can be from a latency that was really measured, as a share of it,
// between 256 ns and 1100 s: a bucket is at most 1/8 wider than it is long from zero, and answers for all
// of it with its geometric middle, sqrt(9/8).
const RelativeError = 0.0607

// Histogram counts latencies in buckets that are narrow where latencies are short: eight equal parts per
// octave of nanoseconds. The zero value is empty. Not safe for concurrent use.
type Histogram [Buckets]uint64

// Add counts one latency.
func (h *Histogram) Add(d time.Duration) { h[bucketOf(uint64(max(d, 0)))]++ }

// Merge adds what other counted.
func (h *Histogram) Merge(other *Histogram) {
	for i, n := range other {
		h[i] += n
	}
}

// Count is the number of latencies.
func (h *Histogram) Count() uint64 {
	var total uint64
	for _, n := range h {
		total += n
	}
	return total
}

// Quantile is the latency in seconds below or at which the share q (0-1) of all latencies lies: the nearest
// rank, within RelativeError. It is NaN when nothing was counted.
func (h *Histogram) Quantile(q float64) float64 {
	total := h.Count()
	if total == 0 || math.IsNaN(q) {
		return math.NaN()
	}
	rank := uint64(math.Ceil(min(max(q, 0), 1) * float64(total)))
	rank = min(max(rank, 1), total)
	var below uint64
	for i, n := range h {
		if below += n; below >= rank {
			return middle(i)
		}
	}
	return middle(Buckets - 1)
}

// Bounds gives the latencies that bucket i counts: lower ≤ latency < upper. The first bucket also has all
// that are shorter, the last all that are longer.
func Bounds(i int) (lower, upper time.Duration) {
	exp, part := minExp+i>>subBits, i&(1<<subBits-1)
	width := time.Duration(1) << (exp - subBits)
	lower = time.Duration(1)<<exp + time.Duration(part)*width
	return lower, lower + width
}

func middle(i int) float64 {
	lower, upper := Bounds(i)
	return math.Sqrt(lower.Seconds() * upper.Seconds())
}

func bucketOf(ns uint64) int {
	switch {
	case ns>>minExp == 0:
		return 0
	case ns>>maxExp != 0:
		return Buckets - 1
	}
	exp := bits.Len64(ns) - 1
	part := ns >> (exp - subBits) & (1<<subBits - 1)
	return (exp-minExp)<<subBits + int(part)
}
