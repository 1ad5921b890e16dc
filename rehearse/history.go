package rehearse

import (
	"math"
	"slices"
)

const (
	kept  = 21 * day // minutes
	block = 60       // minutes to a sum
)

// history is the last minutes of one demand, in rings by minute that grow to what is kept. Minutes are counted from the first that was seen.
type history struct {
	n     int       // minutes seen
	need  []float32 // capacity that was needed
	score []float32 // anomaly score
	apart []deviations
	marks []mark
	sum   float64               // of all needs
	sums  [kept / block]float64 // of those before a block
}

// deviations are those of a [Need], of latency and of size, in 127ths.
type deviations [2]int8

// take keeps of each the one that is further from what is expected.
func (d *deviations) take(n *Need) {
	for m, x := range [len(d)]float64{n.Latency, n.Size} {
		if x = math.Round(127 * max(-1, min(1, x))); math.Abs(x) > math.Abs(float64(d[m])) { // not NaN
			d[m] = int8(x)
		}
	}
}

// mark is what is known of a minute.
type mark uint8

const (
	known mark = 1 << iota // it was read
	told                   // and is no guess
)

func (h *history) clone() history {
	c := *h
	c.need, c.score, c.apart, c.marks = slices.Clone(h.need), slices.Clone(h.score), slices.Clone(h.apart), slices.Clone(h.marks)
	return c
}

// add appends a minute; where nothing was read the need stays as it was.
func (h *history) add(m minute) {
	need, of := float32(min(m.need, math.MaxFloat32)), known|told
	if !m.known {
		need, of = float32(h.at(h.n-1)), 0
	}
	if m.hidden {
		need, of = max(need, float32(h.beyond(m.need))), of&^told
	}
	h.push(need, float32(min(m.score, math.MaxFloat32)), m.apart, of)
}

func (h *history) push(need, score float32, apart deviations, of mark) {
	if h.n%block == 0 {
		h.sums[h.n%kept/block] = h.sum
	}
	h.sum += float64(need)
	put(&h.need, h.n, need)
	put(&h.score, h.n, score)
	put(&h.apart, h.n, apart)
	put(&h.marks, h.n, of)
	h.n++
}

// put sets minute n of a ring, which grows a day at a time.
func put[T any](ring *[]T, n int, x T) {
	if at := n % kept; at < len(*ring) {
		(*ring)[at] = x
		return
	}
	if n == cap(*ring) {
		longer := make([]T, n, n+day)
		copy(longer, *ring)
		*ring = longer
	}
	*ring = append(*ring, x)
}

// needs are those of the minutes from from to to, inclusive, as far as they are kept, in two parts.
func (h *history) needs(from, to int) (parts [2][]float32) {
	from, to = max(from, 0, h.n-kept), min(to, h.n-1)
	if to < from {
		return parts
	}
	a, b := from%kept, to%kept
	if a <= b {
		return [2][]float32{h.need[a : b+1]}
	}
	return [2][]float32{h.need[a:], h.need[:b+1]}
}

func (h *history) has(i int) bool { return i >= 0 && i >= h.n-kept && i < h.n }

// at is the need of minute i; 0 where it is not kept.
func (h *history) at(i int) float64 {
	if !h.has(i) {
		return 0
	}
	return float64(h.need[i%kept])
}

// is says whether minute i, which is kept, has a mark.
func (h *history) is(i int, m mark) bool { return h.marks[i%kept]&m != 0 }

func (h *history) scoreAt(i int) float64 {
	if !h.has(i) {
		return 0
	}
	return float64(h.score[i%kept])
}

func (h *history) deviationsAt(i int) (d deviations) {
	if h.has(i) {
		d = h.apart[i%kept]
	}
	return d
}

// anomalousHour is the highest anomaly score of the hour up to minute i.
func (h *history) anomalousHour(i int) float64 {
	var most float32
	for k := max(i-anHour+1, 0, h.n-kept); k <= min(i, h.n-1); k++ {
		most = max(most, h.score[k%kept])
	}
	return float64(most)
}

// deviationLately is how large a deviation was at the most in the quarter of an hour up to minute i.
func (h *history) deviationLately(m, i int) float64 {
	most := 0
	for k := max(i-wide+1, 0, h.n-kept); k <= min(i, h.n-1); k++ {
		x := int(h.apart[k%kept][m])
		most = max(most, x, -x)
	}
	return float64(most)
}

// upTo is the sum of the needs up to minute i, but for a constant.
func (h *history) upTo(i int) float64 {
	if !h.has(i) {
		return 0
	}
	sum := h.sums[i%kept/block]
	for _, part := range h.needs(i-i%block, i) {
		for _, x := range part {
			sum += float64(x)
		}
	}
	return sum
}

// oldest is the first minute of the first block that is whole.
func (h *history) oldest() int {
	if h.n <= kept {
		return 0
	}
	return (h.n - kept + block - 1) / block * block
}

// startAt makes an empty history go on with minute n, which is the first of a block, and with the sum of the needs before it.
func (h *history) startAt(n int, sum float64) {
	h.n, h.sum = n, sum
	if n > 0 {
		h.need, h.score, h.apart, h.marks = make([]float32, kept), make([]float32, kept), make([]deviations, kept), make([]mark, kept)
	}
}

// mean is that of the minutes from to to, inclusive, as far as they are kept.
func (h *history) mean(from, to int) float64 {
	from, to = max(from, 0), min(to, h.n-1)
	if first := h.oldest(); first > 0 {
		from = max(from, first+1) // the sum up to first can be told
	}
	if to < from {
		return 0
	}
	return (h.upTo(to) - h.upTo(from-1)) / float64(to-from+1)
}

// highest is the highest need of the minutes from to to, inclusive.
func (h *history) highest(from, to int) float64 {
	var most float32
	for _, part := range h.needs(from, to) {
		for _, x := range part {
			if x > most { // none is NaN, which max would look for
				most = x
			}
		}
	}
	return float64(most)
}

// few, peak, hour and hours are the highest needs of so many minutes up to i; 0 where minute i is not kept.
func (h *history) few(i int) float64   { return h.upToMinute(i, fewMinutes) }
func (h *history) peak(i int) float64  { return h.upToMinute(i, wide) }
func (h *history) hour(i int) float64  { return h.upToMinute(i, anHour) }
func (h *history) hours(i int) float64 { return h.upToMinute(i, someHours) }

func (h *history) upToMinute(i, n int) float64 {
	if !h.has(i) {
		return 0
	}
	return h.highest(i-n+1, i)
}

// beyond is what is to be expected of a need of which only is known that it is above x: the mean of those above x about the same time on
// earlier days, of all there are where that are too few, x where there is none.
func (h *history) beyond(x float64) float64 {
	var all, near tally
	for i := max(0, h.n-kept); i < h.n; i++ {
		if need := float64(h.need[i%kept]); need > x && h.is(i, told) {
			all.add(need)
			if apart := (h.n - i + aboutWhen) % day; apart <= 2*aboutWhen {
				near.add(need)
			}
		}
	}
	switch {
	case near.n >= enough:
		return near.sum / near.n
	case all.n > 0:
		return all.sum / all.n
	}
	return x
}

const (
	aboutWhen = 30 // minutes to each side that are about the same time
	enough    = 15 // minutes
)

type tally struct{ n, sum float64 }

func (t *tally) add(x float64) { t.n, t.sum = t.n+1, t.sum+x }
