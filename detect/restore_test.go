package detect_test

import (
	"bytes"
	"math"
	"reflect"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/profile"
	"pgregory.net/rapid"
)

// A workload that goes on from its stored profile must have the same scores, bit for bit, as one that was never stopped.
func TestScoresAreTheSameAfterRestore(t *testing.T) {
	stayed, left := seasoned(t), seasoned(t)
	steps := stayed.steps(5000)
	for i, s := range steps {
		if i%700 > 650 { // some of it within an incident
			latency, _ := s.Values.Get(foreshock.Latency)
			s.Values.Set(foreshock.Latency, 20*latency)
		}
		if i%97 == 0 || i%700 == 670 {
			data, err := profile.Encode(left.p)
			if err != nil {
				t.Fatal(err)
			}
			if left.p, err = profile.Decode(data); err != nil {
				t.Fatal(err)
			}
		}
		stayed.take(s)
		left.take(s)
		a, b := &stayed.f, &left.f
		if math.Float64bits(a.Score) != math.Float64bits(b.Score) || a.Severity != b.Severity || a.Distance != b.Distance || a.Parts != b.Parts {
			t.Fatalf("step %d: %+v, restored %+v", i, a, b)
		}
	}
	if stayed.alarms == 0 || stayed.alarms != left.alarms || !reflect.DeepEqual(stayed.journal, left.journal) {
		t.Errorf("%d alarms, restored %d, or the journals differ", stayed.alarms, left.alarms)
	}
}

// The same holds wherever it is stopped: within an anomaly or the rest after one, before a season is found in the background and put in after, with
// metrics that come and go, gaps, and readings at the ends of what a number can hold. What is stored in the end is the same bytes.
func TestScoresAreTheSameAfterAnyRestore(t *testing.T) {
	restore := func(t *rapid.T, p *foreshock.Profile) *foreshock.Profile {
		data, err := profile.Encode(p)
		if err != nil {
			t.Fatal(err)
		}
		restored, err := profile.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		return restored
	}
	rapid.Check(t, func(t *rapid.T) {
		step := rapid.SampledFrom([]time.Duration{10 * time.Second, time.Minute, 7 * time.Minute, 15 * time.Minute, time.Hour}).Draw(t, "step")
		stayed, left := newRig(t, step), newRig(t, step)
		rng := newRand(rapid.Uint64().Draw(t, "seed"))
		extreme := rapid.SampledFrom([]float64{0, math.SmallestNonzeroFloat64, 1e-310, 1e-300, 1e-9, 1e15, 1e300, math.MaxFloat64})
		pending := [foreshock.NumMetrics]*profile.SeasonWork{}
		stage := 0 // of a season that is sought: 0 none, else turns until it is there
		for range rapid.IntRange(5, 60).Draw(t, "turns") {
			kind := rapid.SampledFrom([]string{"usual", "usual", "usual", "incident", "extreme", "gap", "without", "nothing"}).Draw(t, "kind")
			m := foreshock.Metric(rapid.IntRange(0, foreshock.NumMetrics-1).Draw(t, "metric"))
			x := extreme.Draw(t, "extreme")
			if kind == "gap" {
				gap := time.Duration(rapid.Int64Range(0, 1000).Draw(t, "gap")) * step
				stayed.skip(gap)
				left.skip(gap)
			}
			if rapid.Bool().Draw(t, "restore") {
				left.p = restore(t, left.p)
			}
			if stage--; stage == 0 {
				for m, work := range pending {
					if work == nil {
						continue
					}
					found, err := profile.FindSeason(*work)
					if err != nil {
						t.Fatal(err)
					}
					profile.SetSeason(stayed.p, foreshock.Metric(m), found)
					profile.SetSeason(left.p, foreshock.Metric(m), found)
				}
				pending = [foreshock.NumMetrics]*profile.SeasonWork{}
			}
			for range rapid.IntRange(1, 60).Draw(t, "steps") {
				v := volume(rng, 1000*(1.5+math.Sin(2*math.Pi*stayed.now.Sub(start).Hours()/24)), 300e-6)
				switch kind {
				case "incident":
					v = volume(rng, 1500, 9e-3)
				case "extreme":
					v.Set(m, x)
				case "without":
					without := foreshock.Values{}
					for other := range foreshock.Metric(foreshock.NumMetrics) {
						if reading, ok := v.Get(other); ok && other != m {
							without.Set(other, reading)
						}
					}
					v = without
				case "nothing":
					v = foreshock.Values{}
				}
				stayed.now = stayed.now.Add(step)
				s := foreshock.Step{ID: stayed.p.ID, Time: stayed.now, Length: step, Values: v, Quality: foreshock.Fresh}
				stayed.take(s)
				left.take(s)
				a, b := &stayed.f, &left.f
				if math.Float64bits(a.Score) != math.Float64bits(b.Score) || a.Severity != b.Severity || a.Threshold != b.Threshold || a.Distance != b.Distance {
					t.Fatalf("%s: %+v, restored %+v", stayed.now, a, b)
				}
				if !(a.Score >= 0) || math.IsInf(a.Score, 0) {
					t.Fatalf("%s: score %g", stayed.now, a.Score)
				}
			}
			left.now = stayed.now
			for m := range foreshock.Metric(foreshock.NumMetrics) {
				due := profile.SeasonDue(stayed.p, m, stayed.now, &stayed.cfg)
				if due != profile.SeasonDue(left.p, m, left.now, &left.cfg) {
					t.Fatalf("%s: a season of %s is due in one only", stayed.now, m)
				}
				if due && pending[m] == nil && stage <= 0 {
					work := profile.SeasonInput(left.p, m)
					pending[m] = &work
				}
			}
			if stage <= 0 && pending != [foreshock.NumMetrics]*profile.SeasonWork{} {
				stage = rapid.IntRange(1, 3).Draw(t, "until the season is there")
			}
		}
		if !reflect.DeepEqual(stayed.journal, left.journal) {
			t.Fatal("the journals differ")
		}
		a, err := profile.Encode(stayed.p)
		if err != nil {
			t.Fatal(err)
		}
		if b, err := profile.Encode(left.p); err != nil || !bytes.Equal(a, b) {
			t.Fatalf("what is stored differs (%v)", err)
		}
		restore(t, stayed.p)
	})
}

