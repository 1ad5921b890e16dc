package main

import (
	"fmt"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/bench/events"
	"github.com/foreshock-io/foreshock/bench/nab"
)

// alarms counts anomalies by their worst severity, and those that touch a labelled span.
type alarms struct{ all, right [foreshock.High + 1]int }

// count takes in a series: row by row the severity, whether an anomaly is right there, and whether the row counts.
func (a *alarms) count(severity []foreshock.Severity, right, counts func(row int) bool) {
	worst, hit := foreshock.None, false
	close := func() {
		if a.all[worst]++; hit {
			a.right[worst]++
		}
		worst, hit = foreshock.None, false
	}
	for i, s := range severity {
		switch {
		case s > foreshock.None && counts(i):
			worst, hit = max(worst, s), hit || right(i)
		case worst > foreshock.None:
			close()
		}
	}
	if worst > foreshock.None {
		close()
	}
}

func (a *alarms) cell(s foreshock.Severity) string {
	if a.all[s] == 0 {
		return "none"
	}
	return fmt.Sprintf("%.0f %% (%d of %d)", 100*float64(a.right[s])/float64(a.all[s]), a.right[s], a.all[s])
}

// printSeverity shows what share of the anomalies of each severity lies in labelled spans.
func printSeverity(set *labelled) error {
	if len(set.nab)+len(set.machines) == 0 {
		return nil
	}
	done, err := set.of(ours)
	if err != nil {
		return err
	}
	var files, machines alarms
	for i := range set.nab {
		f := &set.nab[i]
		inside := make([]bool, len(f.Times))
		for _, w := range f.Windows {
			for k := w.First; k <= w.Last; k++ {
				inside[k] = true
			}
		}
		files.count(done.nab[i].severity, func(row int) bool { return inside[row] }, func(row int) bool { return row >= nab.Probation(len(inside)) })
	}
	for i := range set.machines {
		m := &set.machines[i]
		near := m.Near(events.Any)
		machines.count(done.machines[i].severity, func(row int) bool { return near[row] }, func(row int) bool { return m.Labels[row].Test })
	}
	out := table("Anomalies by their worst severity: share in labelled spans", "the higher the severity, the higher the share")
	fmt.Fprintln(out, "Severity\tNumenta Anomaly Benchmark\tServer Machine Dataset")
	for s := foreshock.Low; s <= foreshock.High; s++ {
		fmt.Fprintf(out, "%s\t%s\t%s\n", s, files.cell(s), machines.cell(s))
	}
	return out.Flush()
}
