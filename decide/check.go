package decide

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Check says all that is wrong with a policy that has its defaults, each with the remedy.
func (p Policy) Check() []error {
	c := &checker{}
	c.when(p.Name == "", "name is missing; give the policy a name")
	c.patterns(p.Match)
	c.when(p.Mode > foreshock.Observe && p.Target == "", "mode %s needs a target; name one of targets, or use mode observe", p.Mode)
	c.when(p.Mode > foreshock.Observe && len(p.Match) == 0, "mode %s without match would act on nothing; list globs over workload ids, for example \"disk/*\"", p.Mode)
	c.template(p.Resource)
	c.when(!within(p.Headroom, 0, 10), "headroom is %g; between 0 and 10 is allowed, for example 25%%", p.Headroom)
	c.when(!within(p.Quantile, leastQuantile, mostQuantile), "quantile is %g; between %g and %g is allowed, for example 0.95", p.Quantile, leastQuantile, mostQuantile)
	c.when(!within(p.Above, 0, 1), "above is %g; between 0 and 1 is allowed, for example 90%%", p.Above)
	c.duration("cooldown", p.Cooldown)
	c.duration("lead_time", p.LeadTime)
	c.duration("max_latency", p.MaxLatency)
	c.when(p.Validity <= 0 || p.Validity > time.Hour, "validity is %s; above 0 and at most 1h is allowed", p.Validity)
	c.when(p.Patience <= 0 || p.Patience > 24*time.Hour, "patience is %s; above 0 and at most 24h is allowed", p.Patience)
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		if b, ok := p.Bounds[d]; ok {
			c.bounds(d, b)
		}
	}
	c.objective(p.Objective)
	c.spending(&p)
	c.windows(p.Windows)
	c.calendar(&p)
	c.duration("reduce.after", p.Reduce.After)
	c.duration("reduce.cooldown", p.Reduce.Cooldown)
	c.when(!within(p.Reduce.Below, 0.01, 0.99), "reduce.below is %g; between 0.01 and 0.99 is allowed, for example 70%%", p.Reduce.Below)
	c.when(math.IsNaN(p.Limits.Share) || p.Limits.Share > 1, "limits.share is %g; at most 1 is allowed, for example 50%%", p.Limits.Share)
	c.when(math.IsNaN(p.Limits.GrowthRatio) || (p.Limits.GrowthRatio > 0 && p.Limits.GrowthRatio <= 1),
		"limits.growth_ratio is %g; it must be above 1, for example 4", p.Limits.GrowthRatio)
	return c.faults
}

type checker struct{ faults []error }

func (c *checker) when(wrong bool, format string, args ...any) {
	if wrong {
		c.faults = append(c.faults, fmt.Errorf(format, args...))
	}
}

func (c *checker) duration(name string, x time.Duration) {
	c.when(x < 0, "%s is %s; a negative time is not allowed", name, x)
}

func (c *checker) patterns(list []string) {
	for i, glob := range list {
		_, err := compile(glob)
		c.when(err != nil, "match[%d] is %q: %v; write for example \"disk/*\"", i, glob, err)
	}
}

func (c *checker) objective(o Costs) {
	c.when(!within(o.UnitHour, 0, math.MaxFloat64), "objective.unit_hour is %g; at least 0 is allowed, for example 1", o.UnitHour)
	c.when(!within(o.LateSecond, 0, math.MaxFloat64), "objective.late_second is %g; at least 0 is allowed", o.LateSecond)
	c.when(!within(o.Utilisation, 0, 1), "objective.utilisation is %g; between 0 and 1 is allowed, for example 90%%", o.Utilisation)
	c.when(o != Costs{} && !o.Stated(), "objective states a part only; unit_hour, late_second and utilisation belong together")
}

