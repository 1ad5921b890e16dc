package main

import (
	"fmt"
	"runtime"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/detect"
	"github.com/foreshock-io/foreshock/profile"
)

// historyDays is how long the history is that a season may be found in.
const historyDays = 28

// heapOf is what one of many takes of the heap, in bytes.
func heapOf(many func(n int) any) int64 {
	const n = 2000
	before := heap()
	list := many(n)
	each := (heap() - before) / n
	runtime.KeepAlive(list)
	return each
}

func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// printSize shows what is kept of a workload.
func printSize(*labelled) error {
	s, err := newStages(detect.Default())
	if err != nil {
		return err
	}
	hourly := *s
	hourly.cfg.Coarse, hourly.cfg.History = time.Hour, historyDays*24*time.Hour
	out := table("Bytes per workload and metric", fmt.Sprintf("at most 1536 without, 4096 with %d days of hourly history", historyDays))
	fmt.Fprintln(out, "What\tAfter\tMetrics\tHeap, per metric\tIn the store, per metric")
	for _, hours := range []int{12, 48} { // the week is learned after a day
		m := rarity(hours * perDay / 24)
		fmt.Fprintf(out, "rarity at all scales, with seasons\t%d hours\t1\t%d\t\n", hours, heapOf(func(n int) any { return raritiesLike(m, n) }))
	}
	for _, age := range []struct {
		name   string
		stages *stages
		steps  int
	}{
		{"3 hours of 10 s steps", s, perDay / 8},
		// Half a day more, since with the Monday windows begin anew.
		{"28 days of them, history by the hour", &hourly, historyDays*perDay + perDay/2},
		{"28 days of them, history by the quarter of an hour, the default", s, historyDays*perDay + perDay/2},
	} {
		for _, metrics := range []int{1, foreshock.NumMetrics} {
			p, err := age.stages.grown(metrics, age.steps)
			if err != nil {
				return err
			}
			stored, err := profile.Encode(p)
			if err != nil {
				return err
			}
			bytes := heapOf(func(n int) any { return profilesLike(p, n) })
			fmt.Fprintf(out, "a workload of the program\t%s\t%d\t%d\t%d\n", age.name, metrics, bytes/int64(metrics), len(stored)/metrics)
		}
	}
	return out.Flush()
}
