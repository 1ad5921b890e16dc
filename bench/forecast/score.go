package main

import (
	"math"
	"slices"

	"github.com/foreshock-io/foreshock/timeseries/metrics"
	"github.com/foreshock-io/foreshock/timeseries/robust"
)

// scores are means over series of means over the horizon, as in the M4 competition.
type scores struct {
	series               int
	smape, mase, medMASE float64
	owa                  float64 // mean of sMAPE and MASE over those of seasonal naive on the same series; not the M4's, which divides by another
	coverage, above      float64 // share of values in the 95 % interval; over its upper limit: too little would have been provided
	msis, width          float64
	negative             int // forecasts below zero of series that never are
}

// score scores a method on the series that it forecast entirely.
func score(list []series, f forecasts, period int) scores {
	var sum, base struct{ smape, mase mean }
	var mases []float64
	var s scores
	var coverage, above, msis, width mean
	for i := range list {
		x := &list[i]
		steps, ok := f[x.id]
		if !ok || !complete(steps, len(x.test)) {
			continue
		}
		s.series++
		n := len(x.test)
		middle, lower, upper := columns(steps[:n])
		naive := seasonalNaive(x.train, period, n)
		known := !slices.ContainsFunc(naive, math.IsNaN)
		sum.smape.add(metrics.SMAPE(x.test, middle))
		if known {
			base.smape.add(metrics.SMAPE(x.test, naive))
		}
		signed := false
		for _, v := range x.train {
			signed = signed || v < 0
		}
		for k := range middle {
			if !signed && (middle[k] < 0 || lower[k] < 0) {
				s.negative++
			}
		}
		scale := metrics.NaiveMAE(x.train, period)
		if scale > 0 {
			m := metrics.MAE(x.test, middle) / scale
			sum.mase.add(m)
			mases = append(mases, m)
			if known {
				base.mase.add(metrics.MAE(x.test, naive) / scale)
			}
		}
		within, over := inside(x.test, lower, upper)
		coverage.add(within)
		above.add(over)
		if scale > 0 && !math.IsNaN(within) {
			msis.add(metrics.Winkler(x.test, lower, upper, 0.95) / scale)
			for k := range lower {
				lower[k] = upper[k] - lower[k]
			}
			width.add(average(lower, x.test) / scale)
		}
	}
	s.smape, s.mase, s.medMASE = sum.smape.value(), sum.mase.value(), robust.Median(mases)
	s.owa = (s.smape/base.smape.value() + s.mase/base.mase.value()) / 2
	s.coverage, s.above, s.msis, s.width = coverage.value(), above.value(), msis.value(), width.value()
	return s
}

// mean is a running mean that leaves out NaN.
type mean struct {
	sum float64
	n   int
}

func (m *mean) add(x float64) {
	if !math.IsNaN(x) {
		m.sum += x
		m.n++
	}
}

func (m *mean) value() float64 { return m.sum / float64(m.n) }

func average(x, where []float64) float64 {
	var m mean
	for k, v := range x {
		if !math.IsNaN(where[k]) {
			m.add(v)
		}
	}
	return m.value()
}

func complete(steps []step, n int) bool {
	if len(steps) < n {
		return false
	}
	for _, s := range steps[:n] {
		if math.IsNaN(s.mean) || math.IsInf(s.mean, 0) {
			return false
		}
	}
	return true
}

func columns(steps []step) (middle, lower, upper []float64) {
	for _, s := range steps {
		middle, lower, upper = append(middle, s.mean), append(lower, s.lower), append(upper, s.upper)
	}
	return middle, lower, upper
}

// inside is the share of values in the interval and the share above it; NaN when a bound is missing.
func inside(y, lower, upper []float64) (within, over float64) {
	n := 0
	for k, v := range y {
		switch {
		case math.IsNaN(v):
			continue
		case math.IsNaN(lower[k]-upper[k]) || math.IsInf(lower[k], 0) || math.IsInf(upper[k], 0):
			return math.NaN(), math.NaN()
		case v > upper[k]:
			over++
		case v >= lower[k]:
			within++
		}
		n++
	}
	return within / float64(n), over / float64(n)
}

// seasonalNaive repeats the last season; a missing value there is taken from the season before.
func seasonalNaive(x []float64, period, steps int) []float64 {
	f := make([]float64, steps)
	for k := range f {
		i := len(x) - period + k%period
		for i >= 0 && math.IsNaN(x[i]) {
			i -= period
		}
		f[k] = math.NaN()
		if i >= 0 {
			f[k] = x[i]
		}
	}
	return f
}
