package stl

import (
	"math"

	"github.com/foreshock-io/foreshock/timeseries/robust"
)

// detrend sets s.flat to the rest without its moving average over p steps.
func (s *search) detrend(p int) {
	s.flat = resize(s.flat, len(s.rest))
	level := s.line()
	for i, v := range s.rest {
		s.flat[i] = v - level(i)
	}
	s.subtractAverage(p)
}

// standardise cuts off outliers, scales to at most 1 and takes out the mean. What is
// not above least becomes 0.
func (s *search) standardise(least float64) {
	unit := size(s.flat)
	cut(s.flat, s.flat, 5, unit, &s.stats)
	if unit <= least {
		unit = math.Inf(1)
	}
	mean, n := 0.0, 0.0
	for i, v := range s.flat {
		if v == v {
			s.flat[i] = v / unit
			mean += s.flat[i]
			n++
		}
	}
	for i := range s.flat {
		s.flat[i] -= mean / n
	}
}

// size is the root mean square of what is there.
func size(x []float64) float64 {
	peak, sum, n := largest(x), 0.0, 0.0
	if peak == 0 {
		return 0
	}
	for _, v := range x {
		if v == v {
			sum += v / peak * (v / peak)
			n++
		}
	}
	return peak * math.Sqrt(sum/n)
}

// cut limits x to the given number of MADs about its median; not at all when the
// MAD is 0 or only rounding of values of their usual size. dst may be x.
func cut(dst, x []float64, mads, usual float64, stats *robust.Workspace) {
	centre, spread := stats.Median(x), mads*stats.MAD(x)
	if !(spread > 1e-13*usual) {
		spread = math.Inf(1)
	}
	for i, v := range x {
		if dst[i] = v; v == v {
			dst[i] = min(max(v, centre-spread, -maxAbs), centre+spread, maxAbs)
		}
	}
}

// line is the least-squares line through the rest. With it gone, the moving average
// may be continued as a constant at the ends.
func (s *search) line() func(i int) float64 {
	var n, position, value float64
	for i, v := range s.rest {
		if v == v {
			n++
			position += (float64(i) - position) / n
			value += v/n - value/n
		}
	}
	var covariance, variance float64
	for i, v := range s.rest {
		if v == v {
			d := float64(i) - position
			covariance += d * (v - value)
			variance += d * d
		}
	}
	slope := 0.0
	if variance > 0 {
		slope = covariance / variance
	}
	return func(i int) float64 { return value + slope*(float64(i)-position) }
}

// subtractAverage takes the centred moving average over p steps out of s.flat; for
// even p the two outermost steps count half each. At the ends the last full average
// stands.
func (s *search) subtractAverage(p int) {
	n := len(s.flat)
	s.sums, s.counts = resize(s.sums, n+1), resize(s.counts, n+1)
	s.sums[0], s.counts[0] = 0, 0
	for i, v := range s.flat {
		s.sums[i+1], s.counts[i+1] = s.sums[i], s.counts[i]
		if v == v {
			s.sums[i+1] += v
			s.counts[i+1]++
		}
	}
	half, level := p/2, 0.0
	for i := range s.flat {
		lo := min(max(i, half), n-1-half) - half
		hi := lo + 2*half + 1
		if s.counts[hi] > s.counts[lo] {
			level = s.average(lo, hi)
			if p%2 == 0 {
				level = (s.average(lo, hi-1) + s.average(lo+1, hi)) / 2
			}
		}
		s.flat[i] -= level
	}
}

// average is the mean from step lo to before hi, 0 when there is none.
func (s *search) average(lo, hi int) float64 {
	return (s.sums[hi] - s.sums[lo]) / max(1, s.counts[hi]-s.counts[lo])
}
