package stl

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"

	"github.com/foreshock-io/foreshock/timeseries/robust"
)

// A season counts as there from this strength on, when chance gives as much with at
// most this probability.
const (
	LeastStrength = 0.1
	Significance  = 0.01
)

// surrogates is how many rearrangements a season is compared with; the least
// p-value is 1/(surrogates+1).
const surrogates = 299

// What is left after taking out seasons is nothing when its spread is below this share
// of what it was, or of the series itself.
const (
	negligible = 0.05
	rounding   = 1e-12
)

// Season is a period found in a series.
type Season struct {
	Period   int
	Strength float64 // share of the detrended variance that the season explains, adjusted for its degrees of freedom
	PValue   float64 // probability of such a season by chance
}

// FindPeriod tells which of the candidate periods (in steps) are in the series, in
// ascending order; none is an answer. NaN is a missing reading. Candidates of which
// the series has not more than two cycles are not found, and hardly any with fewer
// than three.
//
// For a candidate p the series is detrended by a moving average over p steps, and
// what is beyond 5 MADs is cut
// off (beyond 10 before that). The season is the mean of each step over the
// cycles; its strength is 1 - Var(remainder)/Var(detrended) (Wang, Smith, Hyndman
// 2006), both divided by their degrees of freedom. The test asks whether the cycles
// agree on where the peaks are: it compares the variance of the season with that
// after rotating each cycle by a random number of steps. This keeps what is within a
// cycle, so that autocorrelated noise does not pass for a season, as it would in an
// analysis of variance.
//
// The strongest candidate is taken out and the rest is searched again, so that a
// multiple of a season, or the harmonics of one, are not found beside it. A candidate
// that divides the strongest goes before it when it explains more than its share
// would be by chance: the day goes before the week, but half a day does not go
// before a day with one short peak.
//
// Without candidates the series proposes them itself, among all periods of which it has at least four cycles, season after season. The best of
// so many periods agrees better by chance than one that was named, so its p-value is that of a single one times their number (Bonferroni). The
// tail beyond the rearrangements is taken as that of a gamma distribution with their mean, or the power at frequencies beside those of the period
// when that is more, and their relative variance. That asks for more cycles than a candidate does: a sine three times as high as its noise is found from
// nine cycles on, hardly with fewer than seven, and from five on when it is named.
func FindPeriod(x []float64, candidates ...int) []Season {
	s := search{rest: make([]float64, len(x)), rng: rand.New(rand.NewPCG(1990, uint64(len(x))))}
	for i, v := range x {
		s.rest[i] = math.Abs(v)
	}
	cut(s.rest, x, 10, s.stats.Median(s.rest), &s.stats) // the usual size: one giant must not make rounding of all others
	s.least = map[int]float64{}
	left := fitting(candidates, len(x))
	if len(candidates) == 0 {
		s.own = true
		left = s.propose()
	}
	s.admit(left)
	var found []Season
	for len(left) > 0 {
		best, ok := s.best(left)
		if !ok {
			break
		}
		found = append(found, best)
		s.remove(best.Period)
		left = slices.DeleteFunc(left, func(p int) bool { return p == best.Period })
		if s.own {
			left = slices.DeleteFunc(s.propose(), func(p int) bool {
				return slices.ContainsFunc(found, func(f Season) bool { return f.Period == p })
			})
			s.admit(left)
		}
	}
	slices.SortFunc(found, func(a, b Season) int { return cmp.Compare(a.Period, b.Period) })
	return found
}

// admit notes, before any season is taken out, below what the rest is nothing for each period.
func (s *search) admit(periods []int) {
	for _, p := range periods {
		if _, ok := s.least[p]; !ok {
			s.detrend(p)
			s.least[p] = max(negligible*size(s.flat), rounding*size(s.rest))
		}
	}
}

// search is a series from which seasons are taken out one by one.
type search struct {
	rest   []float64
	flat   []float64 // rest, detrended and cut off
	sums   []float64 // of flat up to a step; of rotated cycles
	counts []float64 // readings in sums
	season []float64 // the mean of each step
	stats  robust.Workspace
	rng    *rand.Rand
	own    bool            // candidates are proposed by the series
	least  map[int]float64 // root mean square, detrended for a period, below which the rest is nothing
}

// best returns the season to take out next.
func (s *search) best(candidates []int) (Season, bool) {
	var there []Season
	for _, p := range candidates {
		strength := s.strength(p)
		if strength < LeastStrength {
			continue
		}
		if chance := s.chance(p); chance <= Significance {
			there = append(there, Season{Period: p, Strength: strength, PValue: chance})
		}
	}
	if len(there) == 0 {
		return Season{}, false
	}
	best := slices.MaxFunc(there, func(a, b Season) int { return cmp.Compare(a.Strength, b.Strength) })
	for {
		part, ok := within(there, best)
		if !ok {
			return best, true
		}
		best = part
	}
}

