package robust

import (
	"cmp"
	"math"
	"slices"
)

// Medcouple is the skewness of the sample, from -1 to 1 and 0 when it is symmetric: the median of
//
//	h(u, v) = ((u - m) - (m - v)) / (u - v)
//
// over all pairs u ≥ m ≥ v about the median m; where both are m, h is 1 for as many pairs as -1, and 0 for the others (Brys, Hubert, Struyf 2004, J. Comp. Graph. Stat. 13(4)). It takes O(n log n) time.
func Medcouple(x []float64) float64 {
	sorted := new(Workspace).load(x)
	slices.Sort(sorted)
	if len(sorted) == 0 || math.IsInf(sorted[0], 0) || math.IsInf(sorted[len(sorted)-1], 0) {
		return math.NaN()
	}
	k := newKernel(sorted)
	rank := (k.pairs() - 1) / 2
	m := k.selectRank(rank)
	if k.pairs()%2 == 0 {
		m = (m + k.selectRank(rank+1)) / 2
	}
	return m
}

// SkewFences are the fences of the boxplot for skewed samples, beyond which a value is an outlier (Hubert, Vandervieren 2008, Comp. Stat. Data Anal.
// 52(12)): with quartiles Q1, Q3, IQR = Q3-Q1 and the medcouple M
//
//	Q1 - 1.5 e^(-4M) IQR,  Q3 + 1.5 e^(3M) IQR   for M ≥ 0
//	Q1 - 1.5 e^(-3M) IQR,  Q3 + 1.5 e^(4M) IQR   for M < 0
//
// Of a sample with a long tail, such as latencies, Tukey's fences ([Fences]) call several per cent outliers, these about one.
func SkewFences(x []float64) (lower, upper float64) {
	m := Medcouple(x)
	if m < 0 {
		return fences(x, 1.5*math.Exp(-3*m), 1.5*math.Exp(4*m))
	}
	return fences(x, 1.5*math.Exp(-4*m), 1.5*math.Exp(3*m))
}

// kernel is the matrix of h, never written down: it falls along rows and columns.
type kernel struct {
	up   []float64 // distances above the median, falling, zeros last
	down []float64 // distances below it, rising, zeros first
	ties int       // values that are the median: last in up, first in down
}

// newKernel takes a sorted sample.
func newKernel(x []float64) kernel {
	n := len(x)
	scale := max(math.Abs(x[0]), math.Abs(x[n-1])) // halved, so that no difference overflows
	_, exponent := math.Frexp(scale)
	at := func(i int) float64 { return math.Ldexp(x[i], -exponent-1) }
	m := at(n/2)/2 + at((n-1)/2)/2
	var k kernel
	for i := n - 1; i >= 0; i-- {
		switch d := at(i) - m; {
		case d > 0:
			k.up = append(k.up, d)
		case d == 0:
			k.ties++
		default:
			k.down = append(k.down, -d)
		}
	}
	zeros := make([]float64, k.ties)
	k.up = append(k.up, zeros...)
	k.down = append(zeros, k.down...)
	return k
}

func (k *kernel) pairs() int { return len(k.up) * len(k.down) }

// at is h for row i and column j.
func (k *kernel) at(i, j int) float64 {
	if sum := k.up[i] + k.down[j]; sum > 0 {
		return (k.up[i] - k.down[j]) / sum
	}
	return float64(cmp.Compare(len(k.up)-1-i, j)) // both are the median
}

// selectRank returns the value with rank values above it, by the method of Johnson and Mizoguchi (1978): of each row a range of columns is left; the
// weighted median of the middles of the ranges takes a quarter of all that is left away, whichever side it is on.
func (k *kernel) selectRank(rank int) float64 {
	rows := len(k.up)
	left, right := make([]int, rows), make([]int, rows) // candidates: left ≤ j < right
	for i := range right {
		right[i] = len(k.down)
	}
	above, notBelow := make([]int, rows), make([]int, rows)
	middles := make([]middle, 0, rows)
	for range 200 { // far more than is needed; but rounding must not make it endless
		middles = middles[:0]
		total := 0
		for i := range rows {
			if n := right[i] - left[i]; n > 0 {
				middles = append(middles, middle{k.at(i, (left[i]+right[i]-1)/2), n})
				total += n
			}
		}
		if total <= rows {
			break
		}
		pivot := weightedMedian(middles, total)
		higher := k.count(above, pivot, false)
		atLeast := k.count(notBelow, pivot, true)
		switch {
		case rank < higher:
			for i := range right {
				right[i] = min(right[i], above[i])
			}
		case rank >= atLeast:
			for i := range left {
				left[i] = max(left[i], notBelow[i])
			}
		default:
			return pivot
		}
	}
	return k.amongLeft(left, right, rank)
}

// count sets for each row how many of its values are above the pivot, or also as large, and returns the sum.
func (k *kernel) count(counts []int, pivot float64, orEqual bool) (sum int) {
	j := 0
	for i := len(k.up) - 1; i >= 0; i-- { // rows with smaller values first: the edge only moves on
		for j < len(k.down) {
			if h := k.at(i, j); !(h > pivot || orEqual && h == pivot) {
				break
			}
			j++
		}
		counts[i] = j
		sum += j
	}
	return sum
}

// amongLeft sorts what is left; what is before it in its rows is larger.
func (k *kernel) amongLeft(left, right []int, rank int) float64 {
	var rest []float64
	for i := range left {
		rank -= left[i]
		for j := left[i]; j < right[i]; j++ {
			rest = append(rest, k.at(i, j))
		}
	}
	slices.SortFunc(rest, func(a, b float64) int { return cmp.Compare(b, a) })
	return rest[rank]
}

// middle is the middle value of a row's candidates and their number.
type middle struct {
	value  float64
	weight int
}

// weightedMedian reorders the middles, whose weights sum to total, and returns the least value that half the weight is not above. Expected time
// is linear.
func weightedMedian(middles []middle, total int) float64 {
	before := 0 // weight of what has been left away at the low side
	for {
		pivot := middles[len(middles)/2].value
		low, next, high := 0, 0, len(middles) // below low: smaller; from high on: larger
		smaller, equal := 0, 0
		for next < high {
			switch m := middles[next]; {
			case m.value < pivot:
				smaller += m.weight
				middles[low], middles[next] = m, middles[low]
				low++
				next++
			case m.value > pivot:
				high--
				middles[next], middles[high] = middles[high], m
			default:
				equal += m.weight
				next++
			}
		}
		switch {
		case 2*(before+smaller) >= total:
			middles = middles[:low]
		case 2*(before+smaller+equal) >= total:
			return pivot
		default:
			before += smaller + equal
			middles = middles[high:]
		}
	}
}
