package ets

import "math"

// minimise moves v to a local minimum of f by BFGS (Nocedal, Wright 2006, algorithm
// 6.1) with a backtracking line search, and returns the value there. f may be infinite
// but not at the start.
func minimise(f func(v, grad []float64) float64, v []float64, iterations int) float64 {
	n := len(v)
	b := bfgs{inverse: make([]float64, n*n), direction: make([]float64, n), work: make([]float64, n)}
	grad, next, nextGrad := make([]float64, n), make([]float64, n), make([]float64, n)
	step, change := make([]float64, n), make([]float64, n)
	b.reset()
	value, idle := f(v, grad), 0
	for range iterations {
		slope := b.aim(grad)
		if !(slope < 0) { // also when it is no number
			b.reset()
			slope = b.aim(grad)
		}
		if !(slope <= -1e-14) {
			break
		}
		length := 1.0
		var nextValue float64
		if b.fresh { // nothing is known about the curvature: not beyond one unit
			length = 1 / max(1, math.Sqrt(-slope))
		}
		for ; ; length /= 2 {
			for i := range v {
				next[i] = v[i] + length*b.direction[i]
			}
			nextValue = f(next, nextGrad)
			if nextValue <= value+1e-4*length*slope || length < 1e-12 {
				break
			}
		}
		if !(nextValue < value) {
			if b.fresh {
				break
			}
			b.reset()
			continue
		}
		for i := range v {
			step[i], change[i] = next[i]-v[i], nextGrad[i]-grad[i]
		}
		b.learn(step, change)
		gain := value - nextValue
		value = nextValue
		copy(v, next)
		copy(grad, nextGrad)
		if idle++; gain > 1e-7 {
			idle = 0
		}
		if idle == 4 {
			break
		}
	}
	return value
}

// bfgs is an estimate of the inverse Hessian.
type bfgs struct {
	inverse   []float64 // by rows
	direction []float64
	work      []float64
	fresh     bool // still the identity
}

func (b *bfgs) reset() {
	clear(b.inverse)
	for i := range b.direction {
		b.inverse[i*len(b.direction)+i] = 1
	}
	b.fresh = true
}

// aim sets the direction and returns the slope along it.
func (b *bfgs) aim(grad []float64) (slope float64) {
	n := len(grad)
	for i := range b.direction {
		b.direction[i] = -dot(b.inverse[i*n:(i+1)*n], grad)
		slope += b.direction[i] * grad[i]
	}
	return slope
}

// learn takes in that the gradient changes by change along step.
func (b *bfgs) learn(step, change []float64) {
	n := len(step)
	curvature := dot(step, change)
	if !(curvature > 1e-10*math.Sqrt(dot(step, step)*dot(change, change))) {
		return
	}
	if b.fresh {
		scale := curvature / dot(change, change)
		for i := range n {
			b.inverse[i*n+i] = scale
		}
		b.fresh = false
	}
	for i := range n {
		b.work[i] = dot(b.inverse[i*n:(i+1)*n], change)
	}
	factor := (1 + dot(change, b.work)/curvature) / curvature
	for i := range n {
		row := b.inverse[i*n : (i+1)*n]
		for j := range row {
			row[j] += factor*step[i]*step[j] - (b.work[i]*step[j]+step[i]*b.work[j])/curvature
		}
	}
}

func dot(a, b []float64) float64 {
	sum := 0.0
	for i, v := range a {
		sum += v * b[i]
	}
	return sum
}
