package profile

import (
	"math"
	"slices"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
)

// volume reads a queue in which requests wait for a device with the given capacity.
func volume(iops, latency float64) foreshock.Values {
	var v foreshock.Values
	v.Set(foreshock.IOPS, iops)
	v.Set(foreshock.Latency, latency)
	v.Set(foreshock.Throughput, iops*8192)
	v.Set(foreshock.QueueDepth, iops*latency)
	return v
}

func allocated(iops float64) (a foreshock.Allocation) {
	a.Set(foreshock.DimIOPS, iops)
	return a
}

func TestDemand(t *testing.T) {
	calm := func() *feed { return calm(10*time.Second, 1000, foreshock.Allocation{}) }
	g := func(name string, f *feed, v foreshock.Values, a foreshock.Allocation, saturated bool, iops float64) {
		t.Helper()
		u := f.use(v, a)
		if u.Saturated[foreshock.DimIOPS] != saturated {
			t.Errorf("%s: saturated %v, want %v", name, u.Saturated, saturated)
		}
		got, _ := u.Demand.Get(foreshock.DimIOPS)
		closeTo(t, name+": demand", got, iops, 0.02)
		served, _ := v.Get(foreshock.IOPS)
		if bytes, ok := u.Demand.Get(foreshock.DimThroughput); ok {
			closeTo(t, name+": throughput in proportion", bytes, got*8192, 1e-9)
		}
		if got < served && name != "queue drains" || got > 4*served+1e-9 {
			t.Errorf("%s: demand %g of %g served", name, got, served)
		}
	}
	g("plenty of room", calm(), volume(1000, 1e-3), allocated(3000), false, 1000)
	g("at the limit, but calm", calm(), volume(2950, 1.2e-3), allocated(3000), false, 2950)
	g("slow, but far from the limit", calm(), volume(1000, 30e-3), allocated(3000), false, 1000)
	// An open system: 3500/s arrive, 3000/s are served, so that 500/s are left over: 5000 in a step of 10 s, half of them in its mean.
	open := calm()
	g("queue begins to grow", open, volume(3000, 2500/3000.0), allocated(3000), true, 3500)
	open.step(volume(3000, 2500/3000.0), nil)
	g("queue grows", open, volume(3000, (2500+5000)/3000.0), allocated(3000), true, 3500)
	open.step(volume(3000, 20), nil)
	g("queue drains", open, volume(3000, 18), allocated(3000), true, 2400) // of 60000 that wait on average 54000 are left ten seconds later: 600/s leave that were there before
	// A closed one: 96 clients that wait for their answers.
	closed := calm()
	closed.step(volume(3000, 32e-3), nil)
	g("queue stays, bounded", closed, volume(3000, 32e-3), allocated(3000), true, 2*3000)
	closed = calm()
	closed.step(volume(3000, 2.25e-3), nil)
	g("queue stays", closed, volume(3000, 2.25e-3), allocated(3000), true, 1.5*3000)
	g("near, not at the limit", closed, volume(2800, 4e-3), allocated(3000), true, 2800)
	var bare foreshock.Values
	bare.Set(foreshock.IOPS, 500)
	g("only the rate is read", newFeed(time.Second), bare, foreshock.Allocation{}, false, 500)
	if u := Demand(&foreshock.Step{}, nil); !u.Demand.Empty() || u.Saturated != nil {
		t.Errorf("of nothing: %+v", u)
	}
}

