// Package forest estimates whole conditional distributions by a quantile regression forest (Meinshausen, "Quantile regression forests",
// Journal of Machine Learning Research 7, 2006): trees split the rows where the mean of their targets differs most, and the distribution for a new row
// is that of the targets that share its leaves.
package forest

import (
	"cmp"
	"math"
	"math/rand/v2"
	"slices"
)

// Config says how a forest grows; the zero value takes the defaults.
type Config struct {
	Trees int    // default 20
	Leaf  int    // fewest rows in a leaf; default 20
	Try   int    // features tried at a split; default a third
	Depth int    // default 14
	Seed  uint64 // of the draws; equal seeds grow equal forests
	// Width: targets of a leaf in one interval (k·Width, (k+1)·Width] become one point with their mean; default 0: equal ones only.
	Width float64
}

// Forest is grown once and then only read, also concurrently.
type Forest struct {
	cuts  [][]float64 // per feature, ascending: bin k holds what is at most cuts[k]
	trees []tree
}

type tree struct {
	nodes  []node
	points []Point // in the order of the leaves; the weights of all trees add up to 1
}

// node is a split, or a leaf where right is 0: no child is the root. A split's left child is the next node.
type node struct {
	feature, bin uint8 // rows in bins up to bin go left
	right        int32
	first, after int32 // the leaf's points
}

const (
	bins         = 48
	mostFeatures = 64
)

// Grow grows a forest on rows of equally many features, at most 64. By targets each row has one or more values of which the distribution is wanted, by
// guide one value by which rows are told apart. All are finite; none is kept but targets. It returns nil for no rows.
func Grow(rows, targets [][]float64, guide []float64, c Config) *Forest {
	if len(rows) == 0 {
		return nil
	}
	c = c.withDefaults(len(rows[0]))
	f := &Forest{}
	g := grower{Config: c, guide: guide, targets: targets, draw: rand.New(rand.NewPCG(c.Seed, 1))} //nolint:gosec // repeatable by design
	for k := range rows[0] {
		cuts := quantileCuts(rows, k)
		f.cuts = append(f.cuts, cuts)
		binned := make([]uint8, len(rows))
		for i := range rows {
			binned[i] = binOf(cuts, rows[i][k])
		}
		g.binned = append(g.binned, binned)
	}
	for range c.Trees {
		g.rows = g.rows[:0]
		for range len(rows)*6/10 + 1 {
			g.rows = append(g.rows, int32(g.draw.IntN(len(rows)))) //nolint:gosec // far below 2^31
		}
		var t tree
		g.grow(&t, 0, len(g.rows), c.Depth)
		f.trees = append(f.trees, tree{slices.Clone(t.nodes), slices.Clone(t.points)}) // not what appending took more
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

// quantileCuts are cuts between bins with about as many rows each, found on at most 2000 rows.
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
	i, _ := slices.BinarySearch(cuts, x)
	return uint8(i) //nolint:gosec // at most bins
}

type grower struct {
	Config
	guide   []float64
	targets [][]float64
	binned  [][]uint8 // per feature, per row
	draw    *rand.Rand
	rows    []int32 // of the tree that grows, drawn with replacement
	values  []Point // scratch
}

// grow makes the subtree over g.rows[lo:hi] and gives its root.
func (g *grower) grow(t *tree, lo, hi, depth int) int32 {
	me := int32(len(t.nodes)) //nolint:gosec // far below 2^31
	t.nodes = append(t.nodes, node{})
	feature, bin, ok := 0, uint8(0), false
	if depth > 0 && hi-lo >= 2*g.Leaf {
		feature, bin, ok = g.split(g.rows[lo:hi])
	}
	if !ok {
		first := int32(len(t.points)) //nolint:gosec // far below 2^31
		g.leaf(t, g.rows[lo:hi])
		t.nodes[me] = node{first: first, after: int32(len(t.points))} //nolint:gosec // the same
		return me
	}
	middle := partition(g.rows, g.binned[feature], bin, lo, hi)
	g.grow(t, lo, middle, depth-1)
	right := g.grow(t, middle, hi, depth-1)
	t.nodes[me] = node{feature: uint8(feature), bin: bin, right: right} //nolint:gosec // below mostFeatures
	return me
}

// leaf appends the distribution of the rows' targets.
func (g *grower) leaf(t *tree, rows []int32) {
	each := 1 / float64(len(rows)*g.Trees)
	g.values = g.values[:0]
	for _, i := range rows {
		for _, y := range g.targets[i] {
			g.values = append(g.values, Point{y, each / float64(len(g.targets[i]))})
		}
	}
	slices.SortFunc(g.values, func(a, b Point) int { return cmp.Compare(a.Value, b.Value) })
	for i := 0; i < len(g.values); {
		var sum, weight float64
		interval := g.interval(g.values[i].Value)
		for ; i < len(g.values) && g.interval(g.values[i].Value) == interval; i++ {
			sum += g.values[i].Weight * g.values[i].Value
			weight += g.values[i].Weight
		}
		t.points = append(t.points, Point{sum / weight, weight})
	}
}

func (g *grower) interval(x float64) float64 {
	if g.Width > 0 {
		return math.Ceil(x / g.Width)
	}
	return x
}

func partition(rows []int32, binned []uint8, bin uint8, lo, hi int) int {
	for lo < hi {
		if binned[rows[lo]] <= bin {
			lo++
			continue
		}
		hi--
		rows[lo], rows[hi] = rows[hi], rows[lo]
	}
	return lo
}

// split finds the split that takes most of the squared deviation away.
func (g *grower) split(rows []int32) (feature int, bin uint8, ok bool) {
	var total float64
	for _, i := range rows {
		total += g.guide[i]
	}
	n := float64(len(rows))
	least := total*total/n + 1e-9*n
	for range g.Try {
		f := g.draw.IntN(len(g.binned))
		var count, sum [bins]float64
		for _, i := range rows {
			b := g.binned[f][i]
			count[b]++
			sum[b] += g.guide[i]
		}
		var left, below float64
		for b := range bins - 1 {
			left += count[b]
			below += sum[b]
			if left < float64(g.Leaf) || n-left < float64(g.Leaf) {
				continue
			}
			if gain := below*below/left + (total-below)*(total-below)/(n-left); gain > least {
				least, feature, bin, ok = gain, f, uint8(b), true //nolint:gosec // below bins
			}
		}
	}
	return feature, bin, ok
}

// Point is a value and its weight in a distribution.
type Point struct{ Value, Weight float64 }

// Distribution appends to out[:0] the distribution for a row; the weights add up to 1, values may come more than once.
func (f *Forest) Distribution(row []float64, out []Point) []Point {
	out = out[:0]
	var binned [mostFeatures]uint8
	for k := range f.cuts {
		binned[k] = binOf(f.cuts[k], row[k])
	}
	for k := range f.trees {
		t := &f.trees[k]
		at := int32(0)
		for n := t.nodes[0]; n.right != 0; n = t.nodes[at] {
			if at++; binned[n.feature] > n.bin {
				at = n.right
			}
		}
		out = append(out, t.points[t.nodes[at].first:t.nodes[at].after]...)
	}
	return out
}
