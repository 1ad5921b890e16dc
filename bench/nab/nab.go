// Package nab scores detectors as the Numenta Anomaly Benchmark does (Lavin and Ahmad 2015, "Evaluating real-time anomaly detection
// algorithms", arXiv:1510.03336; rules of version 1.1).
//
// A row is detected when its score is at least a threshold, one for all files. The first 15 % of a file's rows, at most 750, do not
// count. In a labelled window only the detected row with the most gain counts, which is the earliest:
//
//	A_TP · σ(y) / σ(-1)    y = -(last - i + 1) / width
//	-A_FN                  for a window in which no row is detected
//
// Every detected row outside costs
//
//	A_FP · σ(y)            y = (i - last) / (width - 1), by the window before it; -A_FP where there is none
//
// with σ(y) = 2 / (1 + e^5y) - 1, and -1 for y > 3. The sum is scaled so that a detector that detects nothing has 0 and one that
// detects the first row of every window, and nothing else, 100.
package nab

import (
	"math"
	"slices"
)

// Profile is what hits, false rows and misses are worth.
type Profile struct {
	Name       string
	TP, FP, FN float64
}

// Profiles are the benchmark's three.
var Profiles = [3]Profile{{"standard", 1, 0.11, 1}, {"low FP", 1, 0.22, 1}, {"low FN", 1, 0.11, 2}}

// Window is a labelled span of rows, both ends included.
type Window struct{ First, Last int }

// Scored is a file's rows with the scores that a detector gave them, as far as they count.
type Scored struct {
	windows int   // of the file
	live    []int // those with a row that counts
	rows    []row
}

type row struct {
	score  float64
	window int     // -1 outside
	gain   float64 // for one hit, or per false row
}

func sigma(y float64) float64 {
	if y > 3 {
		return -1
	}
	return 2/(1+math.Exp(5*y)) - 1
}

// Judge takes a file's windows, in order, and one score for each of its rows.
func Judge(windows []Window, scores []float64) Scored {
	n := len(scores)
	inside, gain := make([]int, n), make([]float64, n)
	for i := range scores {
		inside[i], gain[i] = -1, -1
	}
	for k, w := range windows {
		width := float64(w.Last - w.First + 1)
		for i := w.First; i <= w.Last; i++ {
			inside[i], gain[i] = k, sigma(-float64(w.Last-i+1)/width)/sigma(-1)
		}
		stop := n
		if k+1 < len(windows) {
			stop = windows[k+1].First
		}
		for i := w.Last + 1; i < stop; i++ {
			gain[i] = sigma(float64(i-w.Last) / (width - 1))
		}
	}
	s := Scored{windows: len(windows)}
	for i := Probation(n); i < n; i++ {
		s.rows = append(s.rows, row{scores[i], inside[i], gain[i]})
		if k := inside[i]; k >= 0 && (len(s.live) == 0 || s.live[len(s.live)-1] != k) {
			s.live = append(s.live, k)
		}
	}
	return s
}

// Probation is how many rows at the beginning of a file of n do not count.
func Probation(n int) int { return min(int(0.15*float64(n)), 750) }

// Result is what files come to at a threshold.
type Result struct {
	Threshold      float64 // 0 when the files have different ones
	Score          float64 // 0 for nothing detected, 100 for perfect; NaN without windows
	Raw            float64
	Found, Windows int
	FalseRows      int
}

// At scores files at a threshold.
func At(files []Scored, p Profile, threshold float64) Result {
	r := AtEach(files, p, slices.Repeat([]float64{threshold}, len(files)))
	r.Threshold = threshold
	return r
}

// AtEach scores files at a threshold for each.
func AtEach(files []Scored, p Profile, thresholds []float64) Result {
	var r Result
	for k, f := range files {
		best := map[int]float64{}
		for _, w := range f.live {
			best[w] = -p.FN
		}
		for _, s := range f.rows {
			switch {
			case s.score < thresholds[k]:
			case s.window < 0:
				r.Raw += p.FP * s.gain
				r.FalseRows++
			default:
				best[s.window] = max(best[s.window], p.TP*s.gain)
			}
		}
		sum := 0.0
		for _, w := range f.live {
			sum += best[w]
			r.Windows++
			if best[w] > -p.FN {
				r.Found++
			}
		}
		r.Raw += sum
	}
	r.Score = normalized(files, p, r.Raw)
	return r
}

func normalized(files []Scored, p Profile, raw float64) float64 {
	live, all := 0, 0
	for _, f := range files {
		live, all = live+len(f.live), all+f.windows
	}
	none, perfect := -p.FN*float64(live), p.TP*float64(all)
	if none == perfect {
		return math.NaN()
	}
	return 100 * (raw - none) / (perfect - none)
}

// Best is the threshold with the highest score over the files, as the benchmark chooses it: by the labels.
func Best(files []Scored, p Profile) float64 {
	type place struct{ file, window int }
	type ranked struct {
		row
		file int
	}
	var rows []ranked
	best := map[place]float64{}
	hits, misses := 0.0, 0.0
	for k, f := range files {
		for _, w := range f.live {
			best[place{k, w}] = -p.FN
			hits -= p.FN
		}
		for _, s := range f.rows {
			rows = append(rows, ranked{s, k})
		}
	}
	slices.SortStableFunc(rows, func(a, b ranked) int {
		switch {
		case a.score > b.score:
			return -1
		case a.score < b.score:
			return 1
		}
		return 0
	})
	const nothing = 1.1 // above every score
	level, raw := nothing, hits
	for i, s := range rows {
		at := place{s.file, s.window}
		switch {
		case s.window < 0:
			misses += p.FP * s.gain
		case p.TP*s.gain > best[at]:
			hits += p.TP*s.gain - best[at]
			best[at] = p.TP * s.gain
		}
		if last := i+1 == len(rows) || rows[i+1].score != s.score; last && hits+misses > raw {
			level, raw = s.score, hits+misses
		}
	}
	return level
}
