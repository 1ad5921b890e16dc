package prophet

// add adds the rows of the problem at the parameters that were evaluated last; with gram false only what depends on residuals.
//
// A changepoint's column is the ramp (t - s_j)⁺ times the weight w, so that sums over it need no pass of their own: rows are
// taken backwards, the sums of w², w²u, w²u² and of w, wu times the other columns are kept with u counted from the last changepoint passed,
// and moving on to the one before only shifts u. All terms of these shifts are positive for w²; nothing cancels.
func (mo *Moments) add(p *problem, gram bool) {
	k := p.x.columns
	a := accumulator{p: p, mo: mo, gram: gram, level: make([]float64, k), slope: make([]float64, k), products: make([]float64, p.x.width)}
	anchor, end := 0.0, len(p.t)
	for j := len(p.knots) - 1; j >= 0; j-- {
		a.shift(anchor - p.knots[j])
		anchor = p.knots[j]
		a.rows(p.from[j], end, anchor)
		end = p.from[j]
		a.knot(j)
	}
	a.shift(anchor)
	a.rows(0, end, 0)
	a.trend()
	for _, r := range p.residual {
		mo.Squares += r * r
	}
	mo.Readings += len(p.t)
}

// accumulator holds the running sums.
type accumulator struct {
	p    *problem
	mo   *Moments
	gram bool

	w0, w1, w2   float64      // Σw², Σw²u, Σw²u²
	r0, r1       float64      // Σwr, Σwur
	level, slope []float64    // Σw·column, Σwu·column
	knots        [][2]float64 // w1 and w2 at each knot, the last one first
	products     []float64    // columns of a row times the trend where multiplicative
}

// line is the row of the Gram matrix of a parameter.
func (a *accumulator) line(parameter int) []float64 {
	size := len(a.mo.Cross)
	return a.mo.Gram[parameter*size : (parameter+1)*size]
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
func (a *accumulator) rows(lo, hi int, anchor float64) {
	for i := lo; i < hi; i++ {
		u, row, events := a.p.t[i]-anchor, a.row(i), a.p.x.eventsOf(i)
		a.addCross(i, u, row, events)
		if a.gram {
			a.addGram(i, u, row, events)
		}
	}
}

// row is ∂μ/∂β of the dense columns.
func (a *accumulator) row(i int) []float64 {
	row := a.p.x.row(i)
	if !a.p.anyProduct {
		return row
	}
	for j, x := range row {
		if a.p.multiplicative[j] {
			x *= a.p.trend[i]
		}
		a.products[j] = x
	}
	return a.products
}

// event is ∂μ/∂β of a holiday's column, in a row where it is not 0.
func (a *accumulator) event(i int, column int32) float64 {
	if a.p.multiplicative[column] {
		return a.p.trend[i]
	}
	return 1
}

func (a *accumulator) addCross(i int, u float64, row []float64, events []int32) {
	r := a.p.residual[i]
	wr := a.p.weight[i] * r
	a.r0 += wr
	a.r1 += wr * u
	cross := a.mo.Cross[2:]
	for j, x := range row {
		cross[j] += x * r
	}
	for _, e := range events {
		cross[e] += a.event(i, e) * r
	}
}

func (a *accumulator) addGram(i int, u float64, row []float64, events []int32) {
	w := a.p.weight[i]
	wu, ww := w*u, w*w
	if a.p.bend != nil {
		ww += a.p.bend[i]
	}
	a.w0 += ww
	a.w1 += ww * u
	a.w2 += ww * u * u
	for j, x := range row {
		a.level[j] += w * x
		a.slope[j] += wu * x
		line := a.line(2 + j)[2 : 3+j]
		for l, y := range row[:len(line)] {
			line[l] += x * y
		}
	}
	for n, e := range events {
		x := a.event(i, e)
		a.level[e] += w * x
		a.slope[e] += wu * x
		line := a.line(2 + int(e))[2:]
		for l, y := range row {
			line[l] += x * y
		}
		for _, f := range events[:n+1] {
			a.line(2 + int(max(e, f)))[2+min(e, f)] += x * a.event(i, f)
		}
	}
}

// knot adds what a changepoint has in common with residuals, columns, itself and later changepoints.
func (a *accumulator) knot(j int) {
	first := 2 + a.p.x.columns
	a.mo.Cross[first+j] += a.r1
	if !a.gram {
		return
	}
	line := a.line(first + j)
	for c, s := range a.slope {
		line[2+c] += s
	}
	a.knots = append(a.knots, [2]float64{a.w1, a.w2})
	// Of two ramps the later one, at s_l, decides which rows count: Σ w²(u + s_l - s_j)u.
	for back, sums := range a.knots {
		l := len(a.p.knots) - 1 - back
		a.line(first + l)[first+j] += sums[1] + (a.p.knots[l]-a.p.knots[j])*sums[0]
	}
}

// trend adds what k and m have in common with everything, then fills in the upper triangle. Their columns are t and 1, times w; -km has that of m.
func (a *accumulator) trend() {
	if a.p.growth != Flat {
		a.mo.Cross[0] += a.r1
	}
	a.mo.Cross[1] += a.r0
	if !a.gram {
		return
	}
	a.line(1)[1] += a.w0
	for j, l := range a.level {
		a.line(2 + j)[1] += l
	}
	if a.p.growth != Flat {
		a.line(0)[0] += a.w2
		a.line(1)[0] += a.w1
		for j, s := range a.slope {
			a.line(2 + j)[0] += s
		}
	}
	for back, sums := range a.knots {
		l := len(a.p.knots) - 1 - back
		line := a.line(2 + a.p.x.columns + l)
		line[0] += sums[1] + a.p.knots[l]*sums[0]
		line[1] += sums[0]
	}
	for i := range a.mo.Cross {
		for j, g := range a.line(i)[:i] {
			a.line(j)[i] = g
		}
	}
}
