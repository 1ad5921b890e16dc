package surprise

import (
	"math"

	"github.com/foreshock-io/foreshock/timeseries/ewma"
)

// Scale is one way to look at a metric: what it compares, over which time.
type Scale uint8

// The scales. Times are half-lives in readings.
const (
	Reading   Scale = iota // a reading with the level of the last 150
	Average6               // the last 6 readings with that level
	Average24              // the last 24 readings with the level of the last 600
	Chart6                 // a reading with the level of the last 6
	Chart30                // the level of the last 6 with that of the last 30
	Chart600               // the level of the last 30 with that of the last 600
	Change                 // a reading with the one before
	NumScales
)

var scaleNames = [NumScales]string{"reading", "average 6", "average 24", "chart 6", "chart 30", "chart 600", "change"}

func (s Scale) String() string { return scaleNames[s] }

// marginBuckets is margin on the axis of the tails.
var marginBuckets = perOctave * math.Log2(margin)

// Half-lives, in readings.
var (
	levelAlphas   = [4]float64{ewma.Alpha(6), ewma.Alpha(30), ewma.Alpha(150), ewma.Alpha(600)}
	averageAlphas = [2]float64{2. / 7, 2. / 25}
	levelAlpha    = ewma.Alpha(150) // of the level about a season
	spreadAlpha   = ewma.Alpha(300)
	sizeAlpha     = ewma.Alpha(2000)
	heightAlpha   = ewma.Alpha(5000)
)

const (
	// ready is how many deviations a scale must have seen before it says something.
	ready = 40
	// settled is after how many readings levels take in what is within levelLimit spreads only, so that an incident moves them slowly.
	settled    = 60
	levelLimit = 4.0
	// Spreads are at least spreadFloor of the metric's usual height, and a scale's deviations sizeFloor of the spread.
	spreadFloor = 0.01
	sizeFloor   = 0.05
	// margin: a deviation is as surprising as one that is so much smaller, so that what is hardly greater than what was seen is
	// not new.
	margin = 0.7
	// pause is after how many steps without a reading what is short has passed.
	pause = 60
	// wait is for how many readings a deviation is kept from its tail.
	wait  = 32
	limit = 1e150 // of readings
)

// Metric is what is remembered of one metric. Make one with NewMetric. State is plain data.
type Metric struct {
	Step    float64 // usual time between two readings, seconds
	Count   int64   // readings
	Last    float64 // the newest, without the season
	Second  int64   // when it was made
	Levels  [4]mean
	Average [2]mean
	Spread  mean     // of readings about the second level
	Height  mean     // of their amount
	Raw     mean     // level of readings with their season
	Seasons []Season // a day and a week, or none
	Season  int8     // the one that is used, or -1
	Size    [NumScales]mean
	Tails   [NumScales][2]Tail // above and below
	Records [2]Records         // of readings, above and below
	// Waiting holds the newest deviations of each scale, as bucket + 1 and, below the level, with a minus: they go into the tails only
	// later, so that an incident does not make itself usual at once.
	Waiting [wait][NumScales]int8
}

// NewMetric returns what is remembered of a metric that is read every step seconds. With seasons, those of the day and the week
// are learned; they take most of the memory. It panics when step is not above 0.
func NewMetric(step float64, seasons bool) Metric {
	if !(step > 0) {
		panic("surprise: step must be above 0")
	}
	m := Metric{Step: step, Season: -1}
	if seasons {
		m.Seasons = []Season{newSeason(24), newSeason(168)}
	}
	return m
}

// Judgement is what is said of a reading.
type Judgement struct {
	Surprise  float64            // power mean over the scales and the record, in decades of probability
	Scales    [NumScales]float64 // of each scale
	Deviation float64            // of the reading from its level, with sign, in the metric's unit
	Expected  float64
	Spread    float64 // mean distance of readings from their level
}

// Observe judges a reading by those before, and then learns it. Second is Unix time. A reading that is not finite is none: it
// changes nothing.
func (m *Metric) Observe(second int64, x float64) (j Judgement) {
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return j
	}
	x = clip(x, limit)
	var lefts [2]float64
	var knowns [2]bool
	y := m.remainder(second, x, &lefts, &knowns)
	spread := max(m.Spread.Mean, spreadFloor*m.Height.Mean)
	if m.Count > 0 && float64(second-m.Second) <= pause*m.Step {
		m.judge(&j, y, spread)
	} else {
		m.Levels[0].Mean, m.Average[0].Mean, m.Average[1].Mean = y, y, y // what is short has passed
	}
	j.Deviation, j.Expected, j.Spread = y-m.Levels[2].Mean, x-(y-m.Levels[2].Mean), spread
	m.learn(y, spread)
	distance := math.Abs(x - m.Raw.Mean)
	for i := range m.Seasons {
		m.Seasons[i].learn(second+mondays, x, lefts[i], distance, knowns[i], m.Step, levelLimit*spread)
	}
	m.Raw.update(levelAlpha, x)
	m.Height.update(heightAlpha, math.Abs(x))
	m.Last, m.Second = y, second
	m.Count++
	return j
}

