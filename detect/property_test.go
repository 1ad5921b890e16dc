package detect_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/profile"
)

func within(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*math.Abs(want)) {
		t.Errorf("%s is %g, want %g within %.0f %%", what, got, want, 100*tolerance)
	}
}

func (r *rig) expected(m foreshock.Metric) float64 {
	r.t.Helper()
	x, ok := profile.Expected(r.p, m, r.now.Add(r.p.Length))
	if !ok {
		r.t.Fatalf("nothing is expected of %s", m)
	}
	return x
}

// A volume that is saturated: latency 30 times as high, the rate held back. It must be high severity within three steps,
// be one anomaly, and leave what is normal as it was.
func TestIncidentIsFoundAndNotLearned(t *testing.T) {
	f := func(step time.Duration, warm, lasts int) {
		t.Helper()
		rng := newRand(uint64(warm))
		r := newRig(t, step)
		for range warm {
			r.step(volume(rng, 1000, 300e-6))
		}
		if r.began > 1 {
			t.Errorf("%d anomalies before the incident", r.began)
		}
		if r.p.Stage != foreshock.Trusted {
			t.Fatalf("after %d steps the profile is %s", warm, r.p.Stage)
		}
		latency, iops := r.expected(foreshock.Latency), r.expected(foreshock.IOPS)
		spread := float64(r.p.Metrics[foreshock.Latency].Rarity.Spread.Mean)
		r.began, r.journal = 0, nil
		for i := range lasts {
			r.step(volume(rng, 1100, 30*300e-6))
			if i == 0 && r.f.Severity > foreshock.Low {
				t.Errorf("a single step is %s", r.f.Severity)
			}
			if i >= 2 && r.f.Severity != foreshock.High {
				t.Fatalf("step %d of the incident is %s: score %.2f over %.2f, %+v", i+1, r.f.Severity, r.f.Score, r.f.Threshold, r.p.Run)
			}
		}
		for range 10 {
			r.step(volume(rng, 1000, 300e-6))
		}
		if r.began != 1 || r.p.Current != nil {
			t.Errorf("%d anomalies, current %v", r.began, r.p.Current)
		}
		last := r.journal[len(r.journal)-1]
		if last.End.IsZero() || last.Worst != foreshock.High || last.End.Sub(last.Start) < step*time.Duration(lasts) || last.End.Sub(last.Start) > step*time.Duration(lasts+4) {
			t.Errorf("%d steps of %s end as %+v", lasts, step, last)
		}
		within(t, "latency expected after the incident", r.expected(foreshock.Latency), latency, 0.1)
		within(t, "IOPS expected after the incident", r.expected(foreshock.IOPS), iops, 0.1)
		within(t, "spread after the incident", float64(r.p.Metrics[foreshock.Latency].Rarity.Spread.Mean), spread, 0.25)
	}
	f(time.Second, 125, 30)
	f(time.Second, 1000, 600)
	f(10*time.Second, 125, 5)
	f(10*time.Second, 360, 180)
	f(10*time.Second, 5000, 300)
	f(time.Minute, 3000, 55)
}

// An incident of which some steps are not read is one anomaly, however long steps are.
func TestIncidentWithGapsIsOne(t *testing.T) {
	for _, step := range []time.Duration{10 * time.Second, 5 * time.Minute, time.Hour} {
		rng := newRand(13)
		r := newRig(t, step)
		for range 400 {
			r.step(volume(rng, 1000, 300e-6))
		}
		r.began = 0
		for i := range 18 {
			if i > 2 && i%5 > 2 {
				r.skip(step)
				continue
			}
			r.step(volume(rng, 1100, 9e-3))
		}
		if r.began != 1 || r.p.Current == nil {
			t.Errorf("steps of %s: %d anomalies, current %v", step, r.began, r.p.Current)
		}
	}
}

