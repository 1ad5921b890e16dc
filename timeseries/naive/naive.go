// Package naive forecasts by the simplest methods, which others must beat: Hyndman and Athanasopoulos, Forecasting: Principles and
// Practice (3rd ed.), §5.2 and §5.5. With readings x_1…x_n and residuals e of the same rule within the series,
//
//	Mean      mean of x                     σ √(1 + 1/n),       σ² = Σe²/(n-1), Student's t
//	Seasonal  x_(n+h-(k+1)m)                σ √(k+1),           σ² = mean e²,   k = ⌊(h-1)/m⌋
//	Drift     x_n + h(x_n-x_1)/(n-1)        σ √(h(1+h/(n-1))),  σ² = Σe²/(n-2)
//
// are the forecasts of step h with their standard deviations. Seasonal with a period of 1 is the naive forecast, the last value. NaN is a
// missing reading: where the last of a phase is missing, an older one stands in and the deviation grows with its age.
package naive

import (
	"errors"
	"fmt"
	"math"
	"slices"

	"gonum.org/v1/gonum/stat/distuv"
)

// Errors of series that give no forecast, to be matched with errors.Is.
var (
	ErrShort  = errors.New("series has too few readings")
	ErrValues = errors.New("series has readings beyond ±1e150")
)

// maxAbs is where a square still has room to be summed.
const maxAbs = 1e150

// Forecast is what a method expects of the next steps.
type Forecast struct {
	Mean    []float64
	StdDev  []float64 // of what will be read
	Freedom float64   // degrees of freedom of Student's t about the mean; 0: normal
}

// Quantile is the q-quantile of each step; NaN when q is not in 0..1. It uses the storage of dst when that suffices; what dst held is overwritten.
func (f *Forecast) Quantile(dst []float64, q float64) []float64 {
	z := math.Sqrt2 * math.Erfinv(2*q-1)
	if f.Freedom > 0 && q >= 0 && q <= 1 {
		z = distuv.StudentsT{Sigma: 1, Nu: f.Freedom}.Quantile(q)
	}
	dst = slices.Grow(dst[:0], len(f.Mean))[:len(f.Mean)]
	for i, mean := range f.Mean {
		dst[i] = mean + z*f.StdDev[i]
	}
	return dst
}

// Mean forecasts the mean of the series for h steps. It panics when h is negative.
func Mean(x []float64, h int) (Forecast, error) {
	var n, mean, squares float64
	for i, v := range x {
		if math.Abs(v) > maxAbs {
			return Forecast{}, fmt.Errorf("naive: %w: %g at %d", ErrValues, v, i)
		}
		if v == v {
			n++
			d := v - mean
			mean += d / n
			squares += d * (v - mean)
		}
	}
	if n < 2 {
		return Forecast{}, fmt.Errorf("naive: %w: %g, a mean with its spread needs 2", ErrShort, n)
	}
	f := Forecast{Mean: make([]float64, h), StdDev: make([]float64, h), Freedom: n - 1}
	for i := range f.Mean {
		f.Mean[i], f.StdDev[i] = mean, math.Sqrt(squares/(n-1)*(1+1/n))
	}
	return f, nil
}

// Seasonal forecasts for h steps what was read one period before, again and again. It panics when period is below 1 or h negative.
func Seasonal(x []float64, period, h int) (Forecast, error) {
	if period < 1 {
		panic(fmt.Sprintf("naive: period must be at least 1, not %d", period))
	}
	sum, n, err := differences(x, period, 0)
	if err != nil {
		return Forecast{}, err
	}
	if n < 1 {
		return Forecast{}, fmt.Errorf("naive: %w: none is %d steps after another", ErrShort, period)
	}
	f := Forecast{Mean: make([]float64, h), StdDev: make([]float64, h)}
	for i := range f.Mean {
		last := len(x) + i - period*(i/period+1)
		for last >= 0 && x[last] != x[last] {
			last -= period
		}
		if last < 0 {
			return Forecast{}, fmt.Errorf("naive: %w: step %d of the period was never read", ErrShort, i%period)
		}
		f.Mean[i], f.StdDev[i] = x[last], math.Sqrt(sum/n*float64((len(x)+i-last)/period))
	}
	return f, nil
}

// Drift forecasts the line through the first and the last reading for h steps. It panics when h is negative.
func Drift(x []float64, h int) (Forecast, error) {
	present := func(v float64) bool { return v == v }
	first := slices.IndexFunc(x, present)
	last := len(x) - 1
	for last > first && !present(x[last]) {
		last--
	}
	if first < 0 || first == last {
		return Forecast{}, fmt.Errorf("naive: %w: a line needs 2", ErrShort)
	}
	length := float64(last - first)
	slope := x[last]/length - x[first]/length
	sum, n, err := differences(x, 1, slope)
	if err != nil {
		return Forecast{}, err
	}
	if n < 2 {
		return Forecast{}, fmt.Errorf("naive: %w: a line with its spread needs 3 in a row", ErrShort)
	}
	f := Forecast{Mean: make([]float64, h), StdDev: make([]float64, h)}
	for i := range f.Mean {
		ahead := float64(len(x) + i - last)
		f.Mean[i] = x[last] + ahead*slope
		f.StdDev[i] = math.Sqrt(sum / (n - 1) * ahead * (1 + ahead/length))
	}
	return f, nil
}

// differences sums the squares of x_t - x_(t-lag) - shift over the n pairs that are there.
func differences(x []float64, lag int, shift float64) (sum, n float64, err error) {
	for i, v := range x {
		if math.Abs(v) > maxAbs {
			return 0, 0, fmt.Errorf("naive: %w: %g at %d", ErrValues, v, i)
		}
		if i < lag {
			continue
		}
		if e := v - x[i-lag] - shift; e == e {
			sum += e * e
			n++
		}
	}
	return sum, n, nil
}
