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

// regressors are all columns, scaled: the mean, the drift and those given.
func (p *problem) regressors(n int, x [][]float64) ([][]float64, error) {
	var all [][]float64
	if p.spec.Mean {
		ones := make([]float64, n)
		for t := range ones {
			ones[t] = 1
		}
		all = append(all, ones)
	}
	if p.spec.Drift {
		line := make([]float64, n)
		for t := range line {
			line[t] = float64(t + 1)
		}
		all = append(all, line)
	}
	for i, column := range x {
		if len(column) != n {
			return nil, fmt.Errorf("arima: %w: %q has %d values, the series %d", ErrRegressors, p.spec.Names[i], len(column), n)
		}
		for t, v := range column {
			if math.IsInf(v, 0) {
				return nil, fmt.Errorf("arima: %w: %g at %d of %q", ErrValues, v, t, p.spec.Names[i])
			}
		}
		all = append(all, slices.Clone(column))
	}
	for _, column := range all {
		largest := 0.0
		for t, v := range column {
			if v != v {
				column[t] = 0 // where the series is missing too
			}
			largest = max(largest, math.Abs(column[t]))
		}
		_, exponent := math.Frexp(largest)
		p.sizes = append(p.sizes, exponent)
		for t := range column {
			column[t] = math.Ldexp(column[t], -exponent)
		}
	}
	return all, nil
}

// orthogonalise makes the regressors orthogonal over the differences that are there
// (modified Gram-Schmidt), and takes their fit off the series.
func (p *problem) orthogonalise() error {
	p.differenced = make([][]float64, len(p.columns))
	for i, column := range p.columns {
		p.differenced[i] = difference(column, p.diff)
	}
	rows := p.differenced
	w := rows[0]
	there := 0
	for _, v := range w {
		if v == v {
			there++
		}
	}
	dot := func(a, b []float64) float64 {
		sum := 0.0
		for t, v := range w {
			if v == v {
				sum += a[t] * b[t]
			}
		}
		return sum
	}
	k := len(p.columns) - 1
	p.mix = make([][]float64, k)
	for i := range p.mix {
		p.mix[i] = make([]float64, k)
		p.mix[i][i] = 1
	}
	if there < k+1 {
		return nil
	}
	takeOff := func(from, column int, by float64) {
		for _, c := range [][][]float64{p.columns, rows} {
			for t, v := range c[column] {
				c[from][t] -= by * v
			}
		}
	}
	for j := range k {
		before := dot(rows[j+1], rows[j+1])
		size := 0.0
		for _, v := range p.columns[j+1] {
			size += v * v
		}
		for range 2 { // twice is enough (Kahan, Parlett)
			for i := range j {
				by := dot(rows[i+1], rows[j+1])
				takeOff(j+1, i+1, by)
				p.mix[i][j] += by
			}
		}
		norm := math.Sqrt(dot(rows[j+1], rows[j+1]))
		if !(norm > 1e-9*math.Sqrt(before)) || !(before > 1e-24*size) {
			return fmt.Errorf("arima: %w: %q is a combination of the others, or is constant, once differenced; leave it out",
				ErrRegressors, p.spec.regressors()[p.free[j]])
		}
		for _, c := range [][][]float64{p.columns, rows} {
			for t := range c[j+1] {
				c[j+1][t] /= norm
			}
		}
		p.mix[j][j] = norm
	}
	fit := make([]float64, k)
	for j := range k {
		fit[j] = dot(rows[0], rows[j+1])
		takeOff(0, j+1, fit[j])
	}
	for i, b := range p.unmix(fit) {
		p.base[p.free[i]] = b
	}
	return nil
}

// unmix turns coefficients of the columns into those of the scaled regressors.
func (p *problem) unmix(b []float64) []float64 {
	b = slices.Clone(b)
	for i := len(b) - 1; i >= 0; i-- {
		for j := i + 1; j < len(b); j++ {
			b[i] -= p.mix[i][j] * b[j]
		}
		b[i] /= p.mix[i][i]
	}
	return b
}

// difference is x_t - Σ δ x_(t-l), from the first step that has all of it.
func difference(x []float64, diff lagged) []float64 {
	n := diff.degree()
	if n >= len(x) {
		return nil
	}
	w := slices.Clone(x[n:])
	for _, d := range diff {
		for t := range w {
			w[t] -= d.c * x[n+t-d.lag]
		}
	}
	return w
}

