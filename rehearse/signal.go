package rehearse

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/foreshock-io/foreshock/timeseries/forest"
)

// signals are what rules look at.
type signals struct {
	names     []string
	multiples []float64
	recent    []int // minutes looked back
	scarce    bool  // changes are: the signals are of what a change must last for
	plans     int   // where the rules that plan begin
	held      int   // how many of the first are tried held as well, where changes are free
	base      int   // how many there are that are not held; those that are follow them
	every     int   // minutes between readings
}

// seasonalNames are the signals of the same time on earlier days, the first of none; scarceDays are how many such days are looked at where changes are scarce.
var (
	seasonalNames = [...]string{"", "yesterday", "yesterday, 10 min more", "the median day", "the median day and yesterday", "a week ago and the median day", "the highest day", "a week ago and yesterday"}
	scarceDays    = [...]int{1, 3, 7}
)

func signalsFor(t Terms) signals {
	s := signals{every: 1, recent: []int{1, 3, 6, 12, 30, 60}}
	lowest, highest := 0.9, 4.0
	if t.Spacing > 0 {
		s.scarce, s.every, s.recent = true, 5, []int{60, 6 * 60, day}
		lowest, highest = 0.4, 2.5
	}
	for m := lowest; m < highest; m *= 1.1 {
		s.multiples = append(s.multiples, m)
	}
	for _, n := range s.recent {
		s.names = s.nameRecent(n)
	}
	s.plans = len(s.names)
	if s.scarce {
		for _, o := range outlooks {
			s.names = append(s.names, o.name())
		}
	}
	s.names = append(s.names, toldSignals[:]...)
	s.held = len(s.names)
	for _, name := range forestNames {
		s.names = append(s.names, s.viewNames(name)...)
	}
	if s.base = len(s.names); !s.scarce {
		for _, name := range s.names[:s.held] {
			s.names = append(s.names, fmt.Sprintf("%s, held for %d min", name, hold))
		}
	}
	return s
}

// mostMultiples is how many there are at most where changes are free.
const mostMultiples = 16

// hold is for how long, in minutes, the rules that hold keep the highest that they wanted.
const hold = 20

// nameRecent are the names with those of the signals that look back n minutes.
func (s *signals) nameRecent(n int) []string {
	last := fmt.Sprintf("the highest of the last %d min", n)
	names := s.names
	if !s.scarce {
		for _, season := range seasonalNames {
			names = append(names, strings.TrimSuffix(last+" or "+season, " or "))
		}
		return names
	}
	names = append(names, fmt.Sprintf("the best for the last %d min", n))
	for _, d := range scarceDays {
		names = append(names, fmt.Sprintf("the best for these hours of %s, at least of the last %d min", lately(d), n))
	}
	return names
}

// lately names the last days.
func lately(days int) string {
	if days == 1 {
		return "yesterday"
	}
	return fmt.Sprintf("the last %d days", days)
}

// read gives the signals now, in the order of their names.
func (s *signals) read(r *Rehearsal) []float64 {
	out := make([]float64, 0, len(s.names))
	if s.scarce {
		out = s.readScarce(r, out)
		if r.past.n%r.slot() < s.every || r.planner.lowest == 0 { // a slot has begun since the last reading
			r.planner.renew(r)
		}
		for _, p := range r.planner.plans {
			out = append(out, p.wish)
		}
	} else {
		out = s.readFree(r, out)
	}
	out = append(out, r.readTold()...)
	return s.views(r, out)
}

func (s *signals) readFree(r *Rehearsal, out []float64) []float64 {
	from, to := r.horizon()
	i := r.past.n - 1
	window := func(days, more int) float64 { return r.past.highest(i-days*day+1, i-days*day+to+more) }
	days := make([]float64, 0, 7)
	for d := 1; d <= 7; d++ {
		if i-d*day+from >= 0 {
			days = append(days, window(d, 2))
		}
	}
	var median, most float64
	if len(days) > 0 {
		slices.Sort(days)
		median, most = days[len(days)/2], days[len(days)-1]
	}
	yesterday, week := window(1, 0), window(7, 2)
	seasons := [len(seasonalNames)]float64{
		0, yesterday, window(1, 10), median, max(median, yesterday), max(week, median), most, max(week, yesterday),
	}
	for _, n := range s.recent {
		last := r.past.highest(i-n+1, i)
		for _, season := range seasons {
			out = append(out, max(last, season))
		}
	}
	return out
}

func (s *signals) readScarce(r *Rehearsal, out []float64) []float64 {
	from, to := r.horizon()
	i := r.past.n - 1
	var best [len(scarceDays)]float64
	for k, days := range scarceDays {
		r.points = r.points[:0]
		for d := 1; d <= days; d++ {
			for j := i - d*day + from; j <= i-d*day+to; j += 10 {
				if j >= max(0, r.past.n-kept) {
					r.points = append(r.points, forest.Point{Value: r.past.at(j), Weight: 1})
				}
			}
		}
		best[k] = r.best(r.points)
	}
	for _, n := range s.recent {
		last := r.best(r.window(i-n+1, i))
		out = append(out, last)
		for _, b := range best {
			out = append(out, max(last, b))
		}
	}
	return out
}

// window is the distribution of the minutes from to to, at most 60 of them.
func (r *Rehearsal) window(from, to int) []forest.Point {
	r.points = r.points[:0]
	from = max(from, 0)
	for j := to; j >= from; j -= max(1, (to-from+1)/60) {
		r.points = append(r.points, forest.Point{Value: r.past.at(j), Weight: 1})
	}
	return r.points
}

// level is what of a distribution lies above the level before it and at or below this one.
type level struct{ weight, sum, most float64 }

const mostLevels = 512

// best is the amount that costs least for a distribution of what is needed: amount + late × the mean of what is needed above it.
// It is the newsvendor's problem with lateness priced by all that is late, solved on the multiples that the target has.
func (r *Rehearsal) best(d []forest.Point) float64 {
	var most, weight float64
	for _, p := range d {
		most, weight = max(most, p.Value), weight+p.Weight
	}
	if most == 0 {
		return 0
	}
	width := r.width(most)
	n := int(math.Ceil(most/width)) + 1
	r.levels = slices.Grow(r.levels[:0], n)[:n]
	clear(r.levels)
	for _, p := range d {
		l := &r.levels[int(math.Ceil(p.Value/width))]
		l.weight, l.sum, l.most = l.weight+p.Weight, l.sum+p.Weight*p.Value, max(l.most, p.Value)
	}
	amount, least, above := most, math.Inf(1), 0.0
	for i := n - 1; i >= 0; i-- {
		if l := &r.levels[i]; l.weight > 0 {
			if c := r.terms.fit(l.most) + r.terms.Late*above/weight; c < least {
				least, amount = c, l.most
			}
			above += l.sum
		}
	}
	return amount
}

// width is that of the amounts that are told apart up to most.
func (r *Rehearsal) width(most float64) float64 { return max(r.terms.Quantum, most/mostLevels) }
