package decide

import (
	"time"

	"github.com/foreshock-io/foreshock"
)

// Need is how much of a dimension is to be reckoned with, in its unit, whoever has to bear it.
type Need struct {
	Now   float64 // demand as it was read last
	Ahead float64 // the peak of its forecast from now on, corrected by its learned bias; 0 where no forecast may be a reason to grow
	Level float64 // its quantile
	Over  time.Duration
	// Capacity is the greater of both with the policy's headroom.
	Capacity float64
}

// Peak is the greater of what is needed now and what is forecast.
func (n *Need) Peak() float64 { return max(n.Now, n.Ahead) }

// NeedOf says what is needed of a dimension from now over a time; where that is 0, until a change that is asked for now is in effect, by the policy and as it was
// learned. A level of 0 is the policy's quantile of forecasts. Where nothing can be said for sure it says why: missing is not zero.
func NeedOf(s State, dim foreshock.Dimension, level float64, over time.Duration) (n Need, why string) {
	if s.Policy == nil {
		none := Default()
		s.Policy = &none
	}
	d := deliberate(s)
	if level > 0 {
		d.policy.Quantile = level
	}
	if q := d.quality(); q != foreshock.Fresh {
		return n, "the data are " + q.String()
	}
	m := measure{Dimension: dim}
	if m.demand, m.known = d.Demand.Get(dim); !m.known || !finite(m.demand) || m.demand < 0 {
		return n, "the demand for " + dim.String() + " is not known"
	}
	if over <= 0 {
		over = d.soon(m)
	}
	n = Need{Now: m.demand, Level: d.policy.QuantileOf(d.Learned[dim]), Over: over}
	if _, may := d.acting(m); may {
		if e, ok := d.foretold(m, over); ok {
			n.Ahead, n.Level = e.peak, e.level
		}
	}
	n.Capacity = d.withHeadroom(n.Peak())
	return n, ""
}
