package replay

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// grid is how a file's rows lie in time, in milliseconds.
type grid struct {
	native int64 // spacing of one workload's rows
	phase  int64 // where rows lie: their stamps are near phase + k·native
}

// A spacing that is this share of all is the step; or a lesser share, when most of the others are multiples of it: rows are missing.
const (
	oftenEnough  = 0.5
	often        = 0.2
	oftenDivides = 0.8
)

// lonelyStep is the step of a file whose workloads have one row each.
const lonelyStep = 10 * time.Second

// round are the steps that people choose, in seconds.
var round = []int64{1, 2, 5, 10, 15, 20, 30, 60, 120, 300, 600, 900, 1200, 1800, 3600, 7200, 10800, 14400, 21600, 28800, 43200, 86400, 604800}

// detectGrid finds the spacing that is commonest between rows of the same workload, and says how common. Where none is, it takes the
// median, or the round step within a tenth of it.
func detectGrid(rows []row) (grid, string) {
	spacings, stamps := spacingsOf(rows)
	if len(spacings) == 0 {
		return grid{native: lonelyStep.Milliseconds()}, "no workload has two rows: the default"
	}
	native, n := commonest(spacings)
	note := fmt.Sprintf("the commonest of %d spacings, %.1f %%", len(spacings), 100*float64(n)/float64(len(spacings)))
	if all := float64(len(spacings)); float64(n) < oftenEnough*all &&
		(float64(n) < often*all || float64(multiples(spacings, native)) < oftenDivides*all) {
		native = spacings[len(spacings)/2]
		note = fmt.Sprintf("about the median of %d spacings, of which none is common", len(spacings))
		for _, seconds := range round {
			if ms := seconds * 1000; max(ms-native, native-ms)*10 <= ms {
				native = ms
				break
			}
		}
	}
	for i, t := range stamps {
		stamps[i] = t % native
	}
	slices.Sort(stamps)
	phase, _ := commonest(stamps)
	return grid{native: native, phase: phase}, note
}

// spacingsOf lists the spacings above 0 between rows of one workload, in order of size, and the stamps of all rows.
func spacingsOf(rows []row) (spacings, stamps []int64) {
	type stamp struct {
		id   uint32
		time int64
	}
	all := make([]stamp, len(rows))
	stamps = make([]int64, len(rows))
	for i := range rows {
		all[i] = stamp{rows[i].id, rows[i].time}
		stamps[i] = rows[i].time
	}
	slices.SortFunc(all, func(a, b stamp) int { return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.time, b.time)) })
	for i := 1; i < len(all); i++ {
		if d := all[i].time - all[i-1].time; d > 0 && all[i].id == all[i-1].id {
			spacings = append(spacings, d)
		}
	}
	slices.Sort(spacings)
	return spacings, stamps
}

// multiples counts the multiples of x.
func multiples(list []int64, x int64) (n int) {
	for _, y := range list {
		if y%x == 0 {
			n++
		}
	}
	return n
}

// commonest is the value that is there most often in an ordered list, the least of several, and how often.
func commonest(ordered []int64) (value int64, most int) {
	run := 0
	for i, x := range ordered {
		if i > 0 && x == ordered[i-1] {
			run++
		} else {
			run = 1
		}
		if run > most {
			value, most = x, run
		}
	}
	return value, most
}

// place says at which time a row that is stamped t is to be read, for steps of the given length. The row is put on the place of the grid that is
// nearest to its stamp, and from there on the next multiple of the spacing, so that the step that it falls into does not end before the row does.
func (g grid) place(t, step int64) int64 {
	begin := g.phase + floorDiv(t-g.phase+g.native/2, g.native)*g.native
	within := t - begin + g.native/2
	begin = max(0, ceil(begin, g.native))
	if step < g.native {
		return begin + g.native // it is known when it has ended
	}
	return begin + min(max(within, 1), g.native) // rows of one place keep their order
}

// ceil is the first multiple of step at or after t.
func ceil(t, step int64) int64 { return -floorDiv(-t, step) * step }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
