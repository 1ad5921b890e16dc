package surprise

import (
	"fmt"
	"math"

	"github.com/foreshock-io/foreshock/timeseries/ewma"
)

// marginBuckets is margin on the axis of the tails.
var marginBuckets = perOctave * math.Log2(margin)

// Half-lives, in readings.
var (
	// Those of Metric.Short, by how many readings there were: until they rest on as many as they are of, all count alike.
	shortGains = func() (gains [13][3]float32) {
		for n := range gains {
			for i, alpha := range [...]float32{alpha(6), 2. / 7, 2. / 25} {
				gains[n][i] = max(alpha, 1/float32(n+1))
			}
		}
		return gains
	}()
	levelAlphas = [3]float32{alpha(30), alpha(150), alpha(600)}
	levelAlpha  = levelAlphas[middle] // of the level about a season
	spreadAlpha = alpha(300)
	sizeAlpha   = alpha(2000)
	heightAlpha = alpha(5000)
)

func alpha(halfLife float64) float32 { return float32(ewma.Alpha(halfLife)) }

// The places of Metric.Levels.
const (
	quick  = iota // half-life 30
	middle        // 150
	slow          // 600
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
)

// What readings may be: those beyond Most count as that much, and those nearer to 0 than Least have few digits or none.
const (
	Most  = 1e30
	Least = 1e-38
)

// Metric is what is remembered of one metric. Make one with NewMetric. State is plain data. Readings have the 24 bits of a float32: no deviation that
// matters is so small a part of them (see spreadFloor). What is beyond ±1e30 counts as that.
type Metric struct {
	Step       float32    // usual time between two readings, seconds
	Count      uint32     // readings
	Second     int64      // when the newest was made
	Last       float32    // the newest, without the season
	Short      [3]float32 // averages that follow every reading: of half-life 6, and of the last 6 and 24
	Levels     [3]mean    // those of half-lives 30, 150 and 600
	Spread     mean       // of readings about the first level
	Height     mean       // of their amount
	WithSeason float32    // level of readings with their season
	// Sizes are the usual ones of each scale's deviations, exponentially weighted means whose weights sum to SizeWeight.
	Sizes      [NumScales]float32
	SizeWeight float32
	Day        Season
	DayHours   [dayHours]int16    // see season
	Week       *Week              // nil in the first day
	Tails      [NumScales][2]Tail // above and below
	Records    [2]Records         // of readings, above and below
	Late       Waiting
	// Outside counts readings that were kept out of what is usual, less those that came back. Until that is over, Farthest holds the
	// greatest deviation of each scale, and Held is the level of what was kept out. Below 0 it is for how many readings yet the level is known that was usual
	// before one was learned: Held.
	Farthest [NumScales]Place
	Season   int8 // the one that is used, or none
	Outside  int32
	Held     float32
}

// none is no season.
const none = -1

// NewMetric returns what is remembered of a metric that is read every step seconds. It panics when step is not above 0 or not finite, as a float32.
func NewMetric(step float64) Metric {
	if s := float32(step); !(s > 0) || math.IsInf(float64(s), 0) {
		panic(fmt.Sprintf("surprise: step must be above 0 and finite, not %g s", step))
	}
	m := Metric{Step: float32(step), Season: none}
	m.season(0).clear()
	return m
}

// seasons is how many there are: that of a day, and after the first day that of a week.
func (m *Metric) seasons() int {
	if m.Week == nil {
		return 1
	}
	return 2
}

func (m *Metric) season(i int) season {
	if i == 0 {
		return season{&m.Day, m.DayHours[:]}
	}
	return season{&m.Week.Season, m.Week.Hours[:]}
}

// step is the usual time between two readings, in seconds.
func (m *Metric) step() float64 { return float64(m.Step) }