// What a volume is asked for at the edge of what it has is known: requests that come at random wait for long at such a use, and a queue that has just begun to
// grow tells by how much more comes. Only clients that wait are held back by as much as nobody knows.
func TestDemandAtTheEdge(t *testing.T) {
	for name, c := range map[string]struct {
		iops, latency float64
		hidden        bool
		first, then   float64 // demand in the first minute, and in the third
	}{
		"random requests at 98 %":    {2940, 50e-3, false, 2940, 2940},
		"random requests at 99.5 %":  {2985, 100e-3, true, 2995, 5970}, // may as well be 298 clients
		"96 clients":                 {3000, 32e-3, true, 3003, 6000},
		"96 clients, two a thousand": {2994, 32e-3, true, 2997, 5988},
	} {
		f := calm(time.Minute, 1000, allocated(3000))
		for minute := range 3 {
			v := volume(c.iops, c.latency)
			want, hidden := c.first, false
			if minute > 0 {
				want, hidden = c.then, c.hidden
			}
			u := f.use(v, f.allocated)
			if got, _ := u.Demand.Get(foreshock.DimIOPS); math.Abs(got-want) > 10 || !u.Saturated[foreshock.DimIOPS] || u.Hidden != hidden {
				t.Errorf("%s, minute %d: demand %.0f, want %.0f; saturated %v, a guess: %v", name, minute, got, want, u.Saturated, u.Hidden)
			}
			f.step(v, nil)
		}
	}
	f := calm(time.Minute, 1000, allocated(3000))
	for minute := range 8 { // 1 % more than can be served: 1800 are left over each minute
		v := volume(3000, 0.1+0.6*(float64(minute)+0.5))
		u := f.use(v, f.allocated)
		if got, _ := u.Demand.Get(foreshock.DimIOPS); math.Abs(got-3030) > 15 || u.Hidden {
			t.Errorf("1 %% more than can be served, minute %d: demand %.0f, a guess: %v", minute, got, u.Hidden)
		}
		f.step(v, nil)
	}
}

// What was in the queue before is no demand of the minute in which it is served, also where there is capacity enough by then.
func TestDemandWhileTheQueueIsServed(t *testing.T) {
	f := calm(time.Minute, 1000, allocated(3000))
	for range 2 { // what is left over fills the queue: 90,000
		f.step(volume(3000, 30), nil)
	}
	v := volume(5500, 1.5) // 4000/s come, and what was left over, with capacity for twice as much
	u := f.use(v, allocated(9000))
	if got, _ := u.Demand.Get(foreshock.DimIOPS); math.Abs(got-4000) > 150 || u.Saturated != nil || u.Hidden {
		t.Errorf("demand %.0f, want 4000; saturated %v, a guess: %v", got, u.Saturated, u.Hidden)
	}
}

// A queue that was not read is not an empty one: what it had when it was read last counts, over the time since.
func TestQueueThatIsNotRead(t *testing.T) {
	without := func(v foreshock.Values, left ...foreshock.Metric) (w foreshock.Values) {
		for m := range foreshock.Metric(foreshock.NumMetrics) {
			if x, ok := v.Get(m); ok && !slices.Contains(left, m) {
				w.Set(m, x)
			}
		}
		return w
	}
	for _, left := range [][]foreshock.Metric{{foreshock.QueueDepth}, {foreshock.QueueDepth, foreshock.Latency}} {
		for unread := range 5 {
			growing := calm(time.Minute, 1000, allocated(3000))
			grows := func(minute int) foreshock.Values { return volume(3000, 0.1+10*(float64(minute)+0.5)) } // 3500/s come: 30,000 are left over each minute
			for minute := range 4 {
				growing.step(grows(minute), nil)
			}
			for i := range unread {
				growing.step(without(grows(4+i), left...), nil)
			}
			u := growing.use(grows(4+unread), growing.allocated)
			if got, _ := u.Demand.Get(foreshock.DimIOPS); math.Abs(got-3500) > 60 {
				t.Errorf("a queue that grows, %d steps without %v: demand %.0f, want 3500", unread, left, got)
			}
		}
	}
}

// A queue is longer as more comes: where normal latency is not known yet it is no sign of a limit, nor is one learned from it.
func TestLongerQueueIsNoLimit(t *testing.T) {
	f := newFeed(time.Minute)
	f.allocated = allocated(7500)
	for range 60 {
		f.step(volume(0, 1e-3), nil)
	}
	for range 10 {
		f.step(volume(300, 1e-3), nil)
	}
	for range 5 {
		if u := f.use(volume(5000, 3e-3), allocated(7500)); u.Saturated != nil || u.Hidden {
			t.Errorf("5000 of 7500 IOPS in 3 ms: %v limits, a guess: %t", u.Saturated, u.Hidden)
		}
		f.step(volume(5000, 3e-3), nil)
	}
}

