package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/foreshock-io/foreshock"
)

const (
	perDay     = int(24 * time.Hour / liveStep)
	accesses   = 1_000_000
	chaseBytes = 256 << 20
)

// counts are how many workloads of one metric are measured side by side.
var counts = []int{1_000, 10_000, 100_000, 1_000_000}

// most is how many bytes all workloads of a measurement may have.
const most = 6 << 30

// printSpeed shows what a step costs: in one workload again and again, and in many in random order.
func printSpeed(*labelled) error {
	s, err := newStages()
	if err != nil {
		return err
	}
	access := memoryAccess()
	asked := "the part of a step that is O(1) <= 2 dependent memory accesses; all included <= 1000 ns amortised per metric"
	out := table("Time of a step, per metric", asked)
	fmt.Fprintln(out, "Workloads\tOrder\tns a step and metric\tIn memory accesses")
	fmt.Fprintf(out, "\tone dependent memory access, %d MiB in random order\t%.0f\t1.0\n", chaseBytes>>20, access)
	for _, metrics := range []int{1, foreshock.NumMetrics} {
		step, all, err := s.hot(metrics)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "1\tthe same, %d metrics\t%.0f\t%.1f\n", metrics, step, step/access)
		fmt.Fprintf(out, "1\tthe same, %d metrics, seasons included\t%.0f\t%.1f\n", metrics, all, all/access)
	}
	sample, err := s.grown(1, 3*perDay)
	if err != nil {
		return err
	}
	each, err := heapOf(sample)
	if err != nil {
		return err
	}
	for _, n := range counts {
		if int64(n)*each > most {
			fmt.Fprintf(out, "%d\trandom\tleft out: %d MiB\t\n", n, int64(n)*each>>20)
			continue
		}
		ns, err := s.random(sample, n)
		if err != nil {
			return err
		}
		fmt.Fprintf(out, "%d\trandom\t%.0f\t%.1f\n", n, ns, ns/access)
	}
	return out.Flush()
}

// memoryAccess is the time of one access whose address the one before it gave, in ns.
func memoryAccess() float64 {
	next := make([]uint32, chaseBytes/4)
	for i := range next {
		next[i] = uint32(i)
	}
	rng := rand.New(rand.NewPCG(1, 1))
	for i := len(next) - 1; i > 0; i-- { // one cycle through all: Sattolo 1986
		k := rng.IntN(i)
		next[i], next[k] = next[k], next[i]
	}
	at := uint32(0)
	ns, _ := best(1, func(int) error { // no error can come
		for range accesses {
			at = next[at]
		}
		return nil
	})
	next[0] = at // so that it is not left out
	return ns / accesses
}

// best is the time of f in the best of some rounds of n calls, in ns: what else the machine does comes on top of it.
func best(n int, f func(i int) error) (float64, error) {
	least := math.Inf(1)
	for range 5 {
		began := time.Now()
		for i := range n {
			if err := f(i); err != nil {
				return 0, err
			}
		}
		least = min(least, float64(time.Since(began))/float64(n))
	}
	return least, nil
}

// hot is the time of a step in one workload, in ns per metric, without and with the seasons that it brings.
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

// random is the time of a step over so many workloads in random order, in ns.
func (s *stages) random(sample *foreshock.Profile, n int) (float64, error) {
	list, err := copies(sample, n)
	if err != nil {
		return 0, err
	}
	rng := rand.New(rand.NewPCG(3, 1))
	rng.Shuffle(n, func(i, k int) { list[i], list[k] = list[k], list[i] })
	values := make([]foreshock.Values, 1024)
	for i := range values {
		values[i] = reading(rng, 1, i)
	}
	rounds := max(1, 1_000_000/n)
	took := time.Duration(0)
	for round := range rounds + 1 { // the first finds the rings at the size of what is in them
		began := time.Now()
		for i, p := range list {
			s.step(p, values[(i+round)%len(values)])
		}
		if round > 0 {
			took += time.Since(began)
		}
	}
	return float64(took) / float64(n*rounds), nil
}
