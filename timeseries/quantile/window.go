package quantile

import (
	"errors"
	"fmt"
	"math"
)

// Window holds the last readings of a series and their statistics. The zero
// value holds nothing and has no room, so that Add panics; make one with NewWindow.
type Window struct {
	Ring Ring
	Mu   float64 // running mean; read it with Mean
	M2   float64 // running sum of squared differences from the mean
	Peak float64 // largest M2 since the sums were last computed afresh
}

// NewWindow returns an empty window for capacity readings. It panics when
// capacity is not in 1..MaxCapacity.
func NewWindow(capacity int) Window { return Window{Ring: NewRing(capacity)} }

// Add takes in a reading, dropping the oldest when full, and reports whether it
// did: NaN and negative readings are refused and change nothing.
func (w *Window) Add(x float64) bool {
	c := Encode(x)
	if c == Missing {
		return false
	}
	x = Decode(c)
	old, full := w.Ring.push(c)
	if full {
		w.replace(Decode(old), x)
	} else {
		w.include(x)
	}
	// The sums are exact only up to rounding, relative to the largest they have
	// been. So they are computed afresh once per turn of the ring, and when most
	// of the largest is gone. The latter needs another large reading first, which
	// then stays for Capacity readings: it happens a handful of times per turn.
	if w.M2 > w.Peak {
		w.Peak = w.M2
	}
	if full && (w.Ring.Head == 0 || w.M2 < 1e-6*w.Peak) {
		w.recompute()
	}
	return true
}

// include is Welford's update for one more reading, already counted.
func (w *Window) include(x float64) {
	d := x - w.Mu
	w.Mu += d / float64(w.Count())
	w.M2 += d * (x - w.Mu)
}

// replace is Welford's update for a departure and an arrival at once.
func (w *Window) replace(old, x float64) {
	before := old - w.Mu
	w.Mu += (x - old) / float64(w.Count())
	if w.M2 += (x - old) * (x - w.Mu + before); !(w.M2 > 0) {
		w.M2 = 0
	}
}

func (w *Window) recompute() {
	w.Mu, w.M2 = moments(w.Ring.Codes)
	w.Peak = w.M2
}

// moments returns mean and sum of squared differences. Differences are taken
// from the first value, so that a constant gives exactly itself and 0. None of n
// values is further than √n standard deviations from their mean, so the
// difference of the sums loses no more than a factor of n in relative accuracy.
func moments(codes Codes) (mean, m2 float64) {
	if len(codes) == 0 {
		return 0, 0
	}
	origin, sum, squares := Decode(codes[0]), 0.0, 0.0
	for _, c := range codes {
		d := Decode(c) - origin
		sum += d
		squares += d * d
	}
	sum /= float64(len(codes))
	return origin + sum, max(0, squares-sum*sum*float64(len(codes)))
}

// Count is the number of readings held.
func (w *Window) Count() int { return len(w.Ring.Codes) }

// Mean is the mean of the readings held, NaN when there are none.
func (w *Window) Mean() float64 {
	if w.Count() == 0 {
		return math.NaN()
	}
	return w.Mu
}

// StdDev is the sample standard deviation (n-1) of the readings held: NaN when
// there are none, 0 for a single one.
func (w *Window) StdDev() float64 {
	switch n := w.Count(); n {
	case 0:
		return math.NaN()
	case 1:
		return 0
	default:
		return math.Sqrt(w.M2 / float64(n-1))
	}
}

// Last returns the newest reading, NaN when there is none.
func (w *Window) Last() float64 { return w.Ring.Last() }

// Values returns the readings, oldest first. It uses the storage of dst when that
// suffices; what dst held is overwritten.
func (w *Window) Values(dst []float64) []float64 { return w.Ring.Values(dst) }

// Resize changes the capacity, keeping the newest readings. It panics when
// capacity is not in 1..MaxCapacity.
func (w *Window) Resize(capacity int) {
	w.Ring.Resize(capacity)
	w.recompute()
}

// Valid returns an error that tells what is wrong with a window read from
// outside: sizes, codes, and sums that are not those of the codes. The methods of
// a window that is not valid may panic.
func (w *Window) Valid() error {
	if err := w.Ring.Valid(); err != nil {
		return err
	}
	for i, c := range w.Ring.Codes {
		if c == Missing {
			return fmt.Errorf("quantile: window: code %d is missing", i)
		}
	}
	if !(w.Peak >= w.M2) || math.IsInf(w.Peak, 0) {
		return errors.New("quantile: window: peak is below the sum of squares or not finite")
	}
	// The tolerance is far above rounding and far below what would matter.
	mean, m2 := moments(w.Ring.Codes)
	if spread := math.Sqrt(max(m2, 0)); !(math.Abs(w.Mu-mean) <= 1e-6*(mean+spread)) {
		return fmt.Errorf("quantile: window: mean %g is not that of the codes, %g", w.Mu, mean)
	}
	if !(math.Abs(w.M2-m2) <= 1e-3*m2+1e-9*mean*mean) {
		return fmt.Errorf("quantile: window: sum of squares %g is not that of the codes, %g", w.M2, m2)
	}
	return nil
}
