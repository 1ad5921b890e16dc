package replay

import "github.com/foreshock-io/foreshock/timeseries/quantile"

// latencies counts latencies by their code, so that quantiles are exact but for the code's relative error, and memory does not
// grow with their number. Pages of codes are made as they are needed: those of one step lie close together.
type latencies struct {
	pages [256]*[256]uint32
	count uint64
}

func (l *latencies) add(seconds float64) {
	code := quantile.Encode(seconds)
	page := l.pages[code>>8]
	if page == nil {
		page = new([256]uint32)
		l.pages[code>>8] = page
	}
	page[code&0xff]++
	l.count++
}

// quantile interpolates linearly between order statistics (R's type 7). There must be at least one latency.
func (l *latencies) quantile(q float64) float64 {
	h := float64(l.count-1) * q
	rank := uint64(h)
	below := l.ranked(rank)
	above := below
	if rank+1 < l.count {
		above = l.ranked(rank + 1)
	}
	return below + (h-float64(rank))*(above-below)
}

// ranked is the latency that has so many below it, in order.
func (l *latencies) ranked(rank uint64) float64 {
	for high, page := range l.pages {
		if page == nil {
			continue
		}
		for low, n := range page {
			if rank < uint64(n) {
				return quantile.Decode(quantile.Code(high<<8 | low))
			}
			rank -= uint64(n)
		}
	}
	return 0
}
