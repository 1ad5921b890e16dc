package arima

import "math"

// minimise moves x to a local minimum of f by BFGS (Nocedal, Wright 2006, algorithm
// 6.1) with a backtracking line search, and returns the value there. f may be infinite
// but not at the start. scale is about the second derivative of f. It ends when a step
// is expected to gain less than tolerance.
func minimise(f func(x []float64) float64, x []float64, scale, tolerance float64, iterations int, stop func() bool) float64 {
	n := len(x)
	value := f(x)
	if n == 0 || math.IsInf(value, 1) {
		return value
	}
	b := bfgs{inverse: make([]float64, n*n), direction: make([]float64, n), work: make([]float64, n), scale: 1 / scale}
	grad, next, nextGrad := make([]float64, n), make([]float64, n), make([]float64, n)
	step, change := make([]float64, n), make([]float64, n)
	b.reset()
	gradient(f, x, value, grad)
	for range iterations {
		if stop != nil && stop() {
			break
		}
		slope := b.aim(grad)
		if slope >= 0 {
			b.reset()
			slope = b.aim(grad)
		}
		if !(slope < -2*tolerance) {
			if b.fresh {
				break
			}
			b.reset() // once more along the gradient, in case the curvature was wrong
			if slope = b.aim(grad); !(slope < -2*tolerance) {
				break
			}
		}
		length, ok := 1.0, false
		longest := 0.0
		for _, d := range b.direction {
			longest = max(longest, math.Abs(d))
		}
		length = min(1, 1.5/longest)
		nextValue := 0.0
		for range 40 {
			for i := range x {
				next[i] = x[i] + length*b.direction[i]
			}
			nextValue = f(next)
			if ok = nextValue <= value+1e-4*length*slope; ok {
				break
			}
			// the minimum of the parabola through both values, with the slope
			shrink := 0.5 * slope * length / (slope*length + value - nextValue)
			length *= min(0.5, max(0.1, shrink))
		}
		if !ok {
			if b.fresh {
				break
			}
			b.reset()
			continue
		}
		gradient(f, next, nextValue, nextGrad)
		for i := range x {
			step[i], change[i] = next[i]-x[i], nextGrad[i]-grad[i]
		}
		b.learn(step, change)
		value = nextValue
		copy(x, next)
		copy(grad, nextGrad)
	}
	return value
}

// gradient by central differences, or one-sided at the edge of where f is finite.
func gradient(f func(x []float64) float64, x []float64, value float64, grad []float64) {
	const h = 1e-5
	for i, at := range x {
		x[i] = at + h
		up := f(x)
		x[i] = at - h
		down := f(x)
		x[i] = at
		switch {
		case math.IsInf(up, 1) && math.IsInf(down, 1):
			grad[i] = 0
		case math.IsInf(up, 1):
			grad[i] = (value - down) / h
		case math.IsInf(down, 1):
			grad[i] = (up - value) / h
		default:
			grad[i] = (up - down) / (2 * h)
		}
	}
}

// bfgs is an estimate of the inverse Hessian.
type bfgs struct {
	inverse   []float64 // by rows
	direction []float64
	work      []float64
	scale     float64
	fresh     bool // still a multiple of the identity
}

func (b *bfgs) reset() {
	clear(b.inverse)
	for i := range b.direction {
		b.inverse[i*len(b.direction)+i] = b.scale
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
