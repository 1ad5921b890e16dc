package feedback

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/foreshock-io/foreshock"
)

// plant is a volume that queues: a fluid queue with carried backlog, whose monitored IOPS are what was served, so that demand above the
// capacity shows in latency only.
type plant struct {
	*rand.Rand
	length   time.Duration // of a step
	capacity float64
	backlog  float64
	service  float64 // seconds per request when idle
	// own is latency of the application, neighbour a factor on latency; neither has to do with capacity.
	own, neighbour float64
	noise          float64 // of demand and of what is read, in multiples of what is usual
	now            time.Time
}

var start = time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)

func newPlant(seed uint64) *plant {
	r := rand.New(rand.NewPCG(seed, 7))
	return &plant{
		Rand: r, length: []time.Duration{10 * time.Second, 30 * time.Second, time.Minute}[r.IntN(3)],
		capacity: between(r, 500, 8000), service: between(r, 0.0002, 0.002), neighbour: 1, noise: 1, now: start,
	}
}

func between(r *rand.Rand, low, high float64) float64 { return low + (high-low)*r.Float64() }

// normal is the latency at half load.
func (p *plant) normal() float64 { return 2 * p.service }

// step runs one step at a demand, which varies a little, and reads it with noise.
func (p *plant) step(demand float64) Step {
	dt := p.length.Seconds()
	lam := demand * math.Exp(0.05*p.noise*p.NormFloat64())
	total, most := p.backlog+lam*dt, p.capacity*dt
	served, left, mean := total, 0.0, 0.0
	if total > most {
		served, left = most, total-most
		mean = (p.backlog + left) / 2
	} else if p.backlog > 0 {
		t := p.backlog / (p.capacity - lam)
		mean = p.backlog * t / (2 * dt)
	}
	if left > 30*p.capacity { // the oldest time out
		left = 30 * p.capacity
		mean = math.Min(mean, left)
	}
	rho := served / most
	latency := 100 * p.service
	if rho < 0.99 {
		latency = p.service / (1 - rho)
	}
	latency = (latency + mean/p.capacity + p.own) * p.neighbour * math.Exp(0.1*p.noise*p.NormFloat64())
	seen := lam * math.Exp(0.03*p.noise*p.NormFloat64())
	if total > most { // what is above the capacity is inferred, not read
		seen = math.Max(p.capacity, lam*math.Exp(0.2*p.noise*p.NormFloat64()))
	}
	p.backlog, p.now = left, p.now.Add(p.length)

	s := Step{Time: p.now, Abnormal: latency > 2*p.normal()}
	s.Values.Set(foreshock.Latency, latency)
	s.Values.Set(foreshock.IOPS, served/dt)
	s.Demand.Set(foreshock.DimIOPS, seen)
	return s
}

// story is what happens around one action.
type story struct {
	demand  func(p *plant, k int) float64 // k: steps since the action took effect; below 0 before
	disturb func(p *plant, k int)         // what else changes before step k
	factor  float64                       // of the capacity, by the action
	// shock is a factor on the latency of the whole fleet, the controls among it; nil: none.
	shock    func(k int) float64
	controls int  // like volumes that are not touched, half of them idle, half of them busy
	odd      int  // of them, those that have an incident of their own
	blind    bool // the demand of the volume is not known
}

// others are the controls of a plant.
type others struct {
	plants  []*plant
	demands []float64
	list    []Control
}

func newOthers(p *plant, s story) *others {
	o := &others{}
	for i := range s.controls {
		c := newPlant(p.Uint64())
		c.length, c.now, c.noise = p.length, p.now, p.noise
		if i < s.odd {
			c.own = c.normal() * between(p.Rand, 10, 60)
		}
		o.plants, o.demands = append(o.plants, c), append(o.demands, c.capacity*between(p.Rand, 0.1, 0.8))
		o.list = append(o.list, Control{ID: foreshock.ID(fmt.Sprint("disk/c", i))})
	}
	return o
}

