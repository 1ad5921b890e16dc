// Package forecast says what demand comes next.
//
// Models are fitted to a workload's history, kept up to date step by step, and asked for what comes next. A [Chooser] back-tests them on
// that history by rolling origin: each is fitted to the first part, and from many origins in the rest, reached by updates alone, it forecasts what was
// then to come. The models that did better than seasonal naive are combined by their loss, the combination's quantiles follow the errors that it made, and
// what comes of it, a [Chosen], takes in each further step in O(1).
package forecast

import (
	"context"
	"time"

	"github.com/foreshock-io/foreshock"
)

// History is the demand of one dimension of one workload, in regular coarse steps.
type History struct {
	Workload  foreshock.ID
	Dimension foreshock.Dimension
	Start     time.Time // end of the first step
	Length    time.Duration
	Values    []float64 // demand in the dimension's unit; NaN where nothing is known; never changed
	Anomaly   []float64 // highest anomaly score per step, a regressor; NaN or shorter where unknown
	Periods   []int     // season lengths in steps that the caller has found, shortest first; may be empty
	Signed    bool      // values may be below zero; those of a demand may not
}

// End is the end of the last step.
func (h History) End() time.Time { return h.Start.Add(time.Duration(len(h.Values)-1) * h.Length) }

// Series is what a model is fitted to: a history on a scale on which changes are alike at every height (see [Scale]).
type Series struct {
	Values  []float64 // NaN where nothing is known; neither changed nor kept by a model
	Anomaly []float64 // score per step, as long as Values; NaN where unknown
	Periods []int     // season lengths in steps, shortest first, each seen at least twice
}

// TryWeek is the same with a season of seven seasons besides, where one season was found: what there is of a week may be of use before it can be told from chance.
func (s Series) TryWeek() Series {
	if len(s.Periods) == 1 {
		s.Periods = []int{s.Periods[0], 7 * s.Periods[0]}
	}
	return s
}

// first is the first n steps.
func (s Series) first(n int) Series {
	return Series{s.Values[:n:n], s.Anomaly[:n:n], seenTwice(s.Periods, n)}
}

// Model is one way to forecast. It keeps nothing between calls and is safe for concurrent use.
type Model interface {
	Name() string
	// Fit fits the model. It ends early with ctx's error.
	Fit(ctx context.Context, s Series) (Fitted, error)
}

// Varied is a model that comes in variants, each of which is tried by itself.
type Varied interface {
	Model
	// Variants are those for a series with the given seasons; at least one.
	Variants(periods []int) []Model
}

// variants are those of m, or m itself.
func variants(m Model, periods []int) []Model {
	if v, ok := m.(Varied); ok {
		return v.Variants(periods)
	}
	return []Model{m}
}

// Fitted is a model fitted to a series. It is not safe for concurrent use.
type Fitted interface {
	// Update takes in the step after the last one that it knows: the value, and the anomaly score, NaN where there is none. It takes O(1) and allocates nothing.
	Update(value, anomaly float64)
	// Forecast fills mean and deviation, which have one length, for the steps after the last one that the model knows: the middle of what it
	// expects, and the standard deviation about it. Only proportions matter of the deviation: how far values really go astray is measured.
	Forecast(mean, deviation []float64)
}

// Factory offers a model to configuration files.
type Factory struct {
	Name string
	New  func(decode func(any) error) (Model, error)
}
