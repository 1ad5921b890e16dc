// Command bench measures what receiving remote write costs, from the bytes of a request to the end that is
// chosen: processor time per sample, memory per series, and how both grow with the number of series. What the sender
// does (making samples, encoding) is done beforehand and not counted.
package main

import (
	"flag"
	"fmt"
	"os"
	"strings"
	"text/tabwriter"
)

// series are four a workload: see fields.
var sizes = []int{4_000, 40_000, 200_000, 400_000}

func main() {
	rounds := flag.Int("rounds", 5, "how often each series is sent and measured")
	end := flag.String("end", "count", "what takes the readings: "+strings.Join(endNames(), ", "))
	flag.Parse()
	if err := run(*rounds, *end); err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func run(rounds int, end string) error {
	open, ok := ends[end]
	if !ok {
		return fmt.Errorf("no end is called %q; there is: %s", end, strings.Join(endNames(), ", "))
	}
	out := tabwriter.NewWriter(os.Stdout, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(out, "series\tbatch\tsamples\tCPU µs/sample\twall µs/sample\theap B/series\tof it labels\tRSS B/series\t")
	for _, batch := range []int{2_000, 10_000} {
		for _, n := range sizes {
			r, err := measure(load{series: n, batch: batch, rounds: rounds}, open)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "%d\t%d\t%d\t%.3f\t%.3f\t%d\t%d\t%d\t\n", n, batch, r.samples,
				micros(r.cpu, r.samples), micros(r.wall, r.samples), r.heap/int64(n), r.labels/int64(n), r.rss/int64(n))
			if err := out.Flush(); err != nil {
				return err
			}
		}
	}
	return nil
}
