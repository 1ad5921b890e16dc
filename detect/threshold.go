package detect

import (
	"fmt"
	"math"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Bounds of a workload's threshold and of what opinions make of it.
const (
	LeastThreshold = 0.7
	MostThreshold  = 4.0

	leastBias, mostBias = 0.5, 2.5
)

const (
	alarmMemory = 14 * 24 * time.Hour // half-life of alarms and of the time watched
	decayEvery  = time.Hour
	follow      = 0.3  // power with which the threshold follows the rate of alarms
	leastMove   = 0.05 // relative; what is less is not worth a record
	// leastFollowed is how far a quiet history lowers the threshold: a budget is what may be told, not what must be.
	leastFollowed = 0.8
)

// watch counts the time watched, anomalies and, when one has become an alarm, the alarm, and moves the threshold once the anomaly is over:
// none changes how severe it is itself. What a workload had before it was trusted tells nothing of how it is.
func (d *Detector) watch(c *Changes, p *foreshock.Profile, step *foreshock.Step) {
	t := &p.Threshold
	t.Watched += p.Length.Seconds()
	over := false
	for i := range c.Anomalies {
		a := &c.Anomalies[i]
		over = over || !a.End.IsZero()
		if a.Steps == 1 && a.End.IsZero() && a.Stage == foreshock.Trusted {
			t.Lows++
		}
		if a.Worst >= foreshock.Medium && !p.Counted {
			t.Alarms++
		}
		p.Counted = a.End.IsZero() && (p.Counted || a.Worst >= foreshock.Medium)
	}
	passed := time.Duration(step.Time.UnixNano() - t.DecayedAt)
	if p.Current != nil || !over && passed < decayEvery {
		return
	}
	if passed >= decayEvery {
		if t.DecayedAt != 0 {
			kept := math.Exp2(-float64(passed) / float64(alarmMemory))
			t.Alarms, t.Lows, t.Watched = float32(float64(t.Alarms)*kept), float32(float64(t.Lows)*kept), t.Watched*kept
		}
		t.DecayedAt = step.Time.UnixNano()
	}
	weeks := t.Watched / week.Seconds()
	c.Correction = d.move(p, func() string {
		return fmt.Sprintf("%.1f alarms and %.1f anomalies in %.1f weeks watched; %g and %g a week are wanted",
			t.Alarms, t.Lows, weeks, d.cfg.AlarmsPerWeek, d.cfg.LowPerWeek)
	})
}

// move sets the threshold to what history and opinions make of it, and tells of it when it is worth telling.
func (d *Detector) move(p *foreshock.Profile, why func() string) *foreshock.Correction {
	t := &p.Threshold
	weeks := t.Watched / week.Seconds()
	alarms := (float64(t.Alarms) + 1) / (d.cfg.AlarmsPerWeek*weeks + 1)
	lows := (float64(t.Lows) + 1) / (d.cfg.LowPerWeek*weeks + 1)
	wanted := max(leastFollowed, math.Pow(max(alarms, lows), follow)) * bias(t)
	wanted = min(max(wanted, LeastThreshold), MostThreshold)
	from := threshold(p)
	if math.Abs(wanted-from) < leastMove*from {
		return nil
	}
	t.Value = wanted
	return &foreshock.Correction{Workload: p.ID, What: "threshold", From: from, To: wanted, Why: why()}
}

func bias(t *foreshock.Threshold) float64 { return known(t.Bias) }

// known is x, and 1 where nothing is known yet.
func known(x float64) float64 {
	if x > 0 {
		return x
	}
	return 1
}

// FalseAlarm takes in that an anomaly was none: the threshold rises by up to 15 %.
func (d *Detector) FalseAlarm(p *foreshock.Profile) foreshock.Correction {
	return d.opinion(p, 1.15, 0, "reported as a false alarm")
}

// Missed takes in that there was an anomaly that was not found: the threshold falls by up to 15 %.
func (d *Detector) Missed(p *foreshock.Profile) foreshock.Correction {
	return d.opinion(p, 1/1.15, 0, "an anomaly was missed")
}

// Useful takes in that an anomaly was one: it does not count against the budget of alarms any more.
func (d *Detector) Useful(p *foreshock.Profile) foreshock.Correction {
	return d.opinion(p, 1, 1, "reported as useful")
}

// Helped takes in that an action upon an anomaly showed that it was one: it does not count against the budget of alarms, and what actions that were wasted
// have made of the threshold goes back by up to 6 %.
func (d *Detector) Helped(p *foreshock.Profile, why string) foreshock.Correction {
	return d.opinion(p, 1/min(wasted, max(1, bias(&p.Threshold))), 1, why)
}

// Wasted takes in that an action upon an anomaly was of no use: the threshold rises by up to 6 %.
func (d *Detector) Wasted(p *foreshock.Profile, why string) foreshock.Correction {
	return d.opinion(p, wasted, 0, why)
}

// wasted is what an action of no use multiplies the threshold by.
const wasted = 1.06

func (d *Detector) opinion(p *foreshock.Profile, factor float64, alarms float32, why string) foreshock.Correction {
	t := &p.Threshold
	was := stand(t)
	t.Bias = min(max(bias(t)*factor, leastBias), mostBias)
	t.Alarms = max(0, t.Alarms-alarms)
	c := d.move(p, func() string { return why })
	if c == nil {
		at := threshold(p)
		c = &foreshock.Correction{Workload: p.ID, What: "threshold", From: at, To: at, Why: why + "; it stays where it is"}
	}
	tell(c, was, t)
	return *c
}

// stand is what opinions move of a threshold.
func stand(t *foreshock.Threshold) foreshock.Stand {
	return foreshock.Stand{Value: t.Value, Bias: t.Bias, Alarms: t.Alarms}
}

// tell has a correction say all that it moved of a threshold that stood so before, so that it can be taken back.
func tell(c *foreshock.Correction, was foreshock.Stand, t *foreshock.Threshold) {
	if is := stand(t); is != was {
		c.Was, c.Is = &was, &is
	}
}

// Undo takes a correction of the threshold back: it is at c.From again and goes on following its history from there. Where the correction says all that it
// moved, all of that is taken back.
func (d *Detector) Undo(p *foreshock.Profile, c foreshock.Correction) foreshock.Correction {
	t := &p.Threshold
	stood, from := stand(t), threshold(p)
	if c.From > 0 && c.To > 0 {
		t.Bias = min(max(bias(t)*c.From/c.To, leastBias), mostBias)
		t.Value = min(max(from*c.From/c.To, LeastThreshold), MostThreshold)
	}
	if c.Was != nil && c.Is != nil {
		takeBack(t, stood, &c)
	}
	undone := foreshock.Correction{Workload: p.ID, What: "threshold", From: from, To: threshold(p), Why: "undone: " + c.Why}
	tell(&undone, stood, t)
	return undone
}

// takeBack takes back all that a correction moved of a threshold that stood so before its value was set back. What nothing else has moved since is to the bit
// what it was. Of the rest the change alone is taken out, within what it has been: alarms that count again are forgotten as if they were new, since
// how much of them would be left by now is not kept.
func takeBack(t *foreshock.Threshold, stood foreshock.Stand, c *foreshock.Correction) {
	was, is := *c.Was, *c.Is
	if stood.Value == is.Value {
		t.Value = was.Value
	}
	t.Bias = was.Bias
	if before, after, now := known(was.Bias), known(is.Bias), known(stood.Bias); stood.Bias != is.Bias {
		t.Bias = max(min(now*before/after, max(now, before, after)), min(now, before, after))
	}
	t.Alarms = was.Alarms
	if stood.Alarms != is.Alarms {
		t.Alarms = max(0, stood.Alarms+(was.Alarms-is.Alarms))
	}
}
