package events

import (
	"math"
	"slices"
	"sort"
)

const (
	reach     = 20 // rows, the longest by which events are extended
	reachStep = 2
	levels    = 250 // points of a curve
)

// VUSPR is the volume under the surface of precision and recall of one machine with events.
func (s *Scored) VUSPR() float64 {
	order := make([]int, len(s.scores)) // from the highest score to the lowest
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		switch {
		case s.scores[a] > s.scores[b]:
			return -1
		case s.scores[a] < s.scores[b]:
			return 1
		}
		return 0
	})
	sum, n := 0.0, 0
	for l := 0; l <= reach; l += reachStep {
		sum, n = sum+s.area(l, order), n+1
	}
	return sum / float64(n)
}

// area is that under precision over recall with events extended by a reach.
func (s *Scored) area(reach int, order []int) float64 {
	n := len(order)
	labels, total := s.extended(reach)
	peaks := s.peaks(reach / 2)
	found := make([]float64, n) // labels of the rows from the highest score on
	sum := 0.0
	for i, at := range order {
		sum += labels[at]
		found[i] = sum
	}
	area, last, seen := 0.0, 0.0, -1
	for q := range levels {
		k := int(float64(q*(n-1)) / (levels - 1))
		threshold := s.scores[order[k]]
		for k+1 < n && s.scores[order[k+1]] == threshold { // those with the same score go together
			k++
		}
		if k == seen {
			continue
		}
		seen = k
		touched := float64(len(peaks)-sort.SearchFloat64s(peaks, threshold)) / float64(len(peaks))
		recall := min(1, found[k]/total) * touched
		area += max(0, recall-last) * found[k] / float64(k+1)
		last = max(last, recall)
	}
	return area
}

// extended gives the labels of the rows, and what recall is a share of: the mean of the labels' sum and the rows in events.
func (s *Scored) extended(reach int) (labels []float64, total float64) {
	labels = make([]float64, len(s.truth))
	rows, sum := 0.0, 0.0
	for _, e := range s.Events {
		for i := e.First; i <= e.Last; i++ {
			labels[i] = 1
			rows++
		}
		for k := 1; k <= reach/2; k++ {
			label := math.Sqrt(1 - float64(k)/float64(reach))
			for _, i := range [2]int{e.First - k, e.Last + k} {
				if i >= 0 && i < len(labels) {
					labels[i] = max(labels[i], label)
				}
			}
		}
	}
	for _, x := range labels {
		sum += x
	}
	return labels, (rows + sum) / 2
}

// peaks gives the highest score in and around each event, from the lowest to the highest.
func (s *Scored) peaks(around int) []float64 {
	var peaks []float64
	for _, e := range s.Events {
		peaks = append(peaks, slices.Max(s.scores[max(0, e.First-around):min(len(s.scores), e.Last+around+1)]))
	}
	slices.Sort(peaks)
	return peaks
}
