package foreshock

import (
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

	Metrics [NumMetrics]*MetricProfile    // nil until the metric was seen
	Demand  [NumDimensions]*quantile.Ring // peak demand in each coarse step, nil until seen; for forecasts
	Anomaly *quantile.Ring                // highest score in each coarse step, the forecasts' regressor
	Coarse  CoarseStep                    // the coarse step that is being filled
	Learned [NumDimensions]Learned        // from acting
	Shift   Shift                         // an own action whose effect is expected

	Threshold Threshold
	Current   *Anomaly // the anomaly that lasts, or nil
}

// CoarseStep is the coarse step being filled, the unit of seasons and forecasts.
type CoarseStep struct {
	Length time.Duration // a multiple of the step; 0 until known
	End    time.Time
	Sum    [NumMetrics]float64
	Count  [NumMetrics]int32
	Demand Allocation // highest demand so far in it
	Score  float64    // highest score so far in it
}

// MetricProfile is what is normal for one metric.
type MetricProfile struct {
	Window quantile.Window // sliding window of clean steps
	Chart  ewma.Chart      // level and spread with exponential forgetting
	Season Season
	Coarse quantile.Ring // mean per coarse step, the seasons' history
	// Tails is the record of past deviations per method, by which a deviation is turned into a tail probability.
	Tails [MaxMethods]Tail
	// Outside counts the steps in a row that were kept out of what is normal; a shift that persists is learned.
	Outside int32
}

// MaxMethods is how many detection methods can be in use at once.
const MaxMethods = 4

// Tail is a decayed histogram of the absolute deviations that a method has seen on one metric.
type Tail struct {
	Counts [TailBuckets]float32 // by log2 of the deviation; see detect
	Total  float32
}

// TailBuckets is the number of buckets of a Tail.
const TailBuckets = 32

// Season is the repeating part of a metric, as the last decomposition found it.
type Season struct {
	Periods []int     // in coarse steps, for example a day and a week; empty means that there is no season
	Origin  time.Time // end of the coarse step with phase 0
	Length  time.Duration
	Table   [][]float32 // per period and phase, what is added to Level
	Level   float64     // trend at the end of the decomposition
	Spread  float64     // robust standard deviation of the remainder
	Log     bool        // true when the decomposition was made of log(1+x/Scale)
	Scale   float64
	Renewed time.Time // when it was made
}

// Threshold is the boundary of an anomaly, which follows the workload's own history of anomalies.
type Threshold struct {
	Value     float64   // the score that divides; starts at 1
	Alarms    float64   // decayed count of alarms
	Watched   float64   // decayed time watched, in seconds
	Moved     time.Time // when it last moved
	RestUntil time.Time // no new alarm before
}

// Shift is the expected effect of an own action: for its time, changes of level are learned, not reported.
type Shift struct {
	From, Until time.Time
	ActionID    string
}

// Learned is what acting on one dimension has taught.
type Learned struct {
	LeadTime time.Duration // from asking to having; 0 until learned
	Gain     float64       // share of the excess latency that went away per relative unit of capacity added
	Actions  int32         // judged
	Helped   int32
	Bias     float64 // mean of log(demand seen / demand forecast)
}
