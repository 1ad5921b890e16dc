// Package profile folds steps into what is normal for a workload, and keeps incidents and own actions out of it.
//
// # What is kept
//
// Per metric a sliding window of clean readings ([quantile.Compact]), the record by which readings are scored ([surprise.Metric]: levels,
// spread, seasons and past deviations on several scales), and the means of coarse steps from which seasons are found. Per workload the peak
// demand and the highest score of each coarse step, and how surprising steps are at each time of day.
//
// # Hygiene
//
// A reading that is too surprising is kept out of what is normal (see [surprise.Metric.Learn]). A shift that outlasts Config.Persist is the
// usual level from then on, and the window moves along. Within foreshock.Profile.Shift the effect of an own action is learned after
// Config.ShiftSteps.
package profile

import (
	"time"

	"github.com/foreshock-io/foreshock"
)

// New returns the empty profile of a workload that is read in steps of the given length, which must be above 0.
func New(id foreshock.ID, source string, step time.Duration) *foreshock.Profile {
	return &foreshock.Profile{
		ID: id, Source: source, Length: step,
		Threshold: foreshock.Threshold{Value: 1, Bias: 1},
	}
}
