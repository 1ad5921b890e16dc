// Package decide turns all that is known of a workload into one decision, with reasons. It is pure: what it may depend on is in
// a [State], the time included.
package decide

import (
	"time"

	"github.com/foreshock-io/foreshock"
)

// State is all that a decision may depend on.
type State struct {
	Now     time.Time
	Step    foreshock.Step    // the last one
	Finding Finding           // of detection, on that step
	Stage   foreshock.Stage   // of the profile
	Quality foreshock.Quality // of the data, now

	Policy   *Policy // nil: no policy names this workload
	Resource *foreshock.Resource
	// ResourceErr says why Resource is nil though the policy has a target.
	ResourceErr string
	// Demand is how much of each dimension would be used if nothing limited it, now; Saturated names the dimensions that limit.
	Demand    foreshock.Allocation
	Saturated map[foreshock.Dimension]bool
	// RecentPeak is the highest demand per dimension over the policy's Reduce.After; absent while the workload was not watched that long.
	RecentPeak foreshock.Allocation
	Forecasts  map[foreshock.Dimension]*foreshock.Forecast
	Learned    [foreshock.NumDimensions]foreshock.Learned

	Open     *foreshock.Action // an action on the same resource that is not terminal
	Last     *Past             // the last action on the same resource that took effect
	Latched  string            // why feedback stopped acting on this workload, or ""
	Paused   string            // why actions are paused, or ""
	Counts   Counts
	Grant    *Grant // the planner's answer to the last decision that asked for capacity; nil: not asked
	Sequence uint64 // of decisions on this workload; goes into the action's ID
}

// Finding is what decide needs of detection.
type Finding struct {
	Score, Threshold float64
	Severity         foreshock.Severity
	Anomaly          *foreshock.Anomaly // that lasts, or nil
}

// Past is an action that took effect.
type Past struct {
	ID      string
	Time    time.Time // when it took effect
	Grew    bool
	Verdict string // "" until judged
	Due     bool   // it is not judged yet
}

// Counts is what was done lately, counted from the journal. Each counts actions that were begun.
type Counts struct {
	Open              int // fleet-wide, not terminal
	LastHour, LastDay int // fleet-wide
	PolicyLastHour    int
	PolicyResources   int // distinct resources of the policy changed in the last hour
	PolicySize        int // resources under the policy
	NotHelped         int // in a row, fleet-wide
	WorkloadLastDay   int
}

// Grant is a planner's answer.
type Grant struct {
	ID      string
	For     foreshock.Allocation // what was asked
	Granted foreshock.Allocation
	Expires time.Time
	Reason  string
}

// Policy says what may be done for which workloads. The zero value does nothing.
type Policy struct {
	Name     string
	Match    []string // globs over workload ids (path.Match with ** for any text); none matches nothing
	Mode     foreshock.Mode
	Target   string // the name of a configured target; "" has none
	Resource string // template of the target's resource: text with ${id}, ${name} (the part after the first slash)

	Bounds     map[foreshock.Dimension]Bounds // the dimensions that may be changed
	Headroom   float64                        // above demand, relative; default 0.25
	Quantile   float64                        // of the forecast that capacity follows; default 0.95
	Cooldown   time.Duration                  // after an action took effect, before the next growth; default 5m
	LeadTime   time.Duration                  // until learned; default 1m
	Validity   time.Duration                  // of a decision; default 2m
	MaxLatency time.Duration                  // what people want; 0: only what is normal counts
	Reduce     Reduce
	Limits     Limits
	Forecast   bool // act ahead on a forecast alone; default true
	Consent    bool // to what cannot be undone, without asking; default false
}

// Bounds is what a policy allows in one dimension, in the dimension's unit.
type Bounds struct {
	Min, Max float64
	Step     float64 // the small step of a medium anomaly, relative; default 0.25
	Quantum  float64 // amounts are multiples of it; 0 means any
}

// Reduce says when less is wanted.
type Reduce struct {
	Allowed  bool
	After    time.Duration // demand must have been low for so long; default 30m
	Below    float64       // demand with headroom must be below this share of what is allocated; default 0.7
	Cooldown time.Duration // after an action took effect; default 30m
}

// Limits bound what the policy may do; 0 means the default, a negative number none.
type Limits struct {
	AtOnce      int     // actions under way, fleet-wide; default 4
	PerHour     int     // fleet-wide; default 60
	PerDay      int     // on one workload; default 24
	Share       float64 // of the policy's resources that may change within an hour; default 0.5 (at least one)
	StopAfter   int     // actions in a row that did not help, fleet-wide; default 5
	BudgetKept  int     // of the provider's budget, for emergencies; default 1
	GrowthRatio float64 // most that one action may multiply an amount by; default 4
}
