package feedback

import (
	"crypto/sha256"
	"encoding/hex"
	"math"

	"gonum.org/v1/gonum/stat/distuv"

	"github.com/foreshock-io/foreshock"
)

// sample is the mean of logarithms and how well it is known.
type sample struct {
	n        int
	mean     float64
	variance float64 // of the mean
	df       float64
}

const (
	// priorSpread and priorWeight are what is assumed of the spread of log latency before it was seen, and as how many steps that
	// counts, so that two equal steps are no certainty.
	priorSpread = 0.2
	priorWeight = 2
	// leastError is the least standard error of a mean of log latency: 3 %.
	leastError = 0.03
)

// summarise gives the mean of log x. Steps that follow each other are alike, so they count for less than their number: with a lag-1 correlation r
// n steps count as n(1-r)/(1+r) (Bartlett 1946).
func summarise(xs []float64) sample {
	var logs []float64
	for _, x := range xs {
		if x > 0 && !math.IsInf(x, 0) {
			logs = append(logs, math.Log(x))
		}
	}
	s := sample{n: len(logs)}
	if s.n == 0 {
		return s
	}
	for _, l := range logs {
		s.mean += l / float64(s.n)
	}
	var squares, lagged float64
	for i, l := range logs {
		squares += (l - s.mean) * (l - s.mean)
		if i > 0 {
			lagged += (l - s.mean) * (logs[i-1] - s.mean)
		}
	}
	n := float64(s.n)
	if squares > 0 && s.n > 3 {
		r := math.Max(0, math.Min(0.7, lagged/squares))
		n = math.Max(1, n*(1-r)/(1+r))
	}
	spread := (squares + priorWeight*priorSpread*priorSpread) / (float64(s.n-1) + priorWeight)
	s.variance = math.Max(leastError*leastError, spread/n)
	s.df = n - 1 + priorWeight
	return s
}

// level is the geometric mean.
func (s sample) level() float64 {
	if s.n == 0 {
		return math.NaN()
	}
	return math.Exp(s.mean)
}

// change is the logarithm of after over before, with its 95 % interval (Welch 1947).
type change struct {
	ratio, lower, upper float64
	known               bool
}

// effect is the change as people and programs read it.
func (c change) effect() foreshock.Effect {
	if !c.known {
		return foreshock.Effect{}
	}
	return foreshock.Effect{Change: mostExpm1(c.ratio), Lower: mostExpm1(c.lower), Upper: mostExpm1(c.upper)}
}

// mostExpm1 is exp(x)-1, up to what JSON can hold.
func mostExpm1(x float64) float64 { return math.Min(math.MaxFloat64, math.Expm1(x)) }

// compare gives the change beyond what happened to all; a sample of none says that nothing did.
func compare(before, after, all sample) change {
	if before.n == 0 || after.n == 0 {
		return change{}
	}
	var v, squares float64
	for _, s := range []sample{before, after, all} {
		if s.n > 0 {
			v += s.variance
			squares += s.variance * s.variance / s.df
		}
	}
	t := distuv.StudentsT{Mu: 0, Sigma: 1, Nu: math.Max(1, v*v/squares)}.Quantile(0.975)
	ratio, width := after.mean-before.mean-all.mean, t*math.Sqrt(v)
	return change{ratio: ratio, lower: ratio - width, upper: ratio + width, known: true}
}

// mean is the arithmetic mean; ok is false where there is none.
func mean(xs []float64) (m float64, ok bool) {
	if len(xs) == 0 {
		return 0, false
	}
	var sum float64
	for _, x := range xs {
		sum += x
	}
	sum /= float64(len(xs))
	return sum, !math.IsInf(sum, 0) && !math.IsNaN(sum)
}

// rollBackID is the ID of the action that takes id back.
func rollBackID(id string) string {
	h := sha256.Sum256([]byte("roll back " + id))
	return hex.EncodeToString(h[:16])
}