// It is so whatever is read of a workload, however long its steps are and however long it lasts.
func TestIncidentIsFoundWhateverIsRead(t *testing.T) {
	usual := [foreshock.NumMetrics]float64{300e-6, 16e6, 1000, 0.3}
	f := func(metrics ...foreshock.Metric) {
		t.Helper()
		for _, step := range []time.Duration{time.Second, 10 * time.Second, time.Minute, 5 * time.Minute} {
			for seed := range uint64(8) {
				rng := newRand(seed)
				r := newRig(t, step)
				read := func(steps int, slower float64) (high int) {
					for i := range steps {
						var v foreshock.Values
						for _, m := range metrics {
							x := usual[m] * math.Exp(0.2*rng.NormFloat64())
							if m == foreshock.Latency || m == foreshock.QueueDepth {
								x *= slower
							}
							v.Set(m, x)
						}
						if r.step(v); high == 0 && r.f.Severity == foreshock.High {
							high = i + 1
						}
					}
					return high
				}
				read(150+rng.IntN(2000), 1)
				before := r.expected(metrics[0])
				r.began = 0
				if high := read(5+rng.IntN(20), 30); high < 1 || high > 3 {
					t.Errorf("%v in steps of %s: high after %d steps", metrics, step, high)
				}
				read(30, 1)
				if r.began != 1 || r.p.Current != nil {
					t.Errorf("%v in steps of %s: %d anomalies, current %v", metrics, step, r.began, r.p.Current)
				}
				within(t, "what is expected after the incident", r.expected(metrics[0]), before, 0.15)
			}
		}
	}
	f(foreshock.Latency)
	f(foreshock.QueueDepth)
	f(foreshock.Latency, foreshock.IOPS)
	f(foreshock.QueueDepth, foreshock.Throughput)
	f(foreshock.Latency, foreshock.Throughput, foreshock.IOPS, foreshock.QueueDepth)
}

func TestColdStartIsAtMostLow(t *testing.T) {
	rng := newRand(1)
	r := newRig(t, time.Second)
	for i := range 119 {
		latency := 300e-6
		if i > 60 {
			latency *= 30
		}
		r.step(volume(rng, 1000, latency))
		if i < 20 && r.f.Score != 0 {
			t.Fatalf("step %d is scored: %g", i, r.f.Score)
		}
		if r.f.Severity > foreshock.Low {
			t.Fatalf("step %d is %s in stage %s", i, r.f.Severity, r.f.Stage)
		}
	}
	if r.began == 0 {
		t.Error("nothing was found")
	}
}

func TestNewLevelIsLearned(t *testing.T) {
	rng := newRand(2)
	r := newRig(t, 10*time.Second)
	for range 2000 {
		r.step(volume(rng, 1000, 300e-6))
	}
	r.began = 0
	learned := 0
	for i := 1; i <= 2000; i++ {
		r.step(volume(rng, 3000, 900e-6))
		if learned == 0 && r.p.Current == nil {
			learned = i
		}
	}
	if least := 1260; learned < least || learned > least+30 {
		t.Errorf("learned after %d steps of 10 s; three and a half hours are %d", learned, least)
	}
	within(t, "IOPS", r.expected(foreshock.IOPS), 3000, 0.1)
	within(t, "latency", r.expected(foreshock.Latency), 900e-6, 0.1)
	if r.began > 2 {
		t.Errorf("%d anomalies for one shift", r.began)
	}
	if last := r.journal[len(r.journal)-1]; last.End.IsZero() {
		t.Errorf("it did not end: %+v", last)
	}
	r.began = 0
	for range 3 {
		r.step(volume(rng, 1000, 30e-3))
	}
	if r.f.Severity != foreshock.High {
		t.Errorf("after learning, an incident is %s", r.f.Severity)
	}
}

func TestOwnActionIsNoAnomaly(t *testing.T) {
	f := func(iops, latency float64, anomalous bool) {
		t.Helper()
		rng := newRand(3)
		r := newRig(t, 10*time.Second)
		for range 1000 {
			r.step(volume(rng, 1000, 5e-3))
		}
		r.began, r.journal = 0, nil
		r.p.Shift = &foreshock.Shift{From: r.now, Until: r.now.Add(10 * time.Minute), ActionID: "a"}
		for range 120 {
			r.step(volume(rng, iops, latency))
		}
		if (r.began > 0) != anomalous {
			t.Errorf("to %g IOPS at %g s: %d anomalies: %+v", iops, latency, r.began, r.journal)
		}
		if anomalous {
			return
		}
		within(t, "IOPS", r.expected(foreshock.IOPS), iops, 0.1)
		within(t, "latency", r.expected(foreshock.Latency), latency, 0.15)
	}
	f(3000, 5e-3, false)
	f(400, 5.1e-3, false)
	f(2500, 1e-3, false)
	f(1000, 50e-3, true) // not what an action is for
}

