// Command loop measures policies in a closed loop with a simulated volume, on the traces of ../shared: what each costs and how much I/O was late,
// Foreshock's beside those that people run and the clairvoyant plan, and beside the figures published for the reference implementations of the same policies.
package main

import (
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/app"
	"github.com/foreshock-io/foreshock/providers"
	"github.com/foreshock-io/foreshock/simulate"
)

func main() {
	shared := flag.String("data", "../shared", "folder with the data")
	traces := flag.String("traces", "", "folder of traces with an index.json; by default that of the data")
	set := flag.String("set", "shared", "shared: the traces of the index; other: others of the same kinds, made of further data; announced: surges of which not demand, but the size of requests tells before; drawn: shapes that everybody who runs storage knows, each alone")
	providers := flag.String("providers", "k8s,asg,ebs", "separated by commas")
	policies := flag.String("policies", "", "separated by commas; all by default")
	ablation := flag.Bool("ablation", false, "Foreshock without each of its parts as well")
	seeds := flag.Int("seeds", 1, "times that Foreshock runs, each with other random draws; the table then says how its figure of merit differs (standard deviation)")
	cpu := flag.Int("cpu", runtime.NumCPU(), "runs at once")
	form := flag.Bool("json", false, "print every run as a line of JSON")
	flag.Parse()
	if _, err := os.Stat(*shared); err != nil {
		fmt.Fprintf(os.Stderr, "loop: %s: the data are not here; there is nothing to measure\n", *shared)
		return
	}
	if *traces == "" {
		*traces = filepath.Join(*shared, "traces")
	}
	if err := measure(*shared, *traces, *set, strings.Split(*providers, ","), split(*policies), *ablation, *seeds, *cpu, *form); err != nil {
		fmt.Fprintf(os.Stderr, "loop: %s\n", err)
		os.Exit(1)
	}
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

func measure(shared, dir, set string, names, policies []string, ablation bool, seeds, cpu int, form bool) error {
	sets := map[string]func() ([]*simulate.Trace, error){
		"shared":    func() ([]*simulate.Trace, error) { return indexed(dir) },
		"other":     func() ([]*simulate.Trace, error) { return others(shared) },
		"announced": announced,
		"drawn":     drawn,
	}
	load, ok := sets[set]
	if !ok {
		return foreshock.NoSuch("set", set, slices.Sorted(maps.Keys(sets)))
	}
	traces, err := load()
	if err != nil {
		return err
	}
	contestants, err := contestants(policies, ablation, seeds)
	if err != nil {
		return err
	}
	var among []simulate.Provider
	for _, name := range names {
		p, err := providers.Named(name)
		if err != nil {
			return err
		}
		among = append(among, p)
	}
	results := run(jobs(traces, among), contestants, cpu)
	if form {
		out := json.NewEncoder(os.Stdout)
		for _, r := range results {
			if err := out.Encode(r); err != nil {
				return err
			}
		}
		return nil
	}
	show(os.Stdout, results, contestants, names, set)
	return nil
}

// entry is a line of the index.
type entry struct {
	ID     string `json:"id"`
	File   string `json:"file"`
	Warmup int64  `json:"warmup_s"`
}

// indexed reads the traces that an index.json lists.
func indexed(dir string) ([]*simulate.Trace, error) {
	text, err := os.ReadFile(filepath.Join(dir, "index.json"))
	if err != nil {
		return nil, err
	}
	var list []entry
	if err := json.Unmarshal(text, &list); err != nil {
		return nil, fmt.Errorf("%s: %w", filepath.Join(dir, "index.json"), err)
	}
	var traces []*simulate.Trace
	for _, e := range list {
		t, err := app.Demand(filepath.Join(dir, e.File))
		if err != nil {
			return nil, err
		}
		t.Name, t.Warmup = e.ID, int(e.Warmup/int64(simulate.Step.Seconds()))
		traces = append(traces, t)
	}
	return traces, nil
}
