package arima

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

// drawn is a seasonal ARMA model that is not close to its limits.
func drawn(t *rapid.T) (spec Spec, coef []float64) {
	order := func(name string, most int) int { return rapid.IntRange(0, most).Draw(t, name) }
	spec = Spec{Order: Order{P: order("p", 3), Q: order("q", 3)}, Seasonal: Order{P: order("P", 1), Q: order("Q", 2)}, Period: order("m", 6) + 2}
	for i, n := range []int{spec.Order.P, spec.Order.Q, spec.Seasonal.P, spec.Seasonal.Q} {
		part := rapid.SliceOfN(rapid.Float64Range(-0.9, 0.9), n, n).Draw(t, "partial")
		fromPartial(part, part)
		for _, c := range part {
			coef = append(coef, c*(1-2*float64(i%2)))
		}
	}
	return spec, coef
}

func drawnSeries(t *rapid.T, n int) []float64 {
	return rapid.SliceOfN(rapid.Float64Range(-10, 10), n, n).Draw(t, "y")
}

// autocovariances by the weights of the innovations, summed until they are gone.
func autocovariances(m model, lags int) []float64 {
	const far = 6000
	psi := make([]float64, far)
	psi[0] = 1
	for _, t := range m.ma {
		psi[t.lag] = t.c
	}
	for j := range psi {
		for _, t := range m.ar {
			if t.lag <= j {
				psi[j] += t.c * psi[j-t.lag]
			}
		}
	}
	cov := make([]float64, lags)
	for k := range cov {
		cov[k] = dot(psi[k:], psi[:far-k])
	}
	return cov
}

// dense is log det and the squared standardised length of w by the Cholesky factor of its
// covariance, cov(i, j) for j ≤ i.
func dense(w []float64, cov func(i, j int) float64) (logDet, square float64) {
	n := len(w)
	l := make([][]float64, n)
	e := make([]float64, n)
	for i := range n {
		l[i] = make([]float64, i+1)
		e[i] = w[i]
		for j := range i + 1 {
			c := cov(i, j) - dot(l[i][:j], l[j][:j])
			if i == j {
				l[i][i] = math.Sqrt(c)
				continue
			}
			l[i][j] = c / l[j][j]
			e[i] -= l[i][j] * e[j]
		}
		e[i] /= l[i][i]
		logDet += 2 * math.Log(l[i][i])
		square += e[i] * e[i]
	}
	return logDet, square
}

// The recursions give what the covariance of the whole series gives.
func TestLikelihoodIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec, coef := drawn(t)
		y := drawnSeries(t, 50)
		p := &problem{spec: spec, differenced: [][]float64{y}, columns: [][]float64{y}, sums: newMoments(1)}
		if !p.evaluate(coef, exact) {
			t.Fatal("not stationary")
		}
		cov := autocovariances(spec.model(coef), len(y))
		logDet, square := dense(y, func(i, j int) float64 { return cov[i-j] })
		if math.Abs(p.sums.logDet()-logDet) > 1e-8*(1+math.Abs(logDet)) || math.Abs(p.sums.cross[0]/square-1) > 1e-8 {
			t.Fatalf("%v %v: log det %g, square %g; want %g, %g", spec, coef, p.sums.logDet(), p.sums.cross[0], logDet, square)
		}
	})
}

// So does the filter for series with gaps, over the readings that are there.
func TestLikelihoodWithGapsIsExact(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec, coef := drawn(t)
		y := drawnSeries(t, 50)
		cov := autocovariances(spec.model(coef), len(y))
		missing := rapid.SliceOfN(rapid.IntRange(0, 3), len(y), len(y)).Draw(t, "missing")
		var there []int
		var readings []float64
		for i := range y {
			if missing[i] == 0 {
				y[i] = math.NaN()
				continue
			}
			there, readings = append(there, i), append(readings, y[i])
		}
		logDet, square := dense(readings, func(i, j int) float64 { return cov[there[i]-there[j]] })
		p := &problem{spec: spec, columns: [][]float64{y}, sums: newMoments(1), gaps: true}
		p.evaluate(coef, exact)
		if p.sums.n != len(there) || math.Abs(p.sums.logDet()-logDet) > 1e-8*(1+math.Abs(logDet)) || math.Abs(p.sums.cross[0]-square) > 1e-8*(1+square) {
			t.Fatalf("%v %v: log det %g, square %g; want %g, %g", spec, coef, p.sums.logDet(), p.sums.cross[0], logDet, square)
		}
	})
}

// A missing reading of a differenced series costs what leaving it out of all differences
// by hand would: the filter agrees with regressing on an indicator of it, whose
// coefficient takes its place.
func TestGapIsIndicator(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec, coef := drawn(t)
		spec.Order.D, spec.Seasonal.D = 1, 1
		n := 60
		y := drawnSeries(t, n)
		at := rapid.IntRange(spec.Period+1, n-1).Draw(t, "at")
		diff := differences(1, 1, spec.Period)
		indicator := make([]float64, n)
		indicator[at] = 1
		p := &problem{
			spec: spec, diff: diff, sums: newMoments(2),
			differenced: [][]float64{difference(y, diff), difference(indicator, diff)},
		}
		p.evaluate(coef, exact)
		_, variance, ok := p.sums.estimate()
		if !ok {
			t.Fatal("no estimate")
		}
		square, logDet := variance*float64(p.sums.n), p.sums.logDet()+math.Log(p.sums.cross[3])

		y[at] = math.NaN()
		q := &problem{spec: spec, diff: diff, columns: [][]float64{y}, sums: newMoments(1), gaps: true}
		q.evaluate(coef, exact)
		if math.Abs(q.sums.cross[0]-square) > 1e-7*(1+square) || math.Abs(q.sums.logDet()-logDet) > 1e-7*(1+math.Abs(logDet)) {
			t.Fatalf("%v %v at %d: log det %g, square %g; want %g, %g", spec, coef, at, q.sums.logDet(), q.sums.cross[0], logDet, square)
		}
	})
}

// Partial autocorrelations and coefficients are two names of one thing.
func TestPartial(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rapid.SliceOfN(rapid.Float64Range(-0.99, 0.99), 0, 8).Draw(t, "r")
		back := make([]float64, len(r))
		fromPartial(back, r)
		if !toPartial(back) {
			t.Fatal("not stationary")
		}
		for i := range r {
			if math.Abs(back[i]-r[i]) > 1e-6 {
				t.Fatalf("%v came back as %v", r, back)
			}
		}
	})
	if toPartial([]float64{1.2}) || toPartial([]float64{0.5, 0.5}) {
		t.Error("a unit root is not stationary")
	}
}
