package main

import (
	"cmp"
	"fmt"
	"io"
	"math"
	"slices"
)

// means are a policy's figures over runs: of the figure of merit the geometric mean, of the others the arithmetic one.
type means struct{ violated, late, cost, fom, ready, actions, flaps float64 }

func meansOf(results []result, policy string, provider func(string) bool) (m means) {
	var n, surging float64
	for i := range results {
		r := &results[i]
		if r.Policy != policy || !provider(r.Provider) {
			continue
		}
		n++
		m.violated, m.late, m.cost = m.violated+r.Violated, m.late+r.Late, m.cost+math.Log(r.CostRatio)
		m.fom, m.actions, m.flaps = m.fom+math.Log(r.FoM), m.actions+r.Actions, m.flaps+r.Flaps
		if !math.IsNaN(r.Ready) {
			surging++
			m.ready += r.Ready
		}
	}
	return means{m.violated / n, m.late / n, math.Exp(m.cost / n), math.Exp(m.fom / n), m.ready / surging, m.actions / n, m.flaps / n}
}

// spread is the standard deviation of the figure of merit over seeds; 0 where there is one.
func spread(results []result, policy string, provider func(string) bool) float64 {
	bySeed := map[uint64][]result{}
	for _, r := range results {
		if r.Policy == policy {
			bySeed[r.Seed] = append(bySeed[r.Seed], r)
		}
	}
	var sum, squares float64
	for _, some := range bySeed {
		x := meansOf(some, policy, provider).fom
		sum, squares = sum+x, squares+x*x
	}
	n := float64(len(bySeed))
	if n < 2 {
		return 0
	}
	return math.Sqrt(max(0, squares-sum*sum/n) / (n - 1))
}

func show(w io.Writer, results []result, policies []contestant, providers []string, set string) {
	for _, name := range append(slices.Clone(providers), "all") {
		of := func(p string) bool { return p == name || name == "all" }
		fmt.Fprintf(w, "%s\n%-26s %10s %8s %8s %7s %8s %8s %8s\n", name, "", "violated %", "late %", "cost/or.", "FoM", "ready %", "act./day", "turns/d")
		line := func(label string, m means) {
			fmt.Fprintf(w, "%-26s %10.2f %8.2f %8.2f %7.3f %8.0f %8.1f %8.1f", label, m.violated, m.late, m.cost, m.fom, m.ready, m.actions, m.flaps)
		}
		type ranked struct {
			name string
			means
		}
		var list []ranked
		for _, p := range policies {
			if p.seed == 0 {
				list = append(list, ranked{p.name, meansOf(results, p.name, of)})
			}
		}
		slices.SortStableFunc(list, func(a, b ranked) int { return cmp.Compare(a.fom, b.fom) })
		for _, p := range list {
			line(p.name, p.means)
			if s := spread(results, p.name, of); s > 0 {
				fmt.Fprintf(w, "  FoM ±%.3f", s)
			}
			fmt.Fprintln(w)
			if m, known := published[name][p.name]; known && set == "shared" {
				line("  published", m)
				fmt.Fprintln(w)
			}
		}
		fmt.Fprintln(w)
	}
	worst(w, results)
}

// worst names the run on which Foreshock is worst against the better of HPA and target tracking.
func worst(w io.Writer, results []result) {
	type key struct{ trace, provider, policy string }
	foms := map[key]float64{}
	for i := range results {
		r := &results[i]
		foms[key{r.Trace, r.Provider, r.Policy}] = r.FoM
	}
	var at *result
	most := 0.0
	for i := range results {
		r := &results[i]
		hpa, some := foms[key{r.Trace, r.Provider, "hpa"}]
		tracking, both := foms[key{r.Trace, r.Provider, "target-tracking"}]
		if ratio := r.FoM / min(hpa, tracking); r.Policy == whole.name && some && both && ratio > most {
			at, most = r, ratio
		}
	}
	if at != nil {
		fmt.Fprintf(w, "worst run against the better of hpa and target-tracking: %s under %s, %.3f\n", at.Trace, at.Provider, most)
	}
}
