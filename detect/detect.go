// Package detect says how far a step is from what is normal for its workload.
//
// Steps are judged by what is rare (timeseries/surprise, whose state is in the profile): how rare each metric's reading is among
// its own past, on several scales. A [Method] is a family of scales: the weighted power mean over the scales of all of them gives a metric's
// surprise, in decades of probability, of which only what is for the worse counts; the worst metric gives the step's, and from that is
// taken what is usual at its time of day.
//
// # From surprise to score
//
// 1.0 is the boundary b. It lies where a workload has about [Config.LowPerWeek] anomalies a week by chance. On streams without anomalies, from
// normal ones to those with heavy tails, the surprise rises by 0.3 to 1 decades where the probability falls by one; so with p₀ the probability
// that the budget leaves to a step and a metric,
//
//	b = 1.4 + ½ log10(p/p₀)       p: seven a week of 5-minute steps
//	b ≤ log10(steps seen)         that is all that so few can tell
//
// The score of a surprise s is s/b up to b, and 1 + (exp(2(s-b)) - 1)/6 beyond, where surprise grows by the logarithm of the
// deviation only.
//
// # Alarms
//
// The workload's threshold, a factor on the boundary, follows its own history: with A alarms above low in w weeks watched (both
// with a half-life of two weeks) against t allowed, it is ((A+1)/(t·w+1))^0.3, or the same of all anomalies where that is
// more, but 0.8 at least, since a budget need not be used up; times what people's opinions make of it, within 0.7 to 4. All of this is in the profile.
package detect

import (
	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/timeseries/surprise"
)

// Method is a family of scales on which a reading is compared with those before. It keeps nothing: all that is known is in the profile.
type Method interface {
	Name() string
	// Judges says whether the method answers for a scale. With seasonal, the scale compares what readings leave without their season.
	Judges(s surprise.Scale, seasonal bool) bool
}

// Seasonal is what a method has that knows the season. Where there is one, it comes before the others.
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
	cfg     Config
	methods []Weighted
	names   []string
	plain   scales // without a season
	season  scales
	limits  [foreshock.NumMetrics]Limit
}