func (o *others) step(s story, k int) {
	for i, c := range o.plants {
		if s.shock != nil {
			c.neighbour = s.shock(k)
		}
		if k >= 2 {
			c.own = 0 // an incident of its own ends
		}
		x := c.step(o.demands[i])
		r := Reading{Time: x.Time}
		r.Latency, _ = x.Values.Get(foreshock.Latency)
		r.Rate, _ = x.Values.Get(foreshock.IOPS)
		demand, _ := x.Demand.Get(foreshock.DimIOPS)
		r.Share = demand / c.capacity
		o.list[i].Steps = append(o.list[i].Steps, r)
	}
}

// tell runs a story and judges it as often as the program would.
func tell(t *testing.T, p *plant, s story) foreshock.Evaluation {
	t.Helper()
	before, meanwhile := 8, 1+p.IntN(5)
	in := Input{
		Length: p.length, LeadTime: time.Duration(meanwhile) * p.length, Normal: Normal{Level: p.normal(), Upper: 3 * p.normal()},
		Reversible: map[foreshock.Dimension]bool{foreshock.DimIOPS: true},
		Action:     foreshock.Action{ID: "a1", Workload: "disk/a"},
	}
	in.Action.From.Set(foreshock.DimIOPS, p.capacity)
	in.Action.To.Set(foreshock.DimIOPS, p.capacity*s.factor)
	o := newOthers(p, s)
	in.Controls = slices.Clone(o.list)
	run := func(k int) Step {
		if s.disturb != nil {
			s.disturb(p, k)
		}
		if s.shock != nil {
			p.neighbour = s.shock(k)
		}
		o.step(s, k)
		step := p.step(s.demand(p, k))
		if s.blind {
			step.Demand = foreshock.Allocation{}
		}
		return step
	}
	for k := -meanwhile - before; k < -meanwhile; k++ {
		in.Before = append(in.Before, run(k))
	}
	for k := -meanwhile; k < 0; k++ {
		in.Meanwhile = append(in.Meanwhile, run(k))
	}
	p.capacity *= s.factor
	in.Completed = p.now
	for k := range 1000 {
		in.After = append(in.After, run(k))
		in.Now = p.now
		for i := range in.Controls { // the others' last steps may be on their way
			in.Controls[i].Steps = o.list[i].Steps[:len(o.list[i].Steps)-2]
		}
		if e, ready := Judge(in); ready {
			return e
		}
	}
	t.Fatal("it was never judged")
	return foreshock.Evaluation{}
}

// TestGroundTruth runs each story 200 times at random, without controls and with some: the verdict must be right in 95 of 100. With twice the noise it
// may be unclear now and then, but must not be false.
func TestGroundTruth(t *testing.T) {
	for _, controls := range []int{0, 4} {
		for _, noise := range []float64{1, 2} {
			t.Run(fmt.Sprint(controls, " controls, noise ", noise), func(t *testing.T) { groundTruth(t, controls, noise) })
		}
	}
}

// enough says whether as many verdicts are right as must be, and as few false.
func enough(noise float64, right, unclear, runs int) bool {
	if noise > 1 {
		return right >= runs*93/100 && right+unclear >= runs*95/100
	}
	return right >= runs*95/100
}

