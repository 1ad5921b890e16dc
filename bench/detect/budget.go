package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Streams without anomalies, and how long they are watched.
const (
	quietStreams = 8
	quietWeeks   = 8
	quietStep    = 5 * time.Minute
)

var quietStart = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// quiet are streams in which nothing happens that did not always happen. Each gives its reading at a step.
var quiet = []struct {
	name string
	make func(*rand.Rand) func(step int) float64
}{
	{"white noise", func(r *rand.Rand) func(int) float64 {
		return func(int) float64 { return 100 + 10*r.NormFloat64() }
	}},
	{"log-normal", func(r *rand.Rand) func(int) float64 {
		return func(int) float64 { return 100 * math.Exp(0.5*r.NormFloat64()) }
	}},
	{"Student's t, 3 degrees of freedom", func(r *rand.Rand) func(int) float64 {
		return func(int) float64 { return 100 + 5*student(r, 3) }
	}},
	{"Pareto, index 1.5", func(r *rand.Rand) func(int) float64 {
		return func(int) float64 { return 10 * math.Pow(1-r.Float64(), -1/1.5) }
	}},
	{"exponential", func(r *rand.Rand) func(int) float64 { return func(int) float64 { return 50 * r.ExpFloat64() } }},
	{"Poisson counts, mean 0.2", func(r *rand.Rand) func(int) float64 {
		return func(int) float64 { return poisson(r, 0.2) }
	}},
	{"AR(1), 0.95", func(r *rand.Rand) func(int) float64 {
		x := 0.0
		return func(int) float64 { x = 0.95*x + 3*r.NormFloat64(); return 100 + x }
	}},
	{"daily and weekly season", func(r *rand.Rand) func(int) float64 {
		return func(i int) float64 { return season(i) * math.Exp(0.1*r.NormFloat64()) }
	}},
	{"nightly job of an hour", func(r *rand.Rand) func(int) float64 {
		return func(i int) float64 {
			job := 0.0
			if minute := i * int(quietStep/time.Minute) % (24 * 60); minute >= 120 && minute < 180 {
				job = 400
			}
			return 100 + job + 10*r.NormFloat64()
		}
	}},
	{"busy and idle by turns", func(r *rand.Rand) func(int) float64 {
		busy := false
		return func(int) float64 {
			if r.Float64() < 0.05 {
				busy = !busy
			}
			if busy {
				return 300 * math.Exp(0.3*r.NormFloat64())
			}
			return 20 * math.Exp(0.3*r.NormFloat64())
		}
	}},
	{"idle with rare spikes", func(r *rand.Rand) func(int) float64 {
		return func(int) float64 {
			if r.Float64() < 0.005 {
				return 100 * r.ExpFloat64()
			}
			return 0
		}
	}},
	{"random walk", func(r *rand.Rand) func(int) float64 {
		x := 1000.0
		return func(int) float64 { x = max(0, x+2*r.NormFloat64()); return x }
	}},
	{"noise that grows and shrinks over a day", func(r *rand.Rand) func(int) float64 {
		return func(i int) float64 {
			return 100 + 10*(1.2+math.Sin(2*math.Pi*float64(i)/stepsPerDay))*r.NormFloat64()
		}
	}},
	{"rounded to whole numbers, mostly 3", func(r *rand.Rand) func(int) float64 {
		return func(int) float64 { return math.Round(3 + 0.4*r.NormFloat64()) }
	}},
	{"Pareto, index 0.8", func(r *rand.Rand) func(int) float64 {
		return func(int) float64 { return 10 * math.Pow(1-r.Float64(), -1/0.8) }
	}},
	{"1/f", func(r *rand.Rand) func(int) float64 {
		var octaves [14]float64 // the k-th is drawn anew every 2^k steps
		return func(i int) float64 {
			sum := 100.0
			for k := range octaves {
				if i%(1<<k) == 0 {
					octaves[k] = 5 * r.NormFloat64()
				}
				sum += octaves[k]
			}
			return sum
		}
	}},
	{"random walk between bounds", func(r *rand.Rand) func(int) float64 {
		x := 50.0
		return func(int) float64 {
			x = math.Abs(x + r.NormFloat64())
			x = min(x, 200-x)
			return x
		}
	}},
	{"log-normal, six times as much by day", func(r *rand.Rand) func(int) float64 {
		return func(i int) float64 {
			return 100 * math.Exp(0.9*math.Sin(2*math.Pi*float64(i)/stepsPerDay)+0.7*r.NormFloat64())
		}
	}},
	{"volatility that wanders", func(r *rand.Rand) func(int) float64 {
		h := 0.0
		return func(int) float64 { h = 0.99*h + 0.15*r.NormFloat64(); return 100 + 5*math.Exp(h)*r.NormFloat64() }
	}},
	{"bursts of an hour, every three days or so", func(r *rand.Rand) func(int) float64 {
		left, by := 0, 1.0
		return func(int) float64 {
			if r.Float64() < 1/(3*stepsPerDay) {
				left, by = 12, math.Exp(1+math.Abs(r.NormFloat64()))
			}
			x := 100 * math.Exp(0.2*r.NormFloat64())
			if left--; left >= 0 {
				x *= by
			}
			return x
		}
	}},
	{"constant", func(*rand.Rand) func(int) float64 { return func(int) float64 { return 42 } }},
}

