// Package detect says how far a step is from what is normal for its workload.
//
// Several [Method] values each give a deviation; each is calibrated to a tail probability by the record of its own past
// deviations, and from that to a score in which 1.0 is the boundary of an anomaly. The weighted mean over the methods gives
// a metric's score, the worst metric the workload's, and the workload's own threshold the severity.
//
// # From deviation to score
//
// How often a deviation of d spreads occurs is read from a histogram of the same method's past deviations on the same
// metric of the same workload ([foreshock.Tail]), not from the normal distribution. Beyond the knee, where about √n of the n
// deviations lie, it is taken to fall off exponentially, ln P(|D| > d) = ln P(|D| > knee) - α(d/knee - 1), as steeply as it
// does at the knee: α is Hill's index for grouped data, drawn towards 5 while the record is short. On the logarithmic scale on which
// the methods work that is a power law of the readings, and heavier than the tail of a normal or log-normal one. With p₀
// the boundary probability and b the deviation that has it, the score of d is
//
//	ln P(|D| > d) / ln p₀     up to b
//	d / b                     beyond, where a probability would be guesswork
//
// # Alarms
//
// p₀ follows from a budget of false alarms ([Config.LowPerWeek]), the length of a step and the number of metrics. The
// workload's threshold, a factor on the boundary, follows its own history: with A alarms above low in w weeks watched (both
// with a half-life of two weeks) against t allowed, it is ((A+1)/(t·w+1))^0.3, or the same of all anomalies where that is
// more, times what people's opinions make of it, within 0.7 to 4. All of this is in the profile.
package detect

import (
	"time"

	"github.com/foreshock-io/foreshock"
)

// Method is one way to say how far a reading is from normal. It keeps nothing: all it knows is in the profile.
type Method interface {
	Name() string
	// Judge gives the deviation of a reading, with sign and in the method's own spreads, and what turns a deviation back into a
	// reading. ready is false while there is too little history.
	Judge(normal *foreshock.MetricProfile, r Reading) (j Judgement, ready bool)
}

// Reading is what a method judges.
type Reading struct {
	Metric foreshock.Metric
	Middle time.Time // of the step
	X      float64   // in the metric's unit
	Y      float64   // X on the scale of the profile's Level, which has one when there is a reading to judge
}

// Judgement is a method's opinion of one reading.
type Judgement struct {
	Deviation float64
	Expected  float64 // on the method's scale
	// On the method's scale, the deviation would be -d at Lower - d·Spread and d at Upper + d·Spread.
	Lower, Upper, Spread float64
	Scale                Scale
}

// Scale turns a value on a method's scale into a reading in the metric's unit. [foreshock.Level] and [foreshock.Season] do.
type Scale interface{ Value(y float64) float64 }

// Seasonal is what a method has that knows the season. Where there is one, the other methods count for less.
type Seasonal interface{ Seasonal() }

// Factory offers a method to configuration files.
type Factory struct {
	Name string
	New  func(decode func(any) error) (Method, error)
}

// Weighted is a method and how much it counts.
type Weighted struct {
	Method Method
	Weight float64 // above 0
}

// Detector runs the methods. It keeps nothing between calls and is safe for concurrent use on different profiles.
type Detector struct {
	cfg      Config
	methods  []Weighted
	names    []string
	seasonal []bool
	limits   [foreshock.NumMetrics]Limit
}
