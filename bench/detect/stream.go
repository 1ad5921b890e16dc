package main

import (
	"math"
	"math/rand/v2"
	"runtime"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/app"
	"github.com/foreshock-io/foreshock/config"
	"github.com/foreshock-io/foreshock/pipeline"
	"github.com/foreshock-io/foreshock/timeseries/quantile"
	"golang.org/x/sync/errgroup"
)

// detector opens streams of rows with so many metrics.
type detector struct {
	name string
	one  bool // it takes one metric only
	open func(step time.Duration, metrics int) (observe, error)
}

// observe judges a stream's next row.
type observe func(at time.Time, row []float64) pipeline.Verdict

// ours is the program's detection, with the program's defaults.
var ours = detector{"foreshock", false, func(step time.Duration, metrics int) (observe, error) {
	stream, err := app.NewStream(config.Default(), step, metrics)
	if err != nil {
		return nil, err
	}
	return stream.Observe, nil
}}

// windowRows is how much the windowed Gaussian remembers.
const windowRows = 4096

// windowed is the plain detector that many systems have: how many standard deviations from the mean of the last rows.
var windowed = detector{"windowed Gaussian", false, func(_ time.Duration, metrics int) (observe, error) {
	windows := make([]quantile.Window, metrics)
	for i := range windows {
		windows[i] = quantile.NewWindow(windowRows)
	}
	return func(_ time.Time, row []float64) (v pipeline.Verdict) {
		for i, x := range row {
			w := &windows[i]
			if spread := w.StdDev(); w.Count() > 1 && spread > 0 {
				if z := math.Abs(x-w.Mean()) / spread; z/3 > v.Score { // 3 spreads are the boundary
					v.Score, v.Lead = z/3, i
				}
			}
			w.Add(x)
		}
		return v
	}, nil
}}

// noise knows nothing.
var noise = detector{"uniform noise", false, func(time.Duration, int) (observe, error) {
	rng := rand.New(rand.NewPCG(1, 1))
	return func(time.Time, []float64) pipeline.Verdict { return pipeline.Verdict{Score: rng.Float64()} }, nil
}}

// verdicts are what a detector says of a series, row by row.
type verdicts struct {
	scores   []float64 // in [0,1)
	severity []foreshock.Severity
}

// judge gives a series to a new stream, row by row.
func judge(d detector, times []time.Time, rows [][]float64) (verdicts, error) {
	look, err := d.open(pipeline.StepOf(times), len(rows[0]))
	if err != nil {
		return verdicts{}, err
	}
	v := verdicts{make([]float64, len(rows)), make([]foreshock.Severity, len(rows))}
	for i, row := range rows {
		one := look(times[i], row)
		v.scores[i], v.severity[i] = one.AnomalyScore(), one.Severity
	}
	return v, nil
}

// column gives values as rows of one metric.
func column(values []float64) [][]float64 {
	rows := make([][]float64, len(values))
	for i := range values {
		rows[i] = values[i : i+1]
	}
	return rows
}

// all does the work on all processors.
func all(work []func() error) error {
	var g errgroup.Group
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, f := range work {
		g.Go(f)
	}
	return g.Wait()
}
