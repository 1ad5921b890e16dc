// Command bench measures what receiving remote write costs, from the bytes of a request to the end that is
// chosen: processor time per sample, memory per series, and how both grow with the number of series. What the sender
// does (making samples, encoding) is done beforehand and not counted.
package main

import (
	"errors"
	"flag"
	"fmt"
	"os"
	"runtime/pprof"
	"strings"
)

// series are four a workload: see fields.
var sizes = []int{4_000, 40_000, 200_000, 400_000}

func main() {
	rounds := flag.Int("rounds", 5, "how often each series is sent and measured")
	only := flag.Int("series", 0, "only this many series; 0: "+fmt.Sprint(sizes))
	profile := flag.String("cpuprofile", "", "write a profile of the processor's time to this file")
	end := flag.String("end", "count", "what takes the readings: "+strings.Join(endNames(), ", "))
	flag.Parse()
	if *only > 0 {
		sizes = []int{*only}
	}
	if err := profiled(*profile, func() error { return run(*rounds, *end) }); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(rounds int, end string) error {
	open, ok := ends[end]
	if !ok {
		return fmt.Errorf("no end is called %q; there is: %s", end, strings.Join(endNames(), ", "))
	}
	fmt.Println("  series   batch    samples  CPU µs/sample  wall µs/sample  heap B/series  of it labels  RSS B/series")
	for _, batch := range []int{2_000, 10_000} {
		for _, n := range sizes {
			r, err := measure(load{series: n, batch: batch, rounds: rounds}, open)
			if err != nil {
				return err
			}
			fmt.Printf("%8d %7d %10d %14.3f %15.3f %14d %13d %13d\n", n, batch, r.samples,
				micros(r.cpu, r.samples), micros(r.wall, r.samples), r.heap/int64(n), r.labels/int64(n), r.rss/int64(n))
		}
	}
	return nil
}

// profiled runs f, and writes a profile where a file is named.
func profiled(file string, f func() error) error {
	if file == "" {
		return f()
	}
	out, err := os.Create(file)
	if err != nil {
		return err
	}
	if err := pprof.StartCPUProfile(out); err != nil {
		return err
	}
	err = f()
	pprof.StopCPUProfile()
	return errors.Join(err, out.Close())
}
