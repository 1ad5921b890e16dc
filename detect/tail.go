package detect

import (
	"math"

	"github.com/foreshock-io/foreshock"
)

// The prior of a tail: what is assumed of deviations before there are any, and how many deviations beyond the knee weigh as much.
const (
	priorIndex  = 5.0
	priorWeight = 10.0
	priorKnee   = 2.0
	priorAbove  = 0.05
	// leastRecord is how many deviations there must be before they count at all.
	leastRecord = 20
	// leastBoundary: below so many spreads nothing is an anomaly. mostBoundary: beyond, everything is.
	leastBoundary = 3.0
	mostBoundary  = 200.0
	// refitEvery is after how many records the tail is computed anew.
	refitEvery = 32
	// overshoot is how far beyond the boundary a deviation of an anomaly is recorded: a recurring one moves the boundary
	// further each time, a single great one no more than a small one.
	overshoot = 1.2
)

// The buckets: 0 is below 1, then five to an octave up to 8, then two to an octave.
const (
	fineBuckets = 15 // 1 to 8
	fineWidth   = math.Ln2 / 5
)

// edges[i] is the lower edge of bucket i, position its distance from 1 in fine widths.
var edges, positions = func() (e, p [foreshock.TailBuckets]float64) {
	for i := 1; i < foreshock.TailBuckets; i++ {
		octaves := float64(i-1) / 5
		if i > fineBuckets {
			octaves = 3 + float64(i-1-fineBuckets)/2
		}
		e[i], p[i] = math.Exp2(octaves), 5*octaves
	}
	return e, p
}()

// starts gives, by exponent and first five bits of the fraction of a deviation from 1 on, the first bucket it may be in.
var starts = func() (b [9 << 5]uint8) {
	for i := range b {
		from := math.Float64frombits(math.Float64bits(1) + uint64(i)<<47)
		for int(b[i]) < len(edges)-1 && edges[b[i]+1] <= from {
			b[i]++
		}
	}
	return b
}()

func bucketOf(deviation float64) int {
	if !(deviation >= 1) {
		return 0
	}
	i := (math.Float64bits(deviation) - math.Float64bits(1)) >> 47
	if i >= uint64(len(starts)) {
		return len(edges) - 1
	}
	bucket := int(starts[i])
	for bucket < len(edges)-1 && deviation >= edges[bucket+1] {
		bucket++
	}
	return bucket
}

// record takes a deviation into the tail. When there are more than memory, all of them count half from then on.
func record(t *foreshock.Tail, deviation, weight, memory, p0 float64) {
	t.Counts[bucketOf(deviation)] += float32(weight)
	t.Total += float32(weight)
	if float64(t.Total) > memory {
		t.Total = 0
		for i := range t.Counts {
			t.Counts[i] /= 2
			t.Total += t.Counts[i]
		}
	}
	if t.Age++; t.Age >= refitEvery || t.Boundary == 0 || deviation > float64(t.Boundary) {
		fit(t, p0)
	}
}

// fit reads knee and boundary from the counts, for a boundary of probability p0.
//
// α is how steeply the tail falls at the knee, d ln P/d ln deviation. With the deviations beyond the knee in buckets of one
// width w on a logarithmic scale, a power law makes the bucket number geometric, so that the maximum likelihood
// estimate is α = ln(1 + 1/mean)/w with the mean bucket number (Hill's estimator for grouped data; without that form it would be
// biased by the grouping). The last, wider buckets are counted where their middle is.
func fit(t *foreshock.Tail, p0 float64) {
	t.Age = 0
	n := float64(t.Total)
	knee, above, index := priorKnee, priorAbove, priorIndex
	if n >= leastRecord {
		knee, above, index = observed(t, n)
	}
	above = max(above, p0)
	boundary := knee * (1 + math.Log(above/p0)/index)
	boundary = min(max(boundary, leastBoundary), mostBoundary)
	if knee >= boundary { // more deviations than the budget allows lie beyond the last that can be told apart
		knee = boundary
	}
	t.Knee, t.Boundary = float32(knee), float32(boundary)
	t.KneeScore = float32(min(1, math.Log(above)/math.Log(p0)))
}

func observed(t *foreshock.Tail, n float64) (knee, above, index float64) {
	wanted := max(10, math.Sqrt(n))
	beyond, first := 0.0, foreshock.TailBuckets-1
	for ; ; first-- {
		beyond += float64(t.Counts[first])
		if beyond >= wanted || first == 1 {
			break
		}
	}
	mean := 0.0
	for i := first; i < foreshock.TailBuckets; i++ {
		position := positions[i] - positions[first]
		if i > fineBuckets {
			position++ // of the 2.5 fine widths in it
		}
		mean += float64(t.Counts[i]) * position
	}
	inverse := priorWeight / priorIndex
	if beyond > 0 {
		mean /= beyond
		inverse += beyond * fineWidth / math.Log1p(1/max(mean, 0.01))
	}
	index = min(max((priorWeight+beyond)/inverse, 1), 20)
	return edges[first], (beyond + 0.5) / (n + 1), index
}

// score of an absolute deviation. It is 0 at 0, 1 at the boundary, and rises throughout. Below the knee, where nothing depends on
// it, it is a parabola.
func score(t *foreshock.Tail, deviation float64) float64 {
	knee, boundary := float64(t.Knee), float64(t.Boundary)
	switch {
	case deviation >= boundary:
		return min(deviation/boundary, 100)
	case deviation <= knee:
		part := deviation / knee
		return float64(t.KneeScore) * part * part
	case knee >= boundary:
		return 1
	default:
		return float64(t.KneeScore) + (1-float64(t.KneeScore))*(deviation-knee)/(boundary-knee)
	}
}