func groundTruth(t *testing.T, controls int, noise float64) {
	const runs = 200
	f := func(name string, right func(e foreshock.Evaluation) bool, draw func(p *plant) story) {
		t.Helper()
		good, unclear := 0, 0
		var wrong foreshock.Evaluation
		verdicts := map[string]int{}
		for seed := range uint64(runs) {
			p := newPlant(seed)
			p.noise = noise
			s := draw(p)
			s.controls = max(s.controls, controls)
			e := tell(t, p, s)
			verdicts[e.Verdict.String()]++
			switch {
			case right(e):
				good++
			case e.Verdict == foreshock.Unclear:
				unclear++
				fallthrough
			default:
				wrong = e
			}
		}
		t.Logf("%-48s %3d of %d right %v", name, good, runs, verdicts)
		if !enough(noise, good, unclear, runs) {
			t.Errorf("%s: %d of %d right; for example wrong: %s", name, good, runs, wrong.Text)
		}
	}
	is := func(verdicts ...foreshock.Verdict) func(foreshock.Evaluation) bool {
		return func(e foreshock.Evaluation) bool {
			for _, v := range verdicts {
				if e.Verdict == v && e.Latch == (v == foreshock.DidNotHelp) {
					return true
				}
			}
			return false
		}
	}
	constant := func(x float64) func(*plant, int) float64 { return func(*plant, int) float64 { return x } }

	surely := func(e foreshock.Evaluation) bool {
		return is(foreshock.Helped)(e) && e.Effect.Lower <= e.Effect.Change && e.Effect.Change <= e.Effect.Upper && e.Effect.Upper < 0
	}
	f("more capacity helps", surely, func(p *plant) story {
		demand := p.capacity * between(p.Rand, 1.05, 2)
		return story{demand: constant(demand), factor: demand / p.capacity * between(p.Rand, 1.25, 1.6)}
	})
	f("a part of what is needed is too little", is(foreshock.TooLittle), func(p *plant) story {
		demand := p.capacity * between(p.Rand, 1.6, 2.5)
		return story{demand: constant(demand), factor: between(p.Rand, 1.1, 1.4)}
	})
	f("far more than is needed is too much", is(foreshock.TooMuch), func(p *plant) story {
		demand := p.capacity * between(p.Rand, 1.1, 1.5)
		return story{demand: constant(demand), factor: demand / p.capacity * between(p.Rand, 2.5, 4)}
	})
	f("the application is slow by itself", is(foreshock.DidNotHelp), func(p *plant) story {
		p.own = p.normal() * between(p.Rand, 4, 60)
		demand := p.capacity * between(p.Rand, 0.6, 0.85)
		return story{demand: constant(demand), factor: between(p.Rand, 1.25, 2)}
	})
	f("the load falls by itself", is(foreshock.Unclear), func(p *plant) story {
		high, low := p.capacity*between(p.Rand, 1.05, 1.5), p.capacity*between(p.Rand, 0.1, 0.6)
		at := p.IntN(4) - 2
		return story{factor: between(p.Rand, 1.4, 2.5), demand: func(_ *plant, k int) float64 {
			if k < at {
				return high
			}
			return low
		}}
	})
	f("the load falls by itself and leaves a backlog", is(foreshock.Unclear), func(p *plant) story {
		high, low := p.capacity*between(p.Rand, 1.05, 1.5), p.capacity*between(p.Rand, 0.6, 0.75)
		at := 2 - p.IntN(4)
		return story{factor: between(p.Rand, 1.4, 2.5), demand: func(_ *plant, k int) float64 {
			if k < at {
				return high
			}
			return low
		}}
	})
	f("a neighbour goes", is(foreshock.Unclear), func(p *plant) story {
		demand, factor, at := p.capacity*between(p.Rand, 0.2, 0.85), between(p.Rand, 5, 60), p.IntN(6)-4
		return story{demand: constant(demand), factor: between(p.Rand, 1.25, 2), disturb: func(p *plant, k int) {
			if p.neighbour = 1; k < at {
				p.neighbour = factor
			}
		}}
	})
	stays := func(low, high float64) func(p *plant) story {
		return func(p *plant) story {
			demand, factor := p.capacity*between(p.Rand, low, high), between(p.Rand, 5, 60)
			return story{demand: constant(demand), factor: between(p.Rand, 1.25, 2), disturb: func(p *plant, _ int) { p.neighbour = factor }}
		}
	}
	f("a neighbour stays, the volume is half used", is(foreshock.DidNotHelp), stays(0.2, 0.6))
	f("a neighbour stays, the volume is nearly full", is(foreshock.DidNotHelp, foreshock.Unclear), stays(0.6, 0.85))
	f("a demand that was forecast comes", is(foreshock.Helped), func(p *plant) story {
		low, high := p.capacity*between(p.Rand, 0.2, 0.6), p.capacity*between(p.Rand, 1.1, 2)
		return story{factor: high / p.capacity * between(p.Rand, 1.25, 1.5), demand: func(_ *plant, k int) float64 {
			if k < 0 {
				return low
			}
			return high
		}}
	})
	f("less does", is(foreshock.Helped), func(p *plant) story {
		demand := p.capacity * between(p.Rand, 0.05, 0.4)
		return story{demand: constant(demand), factor: demand / p.capacity * between(p.Rand, 1.4, 2)}
	})
	rolledBack := func(e foreshock.Evaluation) bool { return e.Verdict == foreshock.TooMuch && e.RollBack && !e.Latch }
	f("less was too much", rolledBack, func(p *plant) story {
		demand := p.capacity * between(p.Rand, 0.3, 0.6)
		return story{demand: constant(demand), factor: demand / p.capacity * between(p.Rand, 0.6, 0.97)}
	})
	f("demand comes back after less", rolledBack, func(p *plant) story {
		low, high := p.capacity*between(p.Rand, 0.1, 0.3), p.capacity*between(p.Rand, 0.6, 0.9)
		return story{factor: 0.5, demand: func(_ *plant, k int) float64 {
			if k < 0 {
				return low
			}
			return high
		}}
	})
}

