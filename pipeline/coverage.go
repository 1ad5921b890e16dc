package pipeline

import (
	"math"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/feedback"
	"github.com/foreshock-io/foreshock/timeseries/quantile"
)

// outlook is what a forecast said, at the quantile that decisions follow, of the demand until a change could be in effect.
type outlook struct {
	from, to time.Time // ends of coarse steps: it is of the steps after from up to to
	peak     float64   // highest demand
}

// look compares the outlooks whose time is over with the demand that came, and takes new ones from the forecasts of now, one after the other, so that each
// demand counts once.
func (o *owner) look(w *workload, now, end time.Time) {
	if o.Without.Feedback || !w.scalable() {
		return
	}
	for _, f := range w.forecasts {
		if !f.Usable() || !w.policy.Changes(f.Dimension) {
			continue
		}
		d := f.Dimension
		if x := &w.outlooks[d]; !x.to.IsZero() {
			if end.Before(x.to) {
				continue
			}
			o.covered(w, d, x, now, end)
		}
		w.outlooks[d] = outlookOf(w, f, end)
	}
}

// busy is the share of the highest demand that is remembered above which it matters whether a forecast covers: were the quiet times counted, they could make up for
// peaks that are not covered, while it is the peaks that capacity is for.
const busy = 0.5

// covered learns from an outlook, unless a part of the demand since is missing or all was quiet, in the forecast and in truth.
func (o *owner) covered(w *workload, d foreshock.Dimension, x *outlook, now, end time.Time) {
	length := w.profile.Coarse.Length
	seen := newest(w.profile.DemandOf(d), int(end.Sub(x.from)/length))
	highest := math.Inf(-1)
	for _, demand := range seen[:min(len(seen), int(x.to.Sub(x.from)/length))] {
		highest = math.Max(highest, demand) // NaN stays
	}
	if math.IsNaN(highest) || max(highest, x.peak) < busy*most(w.profile.DemandOf(d)) {
		return
	}
	learned, corrections := feedback.LearnCoverage(w.profile.LearnedOf(d), d, w.id, feedback.Coverage{
		Stated: w.policy.Quantile, Covered: highest <= x.peak, Fixed: w.policy.Objective.Stated(),
	})
	w.profile.Learn(d, learned)
	o.corrected(now, corrections)
}

// outlookOf is that of a forecast over the lead time with a margin, as decisions look at it; zero where it does not reach.
func outlookOf(w *workload, f *foreshock.Forecast, end time.Time) outlook {
	learned := w.profile.LearnedOf(f.Dimension)
	lead := w.policy.LeadTimeOf(learned)
	steps := max(1, int(math.Ceil(float64(lead+lead/2)/float64(f.Length))))
	if !f.At.Equal(end) || steps > len(f.Mean) || f.Length != w.profile.Coarse.Length {
		return outlook{}
	}
	to := end.Add(time.Duration(steps) * f.Length)
	peak, _, ok := f.Peak(w.policy.QuantileOf(learned), end, to.Add(-1))
	if !ok || math.IsNaN(peak) {
		return outlook{}
	}
	return outlook{from: end, to: to, peak: peak * math.Exp(learned.Bias)}
}

// most is the highest of a history's readings.
func most(h quantile.Column) float64 {
	highest := math.Inf(-1)
	for _, x := range h.Values(nil) {
		if x > highest { // not NaN
			highest = x
		}
	}
	return highest
}