// A step that says nothing after one that was very surprising keeps some of its score. Nothing leads it, and no anomaly begins with it; what is not read
// at all is not asked.
func TestAStepThatSaysNothingAfterOneThatDid(t *testing.T) {
	f := func(name string, only foreshock.Metric, after func(r *rig)) {
		t.Helper()
		rng := newRand(9)
		r := newRig(t, 10*time.Second)
		for range 400 {
			r.one(only, 100*math.Exp(0.05*rng.NormFloat64()))
		}
		r.began = 0
		for range 3 {
			r.one(only, 1e9)
		}
		if r.p.Current == nil || r.p.Current.Metric != only {
			t.Fatalf("%s: %+v", name, r.p.Current)
		}
		after(r)
		if r.f.Score < 0.25 {
			t.Errorf("%s: score %.2f is too low to show anything", name, r.f.Score)
		}
		if r.f.Lead != only && r.f.Judged[only] {
			t.Errorf("%s: %s leads, which is not read", name, r.f.Lead)
		}
		for range 10 {
			r.step(foreshock.Values{})
		}
		if r.began != 1 {
			t.Errorf("%s: %d anomalies", name, r.began)
		}
	}
	for only := range foreshock.Metric(foreshock.NumMetrics) {
		f("nothing is read", only, func(r *rig) { r.step(foreshock.Values{}) })
		if only == foreshock.Latency || only == foreshock.QueueDepth {
			continue // no own action explains why they get worse
		}
		f("an own action explains it", only, func(r *rig) {
			r.p.Shift = &foreshock.Shift{From: r.now, Until: r.now.Add(time.Minute)}
			r.one(only, 1e9)
		})
	}
}

// Whatever is read, nothing panics, no score is NaN or negative, and the profile can be stored and read again.
func TestAnyInput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := newRig(t, time.Duration(rapid.Int64Range(1e6, 3600e9).Draw(t, "step")))
		extreme := rapid.OneOf(
			rapid.Float64(), rapid.Float64Range(0, 1), rapid.Float64Range(0, 1e6),
			rapid.SampledFrom([]float64{0, math.MaxFloat64, math.Inf(1), math.Inf(-1), math.SmallestNonzeroFloat64, -1, 1e15, 1e-300}),
		)
		usual := rapid.Float64Range(1e-6, 1e9).Draw(t, "usual")
		for range rapid.IntRange(1, 80).Draw(t, "turns") {
			var v foreshock.Values
			for m := range foreshock.Metric(foreshock.NumMetrics) {
				switch rapid.IntRange(0, 5).Draw(t, "kind") {
				case 0:
				case 1:
					v.Set(m, extreme.Draw(t, "extreme"))
				default:
					v.Set(m, usual)
				}
			}
			if rapid.IntRange(0, 20).Draw(t, "gap") == 0 {
				r.skip(time.Duration(rapid.Int64Range(-1e12, 1e17).Draw(t, "skip")))
			}
			for range rapid.IntRange(1, 10).Draw(t, "repeat") {
				r.step(v)
			}
			if f := &r.f; !(f.Score >= 0) || math.IsInf(f.Score, 0) || !(f.Threshold > 0) {
				t.Fatalf("score %g over %g", f.Score, f.Threshold)
			}
		}
		if r.p.Steps == 0 {
			return
		}
		data, err := profile.Encode(r.p)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := profile.Decode(data); err != nil {
			t.Fatal(err)
		}
	})
}