// An incident that an own action ends is no new level: what is normal afterwards is what was before, not the latency and the queue that drained.
func TestIncidentEndedByOwnActionIsNotLearned(t *testing.T) {
	f := func(step time.Duration, lasts int) {
		t.Helper()
		rng := newRand(5)
		r := newRig(t, step)
		for range 1000 {
			r.step(volume(rng, 3000, 3e-3))
		}
		latency, depth := r.expected(foreshock.Latency), r.expected(foreshock.QueueDepth)
		for range lasts {
			r.step(volume(rng, 4000, 30))
		}
		r.p.Shift = &foreshock.Shift{From: r.now.Add(-2 * step), Until: r.now.Add(8 * step), ActionID: "a"}
		for _, drains := range []float64{10, 3.4, 0.3} {
			r.step(volume(rng, 9000, drains))
		}
		for i := range 300 {
			r.step(volume(rng, 4000, 3e-3))
			for m, before := range map[foreshock.Metric]float64{foreshock.Latency: latency, foreshock.QueueDepth: depth} {
				if x := r.expected(m); x < before/3 || x > 3*before {
					t.Fatalf("%d steps of %s after an incident of %d steps: %s %g is expected, before it %g", i, step, lasts, m, x, before)
				}
				if x := float64(r.p.Metrics[m].Rarity.WithSeason); x < before/3 || x > 3*before {
					t.Fatalf("%d steps of %s after an incident of %d steps: the level of %s is %g, before it %g", i, step, lasts, m, x, before)
				}
			}
		}
	}
	for _, step := range []time.Duration{10 * time.Second, time.Minute, 5 * time.Minute} {
		f(step, 5)
		f(step, 30)
	}
}

// Where steps are long an anomaly ends soon after what it is of: nobody is told of a spike of an hour for half a day.
func TestAnomalyOfLongStepsEnds(t *testing.T) {
	f := func(step time.Duration, lasts int, most float64) {
		t.Helper()
		const seeds = 8
		after := 0.0
		for seed := range uint64(seeds) {
			rng := newRand(700 + seed)
			r := newRig(t, step)
			for i := 0; i < 700 || r.p.Current != nil; i++ {
				r.step(volume(rng, 1000, 1e-3))
			}
			r.began = 0
			for range lasts {
				r.step(volume(rng, 1000, 4e-3))
			}
			for i := 0; i < 100; i++ {
				if r.p.Current != nil {
					after += 1. / seeds
				}
				r.step(volume(rng, 1000, 1e-3))
			}
			if r.began != 1 {
				t.Errorf("%d steps of %s: %d anomalies", lasts, step, r.began)
			}
		}
		if after > most {
			t.Errorf("%d steps of %s: told of for %.1f steps after", lasts, step, after)
		}
	}
	f(time.Hour, 1, 5)
	f(time.Hour, 3, 5)
	f(30*time.Minute, 3, 5)
	f(15*time.Minute, 1, 6)
	f(5*time.Minute, 1, 8)
}

