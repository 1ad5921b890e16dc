package decide

// The codes of reasons. A code is stable: programs may act on it, people read the text beside it.
const (
	// Normal: the score is below the threshold.
	Normal = "normal"
	// Unscored: too little is known of what is normal for a score.
	Unscored = "unscored"
	// Anomalous: the score is above the threshold; the text has the severity and the metric that leads.
	Anomalous = "anomaly"
	// WatchClosely: the anomaly is low: it is logged and watched.
	WatchClosely = "watch_closely"
	// Objective: latency is above what the policy wants.
	Objective = "objective"

	// NoPolicy: no policy names the workload.
	NoPolicy = "no_policy"
	// NoTarget: the policy has no target.
	NoTarget = "no_target"
	// NoDimension: the policy names no dimension, or the target can change none of them.
	NoDimension = "no_dimension"
	// NotFresh: the data are late, stale, absent or implausible.
	NotFresh = "not_fresh"
	// NotTrusted: the profile does not know enough yet.
	NotTrusted = "not_trusted"
	// NoResource: the target could not read the resource.
	NoResource = "no_resource"
	// ResourceStale: the resource was read too long ago.
	ResourceStale = "resource_stale"
	// AllocationUnknown: it is not known how much is allocated.
	AllocationUnknown = "allocation_unknown"

	// Step: a small step is wanted.
	Step = "step"
	// Demand: the demand of now with headroom is wanted.
	Demand = "demand"
	// Forecast: the forecast's peak with headroom is wanted.
	Forecast = "forecast"
	// NoForecast: there is no forecast that may be used; demand alone decides.
	NoForecast = "no_forecast"
	// DemandUnknown: nothing says how much is used, so a step is tried.
	DemandUnknown = "demand_unknown"
	// WouldNotHelp: latency is up, but much less is used than there is.
	WouldNotHelp = "would_not_help"
	// RoomLeft: demand is unusual, but much less is used than there is.
	RoomLeft = "room_left"
	// TooSmall: what is wanted differs so little from what there is that no change is worth it.
	TooSmall = "too_small"

	// Cheapest: what is wanted costs least by the policy's objective, as rules tried on the demand that came say.
	Cheapest = "cheapest"
	// Hidden: a limit hides how much is needed, so that more is had than what costs least by what was seen.
	Hidden = "hidden"

	// Calendar: capacity is to be ready for an occasion that the policy names, or is kept for it.
	Calendar = "calendar"

	// LowUse: less would do.
	LowUse = "low_use"
	// NotLongEnough: use is low, but was not watched for long enough.
	NotLongEnough = "not_long_enough"
	// ForecastDisagrees: use is low, but the forecast says that it will not stay so, or does not reach far enough.
	ForecastDisagrees = "forecast_disagrees"
	// LatencyUnknown: use is low, but latency is not known, so it may not be idleness.
	LatencyUnknown = "latency_unknown"
	// LatencyHigh: use is low while latency is high, which is no idleness.
	LatencyHigh = "latency_high"
	// GroupSilent: too many resources of the policy do not report; nothing of it is reduced.
	GroupSilent = "group_silent"
	// ReductionsOff: feedback stopped the reductions of this workload.
	ReductionsOff = "reductions_off"
	// RollBack: feedback asks to take an action back.
	RollBack = "roll_back"

	// PolicyMin: the policy's least amount.
	PolicyMin = "policy_min"
	// PolicyMax: the policy's greatest amount.
	PolicyMax = "policy_max"
	// ProviderMin: the provider's least amount.
	ProviderMin = "provider_min"
	// ProviderMax: the provider's, or the instance's, greatest amount.
	ProviderMax = "provider_max"
	// Rounded: amounts come in multiples.
	Rounded = "rounded"
	// Ratio: one action may change an amount only so far.
	Ratio = "ratio"
	// SpendCap: growth may raise the cost of an hour only so far within an hour.
	SpendCap = "spend_cap"
	// NoAmount: no amount keeps all the rules.
	NoAmount = "no_amount"
	// AlreadyThere: the resource has what is wanted.
	AlreadyThere = "already_there"

	// Owner: another controller owns the resource.
	Owner = "owner"
	// Busy: a change is under way at the provider.
	Busy = "busy"
	// OpenAction: an action on the resource is not settled.
	OpenAction = "open_action"
	// NotVerified: the last action is not judged yet, or the data or the resource's figures are older than it.
	NotVerified = "not_verified"
	// Budget: the provider allows no more changes for now.
	Budget = "budget"
	// BudgetKept: the changes that are left are kept for emergencies.
	BudgetKept = "budget_kept"
	// Cooldown: the last action was too recent.
	Cooldown = "cooldown"
	// Windows: the policy's windows do not allow it at this time.
	Windows = "window"
	// FleetAtOnce: as many actions as may be are under way.
	FleetAtOnce = "fleet_at_once"
	// FleetPerHour: as many actions as may be were begun in the last hour.
	FleetPerHour = "fleet_per_hour"
	// WorkloadPerDay: as many actions as may be were begun on this workload in the last day.
	WorkloadPerDay = "workload_per_day"
	// FleetShare: as large a share of the policy's resources as may be changed in the last hour.
	FleetShare = "fleet_share"
	// Canary: the policy's first action is not judged yet.
	Canary = "canary"
	// StopAfter: too many actions in a row did not help; a person must look.
	StopAfter = "stop_after"
	// Paused: a person paused actions.
	Paused = "paused"
	// Latched: feedback stopped acting on this workload.
	Latched = "latched"
	// GrantNeeded: capacity is asked for first.
	GrantNeeded = "grant_needed"
	// GrantPartial: only a part was granted.
	GrantPartial = "grant_partial"
	// GrantRefused: no capacity was granted.
	GrantRefused = "grant_refused"
	// Irreversible: it cannot be undone and the policy does not consent to that, so a person is asked.
	Irreversible = "irreversible"
	// Approval: the policy's mode asks for a person.
	Approval = "approval"
	// Observing: the policy's mode only says what would be done.
	Observing = "observe"

	// NotPressed: more would have headroom, but neither severity nor latency nor the policy's share calls for it.
	NotPressed = "not_pressed"
	// InUse: too much is used for less to do.
	InUse = "in_use"
	// NotAllowed: the policy does not allow it.
	NotAllowed = "not_allowed"
	// OneWay: the provider cannot make it less.
	OneWay = "one_way"
	// Outranked: another wish goes first.
	Outranked = "outranked"

	// Raise: what is done, upwards.
	Raise = "raise"
	// Lower: what is done, downwards.
	Lower = "lower"
)
