package surprise

import "math"

const (
	day       = 86400
	dayHours  = 24
	weekHours = 7 * dayHours
	// mondays moves Unix time, whose first day was a Thursday, so that a week begins on a Monday.
	mondays = 3 * day

	seasonGain float64 = 0.15 // how far an hour's mean moves in one cycle
	// alike is how many cycles count for no less than that: those up to 1/seasonGain.
	alike = 6
	// better is how small the mean deviation from the season must be, relative to that from the level, for the season to be used.
	better = 0.2
	cycles = 2 // to be seen before
	// reach is how many hours away a mean may be to explain a reading.
	reach = 2
	// hysteresis: the season in use is left when another, or none, is so much better.
	hysteresis = 1.5
)

// errorAlpha is, of a day and of a week, by how much a second moves the mean distances: their half-life is two cycles.
var errorAlpha = [2]float64{math.Ln2 / (2 * day), math.Ln2 / (2 * 7 * day)}

// mean is an exponentially weighted mean whose weights sum to Weight; see package ewma.
type mean struct{ Mean, Weight float64 }

func (m *mean) update(alpha, x float64) {
	m.Weight += alpha * (1 - m.Weight)
	m.Mean += alpha / m.Weight * (x - m.Mean)
}

// updateWithin takes in x cut off at a distance of limit.
func (m *mean) updateWithin(alpha, x, limit float64) {
	if m.Weight > 0 {
		x = m.Mean + clip(x-m.Mean, limit)
	}
	m.update(alpha, x)
}

func clip(x, limit float64) float64 {
	switch { // min and max take longer
	case x > limit:
		return limit
	case x < -limit:
		return -limit
	}
	return x
}

// Season is the mean of each hour of a day or a week, kept as readings come: seasonal and trend of a
// decomposition in which exponential weights take the place of loess. The zero value is none.
type Season struct {
	Table  []float32 // by hour; NaN until it was seen
	Start  int64     // when the first reading was made
	Level  mean      // of the remainder
	Error  mean      // mean distance of the remainder from its level
	Raw    float64   // mean distance of readings from theirs, with the same weights
	Within int32     // readings in this hour, in the first cycle
	Known  int32     // readings with a remainder
	// Hour is the hour of the newest reading, plus 1, or 0. Its mean is Here until the hour is over, not in the table, and those around it are from Least to
	// Most: what a step needs lies together.
	Hour              int32
	Here, Least, Most float32
}

func newSeason(hours int) *Season {
	s := &Season{Table: make([]float32, hours)}
	for i := range s.Table {
		s.Table[i] = float32(math.NaN())
	}
	return s
}

// hours says in which hour of a day and of a week a time is, from the Thursday on with which Unix time begins.
func hours(second int64) [2]int {
	hour := second / 3600 % weekHours
	if hour < 0 {
		hour += weekHours
	}
	return [2]int{int(hour % dayHours), int(hour)}
}

// remainder is what y leaves without the season in an hour; known is false until the hours around were seen.
func (s *Season) remainder(hour int, y float64) (left float64, known bool) {
	least, most := s.around(hour)
	if math.IsNaN(least) {
		return 0, false
	}
	return y - max(least, min(most, y-s.Level.Mean)), true
}

// mean is that of an hour, NaN until it was seen.
func (s *Season) mean(hour int) float32 {
	if hour+1 == int(s.Hour) {
		return s.Here
	}
	return s.Table[hour]
}

// around is the least and the greatest of the means of an hour and of those around it, NaN until all were seen. What lies between
// is explained: a sharp edge, a job that starts late, or clocks that were changed by an hour are no deviation.
func (s *Season) around(hour int) (least, most float64) {
	if hour+1 == int(s.Hour) {
		return float64(min(s.Here, s.Least)), float64(max(s.Here, s.Most))
	}
	l, m := s.beside(hour)
	here := s.mean(hour)
	return float64(min(here, l)), float64(max(here, m))
}

// beside is the least and the greatest of the means of the hours around one, without its own.
func (s *Season) beside(hour int) (least, most float32) {
	n := len(s.Table)
	least, most = float32(math.Inf(1)), float32(math.Inf(-1))
	for i := hour + n - reach; i <= hour+n+reach; i++ {
		if i != hour+n {
			mean := s.mean(i % n)
			least, most = min(least, mean), max(most, mean) // NaN when one is
		}
	}
	return least, most
}

// enter makes an hour the one that is.
func (s *Season) enter(hour int) {
	if hour+1 == int(s.Hour) {
		return
	}
	s.settle()
	s.Least, s.Most = s.beside(hour)
	s.Hour, s.Here = int32(hour+1), s.Table[hour]
}

// settle puts the mean of the hour that is into the table.
func (s *Season) settle() {
	if s.Hour > 0 {
		s.Table[s.Hour-1], s.Hour = s.Here, 0
	}
}

// HourOf is the hour of a day or a week in which a time, as Unix time, is: of so many hours, from Monday on.
func HourOf(second int64, hours int) int {
	n := int64(hours)
	return int(((second+mondays)/3600%n + n) % n)
}

// Renew takes over the shape that a decomposition found, with the usual reading of every hour of a day or a week; the level stays where it
// is. It does nothing while there is no such season, or for another number of hours.
func (m *Metric) Renew(hours []float64) {
	for _, s := range m.seasons() {
		if s != nil && len(s.Table) == len(hours) {
			s.renew(hours)
		}
	}
}

func (s *Season) renew(hours []float64) {
	by, n := 0.0, float64(len(hours))
	s.settle()
	for i, x := range hours {
		by += (float64(s.Table[i]) - x) / n
	}
	if math.IsNaN(by) {
		return // a cycle was not seen yet
	}
	for i, x := range hours {
		s.Table[i] = float32(x + by)
	}
}

// learn takes in a reading, its distance from the level without the season, and what it left if that is known. The cycles so far count alike until a new one would count for
// less than seasonGain.
func (s *Season) learn(second int64, hour int, y, left, distance float64, known bool, step, limit float64) {
	if known {
		alpha := step * errorAlpha[len(s.Table)/weekHours]
		if alpha > 1 {
			alpha = 1
		}
		s.Error.Weight += alpha * (1 - s.Error.Weight)
		gain := alpha / s.Error.Weight
		s.Error.Mean += gain * (math.Abs(left-s.Level.Mean) - s.Error.Mean)
		s.Raw += gain * (distance - s.Raw)
		s.Level.updateWithin(levelAlpha, left, limit)
		s.Known = min(s.Known+1, math.MaxInt32-1)
	}
	if s.Start == 0 {
		s.Start = second
	}
	s.enter(hour)
	period, gain := 3600*int64(len(s.Table)), seasonGain
	if passed := second - s.Start; passed < period*alike {
		gain = max(seasonGain, 1/float64(max(1+passed/period, 1)))
	}
	if step < 3600 {
		gain *= step * (1. / 3600)
	}
	switch {
	case s.Here != s.Here: // NaN: it was not seen
		s.Within, gain = 1, 1
		s.Here = 0
	case second-s.Start < period:
		s.Within++
		gain = 1 / float64(s.Within)
	}
	s.Here += float32(gain * (y - float64(s.Here)))
}

// share is how much of the mean distance from the level the season leaves; 1 until it was seen often enough.
func (s *Season) share(step float64) float64 {
	if float64(s.Known)*step <= cycles*3600*float64(len(s.Table)) || s.Raw == 0 {
		return 1
	}
	return s.Error.Mean / s.Raw
}