// TestFleetWide hits the whole fleet, the touched and the untouched alike.
func TestFleetWide(t *testing.T) {
	for _, noise := range []float64{1, 2} {
		t.Run(fmt.Sprint("noise ", noise), func(t *testing.T) { fleetWide(t, noise) })
	}
}

func fleetWide(t *testing.T, noise float64) {
	const runs = 200
	f := func(name string, right func(e foreshock.Evaluation) bool, draw func(p *plant) story) {
		t.Helper()
		var good, unclear, before int
		var wrong foreshock.Evaluation
		for seed := range uint64(runs) {
			p := newPlant(seed)
			p.noise = noise
			s := draw(p)
			s.controls = 2 + p.IntN(6)
			s.odd = (s.controls - 1) / 3
			e := tell(t, p, s)
			switch {
			case right(e):
				good++
			case e.Verdict == foreshock.Unclear:
				unclear++
				fallthrough
			default:
				wrong = e
			}
			s.controls = 0
			p = newPlant(seed)
			p.noise = noise
			_ = draw(p)
			if right(tell(t, p, s)) {
				before++
			}
		}
		t.Logf("%-48s %3d of %d right, %3d unclear, %3d right without controls", name, good, runs, unclear, before)
		if !enough(noise, good, unclear, runs) {
			t.Errorf("%s: %d of %d right; for example wrong: %s", name, good, runs, wrong.Text)
		}
	}
	stay := func(x float64) func(*plant, int) float64 { return func(*plant, int) float64 { return x } }
	slower := func(from, to int, factor float64) func(int) float64 {
		return func(k int) float64 {
			if k >= from && k < to {
				return factor
			}
			return 1
		}
	}
	const ever = 1 << 30
	f("more capacity helps, then all become slow", func(e foreshock.Evaluation) bool {
		return e.Verdict == foreshock.Helped && e.Effect.Upper < 0 && !e.Latch && e.Against.Source == "forecast and controls"
	}, func(p *plant) story {
		demand := p.capacity * between(p.Rand, 1.1, 2)
		return story{demand: stay(demand), factor: demand / p.capacity * between(p.Rand, 1.25, 1.6), shock: slower(2, ever, between(p.Rand, 3, 20))}
	})
	f("a demand that was forecast comes, and all are slow", func(e foreshock.Evaluation) bool {
		return e.Verdict == foreshock.Helped && !e.Latch
	}, func(p *plant) story {
		low, high := p.capacity*between(p.Rand, 0.2, 0.6), p.capacity*between(p.Rand, 1.1, 2)
		return story{factor: high / p.capacity * between(p.Rand, 1.25, 1.5), shock: slower(2, ever, between(p.Rand, 3, 20)), demand: func(_ *plant, k int) float64 {
			if k < 0 {
				return low
			}
			return high
		}}
	})
	f("all were slow and recover", func(e foreshock.Evaluation) bool {
		return e.Verdict == foreshock.DidNotHelp && e.Latch || e.Verdict == foreshock.Unclear && !e.Latch
	}, func(p *plant) story {
		demand := p.capacity * between(p.Rand, 0.2, 0.85)
		return story{demand: stay(demand), factor: between(p.Rand, 1.25, 2), shock: slower(-ever, p.IntN(3), between(p.Rand, 5, 60))}
	})
	f("all were slow, a little, and recover", func(e foreshock.Evaluation) bool {
		return e.Verdict == foreshock.DidNotHelp && e.Latch || e.Verdict == foreshock.Unclear && !e.Latch
	}, func(p *plant) story {
		demand := p.capacity * between(p.Rand, 0.7, 0.88)
		return story{demand: stay(demand), factor: between(p.Rand, 1.5, 2), shock: slower(-ever, p.IntN(3), between(p.Rand, 4, 6))}
	})
	f("all were slow and recover, of an unknown demand", func(e foreshock.Evaluation) bool {
		return e.Verdict == foreshock.DidNotHelp && e.Latch || e.Verdict == foreshock.Unclear && !e.Latch
	}, func(p *plant) story {
		demand := p.capacity * between(p.Rand, 0.2, 0.5)
		return story{demand: stay(demand), factor: between(p.Rand, 1.25, 2), shock: slower(-ever, p.IntN(3), between(p.Rand, 5, 60)), blind: true}
	})
	f("all are slow and stay so", func(e foreshock.Evaluation) bool {
		return e.Verdict == foreshock.DidNotHelp && e.Latch
	}, func(p *plant) story {
		demand := p.capacity * between(p.Rand, 0.2, 0.6)
		return story{demand: stay(demand), factor: between(p.Rand, 1.25, 2), shock: slower(-ever, ever, between(p.Rand, 5, 60))}
	})
	f("less does, then all become slow", func(e foreshock.Evaluation) bool {
		return e.Verdict != foreshock.TooMuch && !e.RollBack
	}, func(p *plant) story {
		demand := p.capacity * between(p.Rand, 0.05, 0.4)
		return story{demand: stay(demand), factor: demand / p.capacity * between(p.Rand, 1.4, 2), shock: slower(2, ever, between(p.Rand, 3, 20))}
	})
}

