package profile

import (
	"math"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
	"github.com/foreshock-io/foreshock/timeseries/quantile"
)

var start = time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)

// learner of a test: a profile that is fed with findings made by hand.
type feed struct {
	allocated foreshock.Allocation // nothing unless set
	p         *foreshock.Profile
	cfg       Config
	now       time.Time
}

func newFeed(step time.Duration) *feed {
	return &feed{p: New("disk/vda", "test", step), cfg: Default(), now: start}
}

// calm is a feed that has taken 200 steps of so many requests a second, in which each took 1 ms, when so much was allocated.
func calm(step time.Duration, iops float64, have foreshock.Allocation) *feed {
	f := newFeed(step)
	f.allocated = have
	for range 200 {
		f.step(volume(iops, 1e-3), nil)
	}
	return f
}

// use is what the next step would make use of, with such readings, when so much is allocated.
func (f *feed) use(v foreshock.Values, have foreshock.Allocation) Use {
	return Demand(&foreshock.Step{Time: f.now.Add(f.p.Length), Length: f.p.Length, Values: v, Allocated: have}, f.p)
}

// learn takes a step with one reading; distance is what detection is to have said of it.
func (f *feed) learn(m foreshock.Metric, x, distance float64) {
	var v foreshock.Values
	v.Set(m, x)
	var finding foreshock.Finding
	if mp := f.p.Metrics[m]; mp != nil {
		second := f.now.Add(f.p.Length / 2).Unix()
		finding.Read[m] = mp.Rarity.Judge(&finding.Rarity[m], second, x)
		finding.Judged[m], finding.Distance[m] = true, distance
		finding.Rarity[m].Outside = math.Abs(distance) >= 1
	}
	f.step(v, &finding)
}

func (f *feed) step(v foreshock.Values, finding *foreshock.Finding) {
	f.now = f.now.Add(f.p.Length)
	step := foreshock.Step{ID: f.p.ID, Time: f.now, Length: f.p.Length, Values: v, Allocated: f.allocated}
	use := Demand(&step, f.p)
	Learn(f.p, &step, finding, &use, &f.cfg)
}

func closeTo(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if !(math.Abs(got-want) <= tolerance*math.Abs(want)) {
		t.Errorf("%s is %g, want %g", what, got, want)
	}
}

// expected is the usual reading, without a season.
func (f *feed) expected(t *testing.T, m foreshock.Metric) float64 {
	t.Helper()
	x, ok := Expected(f.p, m, f.now.Add(f.p.Length))
	if !ok {
		t.Fatalf("nothing is expected of %s", m)
	}
	return x
}

func TestOutsideIsKeptOutUntilItPersists(t *testing.T) {
	f := newFeed(10 * time.Second)
	rng := rand.New(rand.NewPCG(3, 4))
	noise := func() float64 { return math.Exp(0.1 * rng.NormFloat64()) }
	for range 1000 {
		f.learn(foreshock.IOPS, 1000*noise(), 0)
	}
	mp := f.p.Metrics[foreshock.IOPS]
	for i := range 1259 {
		f.learn(foreshock.IOPS, 5000*noise(), 4)
		if i == 300 { // one that comes back does not start the time anew
			f.learn(foreshock.IOPS, 1000*noise(), 0)
		}
	}
	closeTo(t, "expected within the time", f.expected(t, foreshock.IOPS), 1000, 0.05)
	closeTo(t, "median within the time", summarizeMetric(foreshock.IOPS, mp).P50, 1000, 0.05)
	for range 3 {
		f.learn(foreshock.IOPS, 5000*noise(), 4)
	}
	closeTo(t, "expected after it", f.expected(t, foreshock.IOPS), 5000, 0.05)
	closeTo(t, "median after it", summarizeMetric(foreshock.IOPS, mp).P50, 5000, 0.05)
	if mp.Rarity.Outside > 0 || mp.LearnedAt != f.now.UnixNano() {
		t.Errorf("%d outside, learned at %d, not %d", mp.Rarity.Outside, mp.LearnedAt, f.now.UnixNano())
	}
}

func TestUntrustedLevelIsLearnedSoon(t *testing.T) {
	f := newFeed(10 * time.Second)
	for range 40 {
		f.learn(foreshock.IOPS, 1000, 0)
	}
	for range 20 {
		f.learn(foreshock.IOPS, 5000, 4)
	}
	closeTo(t, "expected", f.expected(t, foreshock.IOPS), 5000, 0.01)
}

