package detect_test

import (
	"math"
	"math/rand/v2"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/detect"
	"github.com/foreshock-io/foreshock/detect/ewma"
	"github.com/foreshock-io/foreshock/detect/stl"
	"github.com/foreshock-io/foreshock/detect/zscore"
	"github.com/foreshock-io/foreshock/profile"
)

var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// reporter is a test, or a property's.
type reporter interface {
	Helper()
	Error(...any)
	Fatal(...any)
	Fatalf(string, ...any)
}

// rig is a workload on the path that every step takes: demand, score, track, record, learn, and now and again a season.
type rig struct {
	t        reporter
	detector *detect.Detector
	cfg      profile.Config
	p        *foreshock.Profile
	f        foreshock.Finding
	now      time.Time

	journal     []foreshock.Anomaly // every change
	began       int                 // anomalies
	alarms      int                 // of them above low
	over        int                 // steps at or above the boundary
	corrections []foreshock.Correction
}

func newDetector(t reporter, cfg detect.Config) *detect.Detector {
	t.Helper()
	var methods []detect.Weighted
	for _, factory := range []detect.Factory{zscore.Factory, ewma.Factory, stl.Factory} {
		method, err := factory.New(func(any) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		methods = append(methods, detect.Weighted{Method: method, Weight: 1})
	}
	d, err := detect.New(cfg, methods...)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func newRig(t reporter, step time.Duration) *rig {
	return newRigWith(t, step, detect.Default())
}

func newRigWith(t reporter, step time.Duration, cfg detect.Config) *rig {
	t.Helper()
	return &rig{
		t: t, detector: newDetector(t, cfg), cfg: profile.Default(),
		p: profile.New("disk/vda", "test", step), now: start,
	}
}

// step takes one step with the values given.
func (r *rig) step(v foreshock.Values) {
	r.now = r.now.Add(r.p.Length)
	step := foreshock.Step{ID: r.p.ID, Time: r.now, Length: r.p.Length, Values: v, Quality: foreshock.Fresh}
	r.take(step)
	for m := range foreshock.Metric(foreshock.NumMetrics) {
		if profile.SeasonDue(r.p, m, r.now, &r.cfg) {
			s, err := profile.FindSeason(profile.SeasonInput(r.p, m))
			if err != nil {
				r.t.Error(err)
			}
			profile.SetSeason(r.p, m, s)
		}
	}
}

func (r *rig) take(step foreshock.Step) {
	use := profile.Demand(&step, r.p)
	r.detector.Score(&r.f, r.p, &step)
	if r.f.Score >= 1 {
		r.over++
	}
	changes := r.detector.Track(r.p, &r.f, &step)
	profile.Learn(r.p, &step, &r.f, &use, &r.cfg)
	for _, a := range changes.Anomalies {
		if a.End.IsZero() && a.Steps == 1 {
			r.began++
		}
		if !a.End.IsZero() && a.Worst >= foreshock.Medium {
			r.alarms++
		}
	}
	r.journal = append(r.journal, changes.Anomalies...)
	if changes.Correction != nil {
		r.corrections = append(r.corrections, *changes.Correction)
	}
}

func (r *rig) one(m foreshock.Metric, x float64) {
	var v foreshock.Values
	v.Set(m, x)
	r.step(v)
}

// skip lets time pass without data.
func (r *rig) skip(d time.Duration) { r.now = r.now.Add(d) }

// volume is a plain volume: latency, IOPS, throughput and queue depth that belong together.
func volume(rng *rand.Rand, iops, latency float64) foreshock.Values {
	var v foreshock.Values
	iops *= math.Exp(0.1 * rng.NormFloat64())
	latency *= math.Exp(0.15 * rng.NormFloat64())
	v.Set(foreshock.IOPS, iops)
	v.Set(foreshock.Latency, latency)
	v.Set(foreshock.Throughput, iops*16384*math.Exp(0.05*rng.NormFloat64()))
	v.Set(foreshock.QueueDepth, iops*latency)
	return v
}

func newRand(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, 1)) }
