package surprise

import (
	"math"
	"math/rand/v2"
	"testing"
	"unsafe"

	"github.com/fxamacker/cbor/v2"
	"pgregory.net/rapid"
)

const minute = 60

// play gives a series, a reading a minute, to a new stream and returns what is said of each.
func play(n int, x func(i int) float64) []Verdict {
	s := NewStream(minute, 1)
	said := make([]Verdict, n)
	for i := range said {
		said[i] = s.Observe(int64(i)*minute, []float64{x(i)})
	}
	return said
}

// highest is the highest alert among said and where it is.
func highest(said []Verdict) (top float64, at int) {
	for i := range said {
		if said[i].Alert > top {
			top, at = said[i].Alert, i
		}
	}
	return top, at
}

func TestTailCountsWhatItHasSeen(t *testing.T) {
	var tail Tail
	rng := rand.New(rand.NewPCG(1, 1))
	for range 4000 {
		tail.Add(rng.ExpFloat64(), uint16(rng.Uint32()))
	}
	f := func(deviation, tolerance float64) {
		t.Helper()
		if got, want := tail.Surprise(deviation), deviation/math.Ln10; math.Abs(got-want) > tolerance {
			t.Errorf("a deviation of %g surprises by %.2f, want %.2f", deviation, got, want)
		}
	}
	f(0.5, 0.1)
	f(1, 0.1)
	f(2, 0.15)
	f(4, 0.2)
	f(6, 0.5) // beyond the knee
	for range 10 {
		tail.Add(100, uint16(rng.Uint32()))
	}
	if got := tail.Surprise(100); got > 3 { // 10 of 4000 are 2.6, half a bucket beyond
		t.Errorf("what was seen ten times surprises by %.2f", got)
	}
}

// Counts are codes: few are right to the reading, and many on average, whatever is added.
func TestTailCountsInBytes(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	f := func(readings int, tolerance float64) {
		t.Helper()
		sum, runs := 0.0, 400
		for range runs {
			var tail Tail
			for range readings {
				tail.Add(1, uint16(rng.Uint32()))
			}
			sum += tail.Count() / float64(runs)
		}
		if math.Abs(sum/float64(readings)-1) > tolerance {
			t.Errorf("%d readings count as %.1f on average", readings, sum)
		}
	}
	f(1, 1e-9)
	f(3, 1e-9)
	f(20, 0.01)
	f(300, 0.02)
	f(4000, 0.03)
}

func TestTailForgets(t *testing.T) {
	var tail Tail
	rng := rand.New(rand.NewPCG(2, 2))
	tail.Add(1000, 0)
	for range 10 * memory {
		tail.Add(1, uint16(rng.Uint32()))
	}
	if n := tail.Count(); n > memory || n < memory/2-buckets {
		t.Errorf("the record holds %g", n)
	}
	if tail.Counts[int(position(1000))] != 0 {
		t.Error("what was seen once is remembered for ever")
	}
}

func TestSurpriseRises(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tail Tail
		for range rapid.IntRange(0, 300).Draw(t, "readings") {
			tail.Add(math.Exp(rapid.Float64Range(-8, 8).Draw(t, "log")), rapid.Uint16().Draw(t, "chance"))
		}
		before := 0.0
		for d := 1e-3; d < 1e5; d *= 1.1 {
			s := tail.Surprise(d)
			if math.IsNaN(s) || s < before-1e-9 {
				t.Fatalf("at %g surprise is %g, before %g", d, s, before)
			}
			before = s
		}
	})
}

func TestAnIncidentIsOneAlert(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	said := play(6000, func(i int) float64 {
		x := 1000 + 50*rng.NormFloat64()
		if i >= 5000 && i < 5120 {
			x *= 3
		}
		return x
	})
	if top, at := highest(said); at < 5000 || at > 5005 || top < 2 {
		t.Errorf("the highest alert, %.2f, is at row %d", top, at)
	}
	alerts := 0
	for _, v := range said[5000:5320] {
		if v.Alert > 1.5 {
			alerts++
		}
	}
	if alerts > 2 {
		t.Errorf("%d alerts for one incident", alerts)
	}
}

func TestAnIncidentIsNotLearnedALastingLevelIs(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	m := NewMetric(minute)
	expected := func(n int, level float64) (e float64) {
		for range n {
			e = m.Observe(m.Second+minute, level+10*rng.NormFloat64()).Expected
		}
		return e
	}
	expected(3000, 100)
	if e := expected(180, 400); math.Abs(e-100) > 3 {
		t.Errorf("within three hours %g is expected", e)
	}
	if e := expected(10, 100); math.Abs(e-100) > 3 {
		t.Errorf("after the incident %g is expected", e)
	}
	if e := expected(250, 400); math.Abs(e-400) > 20 {
		t.Errorf("after four hours %g is expected", e)
	}
}

