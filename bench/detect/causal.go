package main

import (
	"fmt"
	"os"
	"time"
)

// cuts are the shares of a series that are judged alone.
var cuts = []float64{0.25, 0.618, 0.95}

// printCausal judges each series again, cut short, and compares: a score may not know what comes after it.
func printCausal(set *labelled) error {
	if len(set.nab)+len(set.machines) == 0 {
		return nil
	}
	done, err := set.of(ours)
	if err != nil {
		return err
	}
	var work []func() error
	differ := make([]error, 0, len(set.nab)+len(set.machines))
	try := func(name string, whole verdicts, times []time.Time, rows [][]float64) {
		k := len(differ)
		differ = append(differ, nil)
		work = append(work, func() error {
			for _, share := range cuts {
				n := max(1, int(share*float64(len(rows))))
				part, err := judge(ours, times[:n], rows[:n])
				if err != nil {
					return err
				}
				for i := range n {
					if part.scores[i] != whole.scores[i] || part.severity[i] != whole.severity[i] {
						differ[k] = fmt.Errorf("%s: row %d: %v in the whole file, %v in its first %d rows", name, i+1, whole.scores[i], part.scores[i], n)
						return nil
					}
				}
			}
			return nil
		})
	}
	for i := range set.nab {
		try(set.nab[i].Name, done.nab[i], set.nab[i].Times, column(set.nab[i].Values))
	}
	for i := range set.machines {
		try(set.machines[i].Name, done.machines[i], set.machines[i].Times, set.machines[i].Rows)
	}
	if err := all(work); err != nil {
		return err
	}
	out := table(fmt.Sprintf("Causal: scores of a file cut to %v of its length", cuts), "equal, bit for bit, to those of the whole, in every file")
	fmt.Fprintln(out, "Files\tEqual")
	bad := 0
	for _, err := range differ {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			bad++
		}
	}
	fmt.Fprintf(out, "%d\t%d\n", len(differ), len(differ)-bad)
	if err := out.Flush(); err != nil {
		return err
	}
	if bad > 0 {
		return fmt.Errorf("%d files have scores that depend on later rows", bad)
	}
	return nil
}
