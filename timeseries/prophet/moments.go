package prophet

import "slices"

// Moments are sums over the rows of a history: what the posterior near the fitted parameters depends on. J is the derivative of μ by the
// parameters, in the order k, m (logistic: -km), β, δ, and r the residual, in scaled units.
type Moments struct {
	Rows    int
	Gram    []float64 // JᵀJ, row by row
	Cross   []float64 // Jᵀr
	Squares float64   // rᵀr
}

func newMoments(parameters int) *Moments {
	return &Moments{Gram: make([]float64, parameters*parameters), Cross: make([]float64, parameters)}
}

func (mo *Moments) clone() *Moments {
	return &Moments{mo.Rows, slices.Clone(mo.Gram), slices.Clone(mo.Cross), mo.Squares}
}

// add adds the rows of the problem at the parameters that were evaluated last; with gram false only what depends on residuals.
//
// A changepoint's column is ramp (t - s_j)⁺ times the weight w, so that sums over it need no pass of their own: rows are
// taken backwards, the sums of w², w²u, w²u² and of w, wu times the other columns are kept with u counted from the last changepoint passed,
// and moving on to the one before only shifts u. All terms of these shifts are positive for w²; nothing cancels.
func (mo *Moments) add(p *problem, gram bool) {
	k := p.x.columns
	size := 2 + k + len(p.knots)
	a := accumulator{p: p, gram: mo.Gram, size: size, level: make([]float64, k), slope: make([]float64, k), columns: make([]float64, k), with: gram}
	anchor, end := 0.0, len(p.t)
	for j := len(p.knots) - 1; j >= 0; j-- {
		a.shift(anchor - p.knots[j])
		anchor = p.knots[j]
		a.rows(p.from[j], end, anchor, mo.Cross)
		end = p.from[j]
		mo.Cross[2+k+j] += a.r1
		if gram {
			a.knot(j)
		}
	}
	a.shift(anchor)
	a.rows(0, end, 0, mo.Cross)

	// The columns of k and of m, or -km, are t and 1, times w.
	if p.growth != Flat {
		mo.Cross[0] += a.r1
	}
	mo.Cross[1] += a.r0
	if gram {
		a.trend()
	}
	for _, r := range p.residual {
		mo.Squares += r * r
	}
	mo.Rows += len(p.t)
}

// accumulator holds the running sums.
type accumulator struct {
	p    *problem
	gram []float64
	size int // parameters
	with bool

	w0, w1, w2   float64   // Σw², Σw²u, Σw²u²
	r0, r1       float64   // Σwr, Σwur
	level, slope []float64 // Σw·column, Σwu·column
	columns      []float64 // of one row: X, with the trend as factor where multiplicative
	knotSums     [][2]float64
}

// shift lets u begin d earlier.
func (a *accumulator) shift(d float64) {
	a.w2 += d * (2*a.w1 + d*a.w0)
	a.w1 += d * a.w0
	a.r1 += d * a.r0
	for j, l := range a.level {
		a.slope[j] += d * l
	}
}

// rows adds rows from lo to hi.
func (a *accumulator) rows(lo, hi int, anchor float64, cross []float64) {
	p := a.p
	width := p.x.width
	for i := lo; i < hi; i++ {
		w, u, r := p.weight[i], p.t[i]-anchor, p.residual[i]
		a.r0 += w * r
		a.r1 += w * u * r
		row, events := p.x.row(i), p.x.eventsOf(i)
		if p.anyProduct {
			for j, x := range row {
				if p.multiplicative[j] {
					x *= p.trend[i]
				}
				a.columns[j] = x
			}
			row = a.columns[:width]
		}
		dense := cross[2 : 2+width]
		for j, x := range row {
			dense[j] += x * r
		}
		for _, e := range events {
			cross[2+e] += a.event(i, e) * r
		}
		if !a.with {
			continue
		}
		wu := w * u
		a.w0 += w * w
		a.w1 += w * wu
		a.w2 += wu * wu
		level, slope := a.level[:width], a.slope[:width]
		for j, x := range row {
			level[j] += w * x
			slope[j] += wu * x
			line := a.gram[(2+j)*a.size+2:][:j+1]
			for l, y := range row[:len(line)] {
				line[l] += x * y
			}
		}
		for n, e := range events {
			x := a.event(i, e)
			a.level[e] += w * x
			a.slope[e] += wu * x
			line := a.gram[(2+int(e))*a.size+2:]
			for l, y := range row {
				line[l] += x * y
			}
			for _, f := range events[:n+1] {
				a.gram[(2+int(max(e, f)))*a.size+2+int(min(e, f))] += x * a.event(i, f)
			}
		}
	}
}

// event is the value of a holiday's column in a row where it is not 0.
func (a *accumulator) event(i int, column int32) float64 {
	if a.p.multiplicative[column] {
		return a.p.trend[i]
	}
	return 1
}

// knot adds what a changepoint has in common with the columns and with later changepoints.
func (a *accumulator) knot(j int) {
	k := a.p.x.columns
	line := a.gram[(2+k+j)*a.size:]
	for c, s := range a.slope {
		line[2+c] += s
	}
	a.knotSums = append(a.knotSums, [2]float64{a.w1, a.w2})
	// Of two ramps the later one, at s_l, decides which rows count: Σ w²(u + s_l - s_j)u.
	for l := j; l < len(a.p.knots); l++ {
		sums := a.knotSums[len(a.p.knots)-1-l]
		a.gram[(2+k+l)*a.size+2+k+j] += sums[1] + (a.p.knots[l]-a.p.knots[j])*sums[0]
	}
}

// trend adds what k and m have in common with everything, then fills in the upper triangle.
func (a *accumulator) trend() {
	k, n := a.p.x.columns, a.size
	a.gram[n+1] += a.w0
	for j, l := range a.level {
		a.gram[(2+j)*n+1] += l
	}
	if a.p.growth != Flat {
		a.gram[0] += a.w2
		a.gram[n] += a.w1
		for j, s := range a.slope {
			a.gram[(2+j)*n] += s
		}
	}
	for j, s := range a.p.knots {
		sums := a.knotSums[len(a.p.knots)-1-j]
		a.gram[(2+k+j)*n] += sums[1] + s*sums[0]
		a.gram[(2+k+j)*n+1] += sums[0]
	}
	for i := range n {
		for j := range i {
			a.gram[j*n+i] = a.gram[i*n+j]
		}
	}
}

// renew makes them the sums over the rows of the problem.
func (mo *Moments) renew(p *problem, gram bool) {
	if gram {
		clear(mo.Gram)
	}
	clear(mo.Cross)
	mo.Rows, mo.Squares = 0, 0
	mo.add(p, gram)
}

// squaresAt is rᵀr after a step, to first order in μ.
func (mo *Moments) squaresAt(step []float64) float64 {
	n, sum := len(step), mo.Squares
	for i, d := range step {
		if d != 0 {
			sum += d * (dot(mo.Gram[i*n:(i+1)*n], step) - 2*mo.Cross[i])
		}
	}
	return max(0, sum)
}

// move takes a step, to first order in μ.
func (mo *Moments) move(step []float64) {
	mo.Squares = mo.squaresAt(step)
	n := len(step)
	for i := range mo.Cross {
		mo.Cross[i] -= dot(mo.Gram[i*n:(i+1)*n], step)
	}
}