// A load that is another for hours does not lose its season: what the season leaves is off by as much as what there is without it.
func TestSeasonOutlastsAnIncident(t *testing.T) {
	f := func(step int64, by, noise float64, hours int64) {
		t.Helper()
		for seed := range uint64(5) {
			rng := rand.New(rand.NewPCG(seed, 11))
			m := NewMetric(float64(step))
			begins := int64(10*day + 9*3600)
			for at := int64(0); at < begins+hours*3600; at += step {
				load := 500.0
				if hour := at % day / 3600; hour >= 8 && hour < 18 {
					load = 1500
				}
				if at >= begins {
					load *= by
				}
				m.Observe(at, load*math.Exp(noise*rng.NormFloat64()))
				if at == begins && m.Season == none {
					t.Fatalf("no season was found")
				}
			}
			if m.Season == none {
				t.Errorf("%g times as much, noise %g, in steps of %d s: the season is gone after %d hours", by, noise, step, hours)
			}
		}
	}
	f(60, 1.5, 0.1, 6)
	f(60, 2, 0.1, 6)
	f(300, 2, 0.1, 6)
	f(300, 1.5, 0.1, 6)
}

// Readings outside that vary much more than what was usual are learned with how much they vary.
func TestNoiseOutsideIsLearned(t *testing.T) {
	f := func(before, after, level float64) {
		t.Helper()
		rng := rand.New(rand.NewPCG(12, 12))
		m := NewMetric(minute)
		i := int64(0)
		observe := func(n int, level, noise float64) {
			for range n {
				m.Observe(i*minute, level+noise*rng.NormFloat64())
				i++
			}
		}
		observe(3000, 100, before)
		observe(4*int(Patience(minute)), level, after) // not all of which are outside
		if want := after * math.Sqrt(2/math.Pi); !(float64(m.Spread.Mean) > want/1.5 && float64(m.Spread.Mean) < 1.5*want) {
			t.Errorf("noise of %g after %g: readings differ from their level by %g, want %g", after, before, m.Spread.Mean, want)
		}
	}
	f(0, 20, 100)
	f(0, 100, 100)
	f(1, 20, 100)
	f(1, 20, 150)
	f(0, 20, 400)
}

// What follows is nothing to be told of: it brings no more than one alert beyond those that the series has without it, by chance, in
// two days. An alert of 1.4 comes a few times a week on noise that is sampled every five minutes.
func TestNoFalseAlert(t *testing.T) {
	const perDay, from, to, seeds = day / 300, 20, 22, 4 // days
	f := func(name string, usual, disturbed func(rng *rand.Rand, i int64) float64) {
		t.Helper()
		count := func(x func(*rand.Rand, int64) float64) (alerts int) {
			for seed := range uint64(seeds) {
				s, rng := NewStream(300, 1), rand.New(rand.NewPCG(seed, 4))
				for i := range int64(to * perDay) {
					if v := s.Observe(300*i, []float64{x(rng, i)}); i >= from*perDay && v.Alert > 1.4 {
						alerts++
					}
				}
			}
			return alerts
		}
		if without, with := count(usual), count(disturbed); with > without+seeds {
			t.Errorf("%s: %d alerts, %d without it", name, with, without)
		}
	}
	after := func(i int64) bool { return i >= from*perDay }
	daily := func(rng *rand.Rand, i int64) float64 {
		return 100 + 60*math.Sin(2*math.Pi*float64(i)/perDay) + 3*rng.NormFloat64()
	}
	noise := func(rng *rand.Rand, _ int64) float64 { return 100 + rng.NormFloat64() }
	f("a flat line", func(*rand.Rand, int64) float64 { return 42 }, func(*rand.Rand, int64) float64 { return 42 })
	f("noise that ends", noise, func(rng *rand.Rand, i int64) float64 {
		if after(i) {
			return 100
		}
		return noise(rng, i)
	})
	f("a day that is missing", daily, func(rng *rand.Rand, i int64) float64 {
		if i/perDay == from-1 {
			return math.NaN()
		}
		return daily(rng, i)
	})
	f("clocks that are put forward", daily, func(rng *rand.Rand, i int64) float64 {
		if after(i) {
			i += perDay / 24
		}
		return daily(rng, i)
	})
	f("clocks that are put back", daily, func(rng *rand.Rand, i int64) float64 {
		if after(i) {
			i -= perDay / 24
		}
		return daily(rng, i)
	})
	f("a counter that began anew: one reading is missing", noise, func(rng *rand.Rand, i int64) float64 {
		if i == from*perDay {
			return math.NaN()
		}
		return noise(rng, i)
	})
	f("a job that comes every day", noise, func(rng *rand.Rand, i int64) float64 {
		x := noise(rng, i)
		if i%perDay == 100 {
			x += 100
		}
		return x
	})
}

func TestColdStartSaysNothing(t *testing.T) {
	for i, v := range play(ready, func(i int) float64 { return float64(i % 7 * i) }) {
		if v.Alert != 0 {
			t.Errorf("row %d: %g", i, v.Alert)
		}
	}
}

