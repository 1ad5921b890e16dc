package quantile

import (
	"math"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"
)

func TestCode(t *testing.T) {
	f := func(x float64, want Code) {
		t.Helper()
		if got := Encode(x); got != want {
			t.Errorf("Encode(%g) = %d, want %d", x, got, want)
		}
	}
	f(0, Zero)
	f(math.Copysign(0, -1), Zero)
	f(5e-324, first)
	f(1e-12, first)
	f(MinValue, first)
	f(MaxValue, last)
	f(1e300, last)
	f(math.Inf(1), last)
	f(-1e-300, Missing)
	f(-1, Missing)
	f(math.Inf(-1), Missing)
	f(math.NaN(), Missing)

	if !math.IsNaN(Decode(Missing)) {
		t.Errorf("Decode(Missing) = %g, want NaN", Decode(Missing))
	}
}

// Every code must come back as itself, and in rising order, or an eviction would
// take out another value than the one that was put in.
func TestEveryCode(t *testing.T) {
	before := -1.0
	for c := Zero; c < Missing; c++ {
		x := Decode(c)
		if Encode(x) != c {
			t.Fatalf("code %d is %g, which encodes as %d", c, x, Encode(x))
		}
		if x <= before {
			t.Fatalf("code %d is %g, not above %g", c, x, before)
		}
		before = x
	}
}

func TestCodeError(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		x := math.Exp(rapid.Float64Range(math.Log(MinValue), math.Log(MaxValue)).Draw(t, "ln x"))
		if e := math.Abs(Decode(Encode(x))-x) / x; e > RelativeError {
			t.Fatalf("%g comes back as %g: off by %.5f %%", x, Decode(Encode(x)), 100*e)
		}
		y := math.Exp(rapid.Float64Range(math.Log(MinValue), math.Log(MaxValue)).Draw(t, "ln y"))
		if x <= y && Encode(x) > Encode(y) {
			t.Fatalf("order lost between %g and %g", x, y)
		}
	})
}

func TestCodesBinary(t *testing.T) {
	want := Codes{Zero, 1, 300, last, Missing}
	data, err := want.MarshalBinary()
	if err != nil || len(data) != 2*len(want) {
		t.Fatalf("MarshalBinary: %d bytes, %v", len(data), err)
	}
	var got Codes
	if err := got.UnmarshalBinary(data); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if err := got.UnmarshalBinary(data[:3]); err == nil {
		t.Error("half a code was accepted")
	}
}
