package stl

import (
	"fmt"
	"math"

	"github.com/foreshock-io/foreshock/timeseries/loess"
	"github.com/foreshock-io/foreshock/timeseries/robust"
)

// Result is a decomposition; all slices have the length of the series.
type Result struct {
	Period    int
	Trend     []float64
	Seasonal  []float64
	Remainder []float64 // NaN where the reading is missing
	Weights   []float64 // robustness weights of the last round, 0..1; 1 without outer passes, 0 where missing
}

// Decompose splits x. The error is of the settings, ErrShort, ErrGaps or ErrValues.
func Decompose(x []float64, cfg Config) (Result, error) {
	var r Result
	err := new(Workspace).Decompose(&r, x, cfg)
	return r, err
}

// Workspace decomposes without allocating, as long as the length of the series and
// the settings stay the same. The zero value is ready. It is not safe for concurrent
// use.
type Workspace struct {
	n        int
	settings settings

	trendPlan, lowPlan *loess.Plan
	subPlans           [2]*loess.Plan // for the cycle-subseries with one reading more, and the others

	y          []float64 // the series, gaps interpolated
	present    []float64 // 1, or 0 for a gap
	weights    []float64 // what the loesses use: robustness weights, 0 for a gap
	weighted   bool      // whether they use them
	a, b       []float64 // as long as the series with a period before and after it
	sub        []float64 // one cycle-subseries,
	subWeights []float64 // its weights,
	subSmooth  []float64 // and what it was smoothed to
	stats      robust.Workspace
}

// Decompose is the package function, with the result written into dst, whose slices
// are used when they are large enough. dst is changed only when there is no error.
func (w *Workspace) Decompose(dst *Result, x []float64, cfg Config) error {
	if err := w.begin(x, cfg); err != nil {
		return err
	}
	dst.Period = cfg.Period
	for _, s := range []*[]float64{&dst.Trend, &dst.Seasonal, &dst.Remainder, &dst.Weights} {
		*s = resize(*s, len(x))
	}
	w.run(dst)
	w.finish(dst, x)
	return nil
}

// begin checks and takes the series and the settings.
func (w *Workspace) begin(x []float64, cfg Config) error {
	if err := cfg.check(); err != nil {
		return err
	}
	gaps, err := checkSeries(x, cfg.Period)
	if err != nil {
		return err
	}
	s := cfg.resolve(len(x))
	if gaps {
		s.reach = reachInGaps
	}
	if err := w.prepare(len(x), s); err != nil {
		return err
	}
	w.load(x)
	w.weighted = gaps
	return nil
}

func checkSeries(x []float64, period int) (gaps bool, err error) {
	if len(x)-period <= period {
		return false, fmt.Errorf("stl: %w: %d readings, period %d", ErrShort, len(x), period)
	}
	count := 0
	for i, v := range x {
		if math.Abs(v) > maxAbs {
			return false, fmt.Errorf("stl: %w: %g at %d", ErrValues, v, i)
		}
		if v == v {
			count++
		}
	}
	if count < period {
		return false, fmt.Errorf("stl: %w: %d readings, period %d", ErrGaps, count, period)
	}
	return count < len(x), nil
}

// prepare makes plans and storage for this length and these settings.
func (w *Workspace) prepare(n int, s settings) error {
	if w.n == n && w.settings == s {
		return nil
	}
	w.n = 0 // until all is ready
	longest := (n-1)/s.period + 1
	sub := loess.Config{Window: s.seasonal, Degree: s.seasonalDegree, Jump: s.seasonalJump, Reach: s.reach}
	for _, p := range []struct {
		plan **loess.Plan
		n    int
		cfg  loess.Config
	}{
		{&w.trendPlan, n, loess.Config{Window: s.trend, Degree: s.trendDegree, Jump: s.trendJump, Reach: s.reach}},
		{&w.lowPlan, n, loess.Config{Window: s.lowPass, Degree: s.lowDegree, Jump: s.lowJump}},
		{&w.subPlans[0], longest, sub},
		{&w.subPlans[1], longest - 1, sub},
	} {
		plan, err := loess.NewPlan(p.n, p.cfg)
		if err != nil {
			return fmt.Errorf("stl: %w", err)
		}
		*p.plan = plan
	}
	for _, x := range []*[]float64{&w.y, &w.present, &w.weights} {
		*x = resize(*x, n)
	}
	w.a, w.b = resize(w.a, n+2*s.period), resize(w.b, n+2*s.period)
	w.sub, w.subWeights, w.subSmooth = resize(w.sub, longest), resize(w.subWeights, longest), resize(w.subSmooth, longest+2)
	w.n, w.settings = n, s
	return nil
}

// load takes the series, with gaps filled by interpolation and weight 0.
func (w *Workspace) load(x []float64) {
	before := -1 // the last reading that is there
	for i, v := range x {
		w.y[i], w.present[i] = v, 1
		if v != v {
			w.present[i] = 0
			continue
		}
		for j := before + 1; j < i; j++ {
			w.y[j] = v
			if before >= 0 {
				w.y[j] = x[before] + (v-x[before])*float64(j-before)/float64(i-before)
			}
		}
		before = i
	}
	for j := before + 1; j < len(x); j++ {
		w.y[j] = x[before]
	}
	copy(w.weights, w.present)
}

// run is the outer loop.
func (w *Workspace) run(dst *Result) {
	clear(dst.Trend)
	clear(dst.Seasonal)
	for round := 0; ; round++ {
		for range w.settings.innerPasses {
			w.inner(dst.Trend, dst.Seasonal)
		}
		if round >= w.settings.outerPasses {
			return
		}
		w.reweigh(dst.Trend, dst.Seasonal)
	}
}

// reweigh sets the robustness weights from the remainders.
func (w *Workspace) reweigh(trend, seasonal []float64) {
	size := w.a[:w.n]
	for i, v := range w.y {
		size[i] = math.Abs(v - trend[i] - seasonal[i])
		if w.present[i] == 0 {
			size[i] = math.NaN()
		}
	}
	bound := 6 * w.stats.Median(size)
	for i, r := range size {
		switch {
		case r <= 0.001*bound:
			w.weights[i] = 1
		case r <= 0.999*bound:
			u := r / bound
			v := 1 - u*u
			w.weights[i] = v * v
		default: // an outlier or a gap
			w.weights[i] = 0
		}
	}
	w.weighted = true
}

// finish sets what follows from the smoothed parts.
func (w *Workspace) finish(dst *Result, x []float64) {
	if w.settings.periodic {
		averageCycles(dst.Seasonal, w.settings.period)
	}
	copy(dst.Weights, w.weights)
	for i, v := range x {
		dst.Remainder[i] = v - dst.Seasonal[i] - dst.Trend[i]
	}
}

// averageCycles replaces each step of the season by its mean over the cycles.
func averageCycles(seasonal []float64, period int) {
	for j := range period {
		sum, count := 0.0, 0
		for i := j; i < len(seasonal); i += period {
			sum += seasonal[i]
			count++
		}
		for i := j; i < len(seasonal); i += period {
			seasonal[i] = sum / float64(count)
		}
	}
}

func resize(x []float64, n int) []float64 {
	if cap(x) < n {
		return make([]float64, n)
	}
	return x[:n]
}
