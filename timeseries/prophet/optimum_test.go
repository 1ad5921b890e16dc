package prophet

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// The conditions of an optimum are checked on the posterior itself, by differences: in no direction does it rise.
func TestNoDirectionRises(t *testing.T) {
	f := func(name string, step time.Duration, n int, cfg Config) {
		t.Helper()
		rows, y := demand(step, n)
		rows.Cap, rows.Floor = []float64{700}, []float64{50}
		rows.Regressors = map[string][]float64{"x": make([]float64, n)}
		for i := range n {
			rows.Regressors["x"][i] = math.Cos(float64(i) / 9)
		}
		m, err := Fit(rows, y, cfg)
		if err != nil {
			t.Fatal(err)
		}
		best := m.MaxLogPosterior
		if got, err := m.LogPosterior(rows, y); err != nil || math.Abs(got-best) > 1e-9*math.Abs(best) {
			t.Errorf("%s: log posterior %v, %v; the fit says %v", name, got, err, best)
		}
		for what, parameter := range parameters(&m.Params) {
			for _, h := range []float64{1e-3, -1e-3, 1e-5, -1e-5} {
				old := *parameter
				*parameter += h
				got, err := m.LogPosterior(rows, y)
				*parameter = old
				if err != nil || got > best+1e-7 {
					t.Errorf("%s: %s + %g has log posterior %v above (%v)", name, what, h, got-best, err)
				}
			}
		}
	}
	f("additive", time.Hour, 500, Config{Regressors: []Regressor{{Name: "x"}}})
	f("few readings", time.Hour, 40, Config{})
	f("fewer readings than parameters", day, 15, Config{})
	f("multiplicative", time.Hour, 500, Config{SeasonalityMode: Multiplicative, Regressors: []Regressor{{Name: "x", Mode: Additive}}})
	f("logistic", time.Hour, 500, Config{Growth: Logistic})
	f("logistic multiplicative", time.Hour, 500, Config{Growth: Logistic, SeasonalityMode: Multiplicative})
	f("flat", time.Hour, 500, Config{Growth: Flat, SeasonalityMode: Multiplicative})
}

// parameters yields each parameter with a name.
func parameters(p *Params) func(yield func(string, *float64) bool) {
	return func(yield func(string, *float64) bool) {
		if !yield("k", &p.K) || !yield("m", &p.M) || !yield("sigma", &p.Sigma) {
			return
		}
		for j := range p.Delta {
			if !yield("delta", &p.Delta[j]) {
				return
			}
		}
		for j := range p.Beta {
			if !yield("beta", &p.Beta[j]) {
				return
			}
		}
	}
}

// Coordinate descent is another way to the same minimum.
func TestLassoAgreesWithCoordinateDescent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 8).Draw(t, "n")
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		x0 := make([]float64, n)
		for i := range x0 {
			x0[i] = float64(r.IntN(3)-1) * r.Float64()
		}
		l := newLasso(x0, 0.1+r.Float64())
		for range n + 2 {
			row := make([]float64, n)
			for i := range row {
				row[i] = r.NormFloat64()
				l.c[i] += r.NormFloat64()
			}
			for i := range n {
				for j := range n {
					l.q[i*n+j] += row[i] * row[j]
				}
			}
		}
		want := slices.Clone(x0)
		for range 20000 {
			for i := range want {
				g := -l.c[i]
				for j := range want {
					g += l.q[i*n+j] * (want[j] - x0[j])
				}
				free := want[i] - g/l.q[i*n+i]
				want[i] = math.Copysign(max(0, math.Abs(free)-l.lambda/l.q[i*n+i]), free)
			}
		}
		l.solve()
		for i := range want {
			if math.Abs(l.x[i]-want[i]) > 1e-6*(1+math.Abs(want[i])) {
				t.Fatalf("%v; coordinate descent finds %v", l.x, want)
			}
		}
	})
}

// The sums with their shifted origins are those of the columns written out.
func TestMomentsAreThoseOfTheColumns(t *testing.T) {
	f := func(growth Growth, mode Mode) {
		t.Helper()
		rows, y := demand(7*time.Hour, 60)
		rows.Cap = []float64{900}
		cfg := Config{Growth: growth, SeasonalityMode: mode, Weekly: 1, Holidays: []Holiday{
			{Name: "a", Days: rows.Times[20:22], Before: 1, Mode: Multiplicative}, {Name: "b", Days: rows.Times[20:21], Mode: Additive},
		}}
		m, err := Fit(rows, y, cfg)
		if err != nil {
			t.Fatal(err)
		}
		p, err := m.problem(rows, y, rows.all())
		if err != nil {
			t.Fatal(err)
		}
		x := p.vector(m.Params)
		mo := newMoments(len(x))
		p.evaluate(m.Params)
		clear(p.bend) // of the second order, which is in JᵀJ for the logistic curve
		mo.renew(p, true)
		residual := slices.Clone(p.residual)
		columns := make([][]float64, len(x))
		for j := range x { // by central differences
			moved := func(h float64) []float64 {
				at := slices.Clone(x)
				at[j] += h
				p.evaluate(p.params(at))
				return slices.Clone(p.residual)
			}
			const h = 1e-5
			down, up := moved(-h), moved(h)
			columns[j] = make([]float64, len(y))
			for i := range up {
				columns[j][i] = (down[i] - up[i]) / (2 * h)
			}
		}
		for a := range x {
			if want := dot(columns[a], residual); math.Abs(mo.Cross[a]-want) > 1e-6*(1+math.Abs(want)) {
				t.Errorf("%s %s: Jᵀr of %d is %g, not %g", growth, mode, a, mo.Cross[a], want)
			}
			for b := range x {
				want := dot(columns[a], columns[b])
				if got := mo.Gram[a*len(x)+b]; math.Abs(got-want) > 1e-5*(1+math.Abs(want)) {
					t.Errorf("%s %s: JᵀJ of %d and %d is %g, not %g", growth, mode, a, b, got, want)
				}
			}
		}
	}
	f(Linear, Additive)
	f(Linear, Multiplicative)
	f(Logistic, Additive)
	f(Logistic, Multiplicative)
	f(Flat, Multiplicative)
}
