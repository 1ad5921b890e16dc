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
	sizeAlpha     = float32(ewma.Alpha(2000))
	heightAlpha   = ewma.Alpha(5000)
)

const (
	// ready is how many deviations a scale must have seen before it says something.
	ready = 40
	// started is from how many readings on deviations are put on record.
	started = 10
	// Spreads are at least spreadFloor of the metric's usual height, and a scale's deviations sizeFloor of the spread.
	spreadFloor = 0.01
	sizeFloor   = 0.05
	// margin: a deviation is as surprising as one that is so much smaller, so that what is hardly greater than what was seen is
	// not new.
	margin = 0.7
	// pause is after how many steps without a reading what is short has passed.
	pause = 60
	// leastPause is that in seconds, since time is told in whole ones.
	leastPause = 2
	limit      = 1e30 // of readings
)

// Metric is what is remembered of one metric. Make one with NewMetric. State is plain data.
type Metric struct {
	Step    float32 // usual time between two readings, seconds
	Count   uint32  // readings
	Last    float64 // the newest, without the season
	Second  int64   // when it was made
	Levels  [4]mean
	Average [2]mean
	Spread  mean // of readings about the second level
	Height  mean // of their amount
	Raw     mean // level of readings with their season
	// Sizes are the usual ones of each scale's deviations, exponentially weighted means whose weights sum to SizeWeight.
	Sizes      [NumScales]float32
	SizeWeight float32
	Day        Season             // the zero value where there is none
	Week       *Season            // nil in the first day, and where there is none
	Tails      [NumScales][2]Tail // above and below
	Records    [2]Records         // of readings, above and below
	// Waiting holds the newest deviations of each scale, as bucket + 1 and, below the level, with a minus: they go into the tails only
	// later, so that an incident does not make itself usual at once.
	Waiting [wait][NumScales]int8
	Season  int8 // the one that is used, or none
	// Outside counts readings that were kept out of what is usual, less those that came back. Until that is over, Pending holds the
	// greatest deviation of each scale, and Held is the level of what was kept out.
	Pending [NumScales]int8
	Outside int32
	Held    float64
}

// none is no season.
const none = -1

// NewMetric returns what is remembered of a metric that is read every step seconds. With seasons, those of the day and the week
// are learned; they take much of the memory. It panics when step is not above 0.
func NewMetric(step float64, seasons bool) Metric {
	if !(step > 0) {
		panic("surprise: step must be above 0")
	}
	m := Metric{Step: float32(step), Season: none}
	if seasons {
		m.Day = *newSeason(dayHours)
	}
	return m
}

// seasons are those of a day and of a week, nil where there is none.
func (m *Metric) seasons() [2]*Season {
	if m.Day.Table == nil {
		return [2]*Season{nil, m.Week}
	}
	return [2]*Season{&m.Day, m.Week}
}

// step is the usual time between two readings, in seconds.
func (m *Metric) step() float64 { return float64(m.Step) }

// Judgement is what is said of a reading.
type Judgement struct {
	Surprise   float64            // power mean over the scales and the record, in decades of probability
	Scales     [NumScales]float64 // of each scale
	Record     float64            // of the reading as the highest, or lowest, excursion yet
	Deviations [NumScales]float64 // of each scale, with sign, in the metric's unit
	Expected   float64
	Spread     float64 // mean distance of readings from their level
	Ready      bool    // enough was seen
	// Outside says that the reading is too surprising to be a part of what is usual.
	Outside bool

	// What learning needs.
	x, y   float64 // the reading, and without the season
	second int64
	hours  [2]int     // of the day and of the week
	lefts  [2]float64 // without each season, where it is known
	knowns [2]bool
	goesOn bool            // there was no pause before
	back   bool            // the reading is usual, while those before were outside
	at     [NumScales]int8 // place in the tail, as in Metric.Waiting
}

// Observe judges a reading by those before, and then learns it. One that is not finite changes nothing.
func (m *Metric) Observe(second int64, x float64) (j Judgement) {
	m.Touch()
	if m.Judge(&j, second, x) {
		m.Learn(&j, Handling{j.Outside, Patience(m.step()), EventWeight})
	}
	return j
}

