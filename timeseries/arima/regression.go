package arima

import (
	"fmt"
	"math"
	"slices"
)

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
