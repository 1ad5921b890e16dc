// Package loess smooths an equally spaced series by local regression, as Cleveland
// (1979, JASA 74) and, for equal spacing, Cleveland, Cleveland, McRae and Terpenning
// (1990, J. Official Statistics 6(1), "STL") describe it.
//
// The value at position x is that of a constant or a line fitted by weighted least
// squares to the Window nearest readings. The reading at position j has the weight
//
//	(1 - (|j-x|/h)³)³ · weight_j
//
// with h the distance to the farthest of them, increased by ⌊(Window-n)/2⌋ when the
// series has only n < Window readings. With Jump > 1 only every Jump-th position is
// fitted, and the last; the rest is interpolated linearly.
//
// What depends only on length and settings is computed once, in a [Plan].
package loess

import (
	"fmt"
	"math"
)

// Config says how to smooth.
type Config struct {
	Window int // readings in a fit; taken as odd (the next odd number) and at least 3
	Degree int // 0: local constant, 1: local line
	Jump   int // distance of the fitted positions; 0 means 1

	// Reach bounds how far a line is drawn beyond its readings, so that a few of them
	// at one side of a gap do not decide by their noise what is in its middle: when the
	// position is more than Reach standard deviations (of the positions of the readings,
	// weighted) from their mean, the fit is a constant. 0 is no bound. Without gaps the
	// distance stays below 3.
	Reach float64
}

// Smooth returns the smoothed series. NaN is a missing reading: it has no weight,
// and its position is smoothed from the others. A position with no reading in its
// window stays NaN. Readings must not be infinite.
func Smooth(y []float64, cfg Config) ([]float64, error) {
	plan, err := NewPlan(len(y), cfg)
	if err != nil {
		return nil, err
	}
	filled, weights := y, []float64(nil)
	for i, v := range y {
		if math.IsInf(v, 0) {
			return nil, fmt.Errorf("loess: reading %d is infinite", i)
		}
		if !math.IsNaN(v) {
			continue
		}
		if weights == nil {
			filled, weights = append([]float64(nil), y...), ones(len(y))
		}
		filled[i], weights[i] = 0, 0
	}
	smooth := plan.Smooth(nil, filled, weights)
	if weights != nil {
		plan.blank(smooth, weights)
	}
	return smooth, nil
}

func ones(n int) []float64 {
	x := make([]float64, n)
	for i := range x {
		x[i] = 1
	}
	return x
}

// blank makes NaN what no reading supports.
func (p *Plan) blank(smooth, weights []float64) {
	before := -1
	for i := range p.points {
		q := &p.points[i]
		if p.supported(q, weights) {
			before = q.x
			continue
		}
		after := p.n
		if i+1 < len(p.points) {
			after = p.points[i+1].x
		}
		for j := before + 1; j < after; j++ {
			smooth[j] = math.NaN()
		}
	}
}

// supported reports whether any reading has weight in the fit of a point.
func (p *Plan) supported(q *point, weights []float64) bool {
	for i, k := range p.kernelOf(q) {
		if k*weights[q.left+i] > 0 {
			return true
		}
	}
	return p.n < 2 && weights[0] > 0
}
