package detect_test

import (
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
