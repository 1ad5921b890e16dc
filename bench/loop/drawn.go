package main

import (
	"math"
	"math/rand/v2"

	"github.com/foreshock-io/foreshock/simulate"
)

// drawnShapes are the traces of -set drawn: shapes that everybody who runs storage knows, each alone. What a policy does about one of them is plain to see in a
// page of `foreshock simulate`; none was used to choose anything but that plans know the day of the week.
var drawnShapes = []shape{
	{name: "constant", days: 21, draw: steady(func(int) float64 { return 3000 }, 0)},
	{name: "office-week", days: 42, draw: steady(func(m int) float64 {
		if day, hour := calendar(m); day < 5 && hour >= 8 && hour < 18 {
			return 4500
		}
		return 500
	}, 0.1)},
	{name: "sunday-backup", days: 42, draw: steady(func(m int) float64 {
		if day, hour := calendar(m); day == 6 && hour >= 1 && hour < 5 {
			return 7000 + daily(m, 800, 600)
		}
		return daily(m, 800, 600)
	}, 0.1)},
	{name: "once-a-week", days: 42, draw: steady(func(m int) float64 {
		if day, hour := calendar(m); day == 2 && hour == 3 {
			return 6000
		}
		return 0
	}, 0)},
	{name: "every-20-min", days: 21, draw: steady(func(m int) float64 {
		if m%20 < 4 {
			return 5000
		}
		return 400
	}, 0.1)},
	{name: "every-3h-or-so", days: 28, draw: batches},
	{name: "growth", days: 35, step: 300, draw: steady(func(m int) float64 {
		return math.Exp(float64(m)/dayMinutes/12) * daily(m, 500, 200)
	}, 0.08)},
	{name: "levels", days: 35, draw: steady(func(m int) float64 {
		return [...]float64{1000, 4000, 1500, 9000, 2500}[m/(7*dayMinutes)]
	}, 0.1)},
	{name: "random-walk", days: 28, draw: walk},
	{name: "pareto-bursts", days: 28, draw: bursts},
	{name: "gaps", days: 28, draw: steady(func(m int) float64 { return daily(m, 2000, 1500) }, 0.15), gaps: [][2]int{{12960, 13536}, {17280, 19440}, {28800, 28944}}},
	{name: "sawtooth", days: 21, draw: steady(func(m int) float64 { return 500 + 7000*float64(m%300)/300 }, 0.05)},
	{name: "noise", days: 21, draw: steady(func(int) float64 { return 1500 }, 0.8)},
	{name: "hourly", days: 42, step: 3600, draw: steady(func(m int) float64 {
		if day, hour := calendar(m); day < 5 && hour >= 9 && hour < 12 {
			return 2500 + daily(m, 2500, 2000)
		}
		return daily(m, 2500, 2000)
	}, 0.1)},
}

// calendar gives the day of the week, 0 is Monday, and the hour.
func calendar(minute int) (day, hour int) { return minute / dayMinutes % 7, minute % dayMinutes / 60 }

// daily goes by a sine of one day.
func daily(minute int, mean, by float64) float64 {
	return mean + by*math.Sin(2*math.Pi*float64(minute)/dayMinutes)
}

// steady is a shape with log-normal noise.
func steady(of func(minute int) float64, noise float64) drawing {
	return func(random *rand.Rand) func(int) float64 {
		return func(m int) float64 { return of(m) * math.Exp(noise*random.NormFloat64()) }
	}
}

// batches take 25 minutes of every three hours, up to half an hour late.
func batches(random *rand.Rand) func(int) float64 {
	late := 0
	return steady(func(m int) float64 {
		if m%180 == 0 {
			late = random.IntN(31)
		}
		if at := m%180 - late; at >= 0 && at < 25 {
			return 6000
		}
		return 600
	}, 0.15)(random)
}

// walk is a random walk of the logarithm that comes back to 1,800 IOPS in a day or so.
func walk(random *rand.Rand) func(int) float64 {
	x := 0.0
	return func(int) float64 {
		x += 0.03*random.NormFloat64() - 0.0005*x
		return 1800 * math.Exp(x)
	}
}

// bursts come every seven hours or so, for up to an hour, and are as high as a Pareto distribution of index 0.9 says.
func bursts(random *rand.Rand) func(int) float64 {
	left, height := 0, 0.0
	return steady(func(int) float64 {
		if left--; random.IntN(400) == 0 {
			left, height = 2+random.IntN(59), 800*math.Pow(1-random.Float64(), -1/0.9)
		}
		if left > 0 {
			return min(700+height, 15000)
		}
		return 700
	}, 0.1)(random)
}

const monday = 1767571200 // 2026-01-05

func drawn() ([]*simulate.Trace, error) {
	return traces(drawnShapes, 11, 7, func(s shape, random *rand.Rand) (string, []simulate.Row, error) {
		return s.name, s.drawn(monday, random), nil
	})
}
