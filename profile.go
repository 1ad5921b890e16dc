package foreshock

import (
	"time"

	"github.com/foreshock-io/foreshock/timeseries/quantile"
	"github.com/foreshock-io/foreshock/timeseries/surprise"
)

// Profile is all that is remembered of one workload: what is normal for it, where its threshold stands, and
// what was learned from acting on it. Methods and models keep nothing between calls; it is all here, so that it
// survives a restart and a test can write it down. One owner at a time reads and writes it.
type Profile struct {
	ID        ID
	Source    string        // the source that feeds it
	Length    time.Duration // of a step
	CreatedAt int64         // end of the first step, in ns since 1970; 0 before there was one
	UpdatedAt int64         // end of the last step
	Steps     int64         // steps folded in

	Metrics [NumMetrics]*MetricProfile // nil until the metric was seen
	History quantile.Histories         // a row for each coarse step. See MeansOf, DemandOf and Scores
	Coarse  CoarseStep                 // the coarse step that is being filled
	Taught  *Taught                    // by acting and by people, nil until anything was
	Shift   *Shift                     // an own action whose effect is expected, or nil
	Backlog Backlog

	Row       surprise.Row // how surprising steps were, lately and at each time of day
	Run       Run
	Stage     Stage   // at the end of the last step
	Counted   bool    // the anomaly that lasts is among the alarms of Threshold
	Highest   float32 // score so far in the coarse step, plus 1; 0 where there was no step
	Threshold Threshold
	Current   *Anomaly // the anomaly that lasts, or nil
}

// Taught is what few workloads have: what acting on them and opinions of them have taught.
type Taught struct {
	Learned *[NumDimensions]Learned // from acting, nil until anything was. See LearnedOf
	Trials  *[NumDimensions]*Trial  // of what would have been done, nil where nothing is followed. See TrialOf
	Weights []MethodWeight          // of the methods that feedback has moved. See Factor
}

// Created is the end of the first step, the zero time before there was one.
func (p *Profile) Created() time.Time { return timeOf(p.CreatedAt) }

// Updated is the end of the last step, the zero time before there was one.
func (p *Profile) Updated() time.Time { return timeOf(p.UpdatedAt) }

func timeOf(ns int64) time.Time {
	if ns == 0 {
		return time.Time{}
	}
	return time.Unix(0, ns).UTC()
}

// CeilingOf is the rate of d that was served when the workload was last seen to be held back; 0 until it was.
func (p *Profile) CeilingOf(d Dimension) float64 {
	m, ok := d.Metric()
	if !ok || p.Metrics[m] == nil {
		return 0
	}
	return float64(p.Metrics[m].Ceiling)
}

// The columns of Profile.History: the highest score, which is the forecasts' regressor, the mean of each metric as far as it is not outside, in which
// seasons are sought, and the peak demand of each dimension whose use is read, for forecasts.
const (
	ScoresColumn = quantile.Rough
	MeansColumn  = ScoresColumn + 1
	DemandColumn = MeansColumn + NumMetrics
)

// numServed is how many dimensions, the first ones, are of what is served: their use is read step by step.
const numServed = quantile.Columns - DemandColumn - 1

// Scores is the highest score in each coarse step.
func (p *Profile) Scores() quantile.Column { return p.History.Column(ScoresColumn) }

// MeansOf is the mean of a metric in each coarse step.
func (p *Profile) MeansOf(m Metric) quantile.Column { return p.History.Column(MeansColumn + int(m)) }

// DemandOf is the peak demand of a dimension in each coarse step, empty where its use is not read.
func (p *Profile) DemandOf(d Dimension) quantile.Column {
	if d >= numServed {
		return quantile.Column{}
	}
	return p.History.Column(DemandColumn + int(d))
}

// taught gives the place of what is taught from now on.
func (p *Profile) taught() *Taught {
	if p.Taught == nil {
		p.Taught = new(Taught)
	}
	return p.Taught
}

// TrialOf is what would have been done to a dimension and is followed, or nil.
func (p *Profile) TrialOf(d Dimension) *Trial {
	if p.Taught == nil || p.Taught.Trials == nil {
		return nil
	}
	return p.Taught.Trials[d]
}

// Try follows what would have been done to a dimension; nil ends it.
func (p *Profile) Try(d Dimension, t *Trial) {
	if t == p.TrialOf(d) {
		return
	}
	known := p.taught()
	if known.Trials == nil {
		known.Trials = new([NumDimensions]*Trial)
	}
	known.Trials[d] = t
}

// MethodWeight is what feedback makes of a detection method: a factor on its configured weight.
type MethodWeight struct {
	Method string
	Factor float64
}

// LearnedOf is what acting on a dimension has taught.
func (p *Profile) LearnedOf(d Dimension) Learned {
	if p.Taught == nil || p.Taught.Learned == nil {
		return Learned{}
	}
	return p.Taught.Learned[d]
}

