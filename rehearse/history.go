package rehearse

import "slices"

const (
	kept = 21 * day // minutes
	wide = 15       // minutes of a peak
)

// history is the last minutes of one demand, in rings by minute. Minutes are counted from the first that was seen.
type history struct {
	n     int       // minutes seen
	need  []float32 // capacity that was needed
	most  []float32 // the highest need of the last 15 minutes
	score []float32 // anomaly score
	known []bool    // it was read
	told  []bool    // and is no guess
	rungs []int16   // of need, see [rung]
	sums  []float64 // of needs up to the minute
}

func newHistory() history {
	return history{
		need: make([]float32, kept), most: make([]float32, kept), score: make([]float32, kept), known: make([]bool, kept), told: make([]bool, kept), rungs: make([]int16, kept), sums: make([]float64, kept),
	}
}

func (h *history) clone() history {
	return history{h.n, slices.Clone(h.need), slices.Clone(h.most), slices.Clone(h.score), slices.Clone(h.known), slices.Clone(h.told), slices.Clone(h.rungs), slices.Clone(h.sums)}
}

// add appends a minute; where nothing was read the need stays as it was.
func (h *history) add(m minute) {
	need, i := float32(m.need), h.n%kept
	if !m.known {
		need = float32(h.at(h.n - 1))
	}
	if m.hidden {
		need = max(need, float32(h.beyond(m.need)))
	}
	before := h.sum(h.n - 1)
	h.rungs[i] = int16(rung(float64(need))) //nolint:gosec // logarithms are small
	h.need[i], h.score[i], h.known[i], h.told[i] = need, float32(m.score), m.known, m.known && !m.hidden
	h.n++
	h.most[i] = float32(h.highest(h.n-wide, h.n-1))
	h.sums[i] = before + float64(need)
}

func (h *history) has(i int) bool { return i >= 0 && i >= h.n-kept && i < h.n }

// at is the need of minute i; 0 where it is not kept.
func (h *history) at(i int) float64 {
	if !h.has(i) {
		return 0
	}
	return float64(h.need[i%kept])
}

// rungAt is the rung of the need of minute i.
func (h *history) rungAt(i int) int {
	if !h.has(i) {
		return 0
	}
	return int(h.rungs[i%kept])
}

func (h *history) scoreAt(i int) float64 {
	if !h.has(i) {
		return 0
	}
	return float64(h.score[i%kept])
}

// anomalous is the highest anomaly score of the minutes from to to, inclusive.
func (h *history) anomalous(from, to int) float64 {
	var most float32
	for i := max(from, 0, h.n-kept); i <= min(to, h.n-1); i++ {
		most = max(most, h.score[i%kept])
	}
	return float64(most)
}

// sum is that of the needs up to minute i, but for a constant.
func (h *history) sum(i int) float64 {
	if !h.has(i) {
		return 0
	}
	return h.sums[i%kept]
}

// mean is that of the minutes from to to, inclusive, as far as they are kept.
func (h *history) mean(from, to int) float64 {
	from, to = max(from, 0, h.n-kept+1), min(to, h.n-1)
	if to < from {
		return 0
	}
	return (h.sum(to) - h.sum(from-1)) / float64(to-from+1)
}

// highest is the highest need of the minutes from to to, inclusive.
func (h *history) highest(from, to int) float64 {
	var most float32
	for i := max(from, 0, h.n-kept); i <= min(to, h.n-1); i++ {
		most = max(most, h.need[i%kept])
	}
	return float64(most)
}

// peak is the highest need of the 15 minutes up to i; 0 where that is not kept.
func (h *history) peak(i int) float64 {
	if !h.has(i) {
		return 0
	}
	return float64(h.most[i%kept])
}

// peaks is the highest need of n times 15 minutes up to i.
func (h *history) peaks(i, n int) float64 {
	var most float64
	for k := range n {
		most = max(most, h.peak(i-k*wide))
	}
	return most
}

// beyond is what is to be expected of a need of which only is known that it is above x: the mean of those above x about the same time on
// earlier days, of all there are where that are too few, x where there is none.
func (h *history) beyond(x float64) float64 {
	var all, near tally
	for i := max(0, h.n-kept); i < h.n; i++ {
		if need := float64(h.need[i%kept]); need > x && h.told[i%kept] {
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