func TestOwnActionMovesTheWindow(t *testing.T) {
	f := newFeed(10 * time.Second)
	rng := rand.New(rand.NewPCG(3, 4))
	for range 1000 {
		f.learn(foreshock.IOPS, 1000*math.Exp(0.1*rng.NormFloat64()), 0)
	}
	mp := f.p.Metrics[foreshock.IOPS]
	before := summarizeMetric(foreshock.IOPS, mp)
	f.p.Shift = &foreshock.Shift{From: f.now, Until: f.now.Add(time.Minute)}
	for range 3 {
		f.learn(foreshock.IOPS, 3000, 5)
	}
	closeTo(t, "expected", f.expected(t, foreshock.IOPS), 3000, 0.05)
	closeTo(t, "median", summarizeMetric(foreshock.IOPS, mp).P50, 3000, 0.05)
	after := summarizeMetric(foreshock.IOPS, mp)
	closeTo(t, "relative spread", after.StdDev/after.Mean, before.StdDev/before.Mean, 0.02)
	closeTo(t, "count", float64(after.Count), float64(before.Count), 0)
}

func TestALevelFromNothingHasNoWindow(t *testing.T) {
	f := newFeed(10 * time.Second)
	for range 200 {
		f.learn(foreshock.IOPS, 0, 0)
	}
	for range 1260 {
		f.learn(foreshock.IOPS, 500, 4)
	}
	mp := f.p.Metrics[foreshock.IOPS]
	closeTo(t, "expected", f.expected(t, foreshock.IOPS), 500, 0.01)
	if n := mp.Window.Len(); n != 0 {
		t.Errorf("the window still has %d readings", n)
	}
}

func TestCoarseSteps(t *testing.T) {
	f := newFeed(7 * time.Minute)
	if f.learn(foreshock.IOPS, 100, 0); f.p.Coarse.Length != 21*time.Minute {
		t.Fatalf("a coarse step of 7-minute steps is %s", f.p.Coarse.Length)
	}
	f = newFeed(5 * time.Minute)
	for i := range 6 {
		f.learn(foreshock.IOPS, float64(100+i), 0)
	}
	f.now = f.now.Add(40 * time.Minute) // from 0:30 to 1:10; the next step ends at 1:15
	f.learn(foreshock.IOPS, 200, 0)
	f.learn(foreshock.QueueDepth, 7, 0) // 1:20
	got := f.p.MeansOf(foreshock.IOPS).Values(nil)
	want := []float64{101, 104, math.NaN(), math.NaN(), 200}
	if len(got) != len(want) {
		t.Fatalf("%v, want %v", got, want)
	}
	for i := range want {
		if math.IsNaN(got[i]) != math.IsNaN(want[i]) || math.Abs(got[i]-want[i]) > 0.1 {
			t.Errorf("%v, want %v", got, want)
		}
	}
	demand := f.p.DemandOf(foreshock.DimIOPS).Values(nil)
	closeTo(t, "peak demand", demand[0], 102, 1e-3)
	scores := f.p.Scores().Values(nil)
	if len(scores) != 5 || len(demand) != 5 || !f.p.Coarse.End().Equal(start.Add(90*time.Minute)) {
		t.Errorf("%d scores, %d demands, end %s", len(scores), len(demand), f.p.Coarse.End())
	}
	f.now = f.now.Add(10 * 365 * 24 * time.Hour)
	f.learn(foreshock.IOPS, 1, 0) // a gap of years costs no more than the ring
	if n := f.p.History.Rows(); n != 2688 {
		t.Errorf("the ring holds %d", n)
	}
	f.cfg.History = 24 * time.Hour // says the configuration after a reload
	f.now = f.now.Add(time.Hour)
	f.learn(foreshock.IOPS, 1, 0)
	if n := f.p.History.Rows(); n != 96 {
		t.Errorf("of a day the ring holds %d", n)
	}
}

func TestStepsOutOfOrderChangeNothing(t *testing.T) {
	f := newFeed(time.Second)
	for range 50 {
		f.learn(foreshock.IOPS, 100, 0)
	}
	before, err := Encode(f.p)
	if err != nil {
		t.Fatal(err)
	}
	f.now = f.now.Add(-10 * time.Second)
	f.learn(foreshock.IOPS, 100000, 0)
	if after, _ := Encode(f.p); string(after) != string(before) {
		t.Error("an old step changed the profile")
	}
}

func TestStages(t *testing.T) {
	f := newFeed(time.Second)
	check := func(want foreshock.Stage) {
		t.Helper()
		if got := StageOf(f.p, f.now, &f.cfg); got != want {
			t.Errorf("after %d steps %s, want %s", f.p.Steps, got, want)
		}
	}
	check(foreshock.NoData)
	for range 19 {
		f.learn(foreshock.IOPS, 100, 0)
		check(foreshock.Learning)
	}
	for range 100 {
		f.learn(foreshock.IOPS, 100, 0)
		check(foreshock.Provisional)
	}
	f.learn(foreshock.IOPS, 100, 0)
	check(foreshock.Trusted)
	f.now = f.now.Add(8 * 24 * time.Hour)
	check(foreshock.Provisional)
	if StageOf(nil, f.now, &f.cfg) != foreshock.NoData {
		t.Error("no profile is not no data")
	}
}