// Learn keeps what acting on a dimension has taught.
func (p *Profile) Learn(d Dimension, l Learned) {
	if l == p.LearnedOf(d) {
		return
	}
	known := p.taught()
	if known.Learned == nil {
		known.Learned = new([NumDimensions]Learned)
	}
	known.Learned[d] = l
}

// Weights are those of the methods that feedback has moved.
func (p *Profile) Weights() []MethodWeight {
	if p.Taught == nil {
		return nil
	}
	return p.Taught.Weights
}

// Weigh keeps what feedback makes of the methods.
func (p *Profile) Weigh(weights []MethodWeight) {
	if len(weights) > 0 || p.Taught != nil {
		p.taught().Weights = weights
	}
}

// Factor is what a method's configured weight is multiplied by; 1 until feedback has moved it.
func (p *Profile) Factor(method string) float64 {
	for _, w := range p.Weights() {
		if w.Method == method {
			return w.Factor
		}
	}
	return 1
}

// Backlog is the queue that a saturated workload builds up. While it grows, it tells how much comes in beyond what is served.
type Backlog struct {
	Growing int8    // steps in which it grew since the workload was last at ease
	Unread  int8    // steps since it was last read
	Since   int16   // steps since it last grew
	Ratio   float32 // the highest demand over what was served, in the steps in which it did
	End     float32 // requests in it at the end of the last step in which it was read
}

// CoarseStep is the coarse step being filled, the unit of seasons and forecasts. What there is in it is in Profile.Highest and with each metric.
type CoarseStep struct {
	Length time.Duration // a multiple of the step; 0 until known
	EndsAt int64         // in ns since 1970
}

// End is a multiple of Length, the zero time until that is known.
func (c *CoarseStep) End() time.Time { return timeOf(c.EndsAt) }

// MetricProfile is what is normal for one metric.
type MetricProfile struct {
	Rarity    surprise.Metric // level, spread and season of clean readings, and the record of deviations at several scales
	Season    *Season         // nil until it was looked for
	Last      float64         // the newest reading, clean or not
	LearnedAt int64           // when a new level was last taken as normal, in ns since 1970; 0 is never

	// Of the coarse step that is being filled, so far:
	Sum   float32 // of what is not outside
	Count int32   // of that
	Peak  float32 // highest demand, below 0 where there is none

	Window  quantile.Compact // the last clean readings
	Ceiling float32          // the rate that was served when the workload was last seen to be held back; 0 until it was
}

// MaxMethods is how many detection methods can be in use at once.
const MaxMethods = 4

// Season is the repeating part of a metric, as the last decomposition found it. Its shape is in the metric's Rarity.
type Season struct {
	Periods  []int         // in coarse steps, for example a day and a week; empty means that there is no season
	Length   time.Duration // of a coarse step
	Strength float64       // share (0-1) of the detrended variance that the season explains
	Renewed  time.Time     // when it was last looked for, found or not
}

// Threshold is the boundary of an anomaly, which follows the workload's own history of anomalies.
type Threshold struct {
	Value     float64 // the score that divides; starts at 1; 0 is read as 1
	Bias      float64 // what people's opinions multiply it by; 0 is read as 1
	Alarms    float32 // decayed count of alarms: anomalies above low severity
	Lows      float32 // decayed count of anomalies of any severity
	Watched   float64 // decayed time watched, in seconds
	DecayedAt int64   // when they were last decayed, in ns since 1970; 0 is never
	RestsTill int64   // no new alarm before, in ns since 1970, unless it is a strong one
}

// Run is how long the scores have been where they are.
type Run struct {
	Over   int32 // steps in a row at or above the threshold; a step just below neither counts nor breaks it
	Medium int32 // of them at medium strength, in a row
	Quiet  int32 // steps in a row well below the threshold
	Lower  int32 // steps in a row whose severity is below the anomaly's
}

// Shift is the expected effect of an own action: for its time, changes of level are learned, not reported. A latency that
// gets worse is no expected effect, nor is a queue that grows along with it, nor what is left of an incident that the action ends.
type Shift struct {
	From, Until time.Time
	ActionID    string
	Explained   [NumMetrics]bool // the newest reading of a metric
}

// Explains says whether the shift, if there is one, explains how far m is from normal in a step that is judged up to m.
func (s *Shift) Explains(f *Finding, m Metric, at time.Time) bool {
	if s == nil || at.Before(s.From) || !at.Before(s.Until) {
		return false
	}
	switch m {
	case Latency:
		return f.better(m)
	case QueueDepth:
		return f.better(m) || f.Distance[Latency] < 1 && !f.above(Latency)
	}
	return true
}

// better says whether a metric is below its level and falls, above whether it is so far above it that it is kept out of what is usual, though it may fall.
func (f *Finding) better(m Metric) bool {
	return f.Distance[m] < 0 && f.Rarity[m].Deviations[surprise.Reading] < 0
}

func (f *Finding) above(m Metric) bool {
	return f.Rarity[m].Outside && f.Rarity[m].Deviations[surprise.Reading] > 0
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
