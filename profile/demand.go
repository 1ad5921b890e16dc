package profile

import (
	"math"
	"time"

	"github.com/foreshock-io/foreshock"
)

const (
	// mostDemand bounds the demand that is recovered, relative to what was served; mostGuess that which is only guessed from
	// the latency of clients that wait: more than twice is found by doubling again.
	mostDemand, mostGuess = 4, 2
	// near is the share of the capacity from which on a stressed workload counts as saturated, atLimit that from which on
	// nothing more can have been served.
	near, atLimit = 0.9, 0.97
	// used is the share of the capacity from which on it is used up: below it a queue that requests which come at random would have at that use as well, up to
	// random times as long, says nothing of more.
	used, random = 0.99, 2
	// stressed and strained are how many times its normal the latency or the queue is, when a known capacity limits, and when
	// a capacity is to be learned from it.
	stressed, strained = 2, 10
	// growing is the share of what is served by which a queue must grow in a second to count as growing. A queue that grew in
	// growingSteps is fed from outside, and so is one in which requests wait for longer than longWait, s, and that was seen to grow;
	// that of clients that wait for their answers is at its length sooner.
	growing      = 0.02
	growingSteps = 4
	longWait     = 1
	// longFull is for how long what a queue told while it grew is known when it does not grow any more.
	longFull = 10 * time.Minute
	// longestUnread is how many steps back the queue may have been read to tell how it grew since.
	longestUnread = 3
	// even is the share by which the queue of clients that wait for their answers differs from one step to the next at most.
	even = 0.1
	// nearly is the share of the time that requests wait behind a full queue from which on those of a step before it waited as long.
	nearly = 0.95
	// leastNormal is how many readings must be known for their mean to be called normal.
	leastNormal = 20
)

// Use is what a step made use of, as [Demand] tells.
type Use struct {
	Demand    foreshock.Allocation
	Saturated map[foreshock.Dimension]bool // nil where nothing is
	Hidden    bool                         // Demand is a guess: it is at least what was served

	strain strain // what is to be learned of it
}

// Demand is how much of iops and throughput would be used if nothing limited it, and which of them limits. Where
// nothing is saturated it is what was served, S. The step says what is allocated.
//
// A dimension is saturated when S is at least 0.9 of its capacity (what is allocated, else where the workload was last
// seen to be held back) while latency and queue depth, as far as they are read, are at least twice their normal, or while requests wait for
// a second or more behind 0.9 of what is allocated, whatever is normal: that of a workload that comes in bursts only is the bursts'. Then
//
//	the queue grows (by more than 2 % of S):  S + Δqueue/Δt          what arrives is what leaves plus what is left over
//	it grew before, for long or to a length:  S·highest of these     then it is full, or what is given up keeps it even
//	the queue shrinks (by more than 2 %):     S - what it lost       part of what leaves was there before
//	it is even, and S ≥ 0.97 of capacity:     S·√(L/L₀), to 2·S      L, L₀: latency now and normally
//	else                                      S + Δqueue/Δt
//
// A queue that is not read is IOPS times latency, as far as these are; what is not known has not changed.
// The fourth line is for clients that wait for their answers, where the queue is as long as there are clients, within a tenth: by Little's
// law depth = S·L, so that they would drive at most depth/L₀ = S·L/L₀ if they did nothing else, and at least S; the
// geometric mean lies between, and twice what was served is as far as such a guess goes. It holds while they wait for longer than requests that come at random would
// at a use ρ of the capacity, L₀/(1-ρ) or twice that, up to one of 0.99. The result is at most 4·S per step. Iops and throughput grow in proportion, because what
// limits one of them holds back the other. The third line holds also when nothing is saturated any more.
//
// Depth is the mean over a step. A queue that grows evenly has at the step's end what it had at the beginning and twice what the mean is above
// that; with what it is then the growth of the first step is known as well. What it lost is the lesser of what these ends and what the means of this step
// and the one before say; where it has grown before, is on average as long as in the step before, and S is at the capacity, it is full. A queue that was seen to grow and in which requests wait for a second or more is one as long as that lasts, whatever is normal by then. In the fourth line the demand is hidden: it is at
// least what was served, and what Demand gives is a guess. So it is in the second where the queue was full before the only step in which it grew had ended, as the wait
// in that step, as long as now, tells, and where it has not grown for ten minutes, in which what comes may have grown unseen: then it is at least what Demand gives.
func Demand(step *foreshock.Step, p *foreshock.Profile) (u Use) {
	s := &u.strain
	s.read(step, p)
	var ratio float64
	for _, d := range served {
		m, _ := d.Metric()
		rate, ok := step.Values.Reading(m)
		if !ok {
			continue
		}
		u.Demand.Set(d, rate)
		capacity := capacityOf(d, p, &step.Allocated)
		if s.factor < stressed || !(capacity > 0) || rate < near*capacity {
			continue
		}
		if u.Saturated == nil {
			u.Saturated = make(map[foreshock.Dimension]bool, len(served))
		}
		u.Saturated[d] = true
		more, guessed := s.ratio(rate / capacity)
		ratio, u.Hidden = max(ratio, more), u.Hidden || guessed
	}
	if u.Saturated == nil {
		ratio = s.drained()
	}
	for _, d := range served {
		if rate, ok := u.Demand.Get(d); ok {
			u.Demand.Set(d, rate*min(ratio, mostDemand))
		}
	}
	return u
}