// Where nobody reads the queue, what is served and for how long it takes tell of it (Little's law): that it grows, that it is served after capacity has come.
func TestDemandByLittlesLaw(t *testing.T) {
	bare := func(iops, latency float64) (v foreshock.Values) {
		v.Set(foreshock.IOPS, iops)
		v.Set(foreshock.Latency, latency)
		return v
	}
	f := newFeed(time.Minute)
	f.allocated = allocated(3000)
	for range 300 {
		f.step(bare(1000, 1e-3), nil)
	}
	demand := func(what string, v foreshock.Values, have, want float64) {
		t.Helper()
		u := f.use(v, allocated(have))
		if got, _ := u.Demand.Get(foreshock.DimIOPS); math.Abs(got-want) > 0.03*want || u.Hidden {
			t.Errorf("%s: demand %.0f, want %.0f; a guess: %v", what, got, want, u.Hidden)
		}
		f.step(v, nil)
	}
	for minute := range 6 { // 3500/s come: 30,000 are left over each minute
		demand("it grows", bare(3000, 0.1+10*(float64(minute)+0.5)), 3000, 3500)
	}
	demand("it is served", bare(6000, 20.05), 6000, 5250) // 4000/s come; of 165,300 that waited on average 120,300 are left: at least 750/s of it were served
}

func TestCeilingIsLearnedWithoutAllocation(t *testing.T) {
	f := calm(10*time.Second, 1000, foreshock.Allocation{})
	for range 10 {
		f.step(volume(2000, 40e-3), nil)
	}
	closeTo(t, "ceiling", f.p.CeilingOf(foreshock.DimIOPS), 2000, 0.02)
	u := f.use(volume(2000, 40e-3), foreshock.Allocation{})
	if x, _ := u.Demand.Get(foreshock.DimIOPS); !u.Saturated[foreshock.DimIOPS] || x < 4000 {
		t.Errorf("demand %g, saturated %v", x, u.Saturated)
	}
	f.step(volume(5000, 1e-3), nil)
	if c := f.p.Metrics[foreshock.IOPS].Ceiling; c != 0 {
		t.Errorf("5000/s were served without strain, and the ceiling is %g", c)
	}
}

// What IOPS hold back is no ceiling of throughput: with more of them there is more of it.
func TestCeilingIsNotThatOfAnother(t *testing.T) {
	both := func(iops, latency float64) foreshock.Values {
		v := volume(iops, latency)
		v.Set(foreshock.Throughput, 4096*iops)
		return v
	}
	f := newFeed(10 * time.Second)
	learn := func(v foreshock.Values, have float64) {
		f.now = f.now.Add(f.p.Length)
		step := foreshock.Step{Time: f.now, Length: f.p.Length, Values: v, Allocated: allocated(have)}
		use := Demand(&step, f.p)
		Learn(f.p, &step, nil, &use, &f.cfg)
	}
	for range 200 {
		learn(both(1000, 1e-3), 3000)
	}
	for range 10 {
		learn(both(3000, 40e-3), 3000)
	}
	u := f.use(both(4600, 16e-3), allocated(4900))
	if x, _ := u.Demand.Get(foreshock.DimIOPS); u.Saturated[foreshock.DimThroughput] || x != 4600 {
		t.Errorf("demand %g, saturated %v", x, u.Saturated)
	}
	for range 10 {
		learn(both(2000, 40e-3), 4900) // something else does
	}
	closeTo(t, "ceiling", f.p.CeilingOf(foreshock.DimThroughput), 2000*4096, 0.02)
}

func FuzzDemand(f *testing.F) {
	f.Add(1000.0, 1e-3, 3.0, 3000.0)
	f.Fuzz(func(t *testing.T, iops, latency, depth, capacity float64) {
		feed := newFeed(time.Second)
		for range 30 {
			feed.step(volume(100, 1e-3), nil)
		}
		var v foreshock.Values
		v.Set(foreshock.IOPS, iops)
		v.Set(foreshock.Latency, latency)
		v.Set(foreshock.QueueDepth, depth)
		u := feed.use(v, allocated(capacity))
		if x, ok := u.Demand.Get(foreshock.DimIOPS); ok && !(x >= iops*(1-1e-9) && x <= 4*iops*(1+1e-9)) {
			t.Errorf("demand %g of %g served", x, iops)
		}
		feed.step(v, nil)
		if c := feed.p.CeilingOf(foreshock.DimIOPS); math.IsNaN(c) || c < 0 {
			t.Errorf("ceiling %g", c)
		}
	})
}

