package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/detect"
	"github.com/foreshock-io/foreshock/timeseries/surprise"
)

const (
	perDay     = int(24 * time.Hour / liveStep)
	accesses   = 300_000
	chaseBytes = 256 << 20
)

// counts are how many workloads of one metric are measured side by side.
var counts = []int{1_000, 10_000, 100_000, 1_000_000}

// most is how many bytes all workloads of a measurement may have.
const most = 6 << 30

// printSpeed shows what a step costs: in one workload again and again, and in many in random order.
func printSpeed(*labelled) error {
	s, err := newStages(detect.Default())
	if err != nil {
		return err
	}
	memory := newChase()
	out := table(fmt.Sprintf("Time of a step, per metric, beside a dependent access to %d MiB in random order", chaseBytes>>20), "the part of a step that is O(1) at most 2 dependent memory accesses; all included at most 1000 ns amortised per metric")
	fmt.Fprintln(out, "What\tWorkloads\tns a step and metric\tns of a memory access then\tRatio\tns of an access to one of them\tRatio")
	row := func(what string, ns float64) {
		access := memory.access() // at the same time: the machine may be busy with something else
		fmt.Fprintf(out, "%s\t1\t%.0f\t%.0f\t%.1f\t\t\n", what, ns, access, ns/access)
	}
	many := func(what string, n int, ns, own float64) {
		access := memory.access()
		fmt.Fprintf(out, "%s\t%d, random order\t%.0f\t%.0f\t%.1f\t%.0f\t%.1f\n", what, n, ns, access, ns/access, own, ns/own)
	}
	row("rarity at all scales, with seasons", hotRarity())
	for _, metrics := range []int{1, foreshock.NumMetrics} {
		step, whole, err := s.hot(metrics)
		if err != nil {
			return err
		}
		what := fmt.Sprintf("a step of the program, %d metrics", metrics)
		row(what, step)
		row(what+", decompositions included", whole)
	}
	metric := rarity(3 * perDay)
	each := heapOf(func(n int) any { return raritiesLike(metric, n) })
	for _, n := range counts {
		if int64(n)*each > most {
			fmt.Fprintf(out, "rarity\t%d\tleft out: %d MiB\t\t\t\t\n", n, int64(n)*each>>20)
			continue
		}
		step, access := random(raritiesLike(metric, n), func(m *surprise.Metric, x float64) {
			m.Observe(m.Second+int64(liveStep/time.Second), x)
		}, func(m *surprise.Metric) int64 { return int64(m.Count) })
		many("rarity at all scales, with seasons", n, step, access)
	}
	if err := s.rows(many); err != nil {
		return err
	}
	return out.Flush()
}

// rows are those of the program's whole step over many workloads.
func (s *stages) rows(row func(what string, n int, ns, own float64)) error {
	sample, err := s.grown(1, 3*perDay)
	if err != nil {
		return err
	}
	each := heapOf(func(n int) any { return profilesLike(sample, n) })
	for _, n := range counts {
		if int64(n)*each > most {
			continue
		}
		step, access := random(profilesLike(sample, n), func(p *foreshock.Profile, x float64) {
			var v foreshock.Values
			v.Set(order[0], x)
			s.step(p, v)
		}, func(p *foreshock.Profile) int64 { return p.Steps })
		row("a step of the program, 1 metric", n, step, access)
	}
	return nil
}

// chase is a cycle through a stretch of memory in random order.
type chase struct {
	next []uint32
	at   uint32
}

func newChase() *chase {
	next := make([]uint32, chaseBytes/4)
	for i := range next {
		next[i] = uint32(i)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for i := len(next) - 1; i > 0; i-- { // one cycle through all: Sattolo 1986
		k := rng.IntN(i)
		next[i], next[k] = next[k], next[i]
	}
	return &chase{next: next}
}

// access is the time of one access whose address the one before it gave, in ns.
func (c *chase) access() float64 {
	return best(accesses, func(int) { c.at = c.next[c.at] })[0]
}

// best is the time of each f in its best of some rounds of n calls, in ns: what else the machine does comes on top of it. Rounds of
// several take turns, so that they meet the same.
func best(n int, fs ...func(i int)) []float64 {
	least := slices.Repeat([]float64{math.Inf(1)}, len(fs))
	for range 7 {
		for k, f := range fs {
			began := time.Now()
			for i := range n {
				f(i)
			}
			least[k] = min(least[k], float64(time.Since(began))/float64(n))
		}
	}
	return least
}

// hotRarity is the time of scoring a reading in one metric, in ns.
func hotRarity() float64 {
	m := rarity(3 * perDay)
	xs := readings(perDay)
	return best(perDay, func(i int) { m.Observe(m.Second+int64(liveStep/time.Second), xs[i%len(xs)]) })[0]
}

// readings are those of one metric.
func readings(n int) []float64 {
	rng := rand.New(rand.NewPCG(2, 1))
	xs := make([]float64, n)
	for i := range xs {
		xs[i] = level(rng, i)
	}
	return xs
}

// hot is the time of the program's step in one workload, in ns per metric, without and with the decompositions that it brings.
func (s *stages) hot(metrics int) (step, all float64, err error) {
	p, err := s.grown(metrics, 3*perDay)
	if err != nil {
		return 0, 0, err
	}
	rng := rand.New(rand.NewPCG(2, 1))
	values := make([]foreshock.Values, perDay)
	for i := range values {
		values[i] = reading(rng, metrics, i)
	}
	const chunks, chunk = 1000, 360 // an hour of steps between two looks for seasons
	took := make([]float64, chunks)
	var seasons time.Duration
	for k := range chunks {
		began := time.Now()
		for i := range chunk {
			s.step(p, values[(k*chunk+i)%len(values)])
		}
		looked := time.Now()
		if err := s.seasons(p); err != nil {
			return 0, 0, err
		}
		seasons += time.Since(looked)
		took[k] = float64(looked.Sub(began)) / chunk
	}
	slices.Sort(took)
	step = took[chunks/10] / float64(metrics) // what else the machine does comes on top
	return step, step + float64(seasons)/float64(chunks*chunk*metrics), nil
}

// random is the time of a step over so many states in random order, and that of an access to a word of each in the same order when each has to
// wait for the one before, in ns.
func random[T any](list []T, step func(T, float64), word func(T) int64) (took, access float64) {
	n := len(list)
	rng := rand.New(rand.NewPCG(3, 1))
	rng.Shuffle(n, func(i, k int) { list[i], list[k] = list[k], list[i] })
	xs := readings(1024)
	const calls = 1_000_000
	took, access = math.Inf(1), math.Inf(1)
	for round := range max(4, calls/n) { // the first finds each state at the size of what is in it
		began := time.Now()
		for i, state := range list {
			step(state, xs[(i+round)%len(xs)])
		}
		if round == 0 {
			continue
		}
		took = min(took, float64(time.Since(began))/float64(n))
		began = time.Now()
		for at := 0; at < n; {
			at += 1 + int(word(list[at])&nothing)
		}
		access = min(access, float64(time.Since(began))/float64(n))
	}
	return took, access
}

// nothing makes the place of an access depend on what the one before gave. It is no constant, so that it is not known to be 0.
var nothing int64
