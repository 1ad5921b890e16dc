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
	priorBend   = 0.7
	bendWeight  = 30.0
	leastBend   = 0.1
	mostBend    = 1.0
	// leastEvents is how many deviations are no coincidence.
	leastEvents = 4.0
	// leastRecord is how many deviations there must be before they count at all.
	leastRecord = 20
	// leastBoundary: below so many spreads nothing is an anomaly. mostBoundary: beyond, everything is.
	leastBoundary = 3.0
	mostBoundary  = 100.0
	// refitEvery is after how many records the tail is computed anew.
	refitEvery = 32
	// overshoot is how far beyond the boundary a deviation of an anomaly is recorded: a recurring one moves the boundary
	// further each time, a single great one no more than a small one.
	overshoot = 1.2
)

// The buckets: 0 is below 1, then four to an octave, the last without an end.
const bucketWidth = math.Ln2 / 4

// edges[i] is the lower edge of bucket i.
var edges = func() (e [foreshock.TailBuckets]float64) {
	for i := 1; i < foreshock.TailBuckets; i++ {
		e[i] = math.Exp2(float64(i-1) / 4)
	}
	return e
}()

// starts gives, by exponent and first five bits of the fraction of a deviation from 1 on, the first bucket it may be in.
var starts = func() (b [7 << 5]uint8) {
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
// α is how steeply the tail falls at the knee, d ln P/d ln deviation; the shape c says how much steeper it gets further out,
// α(d) = α·(d/knee)^c: not at all for a power law (0), in proportion for an exponential (1). Hence
//
//	ln P(|D| > d) = ln P(|D| > knee) - α/c·((d/knee)^c - 1)
func fit(t *foreshock.Tail, p0 float64) {
	t.Age = 0
	n := float64(t.Total)
	tail := shape{knee: priorKnee, above: priorAbove, index: priorIndex, bend: priorBend}
	if n >= leastRecord {
		tail = observed(t, n)
	}
	tail.above = max(tail.above, p0)
	boundary := tail.knee * math.Pow(1+tail.bend*math.Log(tail.above/p0)/tail.index, 1/tail.bend)
	boundary = min(max(boundary, leastBoundary, frequent(t, p0)), mostBoundary)
	// More deviations than the budget allows may lie beyond the last that can be told apart.
	t.Knee, t.Boundary = float32(min(tail.knee, boundary)), float32(boundary)
	t.KneeScore = float32(min(1, math.Log(tail.above)/math.Log(p0)))
}

// frequent is the highest bucket's middle beyond whose start more deviations were seen than the budget allows: whatever the shape,
// the boundary is not below what was seen that often.
func frequent(t *foreshock.Tail, p0 float64) float64 {
	bucket, _ := kneeOf(t, max(leastEvents, 1.5*p0*float64(t.Total)))
	if bucket == 1 {
		return 0
	}
	return edges[bucket] * math.Exp(bucketWidth/2)
}

// shape is that of a tail beyond its knee.
type shape struct{ knee, above, index, bend float64 }

// observed reads the shape from n deviations: the knee is where about √n of them lie beyond, and the bend comes from
// comparing the steepness there with that where five times as many lie beyond. Both are drawn towards the prior
// while they rest on few deviations.
func observed(t *foreshock.Tail, n float64) shape {
	root := math.Sqrt(n)
	outer, beyond := kneeOf(t, max(10, root))
	inner, within := kneeOf(t, max(30, 5*root))
	steep := steepness(t, outer, beyond)
	s := shape{knee: edges[outer], above: (beyond + 0.5) / (n + 1), bend: priorBend}
	s.index = max((priorWeight+beyond)/(priorWeight/priorIndex+beyond/max(steep, 1e-9)), 1)
	if inner < outer && beyond > 0 {
		bend := math.Log(steep/steepness(t, inner, within)) / math.Log(edges[outer]/edges[inner])
		bend = min(max(bend, leastBend), mostBend)
		s.bend = (bendWeight*priorBend + beyond*bend) / (bendWeight + beyond)
	}
	return s
}

// kneeOf is the last bucket from which on there are as many deviations as wanted, and how many there are.
func kneeOf(t *foreshock.Tail, wanted float64) (bucket int, beyond float64) {
	for bucket = foreshock.TailBuckets - 1; ; bucket-- {
		beyond += float64(t.Counts[bucket])
		if beyond >= wanted || bucket == 1 {
			return bucket, beyond
		}
	}
}

// steepness is α from a bucket on. A power law makes the number of the bucket, counted from there, geometric, so that the maximum
// likelihood estimate is ln(1 + 1/mean)/w, w being the width of a bucket on a logarithmic scale (Hill's estimator for grouped
// data; without that form it would be biased by the grouping). It stays below what would put the boundary into the
// first bucket.
func steepness(t *foreshock.Tail, first int, beyond float64) float64 {
	sum := 0.0
	for i := first; i < foreshock.TailBuckets; i++ {
		sum += float64(t.Counts[i]) * float64(i-first)
	}
	return math.Log1p(beyond/max(sum, 0.15*beyond, 1e-9)) / bucketWidth
}

// score of an absolute deviation. It is 0 at 0, 1 at the boundary, and rises throughout. Below the knee, where nothing depends on
// it, it is a parabola.
func score(t *foreshock.Tail, deviation float64) float64 {
	knee, boundary := float64(t.Knee), float64(t.Boundary)
	switch {
	case !(boundary > 0):
		return 0
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
