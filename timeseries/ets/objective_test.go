package ets

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

var specs = func() (all []Spec) {
	for _, e := range []Component{Additive, Multiplicative} {
		for _, trend := range []Component{None, Additive, Damped} {
			for _, season := range []Component{None, Additive, Multiplicative} {
				if s := (Spec{e, trend, season, 4}); s.check() == nil {
					all = append(all, s)
				}
			}
		}
	}
	return all
}()

// The gradient must be what differences of the objective give.
func TestGradient(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		spec := rapid.SampledFrom(specs).Draw(t, "spec")
		x := rapid.SliceOfN(rapid.Float64Range(5, 15), 12, 40).Draw(t, "x")
		for range rapid.IntRange(0, 5).Draw(t, "gaps") {
			x[rapid.IntRange(0, len(x)-1).Draw(t, "gap")] = math.NaN()
		}
		maybe := func(name string, value float64) *float64 {
			if rapid.Bool().Draw(t, name) {
				return &value
			}
			return nil
		}
		cfg := Config{Given: Given{maybe("alpha", 0.3), maybe("beta", 0.1), maybe("gamma", 0.2), maybe("phi", 0.9)}}
		cfg.Minimise = Loss(rapid.IntRange(0, 1).Draw(t, "loss"))
		if err := cfg.check(); err != nil {
			t.Fatal(err)
		}
		o := newObjective(spec, x, cfg)
		v := rapid.SliceOfN(rapid.Float64Range(-1, 1), o.size(), o.size()).Draw(t, "v")
		grad := make([]float64, len(v))
		if math.IsInf(o.value(v, grad), 0) {
			return
		}
		for i := range v {
			const h = 1e-6
			at := v[i]
			v[i] = at + h
			up := o.value(v, nil)
			v[i] = at - h
			down := o.value(v, nil)
			v[i] = at
			want := (up - down) / (2 * h)
			if !(math.Abs(grad[i]-want) < 1e-4*(1+math.Abs(want))) {
				t.Fatalf("%v: derivative %d is %g, by differences %g", spec, i, grad[i], want)
			}
		}
	})
}