// served are the dimensions whose use is read.
var served = [...]foreshock.Dimension{foreshock.DimIOPS, foreshock.DimThroughput}

func capacityOf(d foreshock.Dimension, p *foreshock.Profile, allocated *foreshock.Allocation) float64 {
	if c, ok := allocated.Get(d); ok {
		return c
	}
	if p == nil {
		return 0
	}
	return p.CeilingOf(d)
}

// strain is how far above their normal latency and queue are.
type strain struct {
	factor float64 // the lesser of the two, of those that are known; 1 when none is
	wait   float64 // latency over normal, or depth over normal where latency is unknown
	end    float64 // requests in the queue at the end of the step; 0 where unknown
	growth float64 // of the queue, requests per second; NaN where unknown
	drain  float64 // what is surely taken from the queue, as a growth of at most 0
	open   float64 // demand over what was served while the queue grew for several steps; 0 where it did not
	uneven bool    // the queue is not as long as in the step before
	least  bool    // open is the least that it is: the queue was full before the step in which it grew had ended, or for long
	iops   float64 // served; NaN where unknown
	unread bool    // the queue was not read
	blind  bool    // nor was latency
}

// read finds it for a step. It is filled in where it stays: to copy what was just written in pieces takes longer.
func (s *strain) read(step *foreshock.Step, p *foreshock.Profile) {
	s.factor, s.wait, s.growth, s.iops = 1, 1, math.NaN(), math.NaN()
	if p == nil {
		return
	}
	if iops, ok := step.Values.Reading(foreshock.IOPS); ok {
		s.iops = iops
	}
	wait, timed := step.Values.Get(foreshock.Latency)
	now, read := queued(step)
	s.unread = !read && s.iops != 0 // where nothing is served and nothing is told, nothing waits
	s.blind = s.unread && !timed
	depth, hasDepth := overNormal(step, p, foreshock.QueueDepth)
	latency, hasLatency := overNormal(step, p, foreshock.Latency)
	switch {
	case hasDepth && hasLatency:
		s.factor, s.wait = min(depth, latency), latency
	case hasLatency:
		s.factor, s.wait = latency, latency
	case hasDepth && !timed: // a queue alone tells nothing where latency is read and not known yet: it is longer as more comes
		s.factor, s.wait = depth, depth
	}
	waits := wait >= longWait
	fed := waits && p.Backlog.Growing > 0 // from outside
	if fed || waits && heldBack(step) {
		s.factor = max(s.factor, stressed) // whatever is normal: that rises while it lasts, and where there is nothing but bursts it is theirs
	}
	elapsed := time.Duration(step.Time.UnixNano()-p.UpdatedAt) + time.Duration(p.Backlog.Unread)*p.Length // since the queue was read
	if before, known := queuedBefore(p); known && (hasDepth || hasLatency) && read && elapsed > 0 && elapsed <= longestUnread*p.Length {
		s.end = s.queueAt(now, before, p)
		s.growth = (s.end - float64(p.Backlog.End)) / elapsed.Seconds()
		s.drain = min(0, max(s.growth, (now-before)/elapsed.Seconds()))
		s.uneven = hasDepth && math.Abs(now-before) > even*max(now, before) // a product of two readings varies by more
	}
	if b := p.Backlog; fed || b.Growing >= growingSteps {
		s.open = float64(b.Ratio)
		s.least = b.Growing == 1 && (s.open-1)*p.Length.Seconds() >= 2*nearly*wait || time.Duration(b.Since)*p.Length >= longFull
	}
}

// queued is how many requests wait or are served, on average over a step: as read, else by Little's law.
func queued(step *foreshock.Step) (float64, bool) {
	if depth, ok := step.Values.Reading(foreshock.QueueDepth); ok {
		return depth, true
	}
	iops, served := step.Values.Reading(foreshock.IOPS)
	latency, timed := step.Values.Reading(foreshock.Latency)
	return iops * latency, served && timed
}

