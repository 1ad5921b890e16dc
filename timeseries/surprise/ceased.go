package surprise

import "math"

const (
	// nothing is up to which share of its usual height a reading is as good as nothing,
	nothing = 0.01
	// something from which on what is expected is more than that.
	something = 0.1
	// leastRun is how many readings of nothing in a row are no surprise anywhere.
	leastRun = 6
	// perDouble is how many steps of a run's code make a factor of two.
	perDouble = 15
)

// ceased is the surprise of a run of readings of nothing that is longer than all before it, where something is expected; 0 for any other. A load that varies by
// as much as a third of its level cannot fall by many usual deviations: it is not how far it fell that is rare, but for how long. A run of no length seen
// among n readings has a probability of less than 1/n, and the longer it is the less: runs are taken to be as long by a power law, as spikes are high.
func (m *Metric) ceased(j *Judgement) float64 {
	if !m.isNothing(j.x) {
		return 0
	}
	run, known := margin*(1+float64(m.Day.Nothing)), max(leastRun, runOf(m.Day.Longest))
	if run <= known {
		return 0
	}
	least := something * float64(m.Height.Mean)
	if j.Expected < least {
		return 0
	}
	for i := range m.seasons() { // whether it is used or not
		if j.knowns[i] && float64(j.x-(j.lefts[i]-m.season(i).Level.Mean)) < least {
			return 0
		}
	}
	return log10Of2 * log2(float64(m.Count)*run/known)
}

func (m *Metric) isNothing(x float32) bool { return abs(x) < nothing*m.Height.Mean }

// countNothing takes in whether a reading is one of nothing.
func (m *Metric) countNothing(j *Judgement) {
	d := &m.Day
	switch {
	case m.isNothing(j.x):
		d.Nothing = min(d.Nothing, math.MaxUint16-1) + 1
	case d.Nothing > 0:
		d.Longest, d.Nothing = max(d.Longest, runCode(d.Nothing)), 0
	}
	if j.hours[0] == 0 && d.Hour == dayHours && d.Longest > 0 { // a day begins
		d.Longest--
	}
}

// runCode is a run's length in a byte, and runOf gives it back.
func runCode(run uint16) uint8 { return uint8(1 + perDouble*math.Log2(float64(max(run, 1)))) }

func runOf(code uint8) float64 {
	if code == 0 {
		return 0
	}
	return math.Exp2(float64(code-1) / perDouble)
}