const (
	stepsPerDay  = float64(24 * time.Hour / quietStep)
	stepsPerWeek = 7 * int(24*time.Hour/quietStep)
)

func season(i int) float64 {
	day := float64(i) / stepsPerDay
	x := 100 + 60*math.Sin(2*math.Pi*day)
	if int(day)%7 >= 5 {
		x *= 0.5
	}
	return x
}

func student(r *rand.Rand, degrees int) float64 {
	sum := 0.0
	for range degrees {
		x := r.NormFloat64()
		sum += x * x
	}
	return r.NormFloat64() / math.Sqrt(sum/float64(degrees))
}

func poisson(r *rand.Rand, mean float64) (n float64) {
	for limit, p := math.Exp(-mean), r.Float64(); p > limit; p *= r.Float64() {
		n++
	}
	return n
}

// rate is how often a week something was said of a stream, in its first week and after.
type rate struct{ first, later float64 }

// printBudget counts anomalies and alarms, those above low severity, in streams that have none.
func printBudget(*labelled) error {
	title := fmt.Sprintf("False alarms per workload and week, after the first: %d streams of each kind, %d weeks of %s steps without anomalies", quietStreams, quietWeeks, quietStep)
	out := table(title, "alarms above low severity <= 1, whatever the noise; anomalies of any severity <= 7")
	fmt.Fprintln(out, "Stream\tAlarms\tOf the worst stream\tIn the first week\tAnomalies")
	for k, kind := range quiet {
		alarms, anomalies := make([]rate, quietStreams), make([]rate, quietStreams)
		var work []func() error
		for i := range quietStreams {
			work = append(work, func() (err error) {
				alarms[i], anomalies[i], err = watch(kind.make(rand.New(rand.NewPCG(uint64(k), uint64(i)))))
				return err
			})
		}
		if err := all(work); err != nil {
			return err
		}
		worst := 0.0
		for _, r := range alarms {
			worst = max(worst, r.later)
		}
		mean := meanRate(alarms)
		fmt.Fprintf(out, "%s\t%.2f\t%.2f\t%.2f\t%.2f\n", kind.name, mean.later, worst, mean.first, meanRate(anomalies).later)
	}
	return out.Flush()
}

func meanRate(rates []rate) (mean rate) {
	for _, r := range rates {
		mean.first += r.first / float64(len(rates))
		mean.later += r.later / float64(len(rates))
	}
	return mean
}

// watch counts what is said of a stream: an anomaly is an alarm once it is above low severity.
func watch(reading func(int) float64) (alarms, anomalies rate, err error) {
	look, err := ours.open(quietStep, 1)
	if err != nil {
		return alarms, anomalies, err
	}
	row := make([]float64, 1)
	on, alarm := false, false
	for i := range quietWeeks * stepsPerWeek {
		row[0] = reading(i)
		v := look(quietStart.Add(time.Duration(i)*quietStep), row)
		if v.Severity > foreshock.None && !on {
			anomalies.add(i)
		}
		if v.Severity > foreshock.Low && !alarm {
			alarms.add(i)
		}
		on = v.Severity > foreshock.None
		alarm = on && (alarm || v.Severity > foreshock.Low)
	}
	return alarms, anomalies, nil
}

func (r *rate) add(step int) {
	if step < stepsPerWeek {
		r.first++
		return
	}
	r.later += 1.0 / (quietWeeks - 1)
}