// way is how a likelihood is evaluated.
type way uint8

const (
	exact       way = iota
	filled          // exact, of the series with its gaps interpolated
	withPrior       // with a prior variance in place of the exact start
	conditional     // the conditional sum of squares
)

// evaluate filters at coefficients of the ARMA part, and leaves what it finds in sums. It
// returns false where the autoregression is not stationary.
func (p *problem) evaluate(coef []float64, w way) bool {
	p.evaluations++
	ar, ma, sar, sma := p.spec.blocks(coef)
	a := p.arProduct.product(ar, sar, p.spec.Period, -1)
	b := p.maProduct.product(ma, sma, p.spec.Period, 1)
	p.sums.reset()
	switch {
	case w == conditional && p.gaps:
		m := newModel(a, b, p.diff)
		p.conditionalSum.runGaps(m, m.slots+p.conditions(), p.columns, p.sums)
	case w == conditional:
		p.conditionalSum.run(a, b, p.conditions(), p.differenced, p.sums)
	case w == withPrior:
		return p.filter(newModel(a, b, p.diff), p.prior) != nil
	case w == exact && p.gaps:
		return p.filter(newModel(a, b, p.diff), 0) != nil
	default:
		return p.innovations.run(a, b, p.differenced, p.sums)
	}
	return true
}

// conditions is how many innovations a conditional sum leaves out.
func (p *problem) conditions() int { return p.spec.Order.P + p.spec.Seasonal.P*p.spec.Period }

// filter runs the filter with gaps over the columns.
func (p *problem) filter(m model, prior float64) *filter {
	f := newFilter(m, len(p.columns), prior)
	if f == nil {
		return nil
	}
	values := make([]float64, len(p.columns))
	for t := range p.columns[0] {
		for c := range p.columns {
			values[c] = p.columns[c][t]
		}
		if variance, counts := f.step(values); counts && (prior == 0 || variance < maxGain) {
			copy(p.sums.now, f.now)
			p.sums.add(variance, 1/variance)
		}
	}
	return f
}

// maxGain is the variance of an innovation above which, with a prior variance as in R,
// it is not counted: it is the prior's.
const maxGain = 1e4

// estimate is what follows from sums: the coefficients of the columns by generalised
// least squares, and the variance of the innovations with these.
func (s *moments) estimate() (b []float64, variance float64, ok bool) {
	k := len(s.now) - 1
	variance = s.cross[0]
	if k > 0 {
		l := make([]float64, k*k) // Cholesky factor
		b = make([]float64, k)
		for i := range k {
			sum := s.cross[i+1]
			for j := range i + 1 {
				c := s.cross[(j+1)*(k+1)+i+1]
				for m := range j {
					c -= l[i*k+m] * l[j*k+m]
				}
				if i == j {
					if !(c > 0) {
						return nil, 0, false
					}
					l[i*k+i] = math.Sqrt(c)
					continue
				}
				l[i*k+j] = c / l[j*k+j]
				sum -= l[i*k+j] * b[j]
			}
			b[i] = sum / l[i*k+i]
			variance -= b[i] * b[i]
		}
		for i := k - 1; i >= 0; i-- {
			for j := i + 1; j < k; j++ {
				b[i] -= l[j*k+i] * b[j]
			}
			b[i] /= l[i*k+i]
		}
	}
	variance /= float64(s.n)
	return b, variance, variance > 0 && s.n > 0
}

// residuals are the standardised innovations that were kept, less their regression.
func (s *moments) residuals(dst []float64) []float64 {
	k := len(s.now)
	dst = resize(dst, len(s.kept)/k)
	b, _, ok := s.estimate()
	for t := range dst {
		row := s.kept[t*k:][:k]
		dst[t] = row[0]
		for j, c := range b {
			if ok {
				dst[t] -= c * row[j+1]
			}
		}
	}
	return dst
}

// logLik is the log-likelihood at a variance of the innovations that is their mean square.
func (s *moments) logLik(variance float64) float64 {
	n := float64(s.n)
	return -0.5 * (n*(math.Log(2*math.Pi)+1+math.Log(variance)) + s.logDet())
}
