package ebpf

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

func TestBuckets(t *testing.T) {
	f := func(d time.Duration, want int) {
		t.Helper()
		if got := bucketOf(uint64(d)); got != want {
			t.Errorf("%v is counted in bucket %d, want %d", d, got, want)
		}
	}
	f(0, 0)
	f(255, 0)
	f(256, 0)
	f(287, 0)
	f(288, 1)
	f(511, 7)
	f(512, 8)
	f(1<<20, (20-8)*8)
	f(1<<20+1<<17, (20-8)*8+1)
	f(1<<40-1, 255)
	f(1<<40, 255)
	f(math.MaxInt64, 255)
}

func TestBoundsMeet(t *testing.T) {
	first, _ := Bounds(0)
	if first != 256 {
		t.Errorf("the first bucket begins at %d ns, want 256", first)
	}
	for i := range Buckets - 1 {
		lower, upper := Bounds(i)
		next, _ := Bounds(i + 1)
		if upper != next || lower >= upper {
			t.Errorf("bucket %d is %d to %d ns, the next begins at %d", i, lower, upper, next)
		}
		if worst := math.Sqrt(float64(upper)/float64(lower)) - 1; worst > RelativeError {
			t.Errorf("bucket %d (%v to %v) is off by up to %.4f, more than %v", i, lower, upper, worst, RelativeError)
		}
	}
}

func TestQuantile(t *testing.T) {
	f := func(latencies []time.Duration, q float64, want time.Duration) {
		t.Helper()
		var h Histogram
		for _, d := range latencies {
			h.Add(d)
		}
		if got := h.Quantile(q); math.Abs(got/want.Seconds()-1) > RelativeError {
			t.Errorf("quantile %v of %v is %v s, want %v", q, latencies, got, want)
		}
	}
	ms := time.Millisecond
	f([]time.Duration{ms}, 0, ms)
	f([]time.Duration{ms}, 0.5, ms)
	f([]time.Duration{ms}, 1, ms)
	f([]time.Duration{1 * ms, 2 * ms, 4 * ms, 8 * ms}, 0.5, 2*ms)
	f([]time.Duration{1 * ms, 2 * ms, 4 * ms, 8 * ms}, 0.51, 4*ms)
	f([]time.Duration{1 * ms, 2 * ms, 4 * ms, 8 * ms}, 0.99, 8*ms)
	f([]time.Duration{1 * ms, 2 * ms, 4 * ms, 8 * ms}, -1, 1*ms)
	f([]time.Duration{1 * ms, 2 * ms, 4 * ms, 8 * ms}, 7, 8*ms)
}

func TestQuantileOfNothing(t *testing.T) {
	var h Histogram
	if got := h.Quantile(0.5); !math.IsNaN(got) {
		t.Errorf("the median of nothing is %v, want NaN", got)
	}
	h.Add(time.Second)
	if got := h.Quantile(math.NaN()); !math.IsNaN(got) {
		t.Errorf("the NaN quantile is %v, want NaN", got)
	}
}

// The exact percentiles of a heavy-tailed sample, by sorting, are the reference.
func TestQuantileAgainstSorting(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	var h, left, right Histogram
	all := make([]float64, 20_000)
	for i := range all {
		d := time.Duration(100_000 * math.Exp(1.5*random.NormFloat64()))
		all[i] = d.Seconds()
		h.Add(d)
		if i%3 == 0 {
			left.Add(d)
		} else {
			right.Add(d)
		}
	}
	slices.Sort(all)
	for _, q := range []float64{0.001, 0.5, 0.9, 0.95, 0.99, 0.999, 1} {
		want := all[max(int(math.Ceil(q*float64(len(all))))-1, 0)]
		if got := h.Quantile(q); math.Abs(got/want-1) > RelativeError {
			t.Errorf("quantile %v is %v, by sorting %v", q, got, want)
		}
	}
	if left.Merge(&right); left != h {
		t.Error("two parts merged are not the whole")
	}
}

func FuzzBucket(f *testing.F) {
	f.Add(uint64(0), uint64(1))
	f.Add(uint64(256), uint64(288))
	f.Add(uint64(1<<40), uint64(math.MaxUint64))
	f.Fuzz(func(t *testing.T, a, b uint64) {
		i, j := bucketOf(a), bucketOf(b)
		if a <= b && i > j {
			t.Errorf("%d is in bucket %d, the longer %d in %d", a, i, b, j)
		}
		if i < 0 || i >= Buckets {
			t.Fatalf("%d is in bucket %d of %d", a, i, Buckets)
		}
		lower, upper := Bounds(i)
		if i > 0 && a < uint64(lower) || i < Buckets-1 && a >= uint64(upper) {
			t.Errorf("%d is in bucket %d, which is from %d to %d", a, i, lower, upper)
		}
	})
}

func TestCountersSince(t *testing.T) {
	last := counters{latency: 100, bytes: 4096, inFlight: 2}
	last.buckets[3] = math.MaxUint32 - 1
	now := counters{latency: 600, wait: 50, bytes: 8192, errors: 1, inFlight: -1}
	now.buckets[3] = 1 // three more, over the end of 32 bits
	d, active := now.since(&last)
	if !active || d.Ops != 3 || d.Latency[3] != 3 || d.LatencySum != 500 || d.WaitSum != 50 || d.Bytes != 4096 ||
		d.Errors != 1 || d.InFlight != 0 {
		t.Errorf("got %+v", d)
	}
	if _, active := now.since(&now); active {
		t.Error("active without a change")
	}
	stuck := counters{inFlight: 1}
	if d, active := stuck.since(&stuck); !active || d.InFlight != 1 {
		t.Errorf("a request in flight was left out: %+v", d)
	}
}

func TestMeanOfNothing(t *testing.T) {
	if got := (&Delta{}).Mean(); !math.IsNaN(got) {
		t.Errorf("the mean of nothing is %v, want NaN", got)
	}
}