// Judge says in j how unusual a reading is, given those before, and changes nothing else. Second is Unix time. It answers false when the
// reading is not finite: it is none.
func (m *Metric) Judge(j *Judgement, second int64, x float64) bool {
	*j = Judgement{}
	if math.IsNaN(x) || math.IsInf(x, 0) {
		return false
	}
	j.x, j.second = clip(x, limit), second
	j.hours = hours(second + mondays)
	for i, s := range m.seasons() {
		if s != nil {
			j.lefts[i], j.knowns[i] = s.remainder(j.hours[i], j.x)
		}
	}
	j.y = j.left(m.Season)
	j.Spread = max(m.Spread.Mean, spreadFloor*m.Height.Mean)
	j.Expected = j.x - (j.y - m.Levels[2].Mean)
	j.goesOn = m.Count > 0 && float64(second-m.Second) <= max(pause*m.step(), leastPause)
	j.Ready = m.Count > ready
	if j.goesOn {
		m.judge(j)
	}
	return true
}

// left is the reading without a season.
func (j *Judgement) left(season int8) float64 {
	if season == none || !j.knowns[season] {
		return j.x
	}
	return j.lefts[season]
}

// judge gives the surprise of each scale.
func (m *Metric) judge(j *Judgement) {
	l := &m.Levels
	fast, average, longer, last := l[0], m.Average[0], m.Average[1], m.Last
	if m.Outside > 0 && math.Abs(j.y-l[2].Mean) <= backLimit*m.usual(Reading, j.Spread) {
		j.back = true // as if what was outside had not been
		fast.Mean, average.Mean, longer.Mean, last = l[2].Mean, l[2].Mean, l[2].Mean, l[2].Mean
	}
	j.Deviations[Reading] = j.y - l[2].Mean
	j.Deviations[Chart6] = j.y - fast.Mean
	j.Deviations[Chart600] = l[1].Mean - l[3].Mean
	j.Deviations[Change] = j.y - last
	fast.update(levelAlphas[0], j.y)
	average.update(averageAlphas[0], j.y)
	longer.update(averageAlphas[1], j.y)
	j.Deviations[Average6] = average.Mean - l[2].Mean
	j.Deviations[Average24] = longer.Mean - l[3].Mean
	j.Deviations[Chart30] = fast.Mean - l[1].Mean
	if m.Count <= started {
		return
	}
	sum := m.rank(j)
	if m.Count > settled {
		d, usual := j.Deviations[Reading], m.usual(Reading, j.Spread)
		j.Record = max(m.Records[0].judge(d, usual), m.Records[1].judge(-d, usual))
		sum += fourth(j.Record)
	}
	j.Surprise = math.Sqrt(math.Sqrt(sum / float64(NumScales)))
	j.Outside = j.Ready && j.Surprise >= outside
}

// rank finds the deviations' places in their tails, and sums the fourth powers of their surprises: their mean lies between the mean
// and the greatest.
func (m *Metric) rank(j *Judgement) (sum float64) {
	for i, d := range j.Deviations {
		below := math.Float64bits(d+0) >> 63 // 0 has no sign
		at := position(math.Abs(d) / m.usual(Scale(i), j.Spread))
		if j.Ready {
			shrunk := at + marginBuckets
			if shrunk < 0 {
				shrunk = 0
			}
			j.Scales[i] = m.Tails[i][below].surprise(shrunk)
			sum += fourth(j.Scales[i])
		}
		j.at[i] = int8(1+int(at)) * (1 - 2*int8(below))
	}
	return sum
}

func fourth(x float64) float64 { return (x * x) * (x * x) }

// usual is the usual size of a scale's deviations.
func (m *Metric) usual(s Scale, spread float64) float64 {
	size := float64(m.Sizes[s])
	if least := sizeFloor * spread; size < least {
		return least
	}
	return size
}

// relative is a deviation in units of the usual one, which is 0 while there was none.
func relative(size, usual float64) float64 {
	if size == 0 {
		return 0
	}
	return size / usual
}
