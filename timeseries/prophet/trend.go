package prophet

import (
	"math"
	"slices"
)

// path is z(t) = c + kt + Σ δ_j (t - s_j)⁺, the trend itself when growth is linear and the argument of the logistic curve when
// it is logistic: there the offsets γ of the paper are those that keep z continuous, and -km is c.
type path struct {
	knots       []float64 // s
	level, rate []float64 // from the start, then from each knot on: z = level + rate·(t - knot)
}

func (p Params) path(growth Growth, knots []float64) path {
	z := path{knots: knots, level: make([]float64, len(knots)+1), rate: make([]float64, len(knots)+1)}
	switch growth {
	case Linear:
		z.level[0], z.rate[0] = p.M, p.K
	case Logistic:
		z.level[0], z.rate[0] = -p.K*p.M, p.K
	case Flat:
		z.level[0] = p.M
	}
	from := 0.0
	for j, s := range knots {
		z.level[j+1] = z.level[j] + z.rate[j]*(s-from)
		z.rate[j+1] = z.rate[j]
		if growth != Flat {
			z.rate[j+1] += p.Delta[j]
		}
		from = s
	}
	return z
}

// segment counts the knots up to t.
func (z path) segment(t float64) int {
	i, found := slices.BinarySearch(z.knots, t)
	for found && i < len(z.knots) && z.knots[i] == t {
		i++
	}
	return i
}

// at is z(t), with t in the given segment.
func (z path) at(t float64, segment int) float64 {
	if segment > 0 {
		t -= z.knots[segment-1]
	}
	return z.level[segment] + z.rate[segment]*t
}

// logistic is 1/(1 + exp(-z)).
func logistic(z float64) float64 { return 1 / (1 + math.Exp(-z)) }

// changepoints spreads n of them evenly over the first readings, a share of the number of readings, as Prophet does: they lie at readings.
func changepoints(n int, share float64, t []float64) []float64 {
	last := int(share * float64(len(t)))
	if n = min(n, last-1); n <= 0 {
		return nil
	}
	knots := make([]float64, n)
	for i := range knots {
		at := 1 + float64(i+1)*(float64(last-1)/float64(n)) // counted from 1
		knots[i] = t[int(math.RoundToEven(at))-1]
	}
	return knots
}

// start is where the search for the parameters begins: the trend through the first and the last reading.
func start(growth Growth, y, ceiling []float64) Params {
	n := len(y)
	switch growth {
	case Logistic:
		// z = log(p/(1-p)) for p = y/cap, kept off 0 and 1.
		logit := func(i int) float64 {
			p := min(max(y[i]/ceiling[i], 0.01), 0.99)
			return math.Log(p / (1 - p))
		}
		a, b := logit(0), logit(n-1)
		if math.Abs(b-a) < 0.01 {
			b = a + 0.05
		}
		return Params{K: b - a, M: -a / (b - a)}
	case Flat:
		mean := 0.0
		for _, v := range y {
			mean += v / float64(n)
		}
		return Params{M: mean}
	}
	return Params{K: y[n-1] - y[0], M: y[0]}
}
