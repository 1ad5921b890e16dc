package decide

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
)

// loop closes the loop round Decide in virtual time: a volume with some demand, an action in effect after its lead time and judged a while
// later, and the counts that the journal would give.
type loop struct {
	*rand.Rand
	t       *testing.T
	state   State
	open    *foreshock.Action
	opened  time.Time
	begun   []time.Time
	changes []turn
	peaks   []float64 // demand per step
	late    int       // steps in which demand was above what there was
	paid    float64   // mean allocation
}

type turn struct {
	at       time.Time
	from, to float64
	hasty    bool // it was decided in an emergency
}

const (
	tick     = time.Minute
	leadTime = 2 * time.Minute
	judgedIn = 8 * tick
)

func newLoop(t *testing.T, seed uint64, reduce bool) *loop {
	l := &loop{t: t, Rand: rand.New(rand.NewPCG(seed, 3)), state: base()}
	l.state.Policy.Reduce = Reduce{Allowed: reduce}
	l.state.Policy.Limits.PerDay = 12
	l.state.Policy.LeadTime = leadTime
	l.state.Step.Length = tick
	l.state.Counts = Counts{PolicySize: 1, PolicyJudged: 1}
	return l
}

// run goes through days of demand; forecast says how much of the time to come is foreseen.
func (l *loop) run(days int, demand func(at time.Duration) float64, foreseen func(from, to time.Duration) *foreshock.Forecast) {
	for k := range days * 1440 {
		at := time.Duration(k) * tick
		l.step(at, demand(at), foreseen)
	}
	l.paid /= float64(days * 1440)
}

func (l *loop) step(at time.Duration, demand float64, foreseen func(from, to time.Duration) *foreshock.Forecast) {
	s := &l.state
	s.Now = noon.Add(at)
	l.progress()
	have, _ := s.Resource.Allocated.Get(foreshock.DimIOPS)
	rho := demand / have
	l.peaks = append(l.peaks, demand)
	if l.paid += have; rho > 1 {
		l.late++
	}
	s.Step.Time, s.Resource.At = s.Now, s.Now
	s.Step.Values.Set(foreshock.Latency, 0.0003/(1-math.Min(0.99, rho)))
	s.Step.Values.Set(foreshock.IOPS, math.Min(demand, have))
	s.Demand.Set(foreshock.DimIOPS, demand)
	s.Saturated = map[foreshock.Dimension]bool{foreshock.DimIOPS: rho >= 1}
	s.Finding = Finding{Score: 0.5, Threshold: 1}
	switch {
	case rho >= 1:
		s.Finding.Score, s.Finding.Severity = 4, foreshock.High
	case rho >= 0.95:
		s.Finding.Score, s.Finding.Severity = 2, foreshock.Medium
	}
	s.RecentPeak = foreshock.Allocation{}
	if n := int(30 * time.Minute / tick); len(l.peaks) > n {
		s.RecentPeak.Set(foreshock.DimIOPS, highest(l.peaks[len(l.peaks)-n:]))
	}
	s.Forecasts[foreshock.DimIOPS] = foreseen(at, at+2*time.Hour)
	l.count()
	if d := Decide(*s); d.Action != nil {
		l.begin(d.Action)
	}
}

// progress brings an action into effect and lets it be judged.
func (l *loop) progress() {
	s := &l.state
	if l.open != nil && !s.Now.Before(l.opened.Add(leadTime)) {
		from, _ := s.Resource.Allocated.Get(foreshock.DimIOPS)
		to, _ := l.open.To.Get(foreshock.DimIOPS)
		l.changes = append(l.changes, turn{s.Now, from, to, l.open.Emergency})
		s.Resource.Allocated = s.Resource.Allocated.Over(l.open.To)
		s.Last = &Past{ID: l.open.ID, Time: s.Now, Grew: to > from, Due: true}
		l.open, s.Open = nil, nil
	}
	if s.Last != nil && s.Now.Sub(s.Last.Time) >= judgedIn {
		s.Last.Due = false
	}
}

