package feedback

import (
	"fmt"
	"math"

	"github.com/foreshock-io/foreshock"
)

const (
	coverageRate   = 0.02 // least weight of the newest check
	quantileRate   = 0.01 // a step of the quantile for a check, at most
	leastQuantile  = 0.8
	mostQuantile   = 0.99
	quantileOfNote = 0.01 // a change that is told
)

// Coverage is one look at a forecast: did the demand stay below the quantile that decisions follow, over the time until a change is in effect?
type Coverage struct {
	Stated  float64 // the quantile that the policy states, and so the share that is to be covered
	Covered bool
	// Fixed leaves the quantile where it is, as something else chooses how careful to be; the share is counted.
	Fixed bool
}

// LearnCoverage counts how many forecasts cover, and moves the quantile so that as many do as is stated: up by a little where the demand was more, down by
// very little where it was not, by as much as leaves it where it is once the share is right (adaptive conformal inference, Gibbs and Candès 2021). It stays within
// 0.8 to 0.99, and a little around the stated one where that is outside. A change is told when it is of note: when it is 0.01 away from what was last told.
func LearnCoverage(l foreshock.Learned, d foreshock.Dimension, id foreshock.ID, c Coverage) (foreshock.Learned, []foreshock.Correction) {
	if !(c.Stated > 0 && c.Stated < 1) {
		return l, nil
	}
	if l.Stated != c.Stated { // another is wanted: it is learned anew
		l.Stated, l.Quantile, l.QuantileTold, l.Covered, l.Checks = c.Stated, c.Stated, c.Stated, 0, 0
	}
	covered, step := 0.0, quantileRate*c.Stated
	if c.Covered {
		covered, step = 1, -quantileRate*(1-c.Stated)
	}
	l.Checks = min(l.Checks+1, math.MaxInt32-1)
	l.Covered += math.Max(coverageRate, 1/float64(l.Checks)) * (covered - l.Covered)
	l.Covered = math.Max(0, math.Min(1, l.Covered))
	if c.Fixed {
		return l, nil
	}
	l.Quantile = boundQuantile(l, l.Quantile+step)
	told := l.QuantileTold
	if math.Abs(l.Quantile-told) < quantileOfNote {
		return l, nil
	}
	l.QuantileTold = l.Quantile
	return l, []foreshock.Correction{{
		Workload: id, What: "quantile/" + d.String(), From: told, To: l.Quantile,
		Why: fmt.Sprintf("demand stayed below its forecasts in %s of %d times, %s is stated", percent(l.Covered), l.Checks, percent(l.Stated)),
	}}
}

func boundQuantile(l foreshock.Learned, q float64) float64 {
	least, most := math.Min(leastQuantile, l.Stated-0.1), math.Max(mostQuantile, (1+l.Stated)/2)
	return math.Max(least, math.Min(most, q))
}
