package robust

import (
	"math"
	"slices"
)

// Definition is one of the sample quantiles of Hyndman and Fan (1996, The American Statistician 50(4)), by their number; Quantile is number 7.
type Definition uint8

// Definitions, with the position of the q-quantile among n ordered values that are counted from 1; between two of them it is interpolated.
const (
	InverseECDF    Definition = 1 // ⌈nq⌉: a value of the sample
	Weibull        Definition = 6 // (n+1)q: values split the population into shares that are equal on average
	MedianUnbiased Definition = 8 // (n+1/3)q + 1/3: about the median of its distribution, whatever the population
)

// Quantile is the q-quantile by this definition; NaN when q is not in 0..1. It panics for definitions other than those listed.
func (d Definition) Quantile(x []float64, q float64) float64 {
	sample := new(Workspace).load(x)
	n := float64(len(sample))
	if n == 0 || !(q >= 0 && q <= 1) {
		return math.NaN()
	}
	var position float64
	switch d {
	case InverseECDF:
		position = math.Ceil(n*q - 4e-15*n) // rounding of nq counts for nothing
	case Weibull:
		position = (n + 1) * q
	case MedianUnbiased:
		position = (n+1.0/3)*q + 1.0/3
	default:
		panic("robust: no such definition of a quantile")
	}
	position = min(max(position, 1), n)
	return atPosition(sample, position-1)
}

// Hinges are Tukey's five numbers: least, lower hinge, median, upper hinge, largest, where a hinge is the median of a half, to which the
// median of all belongs (R's fivenum).
func Hinges(x []float64) (five [5]float64) {
	sample := new(Workspace).load(x)
	if len(sample) == 0 {
		nan := math.NaN()
		return [5]float64{nan, nan, nan, nan, nan}
	}
	slices.Sort(sample)
	last := float64(len(sample) - 1)
	hinge := math.Floor(float64(len(sample)+3)/2)/2 - 1
	for i, position := range []float64{0, hinge, last / 2, last - hinge, last} {
		k := int(position)
		five[i] = between(sample[k], sample[min(k+1, len(sample)-1)], math.Ceil(2*(position-float64(k)))/2)
	}
	return five
}

// Fences are Tukey's, 1.5 interquartile ranges below the first quartile and above the third, beyond which a value is an outlier.
func Fences(x []float64) (lower, upper float64) { return fences(x, 1.5, 1.5) }

func fences(x []float64, down, up float64) (lower, upper float64) {
	q := Quantiles(nil, x, 0.25, 0.75)
	return q[0] - down*(q[1]-q[0]), q[1] + up*(q[1]-q[0])
}