// What follows must raise at most one anomaly for each change, never a storm.
func TestNoStorm(t *testing.T) {
	f := func(name string, most int, run func(r *rig, steady func(steps int))) {
		t.Helper()
		rng := newRand(4)
		r := newRig(t, 10*time.Second)
		steady := func(steps int) {
			for range steps {
				r.step(volume(rng, 1000, 300e-6))
			}
		}
		steady(1000)
		r.began, r.journal = 0, nil
		run(r, steady)
		if r.began > most {
			t.Errorf("%s: %d anomalies, at most %d expected", name, r.began, most)
			for _, a := range r.journal {
				t.Logf("%s %s %s", a.Start.Format(time.TimeOnly), a.Severity, a.Text)
			}
		}
	}
	f("a flat line", 1, func(r *rig, steady func(int)) {
		var v foreshock.Values
		for m := range foreshock.Metric(foreshock.NumMetrics) {
			v.Set(m, r.expected(m))
		}
		for range 3000 {
			r.step(v)
		}
		steady(1000)
	})
	f("a missing day", 0, func(r *rig, steady func(int)) {
		r.skip(24 * time.Hour)
		steady(500)
	})
	f("many gaps", 0, func(r *rig, steady func(int)) {
		for i := range 200 {
			r.skip(time.Duration(i) * 7 * time.Second)
			steady(3)
		}
	})
	f("to zero and back", 2, func(r *rig, steady func(int)) {
		var v foreshock.Values
		for _, m := range []foreshock.Metric{foreshock.IOPS, foreshock.Throughput, foreshock.QueueDepth} {
			v.Set(m, 0)
		}
		for range 100 {
			r.step(v)
		}
		steady(500)
	})
	f("to zero for a day and back", 3, func(r *rig, steady func(int)) {
		var v foreshock.Values
		for _, m := range []foreshock.Metric{foreshock.IOPS, foreshock.Throughput, foreshock.QueueDepth} {
			v.Set(m, 0)
		}
		for range 8640 {
			r.step(v)
		}
		steady(1000)
	})
	f("one spike", 1, func(r *rig, steady func(int)) {
		r.one(foreshock.IOPS, 1e9)
		steady(500)
	})
	without := func(r *rig, rng *rand.Rand, steps int, missing func(step int, m foreshock.Metric) bool) {
		for i := range steps {
			all, some := volume(rng, 1000, 300e-6), foreshock.Values{}
			for m := range foreshock.Metric(foreshock.NumMetrics) {
				if x, ok := all.Get(m); ok && !missing(i, m) {
					some.Set(m, x)
				}
			}
			r.step(some)
		}
	}
	for gone := range foreshock.Metric(foreshock.NumMetrics) {
		f(gone.String()+" is not read for three days", 0, func(r *rig, steady func(int)) {
			without(r, newRand(10), 3*8640, func(_ int, m foreshock.Metric) bool { return m == gone })
			steady(1000)
		})
	}
	f("each metric is read now and then", 0, func(r *rig, steady func(int)) {
		rng := newRand(11)
		without(r, rng, 3000, func(int, foreshock.Metric) bool { return rng.IntN(4) > 0 })
		without(r, rng, 3000, func(i int, m foreshock.Metric) bool { return i/100%foreshock.NumMetrics != int(m) })
		steady(500)
	})
	f("a clock that is put forward and back by an hour", 0, func(r *rig, steady func(int)) {
		for range 5 {
			r.skip(time.Hour)
			steady(300)
			r.skip(-time.Hour) // the steps of an hour come again, and are known
			steady(800)
		}
	})
	f("nothing read", 0, func(r *rig, steady func(int)) {
		for range 500 {
			r.step(foreshock.Values{})
		}
		steady(500)
	})
}

func TestIdleDiskIsNoAnomaly(t *testing.T) {
	r := newRig(t, 10*time.Second)
	rng := newRand(5)
	for i := range 3000 {
		var v foreshock.Values
		v.Set(foreshock.IOPS, 0.2*rng.ExpFloat64())
		v.Set(foreshock.Throughput, 800*rng.ExpFloat64())
		v.Set(foreshock.QueueDepth, 0.0001*rng.ExpFloat64())
		if i%7 == 0 {
			v.Set(foreshock.Latency, 100e-6*rng.ExpFloat64())
		}
		r.step(v)
	}
	if r.began > 0 {
		t.Errorf("%d anomalies on an idle disk: %+v", r.began, r.journal[0])
	}
}

// daily is a load with a peak each day.
func daily(rng interface{ NormFloat64() float64 }, at time.Time, peak bool) float64 {
	level := 500 + 150*math.Sin(2*math.Pi*float64(at.Hour()*60+at.Minute())/1440)
	if peak {
		level *= 4
	}
	return level * math.Exp(0.1*rng.NormFloat64())
}

func TestSeason(t *testing.T) {
	const usual, lasts, extra = 9, 6, 17 // hours at which the daily peak begins, how many it lasts, and when another begins on one day
	f := func(step time.Duration) {
		t.Helper()
		rng := newRand(6)
		r := newRig(t, step)
		during := func(day int, hour float64, hours float64) (anomalies int) {
			for _, a := range r.journal {
				from := start.Add(time.Duration(day)*24*time.Hour + time.Duration(hour*float64(time.Hour)))
				if a.End.IsZero() && a.Steps == 1 && !a.Start.Before(from) && a.Start.Before(from.Add(time.Duration(hours*float64(time.Hour)))) {
					anomalies++
				}
			}
			return anomalies
		}
		const missing, added = 8, 10 // days
		for r.now.Before(start.Add(12 * 24 * time.Hour)) {
			at := r.now.Add(step)
			day, hour := int(at.Sub(start)/(24*time.Hour)), at.Hour()
			peak := hour >= usual && hour < usual+lasts && day != missing || day == added && hour >= extra && hour < extra+2
			r.one(foreshock.IOPS, daily(rng, at, peak))
		}
		season := r.p.Metrics[foreshock.IOPS].Season
		if len(season.Periods) == 0 {
			t.Fatalf("%s: no season was found", step)
		}
		t.Logf("%s: season of %v coarse steps, strength %.2f", step, season.Periods, season.Strength)
		for day := range 12 {
			found := during(day, usual-0.5, lasts+1)
			t.Logf("%s: day %d: %d anomalies about the peak, %d in the whole day", step, day, found, during(day, 0, 24))
			if day >= 4 && day != missing && found > 0 {
				t.Errorf("%s: the peak of day %d is an anomaly", step, day)
			}
		}
		if during(missing, usual-0.5, lasts+1) == 0 {
			t.Errorf("%s: the missing peak is no anomaly", step)
		}
		if during(added, extra-0.5, 3) == 0 {
			t.Errorf("%s: the additional peak is no anomaly", step)
		}
	}
	f(time.Minute)
	f(5 * time.Minute)
}

