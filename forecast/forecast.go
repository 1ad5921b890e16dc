// Package forecast says what demand comes next: it back-tests models on a workload's own history, chooses, and gates on skill.
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
}

// End is the end of the last step.
func (h History) End() time.Time { return h.Start.Add(time.Duration(len(h.Values)-1) * h.Length) }

// Model is one way to forecast. It keeps nothing between calls and is safe for concurrent use.
type Model interface {
	Name() string
	// Predict fits h and gives, for each of steps steps ahead, the mean and the quantiles at levels (ascending, 0-1):
	// quantiles[level][step]. It ends early with ctx's error. Demand is never below zero.
	Predict(ctx context.Context, h History, steps int, levels []float64) (mean []float64, quantiles [][]float64, err error)
}

// Factory offers a model to configuration files.
type Factory struct {
	Name string
	New  func(decode func(any) error) (Model, error)
}
