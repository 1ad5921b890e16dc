package forest

import (
	"math"
	"math/bits"
	"math/rand/v2"
	"slices"
)

// grower grows trees. The guide of a row is a whole number of guideLevels, so that sums of them, with how many rows they are of above them,
// are one number: a row's cell.
type grower struct {
	Config
	cuts    [][]float64
	binned  [][]uint8 // per feature, per row
	guide   []uint64  // cell of each row, drawn once
	enough  float64   // least gain of a split per row, in squared guide levels
	targets targets
	draw    *rand.Rand
	drawn   []uint8 // per row, how often it was drawn for the tree that grows
	// rows are those of the tree that grows, each once, and cells theirs, as often as they were drawn.
	rows   []int32
	cells  []uint64
	nodes  []node
	points []point
	// per bin, of the split that is tried
	even, odd [64]uint64
}

const (
	guideLevels = 1 << 20
	oneRow      = 1 << 40 // of a cell
	leastGain   = 1e-9    // per row, in squared units of the guide
)

func newGrower(rows, values [][]float64, guide []float64, c Config) *grower {
	n := len(rows)
	g := &grower{
		Config: c, targets: newTargets(values, c.Width), draw: rand.New(rand.NewPCG(c.Seed, 1)), //nolint:gosec // repeatable by design
		guide: make([]uint64, n), drawn: make([]uint8, n), rows: make([]int32, 0, n), cells: make([]uint64, 0, n),
	}
	for k := range rows[0] {
		cuts := quantileCuts(rows, k)
		g.cuts = append(g.cuts, cuts)
		binned := make([]uint8, n)
		for i := range rows {
			if x := rows[i][k]; i > 0 && x == rows[i-1][k] {
				binned[i] = binned[i-1]
			} else {
				binned[i] = binOf(cuts, x)
			}
		}
		g.binned = append(g.binned, binned)
	}
	lowest, highest := slices.Min(guide), slices.Max(guide)
	scale := 0.0
	if highest > lowest {
		scale = (guideLevels - 1) / (highest - lowest)
	}
	for i, y := range guide {
		g.guide[i] = oneRow + uint64((y-lowest)*scale)
	}
	g.enough = leastGain * scale * scale
	return g
}

// tree grows one on rows drawn with replacement, six for ten that there are.
func (g *grower) tree() tree {
	clear(g.drawn)
	for range len(g.drawn)*6/10 + 1 {
		if i := g.draw.IntN(len(g.drawn)); g.drawn[i] < math.MaxUint8 {
			g.drawn[i]++
		}
	}
	g.rows, g.cells, g.nodes, g.points = g.rows[:0], g.cells[:0], g.nodes[:0], g.points[:0]
	var all uint64
	for i, times := range g.drawn {
		if times > 0 {
			cell := uint64(times) * g.guide[i]
			g.rows, g.cells = append(g.rows, int32(i)), append(g.cells, cell) //nolint:gosec // far below 2^31
			all += cell
		}
	}
	g.grow(g.rows, g.cells, all, g.Depth)
	return tree{slices.Clone(g.nodes), slices.Clone(g.points)} // not what appending took more
}

// grow makes the subtree over rows, whose cells' sum is all.
func (g *grower) grow(rows []int32, cells []uint64, all uint64, depth int) {
	me := len(g.nodes)
	g.nodes = append(g.nodes, node{})
	s := split{}
	if depth > 0 && counted(all) >= 2*g.Leaf {
		s = g.split(rows, cells, all)
	}
	if s.left == 0 {
		first := len(g.points)
		g.leaf(rows, counted(all))
		g.nodes[me] = node{points: uint16(len(g.points) - first), at: int32(first)} //nolint:gosec // at most mostIntervals; far below 2^31
		return
	}
	middle := partition(rows, cells, g.binned[s.feature], s.bin)
	g.grow(rows[:middle], cells[:middle], s.left, depth-1)
	g.nodes[me] = node{feature: uint8(s.feature), bin: s.bin, at: int32(len(g.nodes))} //nolint:gosec // below mostFeatures; far below 2^31
	g.grow(rows[middle:], cells[middle:], all-s.left, depth-1)
}

func counted(cell uint64) int { return int(cell / oneRow) } //nolint:gosec // below 2^24

