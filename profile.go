package foreshock

import (
	"math"
	"time"

	"github.com/foreshock-io/foreshock/timeseries/ewma"
	"github.com/foreshock-io/foreshock/timeseries/quantile"
)

// Profile is all that is remembered of one workload: what is normal for it, where its threshold stands, and
// what was learned from acting on it. Methods and models keep nothing between calls; it is all here, so that it
// survives a restart and a test can write it down. One owner at a time reads and writes it.
type Profile struct {
	ID      ID
	Source  string        // the source that feeds it
	Length  time.Duration // of a step
	Created time.Time     // end of the first step
	Updated time.Time     // end of the last step
	Steps   int64         // steps folded in
	Stage   Stage         // at Updated

	Metrics [NumMetrics]*MetricProfile    // nil until the metric was seen
	Demand  [NumDimensions]*quantile.Ring // peak demand in each coarse step, nil until seen; for forecasts
	Anomaly *quantile.Ring                // highest score in each coarse step, the forecasts' regressor
	Coarse  CoarseStep                    // the coarse step that is being filled
	Learned [NumDimensions]Learned        // from acting
	Shift   Shift                         // an own action whose effect is expected
	// Ceiling is the rate that was served when the workload was last seen to be held back; 0 until it was.
	Ceiling [NumDimensions]float64
	Backlog Backlog

	Methods   []string // the detection methods that the metrics' Tails belong to, in their order
	Weights   []MethodWeight
	Threshold Threshold
	Run       Run
	Current   *Anomaly // the anomaly that lasts, or nil
}

// MethodWeight is what feedback makes of a detection method: a factor on its configured weight.
type MethodWeight struct {
	Method string
	Factor float64
}

// Factor is what a method's configured weight is multiplied by; 1 until feedback has moved it.
func (p *Profile) Factor(method string) float64 {
	for i := range p.Weights {
		if w := &p.Weights[i]; w.Method == method {
			return w.Factor
		}
	}
	return 1
}

// Backlog is the queue that a saturated workload builds up. While it grows, it tells how much comes in beyond what is served.
type Backlog struct {
	Growing int32   // steps in which it grew since the workload was last at ease
	Ratio   float64 // the highest demand over what was served, in those steps
	End     float64 // requests in it at the end of the last step
}

// CoarseStep is the coarse step being filled, the unit of seasons and forecasts.
type CoarseStep struct {
	Length time.Duration // a multiple of the step; 0 until known
	End    time.Time     // a multiple of Length
	Steps  int32         // in it so far
	Sum    [NumMetrics]float64
	Count  [NumMetrics]int32
	Demand Allocation `cbor:"-"` // highest demand so far in it
	Score  float64    // highest score so far in it
}

// MetricProfile is what is normal for one metric.
type MetricProfile struct {
	Window quantile.Window // the last clean readings
	Level  Level           // their usual height and spread
	Chart  ewma.Chart      // of readings in spreads from the level: a shift that is small and lasts
	Season Season
	Rest   ewma.Average  // of readings without the season, on the season's scale: level and spread since the season was made
	Coarse quantile.Ring // mean per coarse step, the seasons' history
	// Tails is the record of past deviations per method, by which a deviation is turned into a tail probability.
	Tails []Tail
	// Outside counts the steps that were kept out of what is normal, less those that came back; a shift that persists
	// is learned from Held, the readings since it began.
	Outside   int32
	Held      quantile.Ring
	Last      float64   // the newest reading, clean or not
	Relearned time.Time // when a new level was last taken as normal
}

// Level is the usual height and spread of readings, on a scale on which changes are alike at every height:
// y = ln(1 + x/Scale), nearly linear below Scale and logarithmic above.
type Level struct {
	Scale   float64 // in the metric's unit; 0 until known
	Mean    float64 // of y
	Squares float64 // sum of squared differences of y from Mean
	Floor   float64 // least spread of y
	Spread  float64 // standard deviation of y, at least Floor; 0 until known
}

// On gives x on the level's scale.
func (l *Level) On(x float64) float64 { return math.Log1p(x / l.Scale) }

// Value gives the reading, in the metric's unit, that is at y on the level's scale.
func (l *Level) Value(y float64) float64 { return max(0, l.Scale*(math.Exp(min(y, 60))-1)) }

// MaxMethods is how many detection methods can be in use at once.
const MaxMethods = 4

// Tail is a decayed histogram of the absolute deviations that a method has seen on one metric, and what was read from
// it; see detect.
type Tail struct {
	Counts [TailBuckets]float32 // below 1, then four to an octave
	Total  float32
	Age    uint16 // records since the rest was computed
	// Beyond Knee the deviations fall off as a power; KneeScore is the score there, and Boundary is where it is 1.
	Knee, KneeScore, Boundary float32
}

// TailBuckets is the number of buckets of a Tail.
const TailBuckets = 27

