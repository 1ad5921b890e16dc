package surprise

import "math"

const (
	day       = 86400
	dayHours  = 24
	weekHours = 7 * dayHours
	// mondays moves Unix time, whose first day was a Thursday, so that a week begins on a Monday.
	mondays = 3 * day

	seasonGain float32 = 0.15 // how far an hour's mean moves in one cycle
	// alike is how many cycles count for no less than that: those up to 1/seasonGain.
	alike = 6
	// better is how small the mean deviation from the season must be, relative to that from the level, for the season to be used.
	better = 0.2
	// seenWeight is what the mean distances must weigh before: half, since their half-life is two cycles.
	seenWeight = 0.5
	// reach is how many hours away a mean may be to explain a reading.
	reach = 2
	// hysteresis: the season in use is left when another, or none, is so much better.
	hysteresis = 1.5
)

// errorAlpha is, of a day and of a week, by how much a second moves the mean distances: their half-life is two cycles.
var errorAlpha = [2]float32{math.Ln2 / (2 * day), math.Ln2 / (2 * 7 * day)}

// mean is an exponentially weighted mean whose weights sum to Weight; see package ewma.
type mean struct{ Mean, Weight float32 }

// gain is the weight of the next reading, which it adds.
func (m *mean) gain(alpha float32) float32 {
	m.Weight += alpha * (1 - m.Weight)
	return alpha / m.Weight
}

func (m *mean) update(alpha, x float32) { m.Mean += m.gain(alpha) * (x - m.Mean) }

// updateWithin takes in x cut off at a distance of limit, and gives its weight.
func (m *mean) updateWithin(alpha, x, limit float32) (gain float32) {
	by := x - m.Mean
	if m.Weight > 0 {
		by = clip(by, limit)
	}
	gain = m.gain(alpha)
	m.Mean += gain * by
	return gain
}

func clip[T float32 | float64](x, limit T) T {
	switch { // min and max take longer
	case x > limit:
		return limit
	case x < -limit:
		return -limit
	}
	return x
}

// Season is what is remembered of the means of each hour of a day or a week, kept as readings come: seasonal and trend of a decomposition in which
// exponential weights take the place of loess.
type Season struct {
	Since int32   // the hour of the first reading, since 1970; 0 before there was one
	Level mean    // of the remainder
	Error mean    // mean distance of the remainder from its level
	Raw   float32 // mean distance of readings from theirs, with the same weights
	// Here is the mean of the hour of the newest reading until that is over, when it goes to the others. Those of the hours around it are from Least to Most: what a
	// step needs lies together.
	Here, Least, Most float32
	Exponent          int16  // see season
	Within            uint16 // readings in this hour, in the first cycle
	Hour              uint8  // that of the newest reading, plus 1, or 0
	// Of the day's: the longest run of readings of nothing, see runCode, which fades by one a day, and how many of nothing were last.
	Longest uint8  `cbor:",omitempty"`
	Nothing uint16 `cbor:",omitempty"`
}

// Week is the season of a week.
type Week struct {
	Season
	Hours [weekHours]int16 // see season
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
func (s season) remainder(hour int, y float32) (left float32, known bool) {
	least, most := s.around(hour)
	if least != least {
		return 0, false
	}
	return y - max(least, min(most, y-s.Level.Mean)), true
}

// mean is that of an hour, NaN until it was seen.
func (s season) mean(hour int) float32 {
	if hour+1 == int(s.Hour) {
		return s.Here
	}
	return s.settled(hour)
}

// around is the least and the greatest of the means of an hour and of those around it, NaN until all were seen. What lies between
// is explained: a sharp edge, a job that starts late, or clocks that were changed by an hour are no deviation.
func (s season) around(hour int) (least, most float32) {
	if hour+1 == int(s.Hour) {
		return min(s.Here, s.Least), max(s.Here, s.Most)
	}
	l, m := s.beside(hour)
	here := s.mean(hour)
	return min(here, l), max(here, m)
}

// beside is the least and the greatest of the means of the hours around one, without its own.
func (s season) beside(hour int) (least, most float32) {
	n := len(s.codes)
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
func (s season) enter(hour int) {
	if hour+1 == int(s.Hour) {
		return
	}
	s.settle()
	s.Least, s.Most = s.beside(hour)
	s.Hour, s.Here = uint8(hour+1), s.settled(hour)
}

// settle puts the mean of the hour that is among the others.
func (s season) settle() {
	if s.Hour > 0 {
		s.put(int(s.Hour-1), s.Here)
		s.Hour = 0
	}
}

// HourOf is the hour of a day (of 24 hours) or a week (of 168) in UTC in which a Unix time is, from 0 on Monday at midnight. It panics for 0 hours.
func HourOf(second int64, hours int) int {
	n := int64(hours)
	return int(((second+mondays)/3600%n + n) % n)
}

// Renew takes over the shape that a decomposition found, with the usual reading of every hour of a day or a week; the level stays where it
// is. It does nothing while there is no such season, or for another number of hours.
func (m *Metric) Renew(hours []float64) {
	for i := range m.seasons() {
		if s := m.season(i); len(s.codes) == len(hours) {
			s.renew(hours)
		}
	}
}

func (s season) renew(hours []float64) {
	by, n := 0.0, float64(len(hours))
	s.settle()
	for i, x := range hours {
		by += (float64(s.settled(i)) - x) / n
	}
	if math.IsNaN(by) {
		return // a cycle was not seen yet
	}
	for i, x := range hours {
		s.put(i, float32(x+by))
	}
}

// learn takes in a reading of an hour, its distance from the level without the season, and what it left if that is known. Both levels follow alike, and no reading
// tells more against a season than readings do without it: that a load is another for hours is no fault of its season. The cycles so far count alike until a
// new one would count for less than seasonGain.
func (s season) learn(j *Judgement, i int, distance, step float32) {
	hour, now, y, cycle := j.hours[i], int32((j.second+mondays)/3600), j.x, int32(len(s.codes))
	if left := j.lefts[i]; j.knowns[i] {
		gain := s.Error.gain(min(step*errorAlpha[i], 1))
		s.Error.Mean += gain * (min(abs(left-s.Level.Mean), max(distance, s.Raw)) - s.Error.Mean)
		s.Raw += gain * (distance - s.Raw)
		s.Level.update(levelAlpha, left)
	}
	if s.Since == 0 {
		s.Since = now
	}
	s.enter(hour)
	gain, age := seasonGain, now-s.Since
	if age < alike*cycle {
		gain = max(seasonGain, 1/float32(max(1+age/cycle, 1)))
	}
	if step < 3600 {
		gain *= step * (1. / 3600)
	}
	switch {
	case s.Here != s.Here: // NaN: it was not seen
		s.Within, gain = 1, 1
		s.Here = 0
	case age < cycle:
		s.Within = min(s.Within, math.MaxUint16-1) + 1
		gain = 1 / float32(s.Within)
	}
	s.Here += gain * (y - s.Here)
}

func abs(x float32) float32 { return math.Float32frombits(math.Float32bits(x) &^ (1 << 31)) }

// share is how much of the mean distance from the level the season leaves; 1 until it was seen for as long as half of the weight takes to come together.
func (s season) share() float32 {
	if s.Error.Weight < seenWeight || s.Raw == 0 {
		return 1
	}
	return s.Error.Mean / s.Raw
}
