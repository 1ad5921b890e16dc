// Command forecast measures how good the forecasts are on series that are in ../shared: M4 hourly and traces of virtual machines and services. For each model
// alone, and for what the program chooses (auto), it prints accuracy, coverage and time per series, beside the forecasts that R made of the same series, scored by the same code.
package main

import (
	"context"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/foreshock-io/foreshock/app"
)

// set is a folder with train.csv, test.csv and r-forecasts.
type set struct {
	name   string
	dir    string
	period int
}

var sets = []set{
	{"m4-hourly", "m4-hourly", 24},
	{"bitbrains-hourly", "traces/bitbrains-hourly", 24},
	{"bitbrains-5min", "traces/bitbrains-5min", 288},
	{"cloud-5min", "traces/cloud-5min", 288},
}

func main() {
	data := flag.String("data", "../shared", "folder with the data")
	which := flag.String("sets", "", "sets to measure, separated by commas; all by default")
	models := flag.String("models", strings.Join(append(app.Models(), "auto"), ","), "models, separated by commas")
	cpu := flag.Int("cpu", runtime.NumCPU(), "series at once")
	half := flag.Int("half", 0, "1: the series of odd rows only, 2: of even rows")
	back := flag.Int("back", 0, "horizons by which the origin is rolled back: the series are cut there, and R's figures left out")
	out := flag.String("out", "", "folder to write the forecasts to, as SET/MODEL.csv")
	flag.Parse()
	if _, err := os.Stat(*data); err != nil {
		fmt.Fprintf(os.Stderr, "forecast: %s: the data are not here; there is nothing to measure\n", *data)
		return
	}
	for _, s := range sets {
		if *which != "" && !slices.Contains(strings.Split(*which, ","), s.name) {
			continue
		}
		if err := s.measure(*data, strings.Split(*models, ","), *cpu, *half, *back, *out); err != nil {
			fmt.Fprintf(os.Stderr, "forecast: %s: %s\n", s.name, err)
			os.Exit(1)
		}
	}
}

const columnsFormat = "%-18s %-18s %6s %8s %8s %8s %8s %8s %8s %9s %8s %4s %9s\n"

func (s set) measure(data string, models []string, cpu, half, back int, out string) error {
	dir := filepath.Join(data, s.dir)
	list, err := load(dir)
	if err != nil {
		return err
	}
	list = part(list, half, back)
	fmt.Printf(columnsFormat, s.name, "", "series", "sMAPE", "MASE", "medMASE", "OWA*", "cov95", "above", "MSIS", "width", "<0", "CPU s")
	if back == 0 {
		peers, err := filepath.Glob(filepath.Join(dir, "r-forecasts", "*.csv"))
		if err != nil {
			return err
		}
		for _, path := range peers {
			f, err := long(path)
			if err != nil {
				return err
			}
			show("R "+strings.TrimSuffix(filepath.Base(path), ".csv"), score(list, f, s.period), cpuTime(strings.TrimSuffix(path, ".csv")+".time.tsv"))
		}
	}
	for _, model := range models {
		begin := cpuSeconds()
		f := run(list, model, s.period, cpu)
		seconds := (cpuSeconds() - begin) / float64(len(list))
		if out != "" {
			if err := write(filepath.Join(out, s.name, model+".csv"), list, f); err != nil {
				return err
			}
		}
		show(model, score(list, f, s.period), seconds)
	}
	return nil
}

// cpuSeconds is the processor time that this program has used, which does not depend on what else the machine does; R's times are of the same kind.
func cpuSeconds() float64 {
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		return math.NaN()
	}
	return float64(used.Utime.Nano()+used.Stime.Nano()) / 1e9
}

func show(name string, s scores, seconds float64) {
	n := func(format string, x float64) string {
		if x > 9999 {
			format = "%.1e"
		}
		return fmt.Sprintf(format, x)
	}
	fmt.Printf(columnsFormat, "", name, fmt.Sprint(s.series), n("%.3f", s.smape), n("%.3f", s.mase), n("%.3f", s.medMASE), n("%.3f", s.owa),
		n("%.3f", s.coverage), n("%.3f", s.above), n("%.2f", s.msis), n("%.2f", s.width), fmt.Sprint(s.negative), n("%.3f", seconds))
}

// part is half of the series, and each without its last horizons.
func part(list []series, half, back int) []series {
	var kept []series
	for i, x := range list {
		if half > 0 && i%2 != half-1 {
			continue
		}
		if n, h := len(x.train), len(x.test); back > 0 {
			cut := n - back*h
			if cut < 4*h && cut < n/2 {
				continue
			}
			x.train, x.test = x.train[:cut:cut], x.train[cut:cut+h]
		}
		kept = append(kept, x)
	}
	return kept
}

// run forecasts all series, cpu of them at once.
func run(list []series, model string, period, cpu int) forecasts {
	var mu sync.Mutex // guards f and done
	f, done := forecasts{}, 0
	var group sync.WaitGroup
	next := make(chan *series)
	for range cpu {
		group.Go(func() {
			for x := range next {
				steps, err := forecastOne(x, model, period)
				mu.Lock()
				if err == nil {
					f[x.id] = steps
				}
				done++
				if err != nil {
					fmt.Fprintf(os.Stderr, "\r%s: %s: %s\n", model, x.id, err)
				}
				fmt.Fprintf(os.Stderr, "\r%s: %d of %d ", model, done, len(list))
				mu.Unlock()
			}
		})
	}
	for i := range list {
		next <- &list[i]
	}
	close(next)
	group.Wait()
	fmt.Fprint(os.Stderr, "\r")
	return f
}

func forecastOne(x *series, model string, period int) ([]step, error) {
	f, err := app.ForecastSeries(context.Background(), app.Series{
		Values: x.train, Periods: []int{period}, Steps: len(x.test), Levels: []float64{0.025, 0.5, 0.975}, Model: model,
	})
	if err != nil {
		return nil, err
	}
	steps := make([]step, len(x.test))
	for k := range steps {
		steps[k] = step{f.Mean[k], f.Quantiles[0][k], f.Quantiles[2][k]}
	}
	return steps, nil
}