// Season is the repeating part of a metric, as the last decomposition found it.
type Season struct {
	Periods  []int     // in coarse steps, for example a day and a week; empty means that there is no season
	Origin   time.Time // end of the coarse step with phase 0
	Length   time.Duration
	Table    [][]float32 // per period and phase, what is added to the level
	Level    float64     // trend at the end of the decomposition
	Spread   float64     // robust standard deviation of the remainder
	Floor    float64     // least spread
	Strength float64     // share (0-1) of the detrended variance that the season explains
	Log      bool        // true when the decomposition was made of ln(1+x/Scale), else of x
	Scale    float64
	Renewed  time.Time // when it was last looked for, found or not
}

// On gives x on the season's scale.
func (s *Season) On(x float64) float64 {
	if s.Log {
		return math.Log1p(x / s.Scale)
	}
	return x
}

// Value gives the reading, in the metric's unit, that is at y on the season's scale.
func (s *Season) Value(y float64) float64 {
	if s.Log {
		y = s.Scale * (math.Exp(min(y, 60)) - 1)
	}
	return max(0, y)
}

// At is what the season adds to the level at a time, on its scale, and the least and the most that it adds in the coarse
// step and its neighbours. The table holds means of coarse steps, which stand for their middles; between them at is linear,
// while what is sharp in truth, or comes a little sooner or later, is anywhere between least and most.
func (s *Season) At(t time.Time) (at, least, most float64) {
	if len(s.Table) == 0 {
		return 0, 0, 0
	}
	position := float64(t.Sub(s.Origin))/float64(s.Length) + 0.5 // 0 is the middle of the coarse step with phase 0
	nearest := math.Round(position)
	part := position - nearest // -0.5 to 0.5
	var before, here, after float64
	for _, phases := range s.Table {
		n := int64(len(phases))
		i := int64(nearest) % n
		if i < 0 {
			i += n
		}
		here += float64(phases[i])
		if i == 0 {
			before += float64(phases[n-1])
		} else {
			before += float64(phases[i-1])
		}
		if i++; i == n {
			i = 0
		}
		after += float64(phases[i])
	}
	at = here + part*(after-here)
	if part < 0 {
		at = here + part*(here-before)
	}
	return at, min(before, here, after), max(before, here, after)
}

// Remainder is what y, on the season's scale, leaves without the season, when level is what it usually leaves: level itself
// while the season alone explains y.
func (s *Season) Remainder(y, level float64, t time.Time) float64 {
	_, least, most := s.At(t)
	return y - max(least, min(most, y-level))
}

// Threshold is the boundary of an anomaly, which follows the workload's own history of anomalies.
type Threshold struct {
	Value     float64   // the score that divides; starts at 1; 0 is read as 1
	Bias      float64   // what people's opinions multiply it by; 0 is read as 1
	Alarms    float64   // decayed count of alarms: anomalies above low severity
	Lows      float64   // decayed count of anomalies of any severity
	Watched   float64   // decayed time watched, in seconds
	Decayed   time.Time // when the two were last decayed
	Counted   bool      // the anomaly that lasts is among the alarms
	Moved     time.Time // when it last moved
	RestUntil time.Time // no new alarm before, unless it is a strong one
}

// Run is how long the scores have been where they are.
type Run struct {
	Over   int32 // steps in a row at or above the threshold; a step just below neither counts nor breaks it
	Medium int32 // of them at medium strength, in a row
	Quiet  int32 // steps in a row well below the threshold
	Lower  int32 // steps in a row whose severity is below the anomaly's
}

// Shift is the expected effect of an own action: for its time, changes of level are learned, not reported. A latency that
// gets worse is no expected effect, nor is a queue that grows along with it.
type Shift struct {
	From, Until time.Time
	ActionID    string
}

// Explains says whether the shift explains how far m is from normal in a step that is judged up to m.
func (s *Shift) Explains(f *Finding, m Metric, at time.Time) bool {
	if at.Before(s.From) || !at.Before(s.Until) {
		return false
	}
	switch m {
	case Latency:
		return f.Distance[m] < 0
	case QueueDepth:
		return f.Distance[m] < 0 || f.Distance[Latency] < 1
	}
	return true
}

// Learned is what acting on one dimension has taught.
type Learned struct {
	LeadTime time.Duration // from asking to having; 0 until learned
	Gain     float64       // share of the excess latency that went away per relative unit of capacity added
	Actions  int32         // judged
	Helped   int32
	Bias     float64 // mean of log(demand seen / demand forecast)
	BiasTold float64 // the bias that was last told as a correction
	// Covered is the share of times at which demand stayed below the quantile of its forecast, at present; Checks is how often that was looked at.
	Covered float64
	Checks  int32
	// Quantile is the one of forecasts by which as many are covered as Stated, the policy's, says; 0 until learned.
	Quantile     float64
	QuantileTold float64 // the one that was last told as a correction
	Stated       float64
}

// Taught says whether anything was learned from acting.
func (l *Learned) Taught() bool { return l.Actions > 0 || l.LeadTime > 0 }
