package main

import (
	"fmt"
	"slices"

	"github.com/foreshock-io/foreshock/bench/events"
	"github.com/foreshock-io/foreshock/bench/nab"
)

// tried are the detectors that are run here, ours first.
var tried = []detector{ours, windowed, noise}

// peers are published scores of the whole benchmark: standard, low FP, low FN. Their detectors were told each file's least and
// greatest value beforehand. The scoreboard of github.com/numenta/NAB, version 1.1.
var peers = []struct {
	name   string
	scores [3]float64
}{
	{"ARTime", [3]float64{74.9, 65.1, 80.4}},
	{"Numenta HTM", [3]float64{70.1, 63.1, 74.3}},
	{"CAD OSE", [3]float64{69.9, 67.0, 73.2}},
	{"KNN CAD", [3]float64{58.0, 43.4, 64.8}},
	{"Relative Entropy", [3]float64{54.6, 47.6, 58.8}},
	{"Random Cut Forest", [3]float64{51.7, 38.4, 59.7}},
	{"Twitter ADVec", [3]float64{47.1, 33.6, 53.5}},
	{"Windowed Gaussian", [3]float64{39.6, 20.9, 47.4}},
	{"Etsy Skyline", [3]float64{35.7, 27.1, 44.5}},
}

func printNAB(set *labelled) error {
	if len(set.nab) == 0 {
		fmt.Println("\nNAB: not there; put its data and windows.json into ../shared/nab")
		return nil
	}
	windows := 0
	for _, f := range set.nab {
		windows += len(f.Windows)
	}
	out := table(fmt.Sprintf("Numenta Anomaly Benchmark, %d files with %d windows", len(set.nab), windows), "standard >= 72, low FP >= 65; with the other half's threshold at most 6 less")
	fmt.Fprintln(out, "Detector\tThreshold\tStandard\tLow FP\tLow FN\tFound\tFalse rows\tAt")
	for _, d := range append(slices.Clone(tried), live) {
		done, err := set.of(d)
		if err != nil {
			return err
		}
		files := make([]nab.Scored, len(set.nab))
		for i := range files {
			files[i] = nab.Judge(set.nab[i].Windows, done.nab[i].scores)
		}
		best := func(p nab.Profile) nab.Result { return nab.At(files, p, nab.Best(files, p)) }
		standard := best(nab.Profiles[0])
		fmt.Fprintf(out, "%s\tbest\t%.1f\t%.1f\t%.1f\t%d\t%d\t%.4f\n", d.name, standard.Score, best(nab.Profiles[1]).Score, best(nab.Profiles[2]).Score,
			standard.Found, standard.FalseRows, standard.Threshold)
		fmt.Fprintf(out, "\tof the other half")
		var all nab.Result
		for k, p := range nab.Profiles {
			r := crossed(files, p)
			fmt.Fprintf(out, "\t%.1f", r.Score)
			if k == 0 {
				all = r
			}
		}
		fmt.Fprintf(out, "\t%d\t%d\t\n", all.Found, all.FalseRows)
	}
	for _, p := range peers {
		fmt.Fprintf(out, "%s\tbest, all 58 files, published\t%.1f\t%.1f\t%.1f\t\t\t\n", p.name, p.scores[0], p.scores[1], p.scores[2])
	}
	return out.Flush()
}

// crossed scores each half of the files, every second one, at the threshold that is best for the other half.
func crossed(files []nab.Scored, p nab.Profile) nab.Result {
	var halves [2][]nab.Scored
	for i, f := range files {
		halves[i%2] = append(halves[i%2], f)
	}
	best := [2]float64{nab.Best(halves[0], p), nab.Best(halves[1], p)}
	thresholds := make([]float64, len(files))
	for i := range thresholds {
		thresholds[i] = best[1-i%2]
	}
	return nab.AtEach(files, p, thresholds)
}

// budgets are hours of false alarms per machine and day.
var budgets = [3]float64{0.25, 1, 4}

func printEvents(set *labelled) error {
	if len(set.machines) == 0 {
		fmt.Println("\nServer Machine Dataset, disk metrics: not there; put them into ../shared/smd-io/data")
		return nil
	}
	for _, kind := range []struct {
		name string
		events.Kind
	}{{"events that no nightly job repeats", events.Novel}, {"all events with a disk metric", events.IO}} {
		if err := printKind(set, kind.name, kind.Kind); err != nil {
			return err
		}
	}
	return nil
}

func printKind(set *labelled, name string, kind events.Kind) error {
	asked := "on machines not tuned on >= 60 % found at 0.25 hours a day, >= 93 % at 1; VUS-PR >= 30"
	out := table(fmt.Sprintf("Server Machine Dataset, disk metrics of %d machines, %s: found with so many hours of false alarms per machine and day", len(set.machines), name), asked)
	fmt.Fprintln(out, "Detector\tThreshold\tVUS-PR\tAt 0.25\tAt 1\tAt 4\tDelay at 1")
	share := 0.0
	for _, d := range tried {
		done, err := set.of(d)
		if err != nil {
			return err
		}
		var machines []events.Scored
		for i := range set.machines {
			if s := events.Judge(&set.machines[i], done.machines[i].scores, kind); len(s.Events) > 0 {
				machines = append(machines, s)
			}
		}
		volume := 0.0
		share = 0
		for i := range machines {
			volume += machines[i].VUSPR() / float64(len(machines))
			share += machines[i].Share() / float64(len(machines))
		}
		own := func(q float64) events.Result { return events.At(machines, events.Threshold(machines, q)) }
		other := func(q float64) events.Result { return left(machines, q) }
		fmt.Fprintf(out, "%s\tof these machines\t%.1f", d.name, 100*volume)
		rest(out, own)
		fmt.Fprintf(out, "\tof the other machines\t")
		rest(out, other)
	}
	fmt.Fprintf(out, "constant score\t\t%.1f\t\t\t\t\n", 100*share)
	return out.Flush()
}

// rest writes the cells that depend on the threshold.
func rest(out *sheet, at func(hoursPerDay float64) events.Result) {
	delay := 0
	for _, q := range budgets {
		r := at(q)
		fmt.Fprintf(out, "\t%.0f %% (%d of %d, %.2f h)", 100*r.Recall(), r.Found, r.Events, r.HoursPerDay)
		if q == 1 {
			delay = r.Delay
		}
	}
	fmt.Fprintf(out, "\t%d rows\n", delay)
}

// left scores each machine at the threshold that keeps to the budget on the others.
func left(machines []events.Scored, hoursPerDay float64) events.Result {
	thresholds := make([]float64, len(machines))
	for i := range thresholds {
		others := slices.Delete(slices.Clone(machines), i, i+1)
		thresholds[i] = events.Threshold(others, hoursPerDay)
	}
	return events.AtEach(machines, thresholds)
}
