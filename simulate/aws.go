package simulate

// Settings of Amazon's policies: target tracking grows after 3 minutes above the target and shrinks after 15 minutes below nine tenths of
// it; the steps are of the sizes of the guide's example.
const (
	trackTarget = 0.55
	trackAbove  = 3  // minutes
	trackBelow  = 15 // minutes
	trackSlack  = 0.9

	stepUpper, stepLower = 0.8, 0.5
	stepFar              = 0.1 // beyond a bound, where the larger step begins
	stepSmall, stepLarge = 0.1, 0.3
	stepAbove, stepBelow = 3, 15 // minutes
)

// alarm counts how long utilisation has been beyond two bounds.
type alarm struct{ above, below int }

func (a *alarm) count(s Sample, upper, lower float64) {
	use := s.IOPS / s.Effective
	a.above, a.below = a.above+1, a.below+1
	if use <= upper {
		a.above = 0
	}
	if use >= lower {
		a.below = 0
	}
}

// tracking is target tracking; a floor, where there is one, holds whatever the alarms say.
type tracking struct {
	alarm
	provider Provider
	target   float64
	floor    func(s Sample) float64
}

func newTracking(_ *Trace, p Provider) Policy {
	return &tracking{provider: p, target: trackTarget, floor: func(Sample) float64 { return 0 }}
}

// Answer implements [Policy].
func (a *tracking) Answer(s Sample) ([]float64, error) {
	want := s.Provisioned
	if !s.Missing {
		a.count(s, a.target, trackSlack*a.target)
		fits := a.provider.Fit(s.IOPS / a.target)
		switch {
		case a.above >= trackAbove:
			want = max(want, fits)
		case a.below >= trackBelow:
			want = min(want, fits)
		}
	}
	return ask(s, max(want, a.provider.Fit(a.floor(s)))), nil
}

// stepping is step scaling.
type stepping struct {
	alarm
	provider Provider
}

func newStepping(_ *Trace, p Provider) Policy { return &stepping{provider: p} }

// Answer implements [Policy]. A step is at least one quantum.
func (a *stepping) Answer(s Sample) ([]float64, error) {
	if s.Missing {
		return nil, nil
	}
	a.count(s, stepUpper, stepLower)
	use := s.IOPS / s.Effective
	size := func(beyond float64) float64 {
		if beyond > stepFar {
			return max(stepLarge*s.Provisioned, a.provider.Quantum)
		}
		return max(stepSmall*s.Provisioned, a.provider.Quantum)
	}
	switch {
	case a.above >= stepAbove:
		return ask(s, a.provider.Fit(s.Provisioned+size(use-stepUpper))), nil
	case a.below >= stepBelow:
		return ask(s, a.provider.Fit(s.Provisioned-size(stepLower-use))), nil
	}
	return nil, nil
}

const (
	profileDays = 14
	hourSteps   = 60
	dayHours    = 24
)

// profile is the highest load of each hour of the day over the last days.
type profile struct {
	hours []float64 // highest load of each of the last days' hours, the oldest first
	most  float64   // so far, of the present hour
	seen  bool      // something was measured in it
	hour  int64     // which it is; 0 before the first
}

// newPredictive is predictive scaling as Amazon has it: the hourly profile of two weeks is a floor under target tracking.
func newPredictive(_ *Trace, p Provider) Policy {
	var h profile
	return &tracking{provider: p, target: trackTarget, floor: func(s Sample) float64 {
		h.take(s)
		ahead := int64(p.ApplyDelay.Seconds()) + bufferSeconds
		return max(h.at(s.Time), h.at(s.Time+ahead)) / trackTarget
	}}
}

// bufferSeconds is how long before its hour a forecast's capacity is made.
const bufferSeconds = 300

func (h *profile) take(s Sample) {
	hour := (s.Time - 1) / (hourSteps * stepSeconds)
	if h.hour != 0 && hour != h.hour {
		if n := len(h.hours); !h.seen && n >= dayHours {
			h.most = h.hours[n-dayHours] // a gap is as it was yesterday
		}
		h.hours = append(h.hours, h.most)
		h.hours = h.hours[max(0, len(h.hours)-profileDays*dayHours):]
		h.most, h.seen = 0, false
	}
	h.hour = hour
	if !s.Missing {
		h.most, h.seen = max(h.most, s.IOPS), true
	}
}

// at is the mean of the hours that are whole days before a time; 0 where none is.
func (h *profile) at(when int64) float64 {
	ahead := int(when/(hourSteps*stepSeconds) - h.hour)
	var sum, n float64
	for i := len(h.hours) + ahead - dayHours; i >= 0; i -= dayHours {
		if i < len(h.hours) {
			sum, n = sum+h.hours[i], n+1
		}
	}
	return sum / max(n, 1)
}
