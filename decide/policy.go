package decide

import (
	"fmt"
	"hash/fnv"
	"slices"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Policy says what may be done for which workloads. The zero value does nothing.
type Policy struct {
	Name     string         `yaml:"name"`
	Match    []string       `yaml:"match"` // globs over workload ids: * is any text without a slash, ** any text; none matches nothing
	Mode     foreshock.Mode `yaml:"mode"`
	Target   string         `yaml:"target"`   // the name of a configured target; "" has none
	Resource string         `yaml:"resource"` // template of the target's resource: text with ${id}, ${name} (the part after the first slash); default ${name}

	Bounds     map[foreshock.Dimension]Bounds `yaml:"bounds"`      // the dimensions that may be changed
	Headroom   float64                        `yaml:"headroom"`    // above demand, relative; default 0.25
	Quantile   float64                        `yaml:"quantile"`    // of the forecast that capacity follows, corrected so that as much is covered; default 0.95
	Cooldown   time.Duration                  `yaml:"cooldown"`    // after an action took effect, before the next growth; default 5m, 1s with an objective
	LeadTime   time.Duration                  `yaml:"lead_time"`   // until learned; default 1m. With an objective, rules of capacity are tried as if it were at most a day
	Validity   time.Duration                  `yaml:"validity"`    // of a decision; default 2m
	Patience   time.Duration                  `yaml:"patience"`    // how long a proposal waits for a person; default 15m
	MaxLatency time.Duration                  `yaml:"max_latency"` // what people want; 0: only what is normal counts
	// Above is the share of what is allocated at which demand alone is reason to grow, without anomaly or forecast; 0: never.
	Above  float64 `yaml:"above"`
	Reduce Reduce  `yaml:"reduce"`
	// Objective is what capacity and lateness cost, where it is known.
	Objective Costs      `yaml:"objective"`
	Limits    Limits     `yaml:"limits"`
	Windows   []Window   `yaml:"windows"`  // when what may be changed; none: always
	Calendar  []Occasion `yaml:"calendar"` // when more will be needed
	Forecast  bool       `yaml:"forecast"` // act ahead on a forecast alone; true in Default
	Consent   bool       `yaml:"consent"`  // to what cannot be undone, without asking; default false
}

// Bounds is what a policy allows in one dimension, in the dimension's unit.
type Bounds struct {
	Min     float64 `yaml:"min"`
	Max     float64 `yaml:"max"`                 // 0: only the provider's counts
	Step    float64 `yaml:"step" unit:"number"`  // the small step of a medium anomaly, relative; default 0.25
	Quantum float64 `yaml:"quantum"`             // amounts are multiples of it; 0 means any
	Price   float64 `yaml:"price" unit:"number"` // of a unit for an hour, for the limits of spending; 0: the objective's unit_hour
}

// Reduce says when less is wanted.
type Reduce struct {
	Allowed  bool          `yaml:"allowed"`
	After    time.Duration `yaml:"after"`    // demand must have been low for so long; default 30m
	Below    float64       `yaml:"below"`    // demand with headroom must be below this share of what is allocated; default 0.7
	Cooldown time.Duration `yaml:"cooldown"` // after an action took effect; default 30m, 1s with an objective
	Blind    bool          `yaml:"blind"`    // also where no forecast says that it stays low; default false
}

// Costs are what capacity and lateness cost, in any one currency: only ratios count. The zero value states nothing.
type Costs struct {
	UnitHour    float64 `yaml:"unit_hour"`   // of a unit of capacity for an hour
	LateSecond  float64 `yaml:"late_second"` // of a second in which latency is above what people want, per unit of the capacity that would have kept it below
	Utilisation float64 `yaml:"utilisation"` // the highest, 0-1, at which latency is what people want
}

// Stated says whether there is an objective.
func (o Costs) Stated() bool { return o.UnitHour > 0 && o.LateSecond > 0 && o.Utilisation > 0 }

// Limits bound what the policy may do; 0 means the default, a negative number none.
type Limits struct {
	AtOnce      int     `yaml:"at_once"`      // actions under way, fleet-wide; default 4
	PerHour     int     `yaml:"per_hour"`     // fleet-wide; default what per_day comes to for all resources in an hour, at least 60
	PerDay      int     `yaml:"per_day"`      // on one workload; default 24, 480 with an objective
	Share       float64 `yaml:"share"`        // of the policy's resources that may change within an hour; default 0.5 (at least one)
	StopAfter   int     `yaml:"stop_after"`   // actions in a row that did not help, fleet-wide; default 5
	BudgetKept  int     `yaml:"budget_kept"`  // of the provider's budget, for emergencies; default 1
	Spend       float64 `yaml:"spend"`        // by how much the policy's growth may raise the cost of an hour, within an hour; default none
	FleetSpend  float64 `yaml:"fleet_spend"`  // the same of all policies' growth; default none
	GrowthRatio float64 `yaml:"growth_ratio"` // most that one action may multiply or divide an amount by; default 4, 32 with an objective
}

// Unset is a policy to decode a configuration over; WithDefaults then fills in what that does not state.
func Unset() Policy { return Policy{Forecast: true} }

// Default is a policy with every default.
func Default() Policy { return Unset().WithDefaults() }

// Rules name the policy's mode and, as a hash, what decides what it wants: for which workloads and by which target is not among it, nor what
// limits how much of it is done.
func (p *Policy) Rules() foreshock.Rules {
	bounds := make(map[foreshock.Dimension]Bounds, len(p.Bounds))
	for d, b := range p.Bounds {
		b.Price = 0
		bounds[d] = b
	}
	h := fnv.New64a()
	_, _ = fmt.Fprint(h, bounds, p.Headroom, p.Quantile, p.Cooldown, p.LeadTime, p.MaxLatency, p.Above, p.Reduce, p.Objective, p.Limits.GrowthRatio, p.Calendar, p.Forecast)
	return foreshock.Rules{Policy: p.Name, Mode: p.Mode, Hash: fmt.Sprintf("%016x", h.Sum64())}
}

// WithDefaults fills in what is zero and has a default. Booleans stay as they are.
func (p Policy) WithDefaults() Policy {
	or(&p.Headroom, 0.25)
	or(&p.Quantile, 0.95)
	if p.Objective.Stated() { // each change is weighed against its cost, and data newer than the last one are waited for
		or(&p.Cooldown, time.Second)
		or(&p.Reduce.Cooldown, time.Second)
		or(&p.Limits.PerDay, 480)
		or(&p.Limits.GrowthRatio, 32)
	}
	or(&p.Cooldown, 5*time.Minute)
	or(&p.LeadTime, time.Minute)
	or(&p.Validity, 2*time.Minute)
	or(&p.Patience, 15*time.Minute)
	or(&p.Resource, "${name}")
	or(&p.Reduce.After, 30*time.Minute)
	or(&p.Reduce.Below, 0.7)
	or(&p.Reduce.Cooldown, 30*time.Minute)
	or(&p.Limits.AtOnce, 4)
	or(&p.Limits.PerDay, 24)
	or(&p.Limits.Share, 0.5)
	or(&p.Limits.StopAfter, 5)
	or(&p.Limits.BudgetKept, 1)
	or(&p.Limits.GrowthRatio, 4)
	p.Calendar = slices.Clone(p.Calendar) // the caller's list is not changed
	for i := range p.Calendar {
		or(&p.Calendar[i].Lasts, 24*time.Hour)
		or(&p.Calendar[i].Lead, time.Hour)
	}
	bounds := make(map[foreshock.Dimension]Bounds, len(p.Bounds)) // the caller's map is not changed
	for d, b := range p.Bounds {
		or(&b.Step, 0.25)
		bounds[d] = b
	}
	p.Bounds = bounds
	return p
}

func or[T comparable](field *T, otherwise T) {
	var zero T
	if *field == zero {
		*field = otherwise
	}
}

// LeadTimeOf is how long it takes until a change is in effect: as it was learned, at most a day, else as the policy says.
func (p *Policy) LeadTimeOf(l foreshock.Learned) time.Duration {
	if l.LeadTime > 0 {
		return min(l.LeadTime, 24*time.Hour)
	}
	return p.LeadTime
}

// QuantileOf is the quantile of forecasts that capacity follows: as it was learned for the one that is stated, else that. With an objective it is
// left as stated, as what costs least chooses how careful to be.
func (p *Policy) QuantileOf(l foreshock.Learned) float64 {
	if l.Quantile > 0 && l.Stated == p.Quantile && !p.Objective.Stated() {
		return max(leastQuantile, min(mostQuantile, l.Quantile))
	}
	return p.Quantile
}

// Bounds of the quantile of forecasts.
const leastQuantile, mostQuantile = 0.5, 0.9999

// Matches says whether the policy names a workload. A policy that lists nothing names nothing, and so does a pattern that is not valid.
func (p Policy) Matches(id foreshock.ID) bool {
	for _, glob := range p.Match {
		if re, err := compile(glob); err == nil && re.MatchString(string(id)) {
			return true
		}
	}
	return false
}

// Changes says whether the policy may change a dimension.
func (p *Policy) Changes(d foreshock.Dimension) bool {
	_, may := p.Bounds[d]
	return may
}

// ResourceName is the target's name for a workload's resource.
func (p Policy) ResourceName(id foreshock.ID) string {
	text := p.Resource
	or(&text, "${name}")
	name := string(id)
	if _, after, found := strings.Cut(name, "/"); found {
		name = after
	}
	return strings.NewReplacer("${id}", string(id), "${name}", name).Replace(text) // in one pass: an id cannot bring a placeholder
}