// An incident is no part of the season that is found the day after: it moves nothing that is expected, at no other time of the day and not at its own.
func TestIncidentIsNoSeason(t *testing.T) {
	f := func(lasts time.Duration) {
		t.Helper()
		rng := newRand(12)
		r := newRig(t, time.Minute)
		for r.now.Before(start.Add(5 * 24 * time.Hour)) {
			at := r.now.Add(r.p.Length)
			load := 1500 + 900*math.Sin(2*math.Pi*float64(at.Hour()*60+at.Minute())/1440)
			surged := start.Add(2*24*time.Hour + 10*time.Hour)
			if again := surged.Add(24 * time.Hour); !at.Before(again) {
				surged = again
			}
			if !at.Before(surged) && at.Before(surged.Add(lasts)) {
				r.step(volume(rng, 3000, 20))
				continue
			}
			r.step(volume(rng, load, 1e-3/(1-load/3000)))
			if r.f.Severity == foreshock.None || at.Before(surged.Add(lasts+15*time.Minute)) {
				continue
			}
			if a := r.p.Current; a.Severity > foreshock.Low {
				t.Fatalf("%s: after a surge of %s: %s %s", at, lasts, a.Severity, a.Compared())
			}
		}
		if season := r.p.Metrics[foreshock.Latency].Season; season == nil || len(season.Periods) == 0 {
			t.Error("no season was found")
		}
		for hour := range 24 {
			latency, _ := profile.Expected(r.p, foreshock.Latency, start.Add(time.Duration(5*24+hour)*time.Hour+30*time.Minute))
			within(t, "latency expected", latency, 1e-3/(0.5-0.3*math.Sin(2*math.Pi*(float64(hour)+0.5)/24)), 0.3)
		}
	}
	f(10 * time.Minute)
	f(time.Hour)
}

func TestThresholdFollowsAlarmsAndOpinions(t *testing.T) {
	rng := newRand(8)
	r := newRig(t, 10*time.Second)
	for range 1000 {
		r.step(volume(rng, 1000, 300e-6))
	}
	before := r.p.Threshold.Value
	for range 12 { // an incident every other hour
		for range 20 {
			r.step(volume(rng, 1000, 9e-3))
		}
		for range 700 {
			r.step(volume(rng, 1000, 300e-6))
		}
	}
	if r.p.Threshold.Value < 1.3*before || len(r.corrections) == 0 {
		t.Errorf("after %d alarms in a day the threshold went from %.2f to %.2f with %d corrections", r.alarms, before, r.p.Threshold.Value, len(r.corrections))
	}
	for _, c := range r.corrections {
		if c.What != "threshold" || c.From == c.To || c.Workload != r.p.ID || c.Why == "" {
			t.Errorf("%+v", c)
		}
	}
	at := r.p.Threshold.Value
	for range 50 {
		if c := r.detector.FalseAlarm(r.p); c.To < c.From {
			t.Errorf("a false alarm lowers the threshold: %+v", c)
		}
	}
	if v := r.p.Threshold.Value; v <= at || v > 4 {
		t.Errorf("false alarms moved the threshold from %.2f to %.2f", at, v)
	}
	for range 100 {
		r.detector.Missed(r.p)
	}
	if v := r.p.Threshold.Value; v >= at || v < 0.7 {
		t.Errorf("missed anomalies moved the threshold to %.2f", v)
	}
	alarms := r.p.Threshold.Alarms
	r.detector.Useful(r.p)
	if r.p.Threshold.Alarms >= alarms {
		t.Error("a useful alarm still counts")
	}
	from := r.p.Threshold.Value
	c := r.detector.FalseAlarm(r.p)
	undone := r.detector.Undo(r.p, c)
	within(t, "threshold after undoing", r.p.Threshold.Value, from, 1e-9)
	if undone.To != r.p.Threshold.Value {
		t.Errorf("%+v", undone)
	}
}