func TestTheLeadIsTold(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 8))
	s := NewStream(minute, 3)
	row := make([]float64, 3)
	for i := range int64(2000) {
		for k := range row {
			row[k] = rng.NormFloat64()
		}
		row[0] = math.NaN() // a column that is missing does no harm
		s.Observe(i*minute, row)
	}
	row[2] = -30
	if v := s.Observe(2000*minute, row); v.Lead != 2 || v.Alert < 1.5 || v.Deviations[Reading] > -20 {
		t.Errorf("%+v", v)
	}
}

// What is said of a row depends on the rows up to it, and a stream goes on from its stored state as if nothing had happened.
func TestAnyInput(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		step := rapid.Float64Range(0.01, 1e5).Draw(t, "step")
		s := NewStream(step, 2)
		value := rapid.OneOf(rapid.Float64(), rapid.Float64Range(-1, 1), rapid.SampledFrom([]float64{
			0, 5, math.NaN(), math.Inf(1), math.MaxFloat64, -math.MaxFloat64, math.SmallestNonzeroFloat64,
		}))
		at := rapid.Int64Range(-1e12, 1e12).Draw(t, "start")
		for range rapid.IntRange(1, 60).Draw(t, "rows") {
			row := []float64{value.Draw(t, "a"), value.Draw(t, "b")}
			for range rapid.IntRange(1, 40).Draw(t, "times") {
				at += rapid.Int64Range(0, 1e6).Draw(t, "passes")
				v := s.Observe(at, row)
				if !(v.Surprise >= 0 && v.Alert >= 0) || math.IsInf(v.Surprise, 0) {
					t.Fatalf("%+v", v)
				}
			}
		}
	})
}

// A stream that goes on from its stored state says the same, bit for bit, as one that was never stopped.
func TestStateSurvivesStorage(t *testing.T) {
	rng := rand.New(rand.NewPCG(9, 9))
	stayed, left := NewStream(300, 2), NewStream(300, 2)
	for i := range int64(16 * 288) {
		if i%500 == 499 {
			data, err := cbor.Marshal(left)
			if err != nil {
				t.Fatal(err)
			}
			left = new(Stream)
			if err := cbor.Unmarshal(data, left); err != nil {
				t.Fatal(err)
			}
		}
		row := []float64{100 + 50*math.Sin(2*math.Pi*float64(i)/288) + rng.NormFloat64(), rng.ExpFloat64()}
		if a, b := stayed.Observe(300*i, row), left.Observe(300*i, row); a != b {
			t.Fatalf("row %d: %+v, restored %+v", i, a, b)
		}
	}
}

func TestNothingIsAllocated(t *testing.T) {
	s, row, i := NewStream(minute, 4), []float64{1, 2, 3, 4}, int64(0)
	if n := testing.AllocsPerRun(1000, func() { s.Observe(i*minute, row); i++ }); n != 0 {
		t.Errorf("%g allocations per row", n)
	}
}

func TestSize(t *testing.T) {
	record, week := unsafe.Sizeof(Metric{}), unsafe.Sizeof(Week{})
	t.Logf("%d bytes for each metric, %d more for the week; %d for each stream", record, week, unsafe.Sizeof(Stream{}))
	if record > 776 || week > 384 {
		t.Errorf("a metric takes %d bytes, and %d for the week; 776 and 384 are meant", record, week)
	}
}

func BenchmarkObserve(b *testing.B) {
	rng := rand.New(rand.NewPCG(10, 10))
	x := make([]float64, 4096)
	for i := range x {
		x[i] = 100 + 10*rng.NormFloat64()
	}
	s, row := NewStream(minute, 1), make([]float64, 1)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		row[0] = x[i%len(x)]
		s.Observe(int64(i)*minute, row)
	}
}

// Levels lie within what was read, whatever was learned and unlearned.
func TestLevelsLieWithinReadings(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m, second := NewMetric(minute), int64(0)
		least, most := math.Inf(1), math.Inf(-1)
		for range rapid.IntRange(1, 12).Draw(t, "levels") {
			level := math.Exp(rapid.Float64Range(-7, 4).Draw(t, "log of level"))
			noise := rapid.Float64Range(0, 0.3).Draw(t, "noise")
			patience := int32(rapid.IntRange(1, 60).Draw(t, "patience"))
			rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
			for range rapid.IntRange(1, 300).Draw(t, "readings") {
				x := level * math.Exp(noise*rng.NormFloat64())
				least, most = min(least, x), max(most, x)
				second += minute
				var j Judgement
				m.Judge(&j, second, x)
				m.Learn(&j, Handling{j.Outside, patience, EventWeight})
				if l := float64(m.WithSeason); !(l >= least*(1-1e-4) && l <= most*(1+1e-4)) {
					t.Fatalf("after %d readings from %g to %g their level is %g", m.Count, least, most, l)
				}
			}
		}
	})
}
