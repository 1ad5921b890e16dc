package decide

import (
	"math"

	"github.com/foreshock-io/foreshock"
)

func withinPolicy(d *deliberation, _ foreshock.Kind, w *wish) bool {
	b := w.bounds
	if b.Max > 0 && w.to > b.Max {
		d.limit(w, b.Max, PolicyMax, "%s of %s is wanted, the policy allows at most %s", w.text(w.to), w.Dimension, w.text(b.Max))
	}
	if w.to < b.Min {
		d.limit(w, b.Min, PolicyMin, "%s of %s would do, the policy asks for at least %s", w.text(w.to), w.Dimension, w.text(b.Min))
	}
	return true
}

// withinTime drops a wish for an amount that was changed too short a time ago; the resource's other amounts may be changed meanwhile.
func withinTime(d *deliberation, _ foreshock.Kind, w *wish) bool {
	if !w.rule.NotBefore.After(d.Now) {
		return true
	}
	return d.drop(w, Budget, "%s of %s is wanted, the provider allows its next change at %s", w.text(w.to), w.Dimension, clock(w.rule.NotBefore))
}

// withinProvider rounds up, so that what is needed is there, unless that is above a maximum. Something is always left, also of what nobody uses.
func withinProvider(d *deliberation, kind foreshock.Kind, w *wish) bool {
	q := w.quantum()
	rounded := ceil(w.to, q)
	if w.to >= 0 && rounded <= 0 {
		rounded = q
	}
	if stated := math.Max(w.rule.Quantum, w.bounds.Quantum); stated > 0 && rounded > w.to*(1+1e-9) {
		d.because(Rounded, "%s is rounded up to %s, a multiple of %s", w.text(w.to), w.text(rounded), w.text(q))
	}
	w.to = rounded
	if w.rule.Min > 0 && w.to < w.rule.Min {
		d.limit(w, ceil(w.rule.Min, q), ProviderMin, "%s of %s would do, the provider asks for at least %s", w.text(w.to), w.Dimension, w.text(w.rule.Min))
	}
	if w.rule.Max > 0 && w.to > w.rule.Max {
		d.limit(w, floor(w.rule.Max, q), ProviderMax, "%s of %s is wanted, the provider allows at most %s", w.text(w.to), w.Dimension, w.text(w.rule.Max))
	}
	if w.bounds.Max > 0 && w.to > w.bounds.Max {
		d.limit(w, floor(w.bounds.Max, q), PolicyMax, "%s of %s is wanted, the policy allows at most %s", w.text(w.to), w.Dimension, w.text(w.bounds.Max))
	}
	return d.lawful(kind, w)
}

// withinRatio keeps one action from going too far.
func withinRatio(d *deliberation, kind foreshock.Kind, w *wish) bool {
	ratio := d.policy.Limits.GrowthRatio
	if ratio <= 0 || d.undoes {
		return true
	}
	q := w.quantum()
	if most := w.have * ratio; kind == foreshock.Grow && w.to > most {
		d.limit(w, floor(most, q), Ratio, "%s of %s is wanted, one action may raise it to at most %g times %s", w.text(w.to), w.Dimension, ratio, w.text(w.have))
	}
	if least := w.have / ratio; kind == foreshock.Shrink && w.to < least {
		d.limit(w, ceil(least, q), Ratio, "%s of %s would do, one action may lower it to at least 1/%g of %s", w.text(w.to), w.Dimension, ratio, w.text(w.have))
	}
	return d.lawful(kind, w)
}

// lawful says whether the amount keeps all the rules at once. A growth that is on its way to the policy's min may stay below it;
// a reduction never goes below what is needed.
func (d *deliberation) lawful(kind foreshock.Kind, w *wish) bool {
	most := func(limit float64) bool { return limit <= 0 || w.to <= limit }
	least := kind == foreshock.Grow || w.to >= w.bounds.Min && w.to >= w.need*(1-1e-9)
	if finite(w.to) && w.to > 0 && w.to >= w.rule.Min && least && most(w.rule.Max) && most(w.bounds.Max) {
		return true
	}
	return d.drop(w, NoAmount, "no amount of %s keeps all the rules: it stays at %s", w.Dimension, w.text(w.have))
}

// different drops what is there already. What else bound the wish is why, and stays what binds.
func different(d *deliberation, kind foreshock.Kind, w *wish) bool {
	if kind == foreshock.Grow && w.to > w.have*(1+1e-9) || kind == foreshock.Shrink && w.to < w.have*(1-1e-9) {
		return true
	}
	before := d.out.Bound
	d.drop(w, AlreadyThere, "%s is at %s already: nothing to change", w.Dimension, w.text(w.have))
	if before != "" {
		d.out.Bound = before
	}
	return false
}

// natural are the least differences that mean something, where no rule states a multiple.
var natural = [foreshock.NumDimensions]float64{
	foreshock.DimIOPS: 1, foreshock.DimThroughput: 1, foreshock.DimSize: 1, foreshock.DimVCPU: 0.01, foreshock.DimMemory: 1, foreshock.DimReplicas: 1,
}

// quantum is what amounts are multiples of: the provider's and the policy's where one is a multiple of the other or both are whole numbers, else
// the provider's.
func (w *wish) quantum() float64 {
	a, b := w.rule.Quantum, w.bounds.Quantum
	switch {
	case !(a > 0) && !(b > 0):
		return natural[w.Dimension]
	case !(a > 0):
		return b
	case !(b > 0) || integer(a/b):
		return a
	case integer(b / a):
		return b
	case integer(a) && integer(b) && a < 1<<31 && b < 1<<31:
		return a / float64(divisor(int64(a), int64(b))) * b
	}
	return a
}

func integer(x float64) bool { return x >= 1 && math.Abs(x-math.Round(x)) < 1e-9*x }

func divisor(a, b int64) int64 {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}

// ceil is the least multiple of q that is not below x, but for rounding errors.
func ceil(x, q float64) float64 { return multiple(math.Ceil(x/q-1e-9), q) }

// floor is the greatest multiple of q that is not above x, but for rounding errors.
func floor(x, q float64) float64 { return multiple(math.Floor(x/q+1e-9), q) }

// multiple is n times q, without the rounding error of fractions such as 0.01.
func multiple(n, q float64) float64 {
	if inverse := math.Round(1 / q); q < 1 && math.Abs(inverse*q-1) < 1e-12 {
		return n / inverse
	}
	return n * q
}
