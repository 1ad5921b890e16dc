package detect_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/detect"
)

// streams are noises without anomalies, in IOPS about 1000 or so.
var streams = []struct {
	name  string
	heavy bool
	next  func(rng *rand.Rand) func() float64
}{
	{"white", false, func(rng *rand.Rand) func() float64 {
		return func() float64 { return max(0, 1000+100*rng.NormFloat64()) }
	}},
	{"white, wide", false, func(rng *rand.Rand) func() float64 {
		return func() float64 { return math.Abs(1000 + 400*rng.NormFloat64()) }
	}},
	{"log-normal", true, func(rng *rand.Rand) func() float64 {
		return func() float64 { return 1000 * math.Exp(0.5*rng.NormFloat64()) }
	}},
	{"Pareto 2", true, func(rng *rand.Rand) func() float64 {
		return func() float64 { return 500 * math.Pow(rng.Float64(), -1.0/2) }
	}},
	{"Pareto 1.2", true, func(rng *rand.Rand) func() float64 {
		return func() float64 { return 500 * math.Pow(rng.Float64(), -1/1.2) }
	}},
	{"Student 3", true, func(rng *rand.Rand) func() float64 {
		return func() float64 {
			chi := 0.0
			for range 3 {
				z := rng.NormFloat64()
				chi += z * z
			}
			return max(0, 1000+100*rng.NormFloat64()/math.Sqrt(chi/3))
		}
	}},
	{"AR(1) 0.7", false, ar(0.7)},
	{"AR(1) 0.95", false, ar(0.95)},
	{"bursty", false, func(rng *rand.Rand) func() float64 {
		left := 0
		return func() float64 {
			if left--; left < 0 && rng.Float64() < 0.005 {
				left = 5 + rng.IntN(30)
			}
			x := 300 * math.Exp(0.3*rng.NormFloat64())
			if left > 0 {
				x *= 5
			}
			return x
		}
	}},
	{"idle with spikes", false, func(rng *rand.Rand) func() float64 {
		return func() float64 {
			if rng.Float64() < 0.01 {
				return 2000 * rng.ExpFloat64()
			}
			return 0
		}
	}},
	{"constant", false, func(*rand.Rand) func() float64 { return func() float64 { return 1000 } }},
	{"random walk", false, func(rng *rand.Rand) func() float64 {
		y := 0.0
		return func() float64 {
			y = 0.9995*y + 0.02*rng.NormFloat64()
			return 1000 * math.Exp(y)
		}
	}},
}

func ar(phi float64) func(rng *rand.Rand) func() float64 {
	return func(rng *rand.Rand) func() float64 {
		y := 0.0
		return func() float64 {
			y = phi*y + math.Sqrt(1-phi*phi)*rng.NormFloat64()
			return 1000 * math.Exp(0.2*y)
		}
	}
}

// On noise without anomalies the budgets must hold: 7 anomalies a week of any severity, 1 above low, and at the boundary about
// the probability asked for. "times budget" is the rate of steps at a score of 1 over that probability; below 1 because the
// methods must agree.
func TestFalseAlarmRate(t *testing.T) {
	cfg := detect.Default()
	if cfg.LowPerWeek != 7 || cfg.AlarmsPerWeek != 1 {
		t.Fatalf("the budgets are others: %+v", cfg)
	}
	t.Logf("%-18s %10s %12s %12s %10s %9s", "stream", "steps over", "times budget", "a week", "above low", "threshold")
	for _, s := range streams {
		var over, began, alarms, weeks, watched float64
		top := 0.0
		for seed := range uint64(2) {
			r := newRig(t, time.Minute)
			next := s.next(newRand(seed))
			for i := range 4 * 7 * 24 * 60 {
				if i == 1440 { // after a first day
					r.over, r.began, r.alarms = 0, 0, 0
				}
				r.one(foreshock.IOPS, next())
			}
			over, began, alarms = over+float64(r.over), began+float64(r.began), alarms+float64(r.alarms)
			weeks += 4 - 1.0/7
			watched += (4 - 1.0/7) * 7 * 1440
			top = max(top, r.p.Threshold.Value)
		}
		t.Logf("%-18s %10.1e %12.2f %12.1f %10.1f %9.2f", s.name, over/watched, over/weeks/7, began/weeks, alarms/weeks, top)
		times := over / weeks / 7
		if times > 6 || began/weeks > 2*cfg.LowPerWeek || alarms/weeks > 1.5*cfg.AlarmsPerWeek {
			t.Errorf("%s: %.2f times the boundary's budget, %.1f anomalies and %.1f alarms a week", s.name, times, began/weeks, alarms/weeks)
		}
		if s.heavy && times < 0.1 {
			t.Errorf("%s: %.2f times the budget is far too cautious", s.name, times)
		}
	}
}
