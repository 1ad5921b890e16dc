package detect_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
)

// What follows is nothing to be told of. A workload with it has no more alarms, and hardly more anomalies, in the two days from its beginning on
// than the same one without it: one of a day is allowed, as each run of noise has some by chance.
func TestNoFalseAlarm(t *testing.T) {
	const perDay, from, to, seeds = 288, 20, 22, 3 // days of 5-minute steps
	type workload func(rng *rand.Rand, i int) foreshock.Values
	count := func(values workload) (began, alarms int) {
		for seed := range uint64(seeds) {
			r, rng := newRig(t, 24*time.Hour/perDay), newRand(20+seed)
			for i := range to * perDay {
				if i == from*perDay {
					r.began, r.alarms = 0, 0
				}
				r.step(values(rng, i))
			}
			began, alarms = began+r.began, alarms+r.alarms
		}
		return began, alarms
	}
	than := func(usual workload) func(string, workload) {
		began, alarms := count(usual)
		return func(name string, disturbed workload) {
			t.Helper()
			began2, alarms2 := count(disturbed)
			t.Logf("%s: %d anomalies, %d of them above low; without it %d, %d", name, began2, alarms2, began, alarms)
			if began2 > began+seeds || alarms2 > alarms {
				t.Errorf("%s: too many", name)
			}
		}
	}
	busy := func(rng *rand.Rand, i int) foreshock.Values {
		load := 1000 * (1 + 0.6*math.Sin(2*math.Pi*float64(i)/perDay))
		return volume(rng, load, 300e-6*(1+0.3*load/1600))
	}
	noise := func(rng *rand.Rand, _ int) foreshock.Values { return volume(rng, 1000, 300e-6) }
	still := func(*rand.Rand, int) foreshock.Values {
		var v foreshock.Values
		for m, x := range [...]float64{foreshock.Latency: 300e-6, foreshock.Throughput: 1000 * 16384, foreshock.IOPS: 1000, foreshock.QueueDepth: 0.3} {
			v.Set(foreshock.Metric(m), x)
		}
		return v
	}
	// at plays what is usual with another clock, or without some of it.
	at := func(clock func(i int) int, missing func(i int) bool) workload {
		return func(rng *rand.Rand, i int) foreshock.Values {
			v := busy(rng, clock(i))
			if missing(i) {
				return foreshock.Values{}
			}
			return v
		}
	}
	same, never := func(i int) int { return i }, func(int) bool { return false }
	shifted := func(by int) func(int) int {
		return func(i int) int {
			if i >= from*perDay {
				return i + by
			}
			return i
		}
	}
	if began, alarms := count(still); began+alarms > 0 {
		t.Errorf("a flat line: %d anomalies, %d of them above low", began, alarms)
	}
	than(noise)("noise that ends", func(rng *rand.Rand, i int) foreshock.Values {
		v := noise(rng, i)
		if i >= from*perDay {
			return still(rng, i)
		}
		return v
	})
	f := than(busy)
	f("a day that is missing", at(same, func(i int) bool { return i/perDay == from-1 }))
	f("clocks that are put forward", at(shifted(perDay/24), never))
	f("clocks that are put back", at(shifted(-perDay/24), never))
	f("a counter that began anew: a step has no rates", func(rng *rand.Rand, i int) foreshock.Values {
		v := busy(rng, i)
		if i == from*perDay+50 {
			var left foreshock.Values
			depth, _ := v.Get(foreshock.QueueDepth)
			left.Set(foreshock.QueueDepth, depth)
			return left
		}
		return v
	})
	f("a job that comes every day", func(rng *rand.Rand, i int) foreshock.Values {
		if i%perDay >= 30 && i%perDay < 36 {
			return volume(rng, 4000, 400e-6)
		}
		return busy(rng, i)
	})
}

