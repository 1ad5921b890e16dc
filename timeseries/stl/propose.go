package stl

import (
	"cmp"
	"math"
	"slices"
)

// A period that nobody named is looked for among those of which the series has this many cycles: of fewer, chance gives as much agreement.
const leastCycles = 4

// Of each octave of periods this many are proposed, and this many of all.
const (
	proposedPerOctave = 2
	proposedInAll     = 8
)

// propose returns the periods that explain most of the rest, octave by octave: the local maxima of the strength over the period, where
//
//	Σ_j (Σ_c x_(j+cp))² = r_0 + 2 Σ_k r_(kp),   r_k = Σ_i x_i x_(i+k)
//
// gives the variance of the folded series from its autocovariances, all of which come from one Fourier transform. For an octave p..2p the
// series is detrended by a moving average over 2p steps.
func (s *search) propose() []int {
	n := len(s.rest)
	var all []Season
	for width := 4; width/2 <= n/leastCycles; width *= 2 {
		if s.detrend(width); size(s.flat) <= rounding*size(s.rest) {
			continue
		}
		s.standardise(0)
		for i, v := range s.flat {
			if v != v {
				s.flat[i] = 0
			}
		}
		all = append(all, peaks(autocovariance(s.flat), width/2, min(width-1, n/leastCycles))...)
	}
	slices.SortFunc(all, func(a, b Season) int { return cmp.Compare(b.Strength, a.Strength) })
	var periods []int
	for _, p := range all[:min(proposedInAll, len(all))] {
		periods = append(periods, p.Period)
	}
	return periods
}

// peaks returns the strongest local maxima among the periods from least to most.
func peaks(r []float64, least, most int) []Season {
	n := len(r)
	strength := func(p int) float64 {
		folded := r[0]
		for k := p; k < n; k += p {
			folded += 2 * r[k]
		}
		return 1 - (r[0]-folded*float64(p)/float64(n))/float64(n-p)/(r[0]/float64(n-1))
	}
	var found []Season
	before, at := strength(max(2, least-1)), strength(max(2, least))
	for p := max(2, least); p <= most; p++ {
		after := strength(p + 1)
		if at >= before && at >= after && at >= LeastStrength/2 {
			found = append(found, Season{Period: p, Strength: at})
		}
		before, at = at, after
	}
	slices.SortFunc(found, func(a, b Season) int { return cmp.Compare(b.Strength, a.Strength) })
	return found[:min(proposedPerOctave, len(found))]
}

// autocovariance is Σ_i x_i x_(i+k) for every k from 0 to len(x)-1 (Wiener and Khinchin).
func autocovariance(x []float64) []float64 {
	size := 1
	for size < 2*len(x) {
		size *= 2
	}
	z := make([]complex128, size)
	for i, v := range x {
		z[i] = complex(v, 0)
	}
	transform(z)
	for i, v := range z {
		z[i] = complex(real(v)*real(v)+imag(v)*imag(v), 0)
	}
	transform(z)
	r := make([]float64, len(x))
	for i := range r {
		r[i] = real(z[i]) / float64(size)
	}
	return r
}

// transform is the discrete Fourier transform of a power of two of values, in place (Cooley, Tukey 1965).
func transform(z []complex128) {
	n := len(z)
	for i, j := 1, 0; i < n; i++ { // by reversed bits
		bit := n / 2
		for ; j&bit != 0; bit /= 2 {
			j ^= bit
		}
		if j ^= bit; i < j {
			z[i], z[j] = z[j], z[i]
		}
	}
	roots := make([]complex128, n/2)
	for i := range roots {
		sin, cos := math.Sincos(-2 * math.Pi * float64(i) / float64(n))
		roots[i] = complex(cos, sin)
	}
	for width := 2; width <= n; width *= 2 {
		for start := 0; start < n; start += width {
			even, odd := z[start:start+width/2], z[start+width/2:start+width]
			for i := range even {
				turned := odd[i] * roots[i*(n/width)]
				even[i], odd[i] = even[i]+turned, even[i]-turned
			}
		}
	}
}
