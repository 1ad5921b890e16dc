package ets

import (
	"cmp"
	"math"
	"slices"
)

// newObjective prepares the fit of a model: storage, and an initial state to start
// from, by classical decomposition and a line through the first readings.
func newObjective(spec Spec, x []float64, cfg Config) *objective {
	o := &objective{spec: spec, given: cfg.Given, x: x, steps: make([]step, len(x))}
	rest := x
	if spec.hasSeason() {
		o.season, o.seasonBar = make([]float64, spec.Period), make([]float64, spec.Period)
		o.start.Season = firstSeason(spec, x)
		rest = make([]float64, len(x))
		for i, y := range x {
			if s := o.start.Season[i%spec.Period]; spec.Season == Multiplicative {
				rest[i] = y / s
			} else {
				rest[i] = y - s
			}
		}
	}
	level, slope := line(rest, max(10, 2*spec.Period))
	if o.start.Level, o.start.Trend = level-slope, slope; !spec.hasTrend() {
		o.start.Level, o.start.Trend = centre(rest, max(10, 2*spec.Period)), 0
	}
	largest := 0.0
	for _, y := range x {
		if y == y {
			largest = max(largest, math.Abs(y))
		}
	}
	if o.unit = spread(x); o.unit == 0 {
		o.unit = max(largest, math.SmallestNonzeroFloat64)
	}
	o.leastSquares(max(1e-300, 1e-20*largest*largest))
	if spec.Error == Multiplicative && cfg.Minimise == Deviance {
		o.leastRelativeSquares()
	}
	return o
}

func (o *objective) leastSquares(floor float64) { o.relative, o.floor = false, floor }
func (o *objective) leastRelativeSquares()      { o.relative, o.floor = true, 1e-20 }

// firstSeason is the mean over the cycles of x without (or divided by) its centred
// moving average, with sum 0 (or mean 1).
func firstSeason(spec Spec, x []float64) []float64 {
	m := spec.Period
	season, counts := make([]float64, m), make([]float64, m)
	for i, y := range x {
		if y != y {
			continue
		}
		average := around(x, i, m)
		if spec.Season == Multiplicative {
			season[i%m] += y / average
		} else {
			season[i%m] += y - average
		}
		counts[i%m]++
	}
	for i := range season {
		season[i] /= max(1, counts[i])
	}
	centreSeason(spec, season)
	if spec.Season == Multiplicative {
		for i, s := range season {
			season[i] = max(0.01, s)
		}
	}
	return season
}

// centreSeason gives a season the sum 0, or the mean 1.
func centreSeason(spec Spec, season []float64) {
	mean := 0.0
	for _, s := range season {
		mean += s / float64(len(season))
	}
	for i := range season {
		if spec.Season == Multiplicative {
			season[i] /= mean
		} else {
			season[i] -= mean
		}
	}
}

// around is the centred moving average over m steps at i, or the nearest full one.
func around(x []float64, i, m int) float64 {
	half := m / 2
	first := min(max(i, half), max(half, len(x)-1-half)) - half
	sum, weight := 0.0, 0.0
	for j := first; j <= min(first+2*half, len(x)-1); j++ {
		w := 1.0
		if m%2 == 0 && (j == first || j == first+2*half) {
			w = 0.5
		}
		if x[j] == x[j] {
			sum += w * x[j]
			weight += w
		}
	}
	if weight == 0 {
		return x[i]
	}
	return sum / weight
}

// line is the least-squares line through the first n readings that are there: its
// value at step 0 and its slope.
func line(x []float64, n int) (value, slope float64) {
	var count, position, mean, covariance, variance float64
	for i, y := range x {
		if y != y {
			continue
		}
		count++
		d := float64(i) - position
		position += d / count
		covariance += d * (y - mean) * (count - 1) / count
		variance += d * (float64(i) - position)
		mean += (y - mean) / count
		if int(count) == n {
			break
		}
	}
	if variance > 0 {
		slope = covariance / variance
	}
	return mean - slope*position, slope
}

// centre is the mean of the first n readings that are there.
func centre(x []float64, n int) float64 {
	mean, count := 0.0, 0.0
	for _, y := range x {
		if y == y && int(count) < n {
			count++
			mean += (y - mean) / count
		}
	}
	return mean
}

// spread is the standard deviation of what is there.
func spread(x []float64) float64 {
	mean := centre(x, len(x))
	sum, n := 0.0, 0.0
	for _, y := range x {
		if y == y {
			sum += (y - mean) * (y - mean)
			n++
		}
	}
	return math.Sqrt(sum / max(1, n))
}

// starts returns vectors to start from, the best n for each phi, with smoothing that is slow to fast: the likelihood has a maximum for
// a trend that lasts and another for one that fades at once. All use the initial state at hand.
func (o *objective) starts(n int) (vectors [][]float64) {
	phis := []float64{0.97, 0.85}
	if o.spec.Trend != Damped || o.given.Phi != nil {
		phis = phis[:1]
	}
	for _, phi := range phis {
		vectors = append(vectors, o.startsWith(phi, n)...)
	}
	return vectors
}

func (o *objective) startsWith(phi float64, n int) (vectors [][]float64) {
	type candidate struct {
		v     []float64
		value float64
	}
	var found []candidate
	alphas := []float64{0.05, 0.2, 0.5, 0.9}
	if o.given.Alpha != nil {
		alphas = alphas[:1]
	}
	for _, alpha := range alphas {
		best := candidate{value: math.Inf(1)}
		for _, shares := range o.shares() {
			v := o.vector(alpha, shares[0], shares[1], phi)
			if value := o.value(v, nil); value < best.value {
				best = candidate{v, value}
			}
		}
		if best.v != nil {
			found = append(found, best)
		}
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return cmp.Compare(a.value, b.value) })
	for _, c := range found[:min(n, len(found))] {
		vectors = append(vectors, c.v)
	}
	return vectors
}

// shares lists the beta and gamma to try, as shares of their range.
func (o *objective) shares() (all [][2]float64) {
	betas, gammas := []float64{0.02, 0.2, 0.8}, []float64{0.02, 0.3, 0.8}
	if !o.spec.hasTrend() || o.given.Beta != nil {
		betas = betas[:1]
	}
	if !o.spec.hasSeason() || o.given.Gamma != nil {
		gammas = gammas[:1]
	}
	for _, beta := range betas {
		for _, gamma := range gammas {
			all = append(all, [2]float64{beta, gamma})
		}
	}
	return all
}

// vector is where the given parameters and the initial state at hand are; beta and
// gamma are shares of their range.
func (o *objective) vector(alpha, beta, gamma, phi float64) []float64 {
	v := make([]float64, 0, o.size())
	if o.given.Alpha == nil {
		least, most := o.alphaBounds()
		v = append(v, logit(alpha, least, most))
	}
	if o.spec.hasTrend() && o.given.Beta == nil {
		v = append(v, logit(beta, 0, 1))
	}
	if o.spec.hasSeason() && o.given.Gamma == nil {
		v = append(v, logit(gamma, 0, 1))
	}
	if o.spec.Trend == Damped && o.given.Phi == nil {
		v = append(v, logit(phi, leastPhi, mostPhi))
	}
	return v[:o.size()]
}
