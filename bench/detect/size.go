package main

import (
	"fmt"
	"runtime"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/profile"
)

// historyDays is how long the history is that a season may be found in.
const historyDays = 28

// heapOf is what a workload takes of the heap, in bytes.
func heapOf(p *foreshock.Profile) (int64, error) {
	const n = 2000
	before := heap()
	list, err := copies(p, n)
	if err != nil {
		return 0, err
	}
	each := (heap() - before) / n
	runtime.KeepAlive(list)
	return each, nil
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// printSize shows what is kept of a workload.
func printSize(*labelled) error {
	s, err := newStages()
	if err != nil {
		return err
	}
	out := table("Bytes per workload and metric", fmt.Sprintf("<= 1536 without, <= 4096 with %d days of hourly history", historyDays))
	fmt.Fprintln(out, "After\tMetrics\tHeap, per metric\tIn the store, per metric")
	for _, age := range []struct {
		name  string
		steps int
	}{{"3 hours of 10 s steps", perDay / 8}, {"28 days of them, with hourly history", historyDays * perDay}} {
		for _, metrics := range []int{1, foreshock.NumMetrics} {
			p, err := s.grown(metrics, age.steps)
			if err != nil {
				return err
			}
			bytes, err := heapOf(p)
			if err != nil {
				return err
			}
			stored, err := profile.Encode(p)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "%s\t%d\t%d\t%d\n", age.name, metrics, bytes/int64(metrics), len(stored)/metrics)
		}
	}
	return out.Flush()
}
