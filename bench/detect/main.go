// Command detect measures detection: on labelled data, on streams without anomalies, and in time and bytes.
//
//	go run ./bench/detect [-data ../shared] [-markdown] [-only nab,events,severity,causal,budget,speed,size,sketch]
//
// Each table says what is asked for. Data that are absent are said to be, and left out.
package main

import (
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/foreshock-io/foreshock/bench/events"
	"github.com/foreshock-io/foreshock/bench/nab"
)

// part is one table.
type part struct {
	name  string
	print func(*labelled) error
}

var parts = []part{
	{"nab", printNAB},
	{"events", printEvents},
	{"severity", printSeverity},
	{"causal", printCausal},
	{"budget", printBudget},
	{"speed", printSpeed},
	{"size", printSize},
	{"sketch", printSketch},
}

func main() {
	data := flag.String("data", filepath.FromSlash("../shared"), "the folder with nab and smd-io")
	only := flag.String("only", "", "these tables, with commas between them: "+strings.Join(names(), ","))
	flag.BoolVar(&markdown, "markdown", false, "print the tables as they stand in docs/detection.md")
	flag.Parse()
	if err := run(*data, *only); err != nil {
		fmt.Fprintln(os.Stderr, "detect:", err)
		os.Exit(1)
	}
}

func names() (list []string) {
	for _, p := range parts {
		list = append(list, p.name)
	}
	return list
}

func run(data, only string) error {
	chosen := names()
	if only != "" {
		chosen = strings.Split(only, ",")
	}
	for _, name := range chosen {
		if !slices.Contains(names(), name) {
			return fmt.Errorf("no table is called %q; there is: %s", name, strings.Join(names(), ", "))
		}
	}
	set, err := load(data)
	if err != nil {
		return err
	}
	for _, p := range parts {
		if !slices.Contains(chosen, p.name) {
			continue
		}
		if err := p.print(set); err != nil {
			return fmt.Errorf("%s: %w", p.name, err)
		}
	}
	return nil
}

// labelled is the data that detectors are tried on, and what they made of them so far.
type labelled struct {
	nab      []nab.File
	machines []events.Machine
	done     map[string]judged // by detector
}

// judged is one detector's verdicts, by file and machine.
type judged struct{ nab, machines []verdicts }

func load(data string) (*labelled, error) {
	set := &labelled{done: map[string]judged{}}
	var err error
	if set.nab, err = nab.Load(filepath.Join(data, "nab")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if set.machines, err = events.Load(filepath.Join(data, "smd-io", "data")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return set, nil
}

// of gives a detector's verdicts on all data; a detector judges once.
func (set *labelled) of(d detector) (judged, error) {
	if j, ok := set.done[d.name]; ok {
		return j, nil
	}
	var work []func() error
	j := judged{make([]verdicts, len(set.nab)), make([]verdicts, len(set.machines))}
	for i := range set.nab {
		f := &set.nab[i]
		work = append(work, func() (err error) {
			j.nab[i], err = judge(d, f.Times, column(f.Values))
			return err
		})
	}
	for i := range set.machines {
		m := &set.machines[i]
		if d.one && len(m.Rows[0]) > 1 {
			continue
		}
		work = append(work, func() (err error) {
			j.machines[i], err = judge(d, m.Times, m.Rows)
			return err
		})
	}
	if err := all(work); err != nil {
		return judged{}, err
	}
	set.done[d.name] = j
	return j, nil
}
