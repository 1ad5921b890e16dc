package quantile

import (
	"math"
	"slices"
)

// Quantile returns the q-quantile (0 ≤ q ≤ 1) of the readings held, as R's type
// 7: with n readings, the value at position q(n-1), linear between neighbours.
// It is NaN when there are none or q is out of range.
func (w *Window) Quantile(q float64) float64 {
	windows := [1]*Window{w}
	s := count(windows[:])
	return s.quantile(windows[:], q)
}

// Quantiles returns one quantile for each q, as Quantile does but counting the
// readings only once. It uses the storage of dst when that suffices; what dst
// held is overwritten.
func (w *Window) Quantiles(dst []float64, qs ...float64) []float64 {
	windows := [1]*Window{w}
	return Merged(dst, windows[:], qs...)
}

// Merged returns the quantiles of the readings of all windows together, exactly
// as if they were in one. The windows are not changed. dst is as in Quantiles.
func Merged(dst []float64, windows []*Window, qs ...float64) []float64 {
	dst = slices.Grow(dst[:0], len(qs))
	s := count(windows)
	for _, q := range qs {
		dst = append(dst, s.quantile(windows, q))
	}
	return dst
}

// selector finds order statistics of codes by two rounds of counting.
type selector struct {
	n      int
	high   [256]uint32 // codes by high byte
	low    [256]uint32 // codes of one high byte by low byte
	bucket int         // the high byte that low was counted for, -1 for none
}

func count(windows []*Window) selector {
	s := selector{bucket: -1}
	for _, w := range windows {
		s.n += len(w.Ring.Codes)
		for _, c := range w.Ring.Codes {
			s.high[c>>8]++
		}
	}
	return s
}

func (s *selector) quantile(windows []*Window, q float64) float64 {
	if s.n == 0 || !(q >= 0 && q <= 1) {
		return math.NaN()
	}
	position := q * float64(s.n-1)
	rank := int(position)
	lower := Decode(s.at(windows, rank))
	fraction := position - float64(rank)
	if fraction == 0 {
		return lower
	}
	return lower + fraction*(Decode(s.at(windows, rank+1))-lower)
}

// at returns the code of the given rank, 0 being the smallest.
func (s *selector) at(windows []*Window, rank int) Code {
	high, rank := find(&s.high, rank)
	if high != s.bucket {
		s.bucket, s.low = high, [256]uint32{}
		for _, w := range windows {
			for _, c := range w.Ring.Codes {
				if int(c>>8) == high {
					s.low[c&0xff]++
				}
			}
		}
	}
	low, _ := find(&s.low, rank)
	return Code(high<<8 | low)
}

// find returns the bucket that holds the given rank and the rank within it.
func find(counts *[256]uint32, rank int) (bucket, rest int) {
	for i, n := range counts {
		if rank < int(n) {
			return i, rank
		}
		rank -= int(n)
	}
	return len(counts) - 1, rank
}
