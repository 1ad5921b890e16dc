package forecast

import "github.com/foreshock-io/foreshock/timeseries/stl"

// Seasons is the repeating part of a series, continued as it last was.
type Seasons struct {
	cycles [][]float64 // one for each period
	next   []int       // phase of the step that comes next
}

// Deseason takes the seasons out of s by STL (several: MSTL). What it gives is the caller's own.
func Deseason(s Series) (rest []float64, seasons Seasons, err error) {
	n := len(s.Values)
	rest = append(rest, s.Values...)
	var periods []int
	for _, p := range s.Periods {
		if p > 1 && n > 2*p {
			periods = append(periods, p)
		}
	}
	if periods == nil {
		return rest, seasons, nil
	}
	r, err := stl.DecomposeMulti(rest, stl.MultiConfig{Periods: periods, Base: stl.Config{Robust: true, Outer: 3}})
	if err != nil {
		return nil, seasons, err
	}
	for k, seasonal := range r.Seasonal {
		for i := range rest {
			rest[i] -= seasonal[i]
		}
		seasons.cycles = append(seasons.cycles, append([]float64(nil), seasonal[n-r.Periods[k]:]...))
	}
	seasons.next = make([]int, len(r.Periods))
	return rest, seasons, nil
}

// Ahead is what the seasons add k steps after the last; 0 is the next one.
func (s *Seasons) Ahead(k int) (sum float64) {
	for i, cycle := range s.cycles {
		sum += cycle[(s.next[i]+k)%len(cycle)]
	}
	return sum
}

// Step goes on by a step.
func (s *Seasons) Step() {
	for i, cycle := range s.cycles {
		s.next[i] = (s.next[i] + 1) % len(cycle)
	}
}
