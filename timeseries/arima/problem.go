package arima

import (
	"fmt"
	"math"
	"slices"
)

// problem is a series and its regressors, made ready for many evaluations: scaled to
// about 1, the regressors orthogonal once differenced and their least squares fit taken
// off the series.
type problem struct {
	spec        Spec
	diff        lagged
	columns     [][]float64 // the series, then the regressors that are estimated
	differenced [][]float64 // the same differenced, gaps interpolated
	gaps        bool
	count       int // readings

	exponent int         // the series was multiplied by 2^-exponent
	sizes    []int       // and each regressor
	shift    float64     // and this was taken off the series, scaled
	mix      [][]float64 // upper triangle: scaled regressors = columns · mix
	base     []float64   // coefficients that were taken off, of the scaled regressors
	free     []int       // which of all regressors are estimated

	sums           *moments
	innovations    innovations
	conditionalSum conditionalSum
	arProduct      multiplier
	maProduct      multiplier
	evaluations    int
	stop           func() bool // ends the search; nil: nothing does
	prior          float64     // see Config
	long           []float64   // innovations of a long autoregression, once made
}

// newProblem checks and scales. Fixed are coefficients of the regressors, NaN where they
// are to be estimated.
func newProblem(y []float64, spec Spec, x [][]float64, fixed []float64, keepLevel bool) (*problem, error) {
	p := &problem{spec: spec, diff: differences(spec.Order.D, spec.Seasonal.D, spec.Period)}
	series, err := p.series(y, x)
	if err != nil {
		return nil, err
	}
	all, err := p.regressors(len(y), x)
	if err != nil {
		return nil, err
	}
	p.base = make([]float64, len(all))
	for j, b := range fixed {
		if b != b {
			p.free = append(p.free, j)
			continue
		}
		p.base[j] = math.Ldexp(b, p.sizes[j]-p.exponent)
	}
	if err := p.checkLength(exact); err != nil {
		return nil, err
	}
	lag := p.diff.degree()
	for j, b := range p.base {
		for t, v := range all[j] {
			series[t] -= b * v
		}
	}
	if lag > 0 && !keepLevel {
		at := slices.IndexFunc(series, func(v float64) bool { return v == v })
		p.shift = series[at]
		for t := range series {
			series[t] -= p.shift
		}
	}
	p.columns = [][]float64{series}
	for _, j := range p.free {
		p.columns = append(p.columns, slices.Clone(all[j]))
	}
	if err := p.orthogonalise(); err != nil {
		return nil, err
	}
	p.sums = newMoments(len(p.columns))
	if p.gaps {
		p.differenced[0] = difference(interpolate(p.columns[0]), p.diff)
	}
	return p, nil
}

// interpolate fills gaps by straight lines.
func interpolate(x []float64) []float64 {
	x = slices.Clone(x)
	last := -1
	for t, v := range x {
		if v != v {
			continue
		}
		for gap := last + 1; gap < t; gap++ {
			if x[gap] = v; last >= 0 {
				x[gap] = x[last] + (v-x[last])*float64(gap-last)/float64(t-last)
			}
		}
		last = t
	}
	for gap := last + 1; gap < len(x); gap++ {
		x[gap] = x[last]
	}
	return x
}

// checkLength wants a reading more than there are coefficients; a conditional sum of
// squares leaves out more at the start.
func (p *problem) checkLength(w way) error {
	need := p.diff.degree() + p.spec.arma() + len(p.free) + 1
	if w == conditional {
		need += p.conditions()
	}
	if p.count < need {
		return fmt.Errorf("arima: %w: %d readings for %v, which needs %d", ErrShort, p.count, p.spec, need)
	}
	return nil
}

// series copies y scaled, missing where a regressor is.
func (p *problem) series(y []float64, x [][]float64) ([]float64, error) {
	series := slices.Clone(y)
	largest := 0.0
	for t, v := range y {
		for _, column := range x {
			if t < len(column) && column[t] != column[t] {
				series[t] = math.NaN()
			}
		}
		switch {
		case math.IsInf(v, 0):
			return nil, fmt.Errorf("arima: %w: %g at %d", ErrValues, v, t)
		case series[t] == series[t]:
			p.count++
			largest = max(largest, math.Abs(v))
		default:
			p.gaps = true
		}
	}
	_, p.exponent = math.Frexp(largest)
	for t := range series {
		series[t] = math.Ldexp(series[t], -p.exponent)
	}
	return series, nil
}
