package detect

import (
	"math"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/timeseries/surprise"
)

const (
	week = 7 * 24 * time.Hour

	// base is the boundary, in decades, of steps that have usualProbability each: seven a week of 5-minute steps.
	base             = 1.4
	usualProbability = 7. / (7 * 288)
	leastProbability = 1e-9
	// perDecade is by how much the surprise rises where the probability falls by a decade.
	perDecade = 0.5
	// told is what so many steps can tell of, in decades for each decade of them: about as much as half of the scales together say
	// of what is far beyond all that was seen.
	told = 0.75
	// leastBoundary is that of workloads that were hardly seen.
	leastBoundary = 1.0
	// Beyond the boundary the score doubles with every ½·ln(1 + stretch) decades at first.
	stretch   = 6.0
	mostScore = 100.0
)

// probability is that of the boundary, per metric and step.
func (d *Detector) probability(p *foreshock.Profile) float64 {
	if d.cfg.Probability > 0 {
		return d.cfg.Probability
	}
	metrics := 0
	for _, mp := range &p.Metrics {
		if mp != nil {
			metrics++
		}
	}
	steps := float64(week) / float64(max(p.Length, 1))
	return min(max(d.cfg.LowPerWeek/(steps*float64(max(metrics, 1))), leastProbability), usualProbability)
}

// boundary is the surprise of a workload's step that scores 1.
func (d *Detector) boundary(p *foreshock.Profile) float64 {
	b := base + perDecade*surprise.Log10(usualProbability/d.probability(p))
	return max(leastBoundary, min(b, told*surprise.Log10(float64(p.Steps+1))))
}

// scored is the score of a surprise.
func scored(decades, boundary float64) float64 {
	if decades <= boundary {
		return decades / boundary
	}
	return min(mostScore, 1+math.Expm1(2*(decades-boundary))/stretch)
}

// surpriseOf is the surprise that has a score.
func surpriseOf(score, boundary float64) float64 {
	if score <= 1 {
		return score * boundary
	}
	return boundary + math.Log1p(stretch*(score-1))/2
}

func threshold(p *foreshock.Profile) float64 { return known(p.Threshold.Value) }