// within returns the strongest season that divides another and is more than a part
// of it by chance: any series with period q has about p/q of its variance in what
// repeats after p steps.
func within(seasons []Season, whole Season) (part Season, ok bool) {
	for _, s := range seasons {
		chance := float64(s.Period) / float64(whole.Period)
		least := max(1.5*chance, chance+(1-chance)/4) * whole.Strength
		if s.Period < whole.Period && whole.Period%s.Period == 0 && s.Strength > least && s.Strength > part.Strength {
			part, ok = s, true
		}
	}
	return part, ok
}

// strength folds the series by period p into s.season.
func (s *search) strength(p int) float64 {
	s.detrend(p)
	s.standardise(s.least[p])
	s.fold(p)
	var whole, remainder, n float64
	for i, v := range s.flat {
		if v == v {
			whole += v * v
			remainder += (v - s.season[i%p]) * (v - s.season[i%p])
			n++
		}
	}
	if whole == 0 || n <= float64(p) {
		return 0
	}
	return 1 - remainder/(n-float64(p))/(whole/(n-1))
}

// fold sets s.season to the mean of each of p steps, 0 for a step without readings.
func (s *search) fold(p int) {
	s.season = resize(s.season, p)
	for j := range s.season {
		sum, n := 0.0, 0.0
		for i := j; i < len(s.flat); i += p {
			if v := s.flat[i]; v == v {
				sum += v
				n++
			}
		}
		s.season[j] = 0
		if n > 0 {
			s.season[j] = sum / n
		}
	}
}

// chance is the p-value of the test by rotated cycles; only the newest whole cycles
// take part. It stops early when it is clear that the season is not significant.
func (s *search) chance(p int) float64 {
	s.detrend(p)
	s.standardise(s.least[p])
	s.sums = resize(s.sums, p)
	cycles := len(s.flat) / p
	whole := s.flat[len(s.flat)-cycles*p:]
	for i, v := range whole {
		if v != v {
			whole[i] = 0
		}
	}
	observed := s.rotated(whole, p, false) * (1 - 1e-9) // equal but for rounding counts as reached
	reached, drawn := 0, 0
	var mean, squares float64
	for drawn < surrogates {
		one := s.rotated(whole, p, true)
		if one >= observed {
			reached++
		}
		drawn++
		d := one - mean
		mean += d / float64(drawn)
		squares += d * (one - mean)
		if float64(reached+1)/(surrogates+1) > 10*Significance {
			break
		}
	}
	byCount := float64(reached+1) / float64(drawn+1)
	if !s.own || byCount > 10*Significance {
		return byCount
	}
	spread := squares / float64(drawn-1) / (mean * mean)
	mean = max(mean, beside(whole, p))
	least := max(1e-300, math.Pow(float64(p), float64(1-cycles))) // all cycles in phase
	periods := len(s.rest)/leastCycles - 1
	return min(1, float64(periods)*max(least, gammaTail(observed/mean, spread)))
}

// gammaTail is about the probability beyond x under the gamma distribution with mean 1 and the given variance (Wilson, Hilferty 1931).
func gammaTail(x, variance float64) float64 {
	if !(variance > 0) {
		return 1
	}
	z := (math.Cbrt(x) - (1 - variance/9)) / math.Sqrt(variance/9)
	return math.Erfc(z/math.Sqrt2) / 2
}

// beside is the mean of what rotated would give for the frequencies beside those of the period: with the cycles numbered c of C, the squares of
// Σ_c x_(j+cp) exp(2πikc/C) summed over j are the power k of C frequencies beside each multiple of 1/p. Noise that nearly repeats after p steps has
// as much there; a season has not.
func beside(whole []float64, p int) float64 {
	cycles := len(whole) / p
	most := min(8, max(2, cycles/4), cycles/2)
	total := 0.0
	for k := 1; k <= most; k++ {
		for j := range p {
			var re, im float64
			for c := range cycles {
				sin, cos := math.Sincos(2 * math.Pi * float64(k*c%cycles) / float64(cycles))
				v := whole[c*p+j]
				re += v * cos
				im += v * sin
			}
			total += re*re + im*im
		}
	}
	return total / float64(most)
}

// rotated sums the squares of the sums over all cycles, each rotated at random.
func (s *search) rotated(whole []float64, p int, random bool) float64 {
	clear(s.sums)
	for ; len(whole) >= p; whole = whole[p:] {
		shift := 0
		if random {
			shift = s.rng.IntN(p)
		}
		for j, v := range whole[shift:p] {
			s.sums[j] += v
		}
		for j, v := range whole[:shift] {
			s.sums[p-shift+j] += v
		}
	}
	total := 0.0
	for _, v := range s.sums {
		total += v * v
	}
	return total
}

// remove takes the season of p steps out of the rest.
func (s *search) remove(p int) {
	s.detrend(p)
	s.fold(p)
	for i := range s.rest {
		s.rest[i] -= s.season[i%p]
	}
}
