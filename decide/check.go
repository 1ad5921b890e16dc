package decide

import (
	"fmt"
	"math"
	"regexp"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Fault is one thing that is wrong with a policy, with the remedy.
type Fault struct {
	// Settings are the paths of those that it rests on: "bounds.iops.max". The first is where it is to be mended.
	Settings []string
	Text     string
}

func (f Fault) Error() string { return f.Text }

// Setting is the path of the setting that is to be mended.
func (f Fault) Setting() string { return f.Settings[0] }

// Check says all that is wrong with a policy that has its defaults; each is a Fault.
func (p Policy) Check() []error {
	c := &checker{}
	c.when(p.Name == "", "name", "is missing; give the policy a name")
	c.patterns(p.Match)
	acts := p.Mode > foreshock.Observe
	c.among(acts && p.Target == "", []string{"mode", "target"}, "mode %s needs a target; name one of targets, or use mode observe", p.Mode)
	c.among(acts && len(p.Match) == 0, []string{"mode", "match"},
		"mode %s without match would act on nothing; list globs over workload ids, for example \"disk/*\"", p.Mode)
	c.template(p.Resource)
	c.when(!within(p.Headroom, 0, 10), "headroom", "is %g; between 0 and 10 is allowed, for example 25%%", p.Headroom)
	c.when(!within(p.Quantile, leastQuantile, mostQuantile), "quantile", "is %g; between %g and %g is allowed, for example 0.95", p.Quantile, leastQuantile, mostQuantile)
	c.when(!within(p.Above, 0, 1), "above", "is %g; between 0 and 1 is allowed, for example 90%%", p.Above)
	c.duration("cooldown", p.Cooldown)
	c.duration("lead_time", p.LeadTime)
	c.duration("max_latency", p.MaxLatency)
	c.when(p.Validity <= 0 || p.Validity > time.Hour, "validity", "is %s; above 0 and at most 1h is allowed", p.Validity)
	c.when(p.Patience <= 0 || p.Patience > 24*time.Hour, "patience", "is %s; above 0 and at most 24h is allowed", p.Patience)
	for d := range foreshock.Dimension(foreshock.NumDimensions) {
		if b, ok := p.Bounds[d]; ok {
			c.bounds("bounds."+d.String(), b)
		}
	}
	c.objective(p.Objective)
	c.spending(&p)
	c.windows(p.Windows)
	c.calendar(&p)
	c.duration("reduce.after", p.Reduce.After)
	c.duration("reduce.cooldown", p.Reduce.Cooldown)
	c.when(!within(p.Reduce.Below, 0.01, 0.99), "reduce.below", "is %g; between 0.01 and 0.99 is allowed, for example 70%%", p.Reduce.Below)
	c.when(math.IsNaN(p.Limits.Share) || p.Limits.Share > 1, "limits.share", "is %g; at most 1 is allowed, for example 50%%", p.Limits.Share)
	c.when(math.IsNaN(p.Limits.GrowthRatio) || (p.Limits.GrowthRatio > 0 && p.Limits.GrowthRatio <= 1),
		"limits.growth_ratio", "is %g; it must be above 1, for example 4", p.Limits.GrowthRatio)
	return c.faults
}

type checker struct{ faults []error }

// when notes what is wrong with one setting, after its path.
func (c *checker) when(wrong bool, at, format string, args ...any) {
	c.among(wrong, []string{at}, at+" "+format, args...)
}

// among notes what is wrong with several settings together, the one to be mended first.
func (c *checker) among(wrong bool, settings []string, format string, args ...any) {
	if wrong {
		c.faults = append(c.faults, Fault{settings, fmt.Sprintf(format, args...)})
	}
}

func (c *checker) duration(at string, x time.Duration) {
	c.when(x < 0, at, "is %s; a negative time is not allowed", x)
}

func (c *checker) patterns(list []string) {
	for i, glob := range list {
		_, err := compile(glob)
		c.when(err != nil, fmt.Sprintf("match[%d]", i), "is %q: %v; write for example \"disk/*\"", glob, err)
	}
}

// mostLate is how many units for an hour a late second may cost: sums of costs stay numbers.
const mostLate = 1e6

func (c *checker) objective(o Costs) {
	c.when(!within(o.UnitHour, 0, math.MaxFloat64), "objective.unit_hour", "is %g; at least 0 is allowed, for example 1", o.UnitHour)
	c.when(!within(o.LateSecond, 0, math.MaxFloat64), "objective.late_second", "is %g; at least 0 is allowed", o.LateSecond)
	c.when(!within(o.Utilisation, 0, 1), "objective.utilisation", "is %g; between 0 and 1 is allowed, for example 90%%", o.Utilisation)
	least := o.UnitHour / time.Hour.Seconds()
	c.when(o.Stated() && o.LateSecond <= least, "objective.late_second",
		"is %g, no more than capacity costs for a second, unit_hour / 3600 = %.3g, so that the least amount would always be the cheapest; state more, for example %.3g",
		o.LateSecond, least, 20*least)
	c.among(o.Stated() && !(o.LateSecond/o.UnitHour <= mostLate), []string{"objective.late_second", "objective.unit_hour"},
		"objective.late_second %g is more than %g times unit_hour %g: nothing but lateness would count; lower it, or raise unit_hour", o.LateSecond, mostLate, o.UnitHour)
	c.when(o != Costs{} && !o.Stated(), "objective", "states a part only; unit_hour, late_second and utilisation belong together")
}

func (c *checker) bounds(at string, b Bounds) {
	lowest, highest, quantum := at+".min", at+".max", at+".quantum"
	c.when(!within(b.Min, 0, math.MaxFloat64), lowest, "is %g; at least 0 is allowed", b.Min)
	c.when(!within(b.Max, 0, math.MaxFloat64), highest, "is %g; at least 0 is allowed (0: only the provider's counts)", b.Max)
	c.among(b.Max > 0 && b.Max < b.Min, []string{highest, lowest}, "%s %g is below min %g; exchange them", highest, b.Max, b.Min)
	c.when(!within(b.Step, 0.01, 10), at+".step", "is %g; between 0.01 and 10 is allowed, for example 25%%", b.Step)
	c.when(!within(b.Quantum, 0, math.MaxFloat64), quantum, "is %g; at least 0 is allowed", b.Quantum)
	c.when(!within(b.Price, 0, math.MaxFloat64), at+".price", "is %g; at least 0 is allowed", b.Price)
	c.among(b.Max > 0 && b.Quantum > b.Max, []string{quantum, highest}, "%s %g is above max %g: no amount is allowed; lower it", quantum, b.Quantum, b.Max)
}

var placeholder = regexp.MustCompile(`\$\{([^}]*)\}`)

func (c *checker) template(text string) {
	for _, m := range placeholder.FindAllStringSubmatch(text, -1) {
		c.when(m[1] != "id" && m[1] != "name", "resource", "has %s; there is: ${id}, ${name}", m[0])
	}
}

func (c *checker) spending(p *Policy) {
	for _, cap := range []struct {
		name string
		most float64
	}{{"spend", p.Limits.Spend}, {"fleet_spend", p.Limits.FleetSpend}} {
		at := "limits." + cap.name
		c.when(math.IsNaN(cap.most) || math.IsInf(cap.most, 0), at, "is %g; an amount of money for an hour is expected, for example 5", cap.most)
		for dim := range foreshock.Dimension(foreshock.NumDimensions) {
			price, hour := fmt.Sprintf("bounds.%s.price", dim), "objective.unit_hour"
			c.among(cap.most > 0 && p.Changes(dim) && p.Price(dim) <= 0, []string{at, price, hour},
				"%s binds nothing in %s, which has no price; state %s, or %s", at, dim, price, hour)
		}
	}
}

func (c *checker) windows(list []Window) {
	for i := range list {
		w, at := &list[i], fmt.Sprintf("windows[%d]", i)
		c.when(w.Name == "", at+".name", "is missing; give the window a name, it is told in reasons")
		c.among(w.Inside == AllowAll && w.Outside == AllowAll, []string{at + ".inside", at + ".outside"},
			"%s changes nothing; state what is allowed inside or outside: %s", at, strings.Join(allowNames[1:], ", "))
	}
}

func (c *checker) calendar(p *Policy) {
	for i := range p.Calendar {
		o, at := &p.Calendar[i], fmt.Sprintf("calendar[%d]", i)
		c.when(o.Name == "", at+".name", "is missing; give the occasion a name, it is told in reasons")
		c.when(len(o.Dates) == 0, at+".dates", "is missing; list for example 2026-12-24, 12-24, %s", monthEnd)
		c.when(o.Lasts <= 0 || o.Lasts > longestOccasion, at+".lasts", "is %s; above 0 and at most %s is allowed", span(o.Lasts), span(longestOccasion))
		c.when(o.Lead < 0 || o.Lead > longestOccasion, at+".lead", "is %s; at least 0 and at most %s is allowed", span(o.Lead), span(longestOccasion))
		c.when(o.Factor != 0 && !within(o.Factor, 1, mostFactor), at+".factor", "is %g; between 1 and %d is allowed, for example 1.5", o.Factor, mostFactor)
		c.among(o.Factor == 0 && len(o.Min) == 0, []string{at + ".factor", at + ".min"}, "%s wants nothing; state factor, or min per dimension", at)
		for dim := range foreshock.Dimension(foreshock.NumDimensions) {
			least, stated := o.Min[dim]
			if !stated {
				continue
			}
			b, changes := p.Bounds[dim]
			lowest, bounds := at+".min."+dim.String(), "bounds."+dim.String()
			c.among(!changes, []string{lowest, bounds}, "%s is of a dimension that bounds does not name; add %s", lowest, bounds)
			c.when(!within(least, 0, math.MaxFloat64), lowest, "is %g; at least 0 is allowed", least)
			c.among(b.Max > 0 && least > b.Max, []string{lowest, bounds + ".max"}, "%s %g is above %s.max %g; lower it, or raise max", lowest, least, bounds, b.Max)
		}
	}
}

func within(x, lowest, highest float64) bool { return x >= lowest && x <= highest }