// Judgement is what is said of a reading.
type Judgement struct {
	Surprise   float64            // power mean over the scales and the record, in decades of probability
	Scales     [NumScales]float64 // of each scale
	Record     float64            // of the reading as the highest, or lowest, excursion yet, or of activity that has ceased
	Deviations [NumScales]float64 // of each scale, with sign, in the metric's unit
	Expected   float64            // the level of half-life 150, with the season
	Spread     float64            // mean distance of readings from their level
	Ready      bool               // enough was seen
	// Outside says that the reading is too surprising to be a part of what is usual.
	Outside bool
	// Told is for whoever leads incidents to say: the reading takes part in one that was told of. See Pass.
	Told bool

	// What learning needs.
	x, y   float32 // the reading, and without the season
	second int64
	hours  [2]int     // of the day and of the week
	lefts  [2]float32 // without each season, where it is known
	knowns [2]bool
	goesOn bool // there was no pause before
	at     [NumScales]Place
	short  [3]float32 // the averages that follow every reading, with it
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
	j.x, j.second = float32(clip(x, Most)), second
	j.hours = hours(second + mondays)
	for i := range m.seasons() {
		j.lefts[i], j.knowns[i] = m.season(i).remainder(j.hours[i], j.x)
	}
	j.y = j.left(m.Season)
	j.Spread = float64(max(m.Spread.Mean, spreadFloor*m.Height.Mean))
	j.Expected = float64(j.x) - float64(j.y-m.Levels[middle].Mean)
	j.goesOn = m.Count > 0 && float64(second-m.Second) <= max(pause*m.step(), leastPause)
	j.Ready = m.Count > ready
	if j.goesOn {
		m.judge(j)
	}
	return true
}

// left is the reading without a season.
func (j *Judgement) left(season int8) float32 {
	if season == none || !j.knowns[season] {
		return j.x
	}
	return j.lefts[season]
}

// judge gives the surprise of each scale.
func (m *Metric) judge(j *Judgement) {
	y, last, short := j.y, m.Last, &j.short
	*short = m.Short
	first, level, longest := m.Levels[quick].Mean, m.Levels[middle].Mean, m.Levels[slow].Mean
	if m.Outside > 0 && float64(abs(y-level)) <= backLimit*m.usual(Reading, j.Spread) {
		last, *short = level, [3]float32{level, level, level} // the reading is usual again: as if what was outside had not been
	}
	j.Deviations[Reading] = float64(y - level)
	j.Deviations[Chart6] = float64(y - short[0])
	j.Deviations[Change] = float64(y - last)
	for i, gain := range &shortGains[min(m.Count, uint32(len(shortGains)-1))] {
		short[i] += gain * (y - short[i])
	}
	j.Deviations[Average6] = float64(short[1] - level)
	j.Deviations[Average24] = float64(short[2] - longest)
	j.Deviations[Chart30] = float64(short[0] - first)
	j.Deviations[Chart600] = float64(first - longest)
	if m.Count <= started {
		return
	}
	if m.known(j) { // it is as it was before the level that was learned last
		j.Deviations = [NumScales]float64{}
	}
	sum := m.rank(j)
	if m.Count > settled {
		d, usual := j.Deviations[Reading], m.usual(Reading, j.Spread)
		j.Record = max(m.Records[0].judge(d, usual), m.Records[1].judge(-d, usual))
		if ceased := m.ceased(j); ceased > 0 {
			j.Record, j.Outside = max(j.Record, ceased), j.Ready
		}
		sum += fourth(j.Record)
	}
	j.Surprise = math.Sqrt(math.Sqrt(sum / float64(NumScales)))
	j.Outside = j.Outside || j.Ready && j.Surprise >= outside
}

// known says whether a reading is one of the former level, and of no other.
func (m *Metric) known(j *Judgement) bool {
	if m.Outside >= 0 {
		return false
	}
	here, there := float64(abs(j.y-m.Levels[middle].Mean)), float64(abs(j.y-m.Held))
	return there < here && there <= knownLimit*m.usual(Reading, j.Spread)*m.grown(j, 2000)
}

// Level is the usual one, without the season.
func (m *Metric) Level() float64 { return float64(m.Levels[middle].Mean) }

// rank finds the deviations' places in their tails, and sums the fourth powers of their surprises: their mean lies between the mean
// and the greatest.
func (m *Metric) rank(j *Judgement) (sum float64) {
	var at [NumScales]float64 // found in a loop of its own, so that no scale waits for the logarithm of the one before
	for i, d := range &j.Deviations {
		at[i] = position(math.Abs(d) / m.usual(Scale(i), j.Spread))
	}
	for i, d := range &j.Deviations {
		below := math.Float64bits(d+0) >> 63 // 0 has no sign
		if j.Ready {
			shrunk := at[i] + marginBuckets
			if shrunk < 0 {
				shrunk = 0
			}
			j.Scales[i] = m.Tails[i][below].surprise(shrunk)
			sum += fourth(j.Scales[i])
		}
		j.at[i] = placeOf(int(at[i]), int(below))
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
