package surprise

import (
	"math"
	"testing"

	"pgregory.net/rapid"
)

func TestLogarithm(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := math.Exp(rapid.Float64Range(-700, 700).Draw(t, "log"))
		if got, want := log2(x), math.Log2(x); math.Abs(got-want) > 8e-12 {
			t.Fatalf("log2 of %g is %.15g, want %.15g", x, got, want)
		}
	})
	for k := -1000; k <= 1000; k++ { // where one cell ends and the next begins
		x := math.Ldexp(1+float64(k&255)/256, k)
		if below := math.Nextafter(x, 0); log2(below) > log2(x)+1e-12 { // rounding apart
			t.Errorf("log2 falls by %g to %g", log2(below)-log2(x), x)
		}
	}
}