// A load that is another for good is one anomaly, whatever it was before: idle, flat, or told in another unit. What is odd in it later is found.
func TestOtherLoadIsOneAnomaly(t *testing.T) {
	type load func(rng *rand.Rand) foreshock.Values
	all := func(v *foreshock.Values, by [foreshock.NumMetrics]float64) {
		for m := range foreshock.Metric(foreshock.NumMetrics) {
			if x, ok := v.Get(m); ok {
				v.Set(m, x*by[m])
			}
		}
	}
	idle := func(noise float64) load {
		return func(rng *rand.Rand) (v foreshock.Values) {
			v.Set(foreshock.IOPS, 0.3*noise*rng.ExpFloat64())
			v.Set(foreshock.Throughput, 4096*noise*rng.ExpFloat64())
			v.Set(foreshock.QueueDepth, 1e-3*noise*rng.ExpFloat64())
			return v
		}
	}
	busy := func(rng *rand.Rand) foreshock.Values { return volume(rng, 3000, 1e-3) }
	times := func(latency, iops float64) load {
		return func(rng *rand.Rand) foreshock.Values {
			v := busy(rng)
			all(&v, [foreshock.NumMetrics]float64{foreshock.Latency: latency, foreshock.Throughput: 1, foreshock.IOPS: iops, foreshock.QueueDepth: 1})
			return v
		}
	}
	f := func(name string, before, after load) {
		t.Helper()
		for _, step := range []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute} {
			r, rng := newRig(t, step), newRand(30)
			take := func(of load, lasts time.Duration, slower float64) {
				for until := r.now.Add(lasts); r.now.Before(until); {
					v := of(rng)
					all(&v, [foreshock.NumMetrics]float64{foreshock.Latency: slower, foreshock.Throughput: 1, foreshock.IOPS: 1, foreshock.QueueDepth: slower})
					r.step(v)
				}
			}
			take(before, 72*time.Hour, 1)
			r.began = 0
			take(after, 24*time.Hour, 1)
			if r.began < 1 || r.began > 2 || r.p.Current != nil {
				t.Errorf("%s in steps of %s: %d anomalies, current %v", name, step, r.began, r.p.Current)
			}
			if take(after, 12*step, 10); r.f.Severity < foreshock.Medium {
				t.Errorf("%s in steps of %s: ten times as slow is %s", name, step, r.f.Severity)
			}
		}
	}
	f("nothing and then busy", idle(0), busy)
	f("idle and then busy", idle(1), busy)
	f("latency in ms for s", busy, times(1000, 1))
	f("rates in thousands", busy, times(1, 1e-3))
	f("rates by the thousandth", busy, times(1, 1000))
}

// Jobs that move by an hour with the clocks make two seasons that explain different hours. When another one is used, what is expected does not go astray.
func TestAnotherSeasonMovesNoLevelAstray(t *testing.T) {
	r, rng := newRig(t, 5*time.Minute), newRand(40)
	changed := time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC)
	for r.now.Before(start.Add(49 * 24 * time.Hour)) {
		local, load := r.now.Add(time.Hour), 300.0
		if !r.now.Before(changed) {
			local = local.Add(time.Hour)
		}
		if hour := local.Hour(); hour == 2 || hour == 13 {
			load = 2500
		}
		r.step(volume(rng, load, 300e-6*(1+0.3*load/1600)))
		if r.f.Expected[foreshock.IOPS] < 0 {
			t.Fatalf("%s: %g are expected", r.now, r.f.Expected[foreshock.IOPS])
		}
	}
}

// A flat line that becomes noisy is told of while it is new, and once or a few times: what swings to both sides of its level is no more at rest between, and
// when what lasted is learned, its noise is.
func TestFlatLineThatBecomesNoisy(t *testing.T) {
	f := func(step time.Duration, noise float64, least int) {
		t.Helper()
		for seed := range uint64(3) {
			r, rng := newRig(t, step), newRand(50+seed)
			for range 72 * time.Hour / step {
				r.one(foreshock.Latency, 3e-3)
			}
			for range 4 * time.Hour / step {
				r.one(foreshock.Latency, 3e-3*math.Exp(noise*rng.NormFloat64()))
			}
			if r.began < least || r.began > 6 {
				t.Errorf("noise of %g in steps of %s: %d anomalies", noise, step, r.began)
			}
			r.began = 0
			for range 14 * time.Hour / step {
				r.one(foreshock.Latency, 3e-3*math.Exp(noise*rng.NormFloat64()))
			}
			if r.began > 4 {
				t.Errorf("noise of %g in steps of %s: %d anomalies after four hours", noise, step, r.began)
			}
			for range 12 {
				r.one(foreshock.Latency, 30e-3)
			}
			if noise < 0.5 && r.f.Severity < foreshock.Medium {
				t.Errorf("noise of %g in steps of %s: ten times as slow is %s", noise, step, r.f.Severity)
			}
		}
	}
	for _, step := range []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute} {
		f(step, 0.05, 0) // changes below a fifth do not matter
		f(step, 0.2, 1)
		f(step, 0.5, 1)
	}
}