// queuedBefore is the same of the readings before, as far as they are of one time.
func queuedBefore(p *foreshock.Profile) (float64, bool) {
	if mp := p.Metrics[foreshock.QueueDepth]; mp != nil {
		return mp.Last, true
	}
	iops, latency := p.Metrics[foreshock.IOPS], p.Metrics[foreshock.Latency]
	if iops == nil || latency == nil {
		return 0, false
	}
	return iops.Last * latency.Last, true
}

// queueAt is what is in the queue at the end of a step with a mean depth: between it and what it would be after a jump at the step's beginning.
func (s *strain) queueAt(depth, before float64, p *foreshock.Profile) float64 {
	if s.factor < stressed {
		return depth
	}
	jump := 2*depth - before
	begun, steps := float64(p.Backlog.End), 1+float64(p.Backlog.Unread)
	even := begun + (depth-begun)*steps/(steps-0.5) // had it grown evenly since it was read
	return max(0, min(max(even, min(depth, jump)), max(depth, jump)))
}

func overNormal(step *foreshock.Step, p *foreshock.Profile, m foreshock.Metric) (float64, bool) {
	x, ok := step.Values.Reading(m)
	mp := p.Metrics[m]
	if !ok || mp == nil || mp.Rarity.Count < leastNormal {
		return 0, false
	}
	// A tenth of a request in the queue is as good as none, and so is a latency that the clock hardly shows.
	least := 1e-6
	if m == foreshock.QueueDepth {
		least = 0.1
	}
	return x / max(float64(mp.Rarity.WithSeason), least), true
}

// ratio is demand over what was served, at a use of the capacity; guessed says that it may be any.
func (s *strain) ratio(use float64) (ratio float64, guessed bool) {
	switch {
	case s.grows():
		return s.arrived(), false
	case s.drains():
		return s.drained(), false
	case use >= atLimit && s.open > 0:
		return s.open, s.least
	case use >= atLimit && !s.uneven && !(use < used && s.wait*(1-use) <= random):
		return min(mostGuess, math.Sqrt(max(s.wait, 1))), true
	case s.iops > 0 && s.growth > 0:
		return s.arrived(), false
	}
	return 1, false
}

// grows and drains say whether the queue does, by more than is chance.
func (s *strain) grows() bool  { return s.iops > 0 && s.growth > growing*s.iops }
func (s *strain) drains() bool { return s.drain < -growing*s.iops }

// arrived is demand over what was served while the queue grows.
func (s *strain) arrived() float64 { return 1 + s.growth/s.iops }

// drained is demand over what was served where part of that was in the queue before.
func (s *strain) drained() float64 {
	if s.iops > 0 && s.drains() {
		return max(0, 1+s.drain/s.iops)
	}
	return 1
}

// learnBacklog remembers how fast the queue of a saturated workload grew. It must be called before the step's readings
// become the last ones.
func learnBacklog(p *foreshock.Profile, s *strain) {
	b := &p.Backlog
	switch {
	case s.blind: // it may be as it was
	case s.factor < stressed:
		*b = foreshock.Backlog{}
	case s.grows():
		b.Growing, b.Since = min(b.Growing+1, growingSteps), 0
		b.Ratio = max(b.Ratio, float32(min(s.arrived(), mostDemand)))
	case b.Growing > 0:
		b.Since = min(b.Since, math.MaxInt16-1) + 1
	}
	if s.unread {
		b.Unread = min(b.Unread, math.MaxInt8-1) + 1
		return
	}
	b.End, b.Unread = float32(s.end), 0
}

// learnCeiling remembers the rate at which a workload without a known allocation is held back: latency and queue are far above
// normal, and the rate is within 5 % of the step before. It must be called before the step's readings become the last ones.
// Where what is allocated holds a workload back, nothing else does: throughput stays where IOPS leave it, and rises with them.
func learnCeiling(p *foreshock.Profile, step *foreshock.Step, s *strain) {
	if s.factor >= strained && heldBack(step) {
		return
	}
	for _, d := range served {
		m, _ := d.Metric()
		rate, ok := step.Values.Reading(m)
		if !ok || p.Metrics[m] == nil {
			continue
		}
		switch c := &p.Metrics[m].Ceiling; {
		case s.factor < strained:
			if *c > 0 && float32(rate) > *c {
				*c = 0 // more was served without strain: that was no ceiling, or it is gone
			}
		case rate > 0 && math.Abs(rate-p.Metrics[m].Last) <= 0.05*rate:
			if *c == 0 {
				*c = float32(rate)
			}
			*c += 0.2 * (float32(rate) - *c)
		}
	}
}

// heldBack says whether what is allocated, as far as the step says, is as good as used up.
func heldBack(step *foreshock.Step) bool {
	for _, d := range served {
		m, _ := d.Metric()
		rate, read := step.Values.Reading(m)
		if have, known := step.Allocated.Get(d); read && known && rate >= near*have {
			return true
		}
	}
	return false
}