func (l *loop) begin(a *foreshock.Action) {
	if l.open != nil {
		l.t.Fatal("two actions at once")
	}
	l.open, l.state.Open, l.opened = a, a, l.state.Now
	l.begun = append(l.begun, l.state.Now)
	l.state.Sequence++
}

func (l *loop) count() {
	c := &l.state.Counts
	c.LastHour, c.WorkloadLastDay = 0, 0
	for _, at := range l.begun {
		if age := l.state.Now.Sub(at); age < 24*time.Hour {
			c.WorkloadLastDay++
			if age < time.Hour {
				c.LastHour++
			}
		}
	}
	if c.WorkloadLastDay > 12 {
		l.t.Fatalf("%d actions in a day", c.WorkloadLastDay)
	}
}

// flaps counts actions against the direction of the one before, sooner than the policy's cooldown.
func (l *loop) flaps() (n int) {
	for i, c := range l.changes {
		if i == 0 || c.hasty {
			continue
		}
		last := l.changes[i-1]
		wait := 5 * time.Minute
		if c.to < c.from {
			wait = 30 * time.Minute
		}
		if (c.to > c.from) != (last.to > last.from) && c.at.Sub(last.at) < wait {
			n++
		}
	}
	return n
}

func highest(xs []float64) (m float64) {
	for _, x := range xs {
		m = math.Max(m, x)
	}
	return m
}

// TestLoop runs seasons, bursts and an adversary: the caps hold, nothing goes to and fro, and it is worth it.
func TestLoop(t *testing.T) {
	season := func(at time.Duration) float64 { return 1500 - 1000*math.Cos(2*math.Pi*at.Hours()/24) }
	none := func(time.Duration, time.Duration) *foreshock.Forecast { return nil }
	f := func(name string, days int, reduce bool, late, paid float64, demand func(l *loop) func(time.Duration) float64, foreseen func(time.Duration, time.Duration) *foreshock.Forecast) {
		t.Helper()
		for seed := range uint64(2) {
			l := newLoop(t, seed, reduce)
			l.run(days, demand(l), foreseen)
			share := float64(l.late) / float64(days*1440)
			if n := l.flaps(); n > 0 || share > late || l.paid > paid {
				t.Errorf("%s, seed %d: %d flaps, %.2f %% of the time late (at most %.2f %%), %.0f IOPS paid (at most %.0f), %d actions", name, seed, n, 100*share, 100*late, l.paid, paid, len(l.changes))
			}
		}
	}
	calm := func(l *loop) func(time.Duration) float64 {
		return func(at time.Duration) float64 { return season(at) * math.Exp(0.03*l.NormFloat64()) }
	}
	known := func(from, to time.Duration) *foreshock.Forecast {
		fc := flat(0, 0)
		fc.At = noon.Add(from)
		for at := from + tick; at <= to; at += tick {
			fc.Mean = append(fc.Mean, 1.06*season(at))
		}
		fc.Quantiles = [][]float64{fc.Mean}
		return fc
	}
	f("a season that is foreseen", 10, true, 0.0005, 2600, calm, known)
	f("a season that is not", 10, false, 0.01, 3600, calm, none)
	f("bursts", 10, true, 0.02, 3000, func(l *loop) func(time.Duration) float64 {
		until, high := time.Duration(0), 0.0
		return func(at time.Duration) float64 {
			if at > until && l.IntN(200) == 0 {
				until, high = at+time.Duration(l.IntN(60))*time.Minute, 500+4000*l.Float64()
			}
			if at < until {
				return high
			}
			return 400
		}
	}, func(from, to time.Duration) *foreshock.Forecast { // it knows of no burst
		fc := flat(450, int((to-from)/tick))
		fc.At = noon.Add(from)
		return fc
	})
	f("an adversary", 10, true, 1, 16000, func(l *loop) func(time.Duration) float64 { // always the opposite of what there is
		return func(time.Duration) float64 {
			have, _ := l.state.Resource.Allocated.Get(foreshock.DimIOPS)
			if l.IntN(40) == 0 {
				return 3 * have
			}
			return 0.1 * have
		}
	}, none)
}
