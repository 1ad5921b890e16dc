package prophet

import (
	"math"
	"slices"
)

// lasso minimises ½(x-x₀)ᵀQ(x-x₀) - cᵀ(x-x₀) + λ‖x‖₁, Q positive definite.
//
// Active sets: among the x that are not 0 and keep their signs, the minimum is a linear system. When the way there leads through 0, it is gone
// only so far, and that x stays 0; when it is reached, the x at 0 whose gradient exceeds λ most joins. The objective falls with each step, so no
// set comes twice and the end is exact. Coordinate descent, whose steps are cheaper, needs tens of thousands of sweeps: neighbouring ramps are
// almost alike.
type lasso struct {
	q, c, x0 []float64
	lambda   float64

	x        []float64
	sign     []float64 // of the active ones, 0 of the others
	gradient []float64 // of the smooth part
	active   []int
	system   []float64 // Q of the active ones, then its Cholesky factor
	step     []float64
	barred   []bool // left as soon as it joined: rounding, not descent
}

func newLasso(x0 []float64, lambda float64) lasso {
	n := len(x0)
	return lasso{
		q: make([]float64, n*n), c: make([]float64, n), x0: x0, lambda: lambda,
		x: slices.Clone(x0), sign: make([]float64, n), gradient: make([]float64, n),
		system: make([]float64, n*n), step: make([]float64, n), barred: make([]bool, n),
	}
}

// solve starts from x, which it replaces by the minimum.
func (l *lasso) solve() {
	n := len(l.x)
	clear(l.barred)
	for i, v := range l.x {
		l.sign[i] = 0
		if v != 0 {
			l.sign[i] = math.Copysign(1, v)
		}
	}
	for range 100 + 20*n {
		l.differentiate()
		if l.advance() {
			l.differentiate()
			if !l.join() {
				return
			}
		}
	}
}

func (l *lasso) differentiate() {
	n := len(l.x)
	for i := range l.gradient {
		l.gradient[i] = -l.c[i]
	}
	for j, x := range l.x {
		if d := x - l.x0[j]; d != 0 {
			for i, q := range l.q[j*n : (j+1)*n] {
				l.gradient[i] += q * d
			}
		}
	}
}

// advance goes towards the minimum of the active set; false when a sign would have changed on the way.
func (l *lasso) advance() (reached bool) {
	n := len(l.x)
	l.active = l.active[:0]
	for i, s := range l.sign {
		if s != 0 {
			l.active = append(l.active, i)
		}
	}
	size := len(l.active)
	system, step := l.system[:size*size], l.step[:size]
	for a, i := range l.active {
		for b, j := range l.active[:a+1] {
			system[a*size+b] = l.q[i*n+j]
		}
		step[a] = -l.gradient[i] - l.lambda*l.sign[i]
	}
	cholesky(system, size)
	forward(system, size, step)
	backward(system, size, step)
	share, leaves := 1.0, -1
	for a, i := range l.active {
		if l.sign[i]*(l.x[i]+step[a]) > 0 {
			continue
		}
		s := 0.0
		if l.x[i] != 0 {
			s = math.Abs(l.x[i] / step[a])
		}
		if leaves < 0 || s < share {
			share, leaves = s, i
		}
	}
	for a, i := range l.active {
		l.x[i] += share * step[a]
	}
	if leaves < 0 {
		return true
	}
	l.barred[leaves] = share == 0
	l.x[leaves], l.sign[leaves] = 0, 0
	return false
}

// join makes active the x at 0 that promises most; false when there is none.
func (l *lasso) join() bool {
	most, joins := l.lambda*(1+1e-9), -1
	for i, g := range l.gradient {
		if l.sign[i] == 0 && !l.barred[i] && math.Abs(g) > most {
			most, joins = math.Abs(g), i
		}
	}
	if joins < 0 {
		return false
	}
	l.sign[joins] = -math.Copysign(1, l.gradient[joins])
	return true
}
