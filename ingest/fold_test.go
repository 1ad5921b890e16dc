package ingest

import (
	"math"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"pgregory.net/rapid"
)

func fold(length, lateness time.Duration, readings ...Reading) (steps []foreshock.Step, drops []Drop) {
	f := NewFold(length, lateness)
	var step foreshock.Step
	for i := range readings {
		for f.Close(readings[i].Time, &step) {
			steps = append(steps, step)
		}
		if why := f.Add(&readings[i]); why != "" {
			drops = append(drops, why)
		}
	}
	for f.Close(math.MaxInt64/2, &step) {
		steps = append(steps, step)
	}
	return steps, drops
}

func TestFoldGauges(t *testing.T) {
	f := func(want []float64, drops int, readings ...Reading) {
		t.Helper()
		steps, dropped := fold(10*time.Second, 5*time.Second, readings...)
		var got []float64
		for i := range steps {
			x, _ := steps[i].Values.Get(foreshock.IOPS)
			got = append(got, x)
		}
		if len(got) != len(want) || len(dropped) != drops {
			t.Fatalf("steps %v, dropped %v; want %v and %d dropped", got, dropped, want, drops)
		}
		for i := range want {
			if math.Abs(got[i]-want[i]) > 1e-9 {
				t.Errorf("step %d is %v, want %v", i, got[i], want[i])
			}
		}
	}
	at := func(second float64, x float64) Reading {
		return Reading{Value: x, Time: int64((1e6 + second) * 1000), Field: IOPS}
	}
	f([]float64{3}, 0, at(1, 2), at(2, 4))
	f([]float64{2, 4}, 0, at(10, 2), at(10.001, 4))            // a step includes its end
	f([]float64{3, 7}, 0, at(9, 2), at(12, 7), at(8, 4))       // late, within the lateness
	f([]float64{2, 7}, 1, at(9, 2), at(16, 7), at(8, 4))       // too late
	f([]float64{3}, 2, at(1, 2), at(2, 4), at(1, 2), at(2, 9)) // sent twice
	f([]float64{1, 5}, 0, at(1, 1), at(1001, 5))               // a gap is no data
	f([]float64{1}, 3, at(1, 1), at(2, math.NaN()), at(3, -1), at(4, math.Inf(1)))
}

// Of what is allocated the last by time counts, in whatever order it comes.
func TestFoldAllocated(t *testing.T) {
	f := func(want float64, readings ...Reading) {
		t.Helper()
		steps, drops := fold(10*time.Second, 5*time.Second, readings...)
		if x, _ := steps[0].Allocated.Get(foreshock.DimIOPS); x != want || drops != nil {
			t.Errorf("%g is allocated, want %g; dropped %v", x, want, drops)
		}
	}
	at := func(second, x float64) Reading {
		return Reading{Value: x, Time: int64((1e6 + second) * 1000), Field: AllocatedAt + Field(foreshock.DimIOPS)}
	}
	f(4000, at(1, 3000), at(2, 4000))
	f(4000, at(2, 4000), at(1, 3000))
	f(4000, at(1, 3000), at(2, 4000), at(1, 3000)) // sent again
	f(4000, at(9, 4000), at(12, 5000), at(8, 3000))
}

func TestFoldIncrements(t *testing.T) {
	f := func(want foreshock.Values, readings ...Reading) {
		t.Helper()
		steps, _ := fold(10*time.Second, 0, readings...)
		if len(steps) != 1 {
			t.Fatalf("%d steps, want 1", len(steps))
		}
		for m := range foreshock.Metric(foreshock.NumMetrics) {
			g, okG := steps[0].Values.Get(m)
			w, okW := want.Get(m)
			if okG != okW || math.Abs(g-w) > 1e-9*math.Max(1, w) {
				t.Errorf("%s is %v (%t), want %v (%t)", m, g, okG, w, okW)
			}
		}
	}
	values := func(latency, throughput, iops, depth float64) (v foreshock.Values) {
		for m, x := range []float64{latency, throughput, iops, depth} {
			v.Set(foreshock.Metric(m), x)
		}
		return v
	}
	nan := math.NaN()
	at := func(second int64, field Field, x float64, span uint32) Reading {
		return Reading{Value: x, Time: 1e9 + second*1000, Field: field, Span: span}
	}
	// Reads and writes of a device, twice: 100 requests in 5 s took 2 s together.
	f(values(0.02, 8000, 20, 0.6),
		at(2, Ops, 30, 2000), at(2, Ops, 10, 2000), at(5, Ops, 40, 3000), at(5, Ops, 20, 3000),
		at(5, OpSeconds, 2, 3000), at(5, Bytes, 40000, 3000), at(5, QueueSeconds, 3, 3000))
	f(values(nan, nan, 0, nan), at(2, Ops, 0, 2000), at(2, OpSeconds, 0, 2000))
	// Spans of a trace: single events count for the whole step.
	f(values(0.5, nan, 0.2, nan), at(2, Ops, 1, 0), at(3, Ops, 1, 0), at(2, OpSeconds, 0.4, 0), at(3, OpSeconds, 0.6, 0))
}

// Whatever comes in, what comes out is finite, in order, and no reading is both counted and dropped.
func TestFoldAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		readings := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Reading {
			return Reading{
				Value: rapid.Float64().Draw(t, "value"),
				Time:  rapid.Int64Range(-5, 200_000).Draw(t, "time"),
				Span:  rapid.Uint32Range(0, 20_000).Draw(t, "span"),
				Field: Field(rapid.IntRange(0, NumFields).Draw(t, "field")),
			}
		}), 0, 60).Draw(t, "readings")
		steps, _ := fold(time.Second, time.Duration(rapid.IntRange(0, 1000).Draw(t, "late"))*time.Millisecond, readings...)
		for i := range steps {
			if i > 0 && !steps[i].Time.After(steps[i-1].Time) {
				t.Fatalf("step %d ends %s, the one before %s", i, steps[i].Time, steps[i-1].Time)
			}
			for m := range foreshock.Metric(foreshock.NumMetrics) {
				if x, _ := steps[i].Values.Get(m); math.IsNaN(x) || math.IsInf(x, 0) || x < 0 {
					t.Fatalf("%s is %v", m, x)
				}
			}
		}
	})
}

func TestSilentAt(t *testing.T) {
	last := time.Unix(1e9, 0)
	late, stale := SilentAt(last, 10*time.Second, 3*time.Second)
	if late.Sub(last) != 23001*time.Millisecond || stale.Sub(last) != 53001*time.Millisecond {
		t.Errorf("late after %s, stale after %s", late.Sub(last), stale.Sub(last))
	}
}

func TestLittle(t *testing.T) {
	f := func(latency, iops, depth float64, steps int, want bool) {
		t.Helper()
		var l Little
		var step foreshock.Step
		step.Values.Set(foreshock.Latency, latency)
		step.Values.Set(foreshock.IOPS, iops)
		step.Values.Set(foreshock.QueueDepth, depth)
		got := true
		for range steps {
			got = l.Plausible(&step)
		}
		if got != want {
			t.Errorf("latency %v s, %v IOPS, depth %v for %d steps: plausible %t", latency, iops, depth, steps, got)
		}
	}
	f(0.010, 800, 8, 100, true)
	f(0.010, 800, 12, 100, true)
	f(10, 800, 8, 5, true)   // not for long
	f(10, 800, 8, 20, false) // milliseconds taken for seconds
	f(0, 800, 0, 100, true)
	f(0.0001, 1, 0.2, 100, true)
}
