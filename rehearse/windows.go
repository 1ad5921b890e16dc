package rehearse

import "math"

// memory is what features look at: a [history], or [windows] of one.
type memory interface {
	at(i int) float64
	scoreAt(i int) float64
	mean(from, to int) float64
	few(i int) float64
	peak(i int) float64
	hour(i int) float64
	hours(i int) float64
	anomalousHour(i int) float64
	deviationsAt(i int) deviations
	deviationLately(m, i int) float64
}

// lengths of windows, in minutes; each is at most a multiple of the one before it
const (
	fewMinutes = 5
	wide       = 15 // minutes of a peak
	anHour     = 60
	someHours  = 180
)

// windows are a history's, worked out for all minutes at once: to look at most minutes, that is many times faster than to ask the history. What they say
// is to the bit what it says.
type windows struct {
	first, n                      int // minutes kept: from first to before n
	whole                         int // the first minute up to which the history has a sum
	need, score                   []float32
	fews, peaks, hourly, severals []float32 // highest needs of the minutes up to each
	anomalies                     []float32 // highest scores
	apart                         []deviations
	lately                        [len(deviations{})][]float32 // largest deviations
	sums                          []float64                    // of needs up to each minute, but for a constant
}

func (h *history) windows() *windows {
	w := &windows{first: max(0, h.n-kept), n: h.n, whole: h.oldest()}
	w.need, w.score = unrolled(h.need, w.first, w.n), unrolled(h.score, w.first, w.n)
	w.fews = highestOf(w.need, 1, fewMinutes)
	w.peaks = highestOf(w.fews, fewMinutes, wide)
	w.hourly = highestOf(w.peaks, wide, anHour)
	w.severals = highestOf(w.hourly, anHour, someHours)
	w.anomalies = highestOf(w.score, 1, anHour)
	w.apart = unrolled(h.apart, w.first, w.n)
	for m := range w.lately {
		far := make([]float32, len(w.apart))
		for k := range far {
			far[k] = float32(math.Abs(float64(w.apart[k][m])))
		}
		w.lately[m] = highestOf(far, 1, wide)
	}
	w.sums = make([]float64, len(w.need))
	sum := 0.0
	for i := w.whole; i < w.n; i++ {
		if i%block == 0 {
			sum = h.sums[i%kept/block]
		}
		sum += float64(w.need[i-w.first])
		w.sums[i-w.first] = sum
	}
	return w
}

// unrolled are the minutes from first to before after of a ring.
func unrolled[T any](ring []T, first, after int) []T {
	out := make([]T, after-first)
	if after > first {
		at := first % kept
		copy(out, ring[at:min(len(ring), at+len(out))])
		copy(out[min(len(out), len(ring)-at):], ring)
	}
	return out
}

// highestOf gives the highest of the last wanted, up to each place, where x are the highest of the last so many.
func highestOf(x []float32, last, wanted int) []float32 {
	out := append([]float32(nil), x...)
	for ; last < wanted; last += min(last, wanted-last) {
		back := min(last, wanted-last)
		for i := len(out) - 1; i >= back; i-- {
			if out[i-back] > out[i] {
				out[i] = out[i-back]
			}
		}
	}
	return out
}

// of is the value of minute i; 0 where it is not kept.
func (w *windows) of(x []float32, i int) float64 {
	if k := i - w.first; k >= 0 && k < len(x) {
		return float64(x[k])
	}
	return 0
}

func (w *windows) at(i int) float64            { return w.of(w.need, i) }
func (w *windows) scoreAt(i int) float64       { return w.of(w.score, i) }
func (w *windows) few(i int) float64           { return w.of(w.fews, i) }
func (w *windows) peak(i int) float64          { return w.of(w.peaks, i) }
func (w *windows) hour(i int) float64          { return w.of(w.hourly, i) }
func (w *windows) hours(i int) float64         { return w.of(w.severals, i) }
func (w *windows) anomalousHour(i int) float64 { return w.of(w.anomalies, i) }

func (w *windows) deviationLately(m, i int) float64 { return w.of(w.lately[m], i) }

func (w *windows) deviationsAt(i int) (d deviations) {
	if k := i - w.first; k >= 0 && k < len(w.apart) {
		d = w.apart[k]
	}
	return d
}

func (w *windows) mean(from, to int) float64 {
	from, to = max(from, 0), min(to, w.n-1)
	if w.whole > 0 {
		from = max(from, w.whole+1) // the sum up to the first can be told
	}
	if to < from {
		return 0
	}
	before := 0.0
	if from > 0 {
		before = w.sums[from-1-w.first]
	}
	return (w.sums[to-w.first] - before) / float64(to-from+1)
}