func TestIdleLatencyIsNoReading(t *testing.T) {
	g := func(iops, latency float64, want bool) {
		t.Helper()
		var v foreshock.Values
		v.Set(foreshock.IOPS, iops)
		v.Set(foreshock.Latency, latency)
		if _, ok := v.Reading(foreshock.Latency); ok != want {
			t.Errorf("latency %g at %g IOPS: %v", latency, iops, ok)
		}
	}
	g(100, 1e-3, true)
	g(0, 1e-3, false)
	g(0.1, 1e-3, false)
	g(100, 0, false)
	g(100, -1, false)
	g(math.NaN(), 1e-3, true) // the rate is not known
	g(100, math.Inf(1), false)
}

func TestSummary(t *testing.T) {
	f := newFeed(time.Second)
	for i := range 101 {
		f.learn(foreshock.IOPS, float64(1000+i), 0)
	}
	s := Summarize(f.p, f.now, &f.cfg)
	if len(s.Metrics) != 1 || s.Stage != foreshock.Provisional || s.Steps != 101 {
		t.Fatalf("%+v", s)
	}
	m := s.Metrics[0]
	closeTo(t, "mean", m.Mean, 1050, 1e-3)
	closeTo(t, "p50", m.P50, 1050, 1e-3)
	closeTo(t, "p90", m.P90, 1090, 1e-3)
	closeTo(t, "p99", m.P99, 1099, 1e-3)
	closeTo(t, "standard deviation", m.StdDev, 29.3, 1e-2)
	closeTo(t, "usual", m.Usual, 1050, 1e-2)
	closeTo(t, "EWMA", m.EWMA, 1097, 1e-2)
	if _, ok := Expected(f.p, foreshock.Latency, f.now); ok {
		t.Error("something is expected of a metric that was never read")
	}
}

func TestConfig(t *testing.T) {
	cfg := Default()
	if err := cfg.Check(); err != nil {
		t.Error(err)
	}
	f := func(change func(*Config), want string) {
		t.Helper()
		cfg := Default()
		change(&cfg)
		if err := cfg.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
	f(func(c *Config) { c.Window = 0 }, "window must be above 0")
	f(func(c *Config) { c.ScoreSteps = 1 }, "score_steps must be at least 8, not 1")
	f(func(c *Config) { c.MostSteps = 5 }, "most_steps must be from")
	f(func(c *Config) { c.ShiftSteps = 100 }, "shift_steps must be from 1 to 64, not 100")
	f(func(c *Config) { c.History = time.Minute }, "history must be")
}

// The window spans the time that is stated, however short steps are: where it has not a place for each reading it has some of every part of that time, and as many from a rhythm as that has.
func TestTheWindowSpansWhatIsStated(t *testing.T) {
	f := func(step time.Duration, steps int) {
		t.Helper()
		feed := newFeed(step)
		var at []time.Time
		for i := range 4 * int(time.Hour/step) {
			var v foreshock.Values
			v.Set(foreshock.IOPS, float64(i+1))
			feed.step(v, nil)
			at = append(at, feed.now)
			if held := feed.p.Metrics[foreshock.IOPS].Window.Len(); i < 100 && held != i+1 {
				t.Fatalf("%s: %d readings of %d are held", step, held, i+1)
			}
		}
		held := feed.p.Metrics[foreshock.IOPS].Window.Values(nil)
		if len(held) != steps {
			t.Errorf("%s: %d readings are held, not %d", step, len(held), steps)
		}
		tenths := make([]int, 10)
		for _, x := range held {
			i := min(int(math.Round(x)), len(at)) - 1
			age := feed.now.Sub(at[i])
			if age > time.Hour+2*time.Minute {
				t.Errorf("%s: a reading is %s old", step, age)
			}
			tenths[min(9, int(10*age/time.Hour))]++
		}
		for i, n := range tenths {
			if n < steps/10*8/10 || n > steps/10*12/10 {
				t.Errorf("%s: %d readings are of tenth %d of an hour: %v", step, n, i, tenths)
			}
		}
	}
	f(10*time.Second, 192)
	f(15*time.Second, 192)
	f(20*time.Second, 180)
	f(7*time.Second, 192)
	f(5*time.Second, 192)
	f(time.Second, 192)
	f(100*time.Millisecond, 192)

	for _, rhythm := range []int{2, 5, 10, 20} {
		feed := newFeed(time.Second)
		for i := range 7200 {
			var v foreshock.Values
			v.Set(foreshock.IOPS, 100)
			if i%rhythm == 0 {
				v.Set(foreshock.IOPS, 1000)
			}
			feed.step(v, nil)
		}
		high := 0
		for _, x := range feed.p.Metrics[foreshock.IOPS].Window.Values(nil) {
			if x > 500 {
				high++
			}
		}
		if share := float64(high) / quantile.MostReadings * float64(rhythm); share < 0.8 || share > 1.2 {
			t.Errorf("one reading of %d is high, and %d of %d that are held", rhythm, high, quantile.MostReadings)
		}
	}
}