// A queue that has grown for several steps is fed from outside: when it can grow no more, its demand is what it was, for as long as that lasts.
func TestDemandOfFullQueue(t *testing.T) {
	p := New("vol/a", "test", 10*time.Second)
	at := time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)
	var limit foreshock.Allocation
	limit.Set(foreshock.DimIOPS, 3000)
	cfg := Default()
	var demand foreshock.Allocation
	step := func(iops, depth float64) {
		at = at.Add(10 * time.Second)
		s := foreshock.Step{ID: p.ID, Time: at, Length: p.Length, Allocated: limit}
		s.Values.Set(foreshock.IOPS, iops)
		s.Values.Set(foreshock.QueueDepth, depth)
		s.Values.Set(foreshock.Latency, depth/iops)
		use := Demand(&s, p)
		demand = use.Demand
		Learn(p, &s, &foreshock.Finding{}, &use, &cfg)
	}
	for range 200 {
		step(1000, 1)
	}
	depth := 1.0 - 3000
	for range 6 {
		depth += 6000 // 600 a second more than are served
		step(3000, depth)
	}
	if x, _ := demand.Get(foreshock.DimIOPS); math.Abs(x-3600) > 1 {
		t.Errorf("while the queue grows the demand is %v, want 3600", x)
	}
	for range 5 {
		step(3000, depth)
	}
	if x, _ := demand.Get(foreshock.DimIOPS); math.Abs(x-3600) > 1 {
		t.Errorf("when the queue is full the demand is %v, want 3600", x)
	}
	for range 3000 {
		step(3000, depth) // such a latency is usual by now
	}
	if x, _ := demand.Get(foreshock.DimIOPS); math.Abs(x-3600) > 1 {
		t.Errorf("when the queue has been full for hours the demand is %v, want 3600", x)
	}
	for range 3 {
		depth -= 6000
		step(3000, depth)
	}
	if x, _ := demand.Get(foreshock.DimIOPS); math.Abs(x-2400) > 1 {
		t.Errorf("while the queue shrinks the demand is %v, want 2400", x)
	}
}

// A full queue has the demand that was seen while it grew, for as long as it is full. Where a surge has filled it within a step, its mean is in the next one what
// it was, and the demand is at least what it was: a guess.
func TestDemandOfQueueThatWasSeenToFill(t *testing.T) {
	for name, c := range map[string]struct {
		waits   []float64 // s, of what is served, 1000/s
		demand  float64
		guessed int // the minute from which on, of the first 15
	}{
		"at once":    {[]float64{30, 30, 30}, 2000, 1},                                       // as much comes again
		"in minutes": {[]float64{10, 30, 30, 30}, 1333, 12},                                  // 20 s of it are left over in the first
		"long ago":   {append([]float64{10}, slices.Repeat([]float64{30}, 14)...), 1333, 12}, // ten minutes after the last in which it grew
	} {
		f := calm(time.Minute, 100, foreshock.Allocation{})
		for k, wait := range c.waits {
			v := volume(1000, wait)
			u := f.use(v, allocated(1000))
			if got, _ := u.Demand.Get(foreshock.DimIOPS); math.Abs(got-c.demand) > 2 || !u.Saturated[foreshock.DimIOPS] || u.Hidden != (k >= c.guessed) {
				t.Errorf("%s, minute %d: demand %.0f, want %.0f; saturated %v, hidden %v", name, k, got, c.demand, u.Saturated, u.Hidden)
			}
			f.step(v, nil)
		}
	}
}

// A workload that is idle but for bursts that its volume cannot serve knows only latencies of half a minute. It is saturated by them all the same.
func TestSaturatedWhateverIsNormal(t *testing.T) {
	f := newFeed(time.Minute)
	burst := volume(100, 30)
	for i := range 500 {
		var idle foreshock.Values
		idle.Set(foreshock.IOPS, 0)
		idle.Set(foreshock.Throughput, 0)
		if i%50 < 5 {
			f.step(burst, nil)
		} else {
			f.step(idle, nil)
		}
	}
	u := f.use(burst, allocated(100))
	if got, _ := u.Demand.Get(foreshock.DimIOPS); !u.Saturated[foreshock.DimIOPS] || got < 149 {
		t.Errorf("saturated %v, demand %.0f; half a minute's requests wait on average, and none did before", u.Saturated, got)
	}
	if u := f.use(burst, allocated(1000)); u.Saturated[foreshock.DimIOPS] {
		t.Error("saturated by a tenth of what it has")
	}
}