// remainder is the reading without the season that leaves least of it, if there is one. When another is used than before, the levels
// move by the difference.
func (m *Metric) remainder(second int64, x float64, lefts *[2]float64, knowns *[2]bool) float64 {
	const none = -1
	was, now, least := m.Season, int8(none), 1.0
	for i := range m.Seasons {
		s := &m.Seasons[i]
		lefts[i], knowns[i] = s.remainder(second+mondays, x)
		share := s.share(m.Step)
		if int8(i) == was {
			share /= hysteresis
		}
		if knowns[i] && share < min(least, better) {
			least, now = share, int8(i)
		}
	}
	left := func(season int8) float64 {
		if season == none || !knowns[season] {
			return x
		}
		return lefts[season]
	}
	y := left(now)
	if now != was {
		m.shift(y - left(was))
		m.Season = now
	}
	return y
}

func (m *Metric) shift(by float64) {
	for i := range m.Levels {
		m.Levels[i].Mean += by
	}
	for i := range m.Average {
		m.Average[i].Mean += by
	}
	m.Last += by
}

// judge gives the surprise of each scale and takes their deviations into the tails.
func (m *Metric) judge(j *Judgement, y, spread float64) {
	l := &m.Levels
	fast, average, longer := l[0], m.Average[0], m.Average[1]
	fast.update(levelAlphas[0], y)
	average.update(averageAlphas[0], y)
	longer.update(averageAlphas[1], y)
	deviations := [NumScales]float64{
		Reading:   y - l[2].Mean,
		Average6:  average.Mean - l[2].Mean,
		Average24: longer.Mean - l[3].Mean,
		Chart6:    y - l[0].Mean,
		Chart30:   fast.Mean - l[1].Mean,
		Chart600:  l[1].Mean - l[3].Mean,
		Change:    y - m.Last,
	}
	waiting := &m.Waiting[m.Count%wait]
	sum := 0.0
	for i, d := range deviations {
		switch w := waiting[i]; {
		case w > 0:
			m.Tails[i][0].add(int(w - 1))
		case w < 0:
			m.Tails[i][1].add(int(-w - 1))
		}
		size := math.Abs(d)
		usual := max(m.Size[i].Mean, sizeFloor*spread)
		if m.Count > 10 {
			tail, sign := &m.Tails[i][0], int8(1)
			if d < 0 {
				tail, sign = &m.Tails[i][1], -1
			}
			at := position(relative(size, usual))
			if m.Count > ready {
				s := tail.surprise(max(0, at+marginBuckets))
				j.Scales[i] = s
				sum += s * s * s * s // between the mean and the greatest
			}
			waiting[i] = sign * int8(1+int(at))
			size = min(size, 10*usual)
		}
		m.Size[i].update(sizeAlpha, size)
	}
	record := m.record(deviations[Reading], spread)
	sum += record * record * record * record
	j.Surprise = math.Sqrt(math.Sqrt(sum / float64(NumScales)))
}

// record is the surprise of a reading whose deviation is the greatest yet.
func (m *Metric) record(deviation, spread float64) float64 {
	if m.Count <= settled {
		return 0
	}
	usual := max(m.Size[Reading].Mean, sizeFloor*spread)
	return max(m.Records[0].observe(deviation, usual), m.Records[1].observe(-deviation, usual))
}

// relative is a deviation in units of the usual one, which is 0 while there was none.
func relative(size, usual float64) float64 {
	if size == 0 {
		return 0
	}
	return size / usual
}

// learn takes a reading into the levels.
func (m *Metric) learn(y, spread float64) {
	within := math.Inf(1)
	if m.Count > settled {
		within = levelLimit * spread
	}
	if m.Count > 0 {
		m.Spread.update(spreadAlpha, min(math.Abs(y-m.Levels[1].Mean), 8*max(spread, 1e-300)))
	}
	m.Levels[0].update(levelAlphas[0], y)
	for i := 1; i < len(m.Levels); i++ {
		m.Levels[i].updateWithin(levelAlphas[i], y, within)
	}
	for i := range m.Average {
		m.Average[i].update(averageAlphas[i], y)
	}
}
