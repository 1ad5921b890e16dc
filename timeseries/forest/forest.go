// Package forest estimates whole conditional distributions by a quantile regression forest (Meinshausen, "Quantile regression forests",
// Journal of Machine Learning Research 7, 2006): trees split the rows where the mean of their targets differs most, and the distribution for a new row
// is that of the targets that share its leaves.
package forest

import (
	"cmp"
	"fmt"
	"slices"
)

// Config says how a forest grows; the zero value takes the defaults.
type Config struct {
	Trees int    // default 20
	Leaf  int    // fewest rows in a leaf; default 20
	Try   int    // draws of a feature at a split; default a third of the features
	Depth int    // default 14
	Seed  uint64 // of the draws; equal seeds grow equal forests
	// Width: targets of a leaf in one interval (k·Width, (k+1)·Width] become one point with their mean; default and least: a thousandth of their range.
	Width float64
}

// Forest is grown once and then only read, also concurrently.
type Forest struct {
	cuts  [][]float64 // per feature, ascending: bin k holds what is at most cuts[k]
	trees []tree
}

type tree struct {
	nodes  []node
	points []point // in the order of the leaves; the weights of all trees add up to 1
}

// node is a split, or a leaf where points is not 0. A split's left child is the next node.
type node struct {
	feature, bin uint8  // rows in bins up to bin go left
	points       uint16 // of a leaf
	at           int32  // the right child; a leaf's first point
}

// point is a [Point] in half the memory.
type point struct{ value, weight float32 }

const (
	bins         = 48
	mostFeatures = 64
	mostRows     = 1 << 20 // so that the sum of the guides of those drawn for a tree stays below oneRow
)

// Grow grows a forest on rows of equally many features, at most 64; of rows there are at most 2^20. By targets each row has one or more values of which
// the distribution is wanted, by guide one value by which rows are told apart, to a millionth of its range. All are finite, and targets within the range of
// a float32; nothing is kept of the arguments. It returns nil for no rows, and panics where there are more rows or features than that, or other numbers of
// targets or guides than of rows.
func Grow(rows, targets [][]float64, guide []float64, c Config) *Forest {
	if len(targets) != len(rows) || len(guide) != len(rows) {
		panic(fmt.Sprintf("forest: %d rows, but targets of %d and guides of %d", len(rows), len(targets), len(guide)))
	}
	if len(rows) == 0 {
		return nil
	}
	if len(rows) > mostRows || len(rows[0]) > mostFeatures {
		panic(fmt.Sprintf("forest: %d rows of %d features, there can be %d of %d", len(rows), len(rows[0]), mostRows, mostFeatures))
	}
	g := newGrower(rows, targets, guide, c.withDefaults(len(rows[0])))
	f := &Forest{cuts: g.cuts}
	for range g.Trees {
		f.trees = append(f.trees, g.tree())
	}
	return f
}

func (c Config) withDefaults(features int) Config {
	c.Trees = cmp.Or(c.Trees, 20)
	c.Leaf = cmp.Or(c.Leaf, 20)
	c.Try = cmp.Or(c.Try, (features+2)/3)
	c.Depth = cmp.Or(c.Depth, 14)
	return c
}

// quantileCuts are cuts between bins with about as many rows each, found on at most 2000 rows or so.
func quantileCuts(rows [][]float64, feature int) []float64 {
	every := max(1, len(rows)/2000)
	var x []float64
	for i := 0; i < len(rows); i += every {
		x = append(x, rows[i][feature])
	}
	slices.Sort(x)
	var cuts []float64
	for k := 1; k < bins; k++ {
		if c := x[k*len(x)/bins]; len(cuts) == 0 || c > cuts[len(cuts)-1] {
			cuts = append(cuts, c)
		}
	}
	return cuts
}

func binOf(cuts []float64, x float64) uint8 {
	lo := 0
	for n := len(cuts); n > 0; {
		half := (n + 1) / 2
		if cuts[lo+half-1] < x {
			lo += half
		}
		n -= half
	}
	return uint8(lo) //nolint:gosec // at most bins
}

// Point is a value and its weight in a distribution.
type Point struct{ Value, Weight float64 }

// Distribution appends to out the distribution for a row of as many features as the forest was grown on; values and weights are rounded to 24 bits, but for that
// the weights add up to 1, and values may come more than once. The nil forest, of no rows, has none; it panics for a row of fewer features.
func (f *Forest) Distribution(row []float64, out []Point) []Point {
	if f == nil {
		return out
	}
	var binned [mostFeatures]uint8
	for k := range f.cuts {
		binned[k] = binOf(f.cuts[k], row[k])
	}
	for k := range f.trees {
		t := &f.trees[k]
		n, at := &t.nodes[0], int32(0)
		for n.points == 0 {
			if at++; binned[n.feature%mostFeatures] > n.bin {
				at = n.at
			}
			n = &t.nodes[at]
		}
		for _, p := range t.points[n.at:][:n.points] {
			out = append(out, Point{float64(p.value), float64(p.weight)})
		}
	}
	return out
}
