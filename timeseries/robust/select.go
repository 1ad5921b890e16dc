package robust

import (
	"math"
	"math/bits"
	"slices"
)

// Select reorders x so that x[k] is what it would be if x were sorted, with
// nothing larger before and nothing smaller after, and returns x[k]. Expected time
// is linear (Hoare's FIND with the median of three); when the pivots are bad it
// sorts. x must hold no NaN. It panics when k is not an index of x.
func Select(x []float64, k int) float64 {
	_ = x[k]
	lo, hi := 0, len(x)-1
	for rounds := 4 * bits.Len(uint(len(x))); hi-lo >= 12; rounds-- {
		if rounds == 0 {
			break
		}
		i, j := partition(x, lo, hi)
		switch {
		case k <= j:
			hi = j
		case k >= i:
			lo = i
		default:
			return x[k]
		}
	}
	slices.Sort(x[lo : hi+1])
	return x[k]
}

// partition splits x[lo..hi] about the median of its first, middle and last: not
// larger up to j, not smaller from i on, equal between them.
func partition(x []float64, lo, hi int) (i, j int) {
	a, b, c := x[lo], x[lo+(hi-lo)/2], x[hi]
	pivot := max(min(a, b), min(max(a, b), c))
	for i, j = lo, hi; i <= j; {
		for x[i] < pivot {
			i++
		}
		for x[j] > pivot {
			j--
		}
		if i <= j {
			x[i], x[j] = x[j], x[i]
			i++
			j--
		}
	}
	return i, j
}

// quantile reorders x.
func quantile(x []float64, q float64) float64 {
	if len(x) == 0 || !(q >= 0 && q <= 1) {
		return math.NaN()
	}
	return atPosition(x, q*float64(len(x)-1))
}

// atPosition reorders x and returns what is at the position, counted from 0, were it sorted; linear between neighbours.
func atPosition(x []float64, position float64) float64 {
	k := int(position)
	lower, fraction := Select(x, k), position-float64(k)
	if fraction == 0 {
		return lower
	}
	return between(lower, slices.Min(x[k+1:]), fraction)
}

// between interpolates without overflow, and exactly between equal values.
func between(a, b, fraction float64) float64 {
	if a == b {
		return a
	}
	if d := b - a; !math.IsInf(d, 0) {
		return a + fraction*d
	}
	return (1-fraction)*a + fraction*b
}