func partition(rows []int32, cells []uint64, binned []uint8, bin uint8) int {
	cells = cells[:len(rows)]
	lo := 0
	for k, i := range rows {
		if binned[i] <= bin {
			rows[k], rows[lo] = rows[lo], i
			cells[k], cells[lo] = cells[lo], cells[k]
			lo++
		}
	}
	return lo
}

// split sends rows in bins of a feature up to bin left; the sum of their cells is left, 0 where there is no split.
type split struct {
	feature int
	bin     uint8
	left    uint64
}

// split finds the split that takes most of the squared deviation away: that is (n·a - l·s)² / (n·l·(n-l)), where the n rows' guides add up to s,
// and those of the l that go left to a.
func (g *grower) split(rows []int32, cells []uint64, all uint64) (best split) {
	n, s := float64(counted(all)), float64(all%oneRow)
	most := g.enough * n * n
	var tried uint64
	for range g.Try {
		f := g.draw.IntN(len(g.binned))
		if tried>>f&1 == 1 {
			continue
		}
		tried |= 1 << f
		g.count(rows, cells, g.binned[f])
		var left uint64
		for b, cell := range g.even[:bins-1] {
			if cell == 0 {
				continue
			}
			left += cell
			here := counted(left)
			if here < g.Leaf {
				continue
			}
			if counted(all)-here < g.Leaf {
				break
			}
			l := float64(here)
			d := n*float64(left%oneRow) - l*s
			if d*d > most*l*(n-l) {
				most = d * d / (l * (n - l))
				best = split{f, uint8(b), left} //nolint:gosec // below bins
			}
		}
	}
	return best
}

// count makes g.even the sum of the cells of each bin. Odd and even rows are added up apart: rows next to each other are often of one bin, and a sum
// that waits for the one before it takes three times as long.
func (g *grower) count(rows []int32, cells []uint64, binned []uint8) {
	even, odd := &g.even, &g.odd
	clear(even[:])
	clear(odd[:])
	cells = cells[:len(rows)]
	k := 0
	for ; k+1 < len(rows); k += 2 {
		even[binned[rows[k]]%64] += cells[k]
		odd[binned[rows[k+1]]%64] += cells[k+1]
	}
	if k < len(rows) {
		even[binned[rows[k]]%64] += cells[k]
	}
	for b := range even {
		even[b] += odd[b]
	}
}

// targets are those of all rows, each with its interval, and the sums of a leaf by interval.
type targets struct {
	first     []int32 // of each row, and after the last
	values    []float64
	intervals []uint16
	sums      []Point // Value: sum of weight × value
	used      [mostIntervals / 64]uint64
}

const mostIntervals = 1024

func newTargets(values [][]float64, width float64) targets {
	t := targets{first: make([]int32, 1, len(values)+1), sums: make([]Point, mostIntervals)}
	lowest, highest := math.Inf(1), math.Inf(-1)
	for _, y := range values {
		t.values = append(t.values, y...)
		t.first = append(t.first, int32(len(t.values))) //nolint:gosec // far below 2^31
		lowest, highest = min(lowest, slices.Min(y)), max(highest, slices.Max(y))
	}
	width = max(width, (highest-lowest)/(mostIntervals-2))
	t.intervals = make([]uint16, len(t.values))
	if width == 0 {
		return t
	}
	base := math.Ceil(lowest / width)
	for k, y := range t.values {
		// Where the range is hardly more than rounding, so are whole numbers of this size.
		t.intervals[k] = uint16(min(math.Ceil(y/width)-base, mostIntervals-1))
	}
	return t
}

// leaf appends the distribution of the rows' targets; n is how many were drawn.
func (g *grower) leaf(rows []int32, n int) {
	t := &g.targets
	each := 1 / float64(n*g.Trees)
	for _, i := range rows {
		first, after := t.first[i], t.first[i+1]
		weight := float64(g.drawn[i]) / float64(after-first)
		for k := first; k < after; k++ {
			at := t.intervals[k]
			t.used[at/64] |= 1 << (at % 64)
			s := &t.sums[at]
			s.Value, s.Weight = s.Value+weight*t.values[k], s.Weight+weight
		}
	}
	for word := range t.used {
		for ; t.used[word] != 0; t.used[word] &= t.used[word] - 1 {
			s := &t.sums[word*64+bits.TrailingZeros64(t.used[word])]
			g.points = append(g.points, point{float32(s.Value / s.Weight), float32(s.Weight * each)})
			*s = Point{}
		}
	}
}
