// Package events scores detectors on machines with labelled events: how many are found while false alarms fill no more than so many
// hours a day, and VUS-PR.
//
// # Events found
//
// An event is found when a row in it, or at most Late rows after it, has at least the threshold. An hour is a false alarm when such a row is
// in it and no event is near, however many rows there are. The threshold is the lowest that keeps to a budget of hours per machine and
// day, over all machines together.
//
// # VUS-PR
//
// The volume under the surface of range precision and recall (Paparrizos, Boniol, Palpanas, Tsay, Elmore, Franklin 2022, "Volume under the
// surface: a new accuracy evaluation measure for time-series anomaly detection", PVLDB 15(11)): the area under precision over recall, the mean over
// reaches l of 0 to 20 rows, by which events are extended with labels √(1 - k/l) at k ≤ l/2 rows from them. Recall is multiplied by the share of
// events that were touched. A constant score has about the labelled share of rows.
//
// There is no point-adjusted F1 here: it takes all rows of an event as found once one is, so uniform noise comes close to published
// models (Kim, Choi, Choi, Lee, Yoon 2022, "Towards a rigorous evaluation of time-series anomaly detection", AAAI).
package events

import (
	"math"
	"slices"
)

// Rows before and after an event in which an alarm is not false.
const (
	Early = 5
	Late  = 15
)

const (
	rowsPerHour = 60 // rows are minutes
	rowsPerDay  = 24 * rowsPerHour
)

// Span is a run of rows, both ends included.
type Span struct{ First, Last int }

func spans(flags []bool) (list []Span) {
	for i, on := range flags {
		switch {
		case on && i > 0 && flags[i-1]:
			list[len(list)-1].Last = i
		case on:
			list = append(list, Span{i, i})
		}
	}
	return list
}

// Scored is a machine's rows that count, with the scores that a detector gave them.
type Scored struct {
	Days   float64 // that were tested
	Events []Span  // in the rows that count
	scores []float64
	truth  []bool
	near   []bool
	hours  []int
}

// Judge takes a machine's labels, and one score for each row. Rows of the training part and of labelled spans that are no
// events (a repetition, say) do not count.
func Judge(m *Machine, scores []float64, which Kind) Scored {
	var truth, keep []bool
	var tested []float64
	for i, l := range m.Labels {
		if !l.Test {
			continue
		}
		hit := l.is(which)
		truth, keep, tested = append(truth, hit), append(keep, hit || !l.Any), append(tested, scores[i])
	}
	near := around(truth)
	s := Scored{Days: float64(len(truth)) / rowsPerDay}
	for i, yes := range keep {
		if yes {
			s.scores, s.truth = append(s.scores, tested[i]), append(s.truth, truth[i])
			s.near, s.hours = append(s.near, near[i]), append(s.hours, i/rowsPerHour)
		}
	}
	s.Events = spans(s.truth)
	return s
}

// Near says of each row whether an alarm there belongs to an event.
func (m *Machine) Near(which Kind) []bool {
	truth := make([]bool, len(m.Labels))
	for i, l := range m.Labels {
		truth[i] = l.is(which)
	}
	return around(truth)
}

func around(truth []bool) []bool {
	near := make([]bool, len(truth))
	for _, e := range spans(truth) {
		for i := max(0, e.First-Early); i < min(len(near), e.Last+Late+1); i++ {
			near[i] = true
		}
	}
	return near
}

// Share is that of rows in events, about the VUS-PR of a constant score.
func (s *Scored) Share() float64 {
	n := 0
	for _, e := range s.Events {
		n += e.Last - e.First + 1
	}
	return float64(n) / float64(len(s.truth))
}

// Threshold is the lowest at which false alarms fill at most so many hours per machine and day.
func Threshold(machines []Scored, hoursPerDay float64) float64 {
	var peaks []float64 // highest score of each hour with no event near
	days := 0.0
	for i := range machines {
		m := &machines[i]
		days += m.Days
		byHour := map[int]float64{}
		for k, x := range m.scores {
			if peak, ok := byHour[m.hours[k]]; !m.near[k] && (!ok || x > peak) {
				byHour[m.hours[k]] = x
			}
		}
		for _, peak := range byHour {
			peaks = append(peaks, peak)
		}
	}
	allowed := int(hoursPerDay * days)
	if len(peaks) <= allowed {
		return 0
	}
	slices.Sort(peaks)
	return math.Nextafter(peaks[len(peaks)-1-allowed], 2)
}

// Result is what machines come to at a threshold.
type Result struct {
	Found, Events int
	Delay         int     // rows from the beginning of an event to the first row found, the median; -1 when none was found
	HoursPerDay   float64 // of false alarms, per machine
}

// Recall is the share of events found.
func (r Result) Recall() float64 { return float64(r.Found) / float64(max(1, r.Events)) }

// At scores machines at a threshold.
func At(machines []Scored, threshold float64) Result {
	return AtEach(machines, slices.Repeat([]float64{threshold}, len(machines)))
}

// AtEach scores machines at a threshold for each.
func AtEach(machines []Scored, thresholds []float64) Result {
	r := Result{Delay: -1}
	var delays []int
	hours, days := 0, 0.0
	for i := range machines {
		m, threshold := &machines[i], thresholds[i]
		days += m.Days
		for _, e := range m.Events {
			r.Events++
			if at := m.first(e, threshold); at >= 0 {
				r.Found++
				delays = append(delays, at-e.First)
			}
		}
		bad := map[int]bool{}
		for k, x := range m.scores {
			if x >= threshold && !m.truth[k] && !m.near[k] {
				bad[m.hours[k]] = true
			}
		}
		hours += len(bad)
	}
	if slices.Sort(delays); len(delays) > 0 {
		r.Delay = delays[len(delays)/2]
	}
	r.HoursPerDay = float64(hours) / days
	return r
}

// first is the row at which an event is found, or -1.
func (s *Scored) first(e Span, threshold float64) int {
	for i := e.First; i < min(len(s.scores), e.Last+1+Late); i++ {
		if s.scores[i] >= threshold && (i <= e.Last || !s.truth[i]) {
			return i
		}
	}
	return -1
}
