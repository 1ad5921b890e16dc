package ewma

import (
	"fmt"
	"math"
)

// Decayed is an average of readings at irregular times, in which a reading loses
// half its weight every HalfLife seconds. The order of arrival does not matter: a
// late reading counts for what would be left of it now. Make one with NewDecayed
// or set HalfLife.
type Decayed struct {
	HalfLife float64 // seconds, above 0
	Mean     float64 // weighted mean
	Weight   float64 // sum of the weights at time At, in readings; 0 when empty
	At       float64 // time of the newest reading, seconds since any fixed origin
}

// NewDecayed returns an empty average. It panics when halfLife, in seconds, is
// not above 0.
func NewDecayed(halfLife float64) Decayed {
	if !(halfLife > 0) {
		panic(fmt.Sprintf("ewma: half-life must be above 0 s, not %g", halfLife))
	}
	return Decayed{HalfLife: halfLife}
}

// Update takes in a reading of the given time; NaN is skipped, as reading and as
// time.
func (d *Decayed) Update(at, x float64) {
	if math.IsNaN(x) || math.IsNaN(at) || math.IsInf(at, 0) {
		return
	}
	weight := 1.0
	switch {
	case d.Weight == 0:
		d.At = at
	case at >= d.At:
		d.Weight = d.WeightAt(at)
		d.At = at
	default:
		weight = math.Exp2((at - d.At) / d.HalfLife)
	}
	d.Weight += weight
	if d.Weight > 0 {
		d.Mean += weight / d.Weight * (clamp(x) - d.Mean)
	}
}

// WeightAt is the sum of the weights at a time not before the newest reading: how
// many recent readings the mean is worth.
func (d *Decayed) WeightAt(at float64) float64 {
	return d.Weight * math.Exp2(-max(0, at-d.At)/d.HalfLife)
}

// Valid returns an error that tells what is wrong with an average read from
// outside.
func (d *Decayed) Valid() error {
	switch {
	case !(d.HalfLife > 0):
		return fmt.Errorf("ewma: half-life %g s is not above 0", d.HalfLife)
	case !(math.Abs(d.Mean) <= limit):
		return fmt.Errorf("ewma: mean %g is not within ±%g", d.Mean, limit)
	case !(d.Weight >= 0) || math.IsInf(d.Weight, 0):
		return fmt.Errorf("ewma: weight %g is not a number of readings", d.Weight)
	case math.IsNaN(d.At) || math.IsInf(d.At, 0):
		return fmt.Errorf("ewma: time %g is not finite", d.At)
	}
	return nil
}