// TestStops acts again and again where acting does not help: the latch closes after at most two actions, in 95 of 100 runs at random.
func TestStops(t *testing.T) {
	const runs, allowed = 200, 2
	f := func(name string, draw func(p *plant) story) {
		t.Helper()
		var counts [6]int // runs by the number of actions until the latch closed; the last: or it never did
		for seed := range uint64(runs) {
			p := newPlant(seed)
			s := draw(p)
			actions := 1
			for actions < len(counts)-1 && !tell(t, p, s).Latch {
				actions++
			}
			counts[actions]++
		}
		t.Logf("%-48s runs by actions until it stopped: %v", name, counts[1:])
		if good := counts[1] + counts[allowed]; good < runs*95/100 {
			t.Errorf("%s: it stopped within %d actions in %d of %d runs", name, allowed, good, runs)
		}
	}
	slow := func(low, high float64, application bool) func(p *plant) story {
		return func(p *plant) story {
			demand, times := p.capacity*between(p.Rand, low, high), between(p.Rand, 5, 60)
			if application {
				p.own = p.normal() * times
				times = 1
			}
			return story{
				demand: func(*plant, int) float64 { return demand }, factor: between(p.Rand, 1.25, 2),
				disturb: func(p *plant, _ int) { p.neighbour = times },
			}
		}
	}
	f("the application is slow by itself", slow(0.6, 0.85, true))
	f("a neighbour stays, the volume is half used", slow(0.2, 0.6, false))
	f("a neighbour stays, the volume is nearly full", slow(0.6, 0.85, false))
}
