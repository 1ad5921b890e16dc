package detect_test

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
)

// loads are what a workload usually does.
var loads = map[string]func(at time.Time) float64{
	"flat": func(time.Time) float64 { return 1000 },
	"sine": func(at time.Time) float64 {
		return 1000 * (1 + 0.6*math.Sin(2*math.Pi*float64(at.Hour()*60+at.Minute())/1440))
	},
	"office": func(at time.Time) float64 {
		if hour := at.Hour(); hour >= 8 && hour < 18 {
			return 1500
		}
		return 500
	},
	"shift": func(at time.Time) float64 {
		if hour := at.Hour(); hour >= 9 && hour < 18 {
			return 800
		}
		return 200
	},
}

// incident is a change of a load for some time, after ten days without any.
type incident struct {
	load  string
	step  time.Duration
	noise float64
	lasts time.Duration
	by    float64
}

var incidentBegins = start.Add(10*24*time.Hour + 9*time.Hour + 13*time.Minute)

// run gives the alarms, anomalies above low, that began while it lasted, and in the day after.
func (i incident) run(t *testing.T, seed uint64) (during, after []foreshock.Anomaly) {
	r, rng := newRig(t, i.step), newRand(seed)
	ends := incidentBegins.Add(i.lasts)
	for r.now.Before(ends.Add(26 * time.Hour)) {
		at := r.now.Add(i.step)
		if !at.After(incidentBegins) {
			r.journal = nil
		}
		iops := loads[i.load](at) * math.Exp(i.noise*rng.NormFloat64())
		if at.After(incidentBegins) && !at.After(ends) {
			iops *= i.by
		}
		r.step(served(rng, iops))
	}
	for k, a := range r.journal {
		if over := a.End.IsZero() && k < len(r.journal)-1; over || a.Worst < foreshock.Medium {
			continue // it is told of again, or is none
		}
		if a.End.IsZero() {
			a.End = a.Time
		}
		if a.Start.Before(ends.Add(-i.step)) {
			during = append(during, a)
		} else {
			after = append(after, a)
		}
	}
	return during, after
}

// served is IOPS and their throughput.
func served(rng *rand.Rand, iops float64) (v foreshock.Values) {
	v.Set(foreshock.IOPS, iops)
	v.Set(foreshock.Throughput, iops*16384*math.Exp(0.05*rng.NormFloat64()))
	return v
}

// A load that is so uneven that no reading of nothing is many usual deviations away, and that ceases: an alarm that lasts until that is what is usual. That it
// comes back is none.
func TestActivityThatCeasesIsTold(t *testing.T) {
	runs, again := 0, 0
	for load := range loads {
		for _, step := range []time.Duration{time.Minute, 5 * time.Minute} {
			for _, noise := range []float64{0.1, 0.4} {
				for seed := range uint64(5) {
					during, after := incident{load, step, noise, 6 * time.Hour, 0}.run(t, seed)
					runs, again = runs+1, again+len(after)
					if len(during) != 1 {
						t.Errorf("%s in steps of %s, noise %g: %d alarms: %+v", load, step, noise, len(during), during)
						continue
					}
					began, ended := during[0].Start.Sub(incidentBegins), during[0].End.Sub(incidentBegins)
					if began > 2*time.Hour || ended < 3*time.Hour || ended > 5*time.Hour {
						t.Errorf("%s in steps of %s, noise %g: an alarm from %s to %s", load, step, noise, began, ended)
					}
				}
			}
		}
	}
	if 40*again > runs {
		t.Errorf("%d alarms after %d that ended", again, runs)
	}
}

// What is idle now and then is no incident when it is idle again.
func TestIdleAsOftenBeforeIsNotTold(t *testing.T) {
	for seed := range uint64(5) {
		r, rng := newRig(t, time.Minute), newRand(seed)
		busy, left := true, 0
		for r.now.Before(start.Add(24 * 24 * time.Hour)) {
			if r.now.Equal(start.Add(10 * 24 * time.Hour)) {
				r.alarms = 0
			}
			if left--; left < 0 {
				busy, left = !busy, 60+rng.IntN(240)
			}
			iops := 0.0
			if busy {
				iops = 1000 * math.Exp(0.3*rng.NormFloat64())
			}
			r.step(served(rng, iops))
		}
		if r.alarms > 2 {
			t.Errorf("%d alarms in two weeks", r.alarms)
		}
	}
}

// A level that is away from what is usual is one alarm for as long, until it is learned.
func TestDropIsToldWhileItLasts(t *testing.T) {
	for _, noise := range []float64{0.04, 0.06, 0.1} {
		for seed := range uint64(5) {
			during, after := incident{"shift", 5 * time.Minute, noise, 8 * time.Hour, 0.5}.run(t, seed)
			if len(during) != 1 || len(after) > 0 {
				t.Errorf("noise %g: %d alarms, %d after it: %+v", noise, len(during), len(after), append(during, after...))
				continue
			}
			if began, ended := during[0].Start.Sub(incidentBegins), during[0].End.Sub(incidentBegins); ended-began < 3*time.Hour || ended < 210*time.Minute {
				t.Errorf("noise %g: an alarm from %s to %s", noise, began, ended)
			}
		}
	}
}

// That it is as it was before an incident is no alarm, whether or not that was learned meanwhile: but for one in fifty, where the season was another meanwhile.
func TestReturnBelongsToTheIncident(t *testing.T) {
	runs, again := 0, 0
	f := func(load string, by float64, lasts ...time.Duration) {
		t.Helper()
		for _, step := range []time.Duration{time.Minute, 5 * time.Minute} {
			for _, hours := range lasts {
				for seed := range uint64(5) {
					during, after := incident{load, step, 0.1, hours * time.Hour, by}.run(t, seed)
					runs++
					if len(during) < 1 {
						t.Errorf("%s, %g times for %d hours in steps of %s is no alarm", load, by, hours, step)
					}
					for _, a := range after {
						again++
						t.Logf("%s, %g times for %d hours in steps of %s, then at %s: %s", load, by, hours, step, a.Start, a.Text)
					}
				}
			}
		}
	}
	for _, by := range []float64{0, 0.5, 3} {
		f("flat", by, 1, 3, 6, 12, 36)
	}
	f("sine", 0, 1, 6, 12, 36)
	f("sine", 3, 1, 6, 12)
	f("office", 0, 1, 6, 12, 36)
	f("office", 3, 1, 6)
	if 50*again > runs {
		t.Errorf("%d alarms after %d incidents", again, runs)
	}
}
