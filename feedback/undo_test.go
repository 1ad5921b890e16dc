package feedback

import (
	"math"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/foreshock-io/foreshock"
)

// TestUndo learns from drawn verdicts and takes the corrections back, the latest first: what was known before is known again.
func TestUndo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const d = foreshock.DimIOPS
		start := foreshock.Learned{
			LeadTime: rapid.SampledFrom([]time.Duration{0, time.Second, 90 * time.Second, time.Hour}).Draw(t, "lead time"),
			Gain:     rapid.Float64Range(leastGain, mostGain).Draw(t, "gain"), Bias: rapid.Float64Range(-mostBias, mostBias).Draw(t, "bias"),
		}
		l := start
		l.BiasTold = l.Bias
		var list []foreshock.Correction
		for range rapid.IntRange(1, 5).Draw(t, "actions") {
			e := foreshock.Evaluation{
				Verdict: foreshock.Helped, LeadTime: time.Duration(rapid.Int64Range(0, int64(48*time.Hour)).Draw(t, "took")),
				Gain: rapid.Float64Range(-5, 9).Draw(t, "seen"),
			}
			var more []foreshock.Correction
			l, more = Learn(l, d, e)
			list = append(list, more...)
		}
		for i := len(list) - 1; i >= 0; i-- {
			at := l
			undone, c, err := Undo(l, list[i])
			if err != nil || c.What != list[i].What {
				t.Fatalf("%+v: %+v, %v", list[i], c, err)
			}
			again, _, err := Undo(undone, c)
			if err != nil || math.Abs(again.Gain-at.Gain) > 1e-9 || (again.LeadTime-at.LeadTime).Abs() > time.Millisecond {
				t.Fatalf("undone twice: %+v, want %+v, %v", again, at, err)
			}
			l = undone
		}
		if l.Gain != start.Gain || (l.LeadTime-start.LeadTime).Abs() > time.Millisecond {
			t.Fatalf("%+v, want %+v", l, start)
		}
	})
}

// TestUndoOfWhatIsNotKnown: a lead time that is not known any more, as its first correction was undone, stays so.
func TestUndoOfWhatIsNotKnown(t *testing.T) {
	got, c, err := Undo(foreshock.Learned{}, foreshock.Correction{What: "lead_time/iops", From: 20, To: 18})
	if err != nil || got.LeadTime != 0 || c.To != 0 {
		t.Errorf("%+v, %+v, %v", got, c, err)
	}
}

// TestUndoBounds takes back what is not the latest, or is nonsense: the result is within the bounds of what is learned.
func TestUndoBounds(t *testing.T) {
	f := func(what string, from, to float64, want foreshock.Learned) {
		t.Helper()
		l := foreshock.Learned{LeadTime: 100 * time.Second, Gain: 1, Bias: 0.2, BiasTold: 0.2}
		got, _, err := Undo(l, foreshock.Correction{What: what, From: from, To: to})
		if (err != nil) != (want == l) || math.Abs(got.Gain-want.Gain) > 1e-9 || got.LeadTime != want.LeadTime || math.Abs(got.Bias-want.Bias) > 1e-9 || got.Bias != got.BiasTold {
			t.Errorf("%s %g → %g: %+v, %v; want %+v", what, from, to, got, err, want)
		}
	}
	learned := func(lead time.Duration, gain, bias float64) foreshock.Learned {
		return foreshock.Learned{LeadTime: lead, Gain: gain, Bias: bias, BiasTold: bias}
	}
	f("lead_time/iops", 60, 120, learned(50*time.Second, 1, 0.2)) // what was learned since stays
	f("lead_time/iops", 0, 100, learned(0, 1, 0.2))
	f("lead_time/iops", 1, 1e9, learned(shortest, 1, 0.2))
	f("lead_time/iops", 1e12, 1, learned(longest, 1, 0.2))
	f("gain/iops", 0.5, 0.8, learned(100*time.Second, 0.7, 0.2))
	f("gain/iops", 1e300, 0, learned(100*time.Second, mostGain, 0.2))
	f("bias/iops", 0, 0.2, learned(100*time.Second, 1, 0))
	f("bias/iops", -9, 9, learned(100*time.Second, 1, -mostBias))
	f("latch", 1, 0, learned(100*time.Second, 1, 0.2)) // cannot be undone
}

// TestUndoQuantile takes a correction of the quantile back, within its bounds.
func TestUndoQuantile(t *testing.T) {
	f := func(from, to, want float64) {
		t.Helper()
		got, c, err := Undo(foreshock.Learned{Quantile: 0.97, QuantileTold: 0.96, Stated: 0.95}, foreshock.Correction{What: "quantile/iops", From: from, To: to})
		if err != nil || math.Abs(got.Quantile-want) > 1e-9 || got.QuantileTold != got.Quantile || c.From != 0.97 || c.To != got.Quantile {
			t.Errorf("%g → %g: %+v, %+v, %v", from, to, got, c, err)
		}
	}
	f(0.95, 0.97, 0.95)
	f(0.95, 0.96, 0.96)
	f(0.1, 0.9, leastQuantile)
	f(0.9, 0.1, mostQuantile)
}