func (c *checker) bounds(d foreshock.Dimension, b Bounds) {
	c.when(!within(b.Min, 0, math.MaxFloat64), "bounds.%s.min is %g; at least 0 is allowed", d, b.Min)
	c.when(!within(b.Max, 0, math.MaxFloat64), "bounds.%s.max is %g; at least 0 is allowed (0: only the provider's counts)", d, b.Max)
	c.when(b.Max > 0 && b.Max < b.Min, "bounds.%s.max %g is below min %g; exchange them", d, b.Max, b.Min)
	c.when(!within(b.Step, 0.01, 10), "bounds.%s.step is %g; between 0.01 and 10 is allowed, for example 25%%", d, b.Step)
	c.when(!within(b.Quantum, 0, math.MaxFloat64), "bounds.%s.quantum is %g; at least 0 is allowed", d, b.Quantum)
	c.when(!within(b.Price, 0, math.MaxFloat64), "bounds.%s.price is %g; at least 0 is allowed", d, b.Price)
	c.when(b.Max > 0 && b.Quantum > b.Max, "bounds.%s.quantum %g is above max %g: no amount is allowed; lower it", d, b.Quantum, b.Max)
}

var placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)

func (c *checker) template(text string) {
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		c.when(m[1] != "id" && m[1] != "name", "resource has %s; there is: ${id}, ${name}", m[0])
	}
}

func (c *checker) spending(p *Policy) {
	for _, cap := range []struct {
		name string
		most float64
	}{{"spend", p.Limits.Spend}, {"fleet_spend", p.Limits.FleetSpend}} {
		c.when(math.IsNaN(cap.most) || math.IsInf(cap.most, 0), "limits.%s is %g; an amount of money for an hour is expected, for example 5", cap.name, cap.most)
		for dim := range foreshock.Dimension(foreshock.NumDimensions) {
			c.when(cap.most > 0 && p.Changes(dim) && p.Price(dim) <= 0,
				"limits.%s binds nothing in %s, which has no price; state bounds.%s.price, or objective.unit_hour", cap.name, dim, dim)
		}
	}
}

func (c *checker) windows(list []Window) {
	for i := range list {
		w := &list[i]
		c.when(w.Name == "", "windows[%d].name is missing; give the window a name, it is told in reasons", i)
		c.when(w.Inside == AllowAll && w.Outside == AllowAll, "windows[%d] changes nothing; state what is allowed inside or outside: %s", i, strings.Join(allowNames[1:], ", "))
	}
}

func (c *checker) calendar(p *Policy) {
	for i := range p.Calendar {
		o, at := &p.Calendar[i], fmt.Sprintf("calendar[%d]", i)
		c.when(o.Name == "", "%s.name is missing; give the occasion a name, it is told in reasons", at)
		c.when(len(o.Dates) == 0, "%s.dates is missing; list for example 2026-12-24, 12-24, %s", at, monthEnd)
		c.when(o.Lasts <= 0 || o.Lasts > longestOccasion, "%s.lasts is %s; above 0 and at most %s is allowed", at, span(o.Lasts), span(longestOccasion))
		c.when(o.Lead < 0 || o.Lead > longestOccasion, "%s.lead is %s; at least 0 and at most %s is allowed", at, span(o.Lead), span(longestOccasion))
		c.when(o.Factor != 0 && !within(o.Factor, 1, mostFactor), "%s.factor is %g; between 1 and %d is allowed, for example 1.5", at, o.Factor, mostFactor)
		c.when(o.Factor == 0 && len(o.Min) == 0, "%s wants nothing; state factor, or min per dimension", at)
		for dim := range foreshock.Dimension(foreshock.NumDimensions) {
			least, stated := o.Min[dim]
			if !stated {
				continue
			}
			b, changes := p.Bounds[dim]
			c.when(!changes, "%s.min.%s is of a dimension that bounds does not name; add bounds.%s", at, dim, dim)
			c.when(!within(least, 0, math.MaxFloat64), "%s.min.%s is %g; at least 0 is allowed", at, dim, least)
			c.when(b.Max > 0 && least > b.Max, "%s.min.%s %g is above bounds.%s.max %g; lower it, or raise max", at, dim, least, dim, b.Max)
		}
	}
}

func within(x, lowest, highest float64) bool { return x >= lowest && x <= highest }
