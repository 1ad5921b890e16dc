package foreshock

import (
	"fmt"
	"strings"
	"time"
)

// Mode is what a policy may do.
type Mode uint8

// The modes, from the most careful.
const (
	Observe Mode = iota // say what would be done
	Approve             // do it when a person says so
	Auto                // do it
	numModes
)

var modeNames = [numModes]string{"observe", "approve", "auto"}

func (m Mode) String() string { return nameOf(modeNames[:], int(m)) }

// MarshalText writes the mode's name.
func (m Mode) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText reads a mode's name.
func (m *Mode) UnmarshalText(text []byte) error {
	i, err := lookup("mode", modeNames[:], string(text))
	*m = Mode(i)
	return err
}

// Rule is what a provider allows for one dimension of one resource.
type Rule struct {
	Min     float64 `json:"min"`
	Max     float64 `json:"max"`     // 0 means that none is known
	Quantum float64 `json:"quantum"` // amounts are multiples of it; 0 means any amount
	Down    bool    `json:"down"`    // it can be reduced again
	// NotBefore is when it can be changed again, where each amount has its own time between two changes; zero: now.
	NotBefore time.Time `json:"not_before,omitzero"`
}

// Budget is how many changes a provider still allows on one resource.
type Budget struct {
	Limited  bool          `json:"limited"`
	Left     int           `json:"left"`
	Total    int           `json:"total,omitempty"` // in a window; 0 where it is not known
	Window   time.Duration `json:"window_ns"`
	NextFree time.Time     `json:"next_free,omitzero"` // when the next one frees up
}

// Resource is what a target knows of the thing that it changes.
type Resource struct {
	Target    string             `json:"target"`
	Name      string             `json:"name"`
	At        time.Time          `json:"at"` // when it was read
	Allocated Allocation         `json:"allocated"`
	Rules     map[Dimension]Rule `json:"rules"` // the dimensions that can be changed
	Budget    Budget             `json:"budget"`
	Busy      bool               `json:"busy"`            // a change is under way there
	Owner     string             `json:"owner,omitempty"` // another controller that owns it; then nothing is done
}

// Reason is one step of why: a code for programs, a sentence for people.
type Reason struct {
	Code string `json:"code"`
	Text string `json:"text"`
}

// Action is a wish to change one resource, with absolute amounts.
type Action struct {
	ID        string        `json:"id"` // hash of workload, resource, amounts and decision; the provider's token where it takes one
	Workload  ID            `json:"workload"`
	Policy    string        `json:"policy"`
	Target    string        `json:"target"`
	Resource  string        `json:"resource"`
	From      Allocation    `json:"from"` // what it was decided upon: it dies when the resource has changed since
	To        Allocation    `json:"to"`   // states only the dimensions to be changed
	Severity  Severity      `json:"severity"`
	Emergency bool          `json:"emergency,omitempty"`
	Mode      Mode          `json:"mode"`
	Reasons   []Reason      `json:"reasons"`
	Evidence  time.Time     `json:"evidence"` // end of the step it was decided upon
	Expires   time.Time     `json:"expires"`  // not begun by then, it dies
	LeadTime  time.Duration `json:"lead_time_ns"`
	Undoes    string        `json:"undoes,omitempty"` // the action that it rolls back
	Grant     string        `json:"grant,omitempty"`  // the capacity reservation
	Spend     float64       `json:"spend,omitempty"`  // what it adds to the cost of an hour, by the policy's prices
	Before    Window        `json:"before,omitzero"`  // what was seen before, for the judgement
}

// Reduces says whether any amount goes down.
func (a *Action) Reduces() bool {
	for d := range Dimension(NumDimensions) {
		from, known := a.From.Get(d)
		to, stated := a.To.Get(d)
		if known && stated && to < from {
			return true
		}
	}
	return false
}

// Direction is Shrink where any amount goes down, else Grow.
func (a *Action) Direction() Kind {
	if a.Reduces() {
		return Shrink
	}
	return Grow
}

// ActionState is where an action stands. The order of the states is the order in which they come.
type ActionState uint8

// The states of an action. Each change is one record in the journal; the ones marked * are synced before going on.
const (
	Proposed ActionState = iota // waits for a person
	Decided                     // may be done
	Intent                      // * it is going to be done
	Fenced                      // the last look was taken and nothing speaks against it
	Called                      // * the provider is being asked
	Answered                    // the provider has accepted
	Unknown                     // the provider may or may not have accepted; only reading will tell
	Observed                    // the amounts were read back
	Done                        // * terminal: in effect
	Failed                      // * terminal: not in effect
	Parked                      // * terminal until a person settles it: cannot be told
	Refused                     // * terminal: a guard or a person said no
	Expired                     // * terminal: too old to begin
	numActionStates
)

var actionStateNames = [numActionStates]string{
	"proposed", "decided", "intent", "fenced", "called", "answered", "unknown", "observed",
	"done", "failed", "parked", "refused", "expired",
}

func (s ActionState) String() string { return nameOf(actionStateNames[:], int(s)) }

// Terminal says whether nothing more comes by itself.
func (s ActionState) Terminal() bool { return s >= Done }

// MarshalText writes the state's name.
func (s ActionState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads a state's name.
func (s *ActionState) UnmarshalText(text []byte) error {
	i, err := lookup("action state", actionStateNames[:], string(text))
	*s = ActionState(i)
	return err
}

// ActionChange is one change of an action's state, as the journal keeps it.
type ActionChange struct {
	Action   Action      `json:"action"`
	State    ActionState `json:"state"`
	Note     string      `json:"note,omitempty"` // why, in words
	Actor    string      `json:"actor,omitempty"`
	Observed Allocation  `json:"observed,omitzero"`
	// Completed is when the provider had done it, where it says so; else that is when it was seen to be done.
	Completed time.Time `json:"completed,omitzero"`
	// Effective is when the amounts work, where that is after the provider has done it and can be asked again, as with instances that start.
	Effective time.Time `json:"effective,omitzero"`
}

// Times are when the provider had done it and when it works; told is when the change was told.
func (c *ActionChange) Times(told time.Time) (completed, effective time.Time) {
	completed = told
	if !c.Completed.IsZero() && c.Completed.Before(told) {
		completed = c.Completed
	}
	if c.Effective.After(completed) {
		return completed, c.Effective
	}
	return completed, completed
}

// Kind is what a decision comes to.
type Kind uint8

// The kinds of decision.
const (
	Nothing Kind = iota // all is normal, or nothing can be done
	Watch               // look more closely for a while
	Grow                // more is wanted
	Shrink              // less would do
	Hold                // something is wanted but a constraint holds it back
	numKinds
)

var kindNames = [numKinds]string{"nothing", "watch", "grow", "shrink", "hold"}

func (k Kind) String() string { return nameOf(kindNames[:], int(k)) }

// MarshalText writes the kind's name.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads a kind's name.
func (k *Kind) UnmarshalText(text []byte) error {
	i, err := lookup("kind of decision", kindNames[:], string(text))
	*k = Kind(i)
	return err
}

// Decision is what was decided for one workload at one time, with its reasons, also when nothing is done.
type Decision struct {
	Workload ID         `json:"workload"`
	Time     time.Time  `json:"time"`
	Kind     Kind       `json:"kind"`
	Severity Severity   `json:"severity"`
	Score    float64    `json:"score"`
	Policy   string     `json:"policy,omitempty"`
	Want     Allocation `json:"want,omitzero"`   // before the constraints
	To       Allocation `json:"to,omitzero"`     // after them
	Bound    string     `json:"bound,omitempty"` // the code of the constraint that bound it last
	Reasons  []Reason   `json:"reasons"`
	Expected []Expected `json:"expected,omitempty"` // the forecasts that were asked
	// Candidates are the amounts that were weighed, also those that were not wanted.
	Candidates []Candidate `json:"candidates,omitempty"`
	Action     *Action     `json:"action,omitempty"`
	// Reserve says that capacity must be granted first: To is what to ask for, and the decision comes again with the answer.
	Reserve bool `json:"reserve,omitempty"`
	// Waits says that nothing but what goes on elsewhere keeps back what is wanted: it is done when there is room.
	Waits bool `json:"-"`
}

// Candidate is an amount of a dimension that a decision weighed: what speaks for it, what bound it, and what would have to change.
type Candidate struct {
	Kind      Kind      `json:"kind"` // Grow or Shrink
	Dimension Dimension `json:"dimension"`
	Reason    string    `json:"reason"`           // the code of what speaks for it
	Have      float64   `json:"have"`             // allocated, in the dimension's unit
	Want      float64   `json:"want"`             // before the constraints; 0: no amount can be named
	To        float64   `json:"to,omitempty"`     // after them; 0: nothing was left of it
	Bounds    []string  `json:"bounds,omitempty"` // the codes of the constraints that changed it or held it back, in order
	Needs     string    `json:"needs,omitempty"`  // what would have to be otherwise for it to be wanted; "": it is
}

// Expected is what a forecast said of a dimension to a decision.
type Expected struct {
	Dimension Dimension     `json:"dimension"`
	Peak      float64       `json:"peak"`    // highest demand from the decision on over a time, corrected by what was learned of the forecasts' bias
	Level     float64       `json:"level"`   // its quantile
	Over      time.Duration `json:"over_ns"` // until a change could be in effect, or longer
	Model     string        `json:"model"`
	Skill     float64       `json:"skill"`
}

// Text is the decision's reasons as one line.
func (d *Decision) Text() string {
	s := d.Kind.String()
	for i, r := range d.Reasons {
		if i == 0 {
			s += ": " + r.Text
		} else {
			s += "; " + r.Text
		}
	}
	return s
}

// Verdict is how an action is judged.
type Verdict uint8

// The verdicts.
const (
	Unclear Verdict = iota
	Helped
	DidNotHelp
	TooMuch
	TooLittle
	numVerdicts
)

var verdictNames = [numVerdicts]string{"unclear", "helped", "did not help", "too much", "too little"}

func (v Verdict) String() string { return nameOf(verdictNames[:], int(v)) }

// MarshalText writes the verdict's name.
func (v Verdict) MarshalText() ([]byte, error) { return []byte(v.String()), nil }

// UnmarshalText reads a verdict's name.
func (v *Verdict) UnmarshalText(text []byte) error {
	i, err := lookup("verdict", verdictNames[:], string(text))
	*v = Verdict(i)
	return err
}

// Window is what was seen of a workload over a time: the means of its steps.
type Window struct {
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	Steps int       `json:"steps"`
	Mean  Values    `json:"mean"`
	// Demand is what would have been used if nothing had limited it, the mean; a dimension that is not there is not known.
	Demand Allocation `json:"demand,omitzero"`
	// Saturation is the highest of demand over allocation among the dimensions; 0 where unknown.
	Saturation float64 `json:"saturation,omitempty"`
}

// Evaluation is the judgement on an action after its lead time.
type Evaluation struct {
	Action   string  `json:"action"`
	Workload ID      `json:"workload"`
	Verdict  Verdict `json:"verdict"`
	Before   Window  `json:"before"`
	After    Window  `json:"after"`
	// Without is the latency in seconds that was to be expected had nothing been done; 0 where it cannot be said.
	Without float64 `json:"without_latency_seconds,omitempty"`
	// Effect is how latency changed, beyond what happened to like workloads; zero where it was not read before and after.
	Effect   Effect        `json:"effect,omitzero"`
	Against  Against       `json:"against"`
	LeadTime time.Duration `json:"lead_time_ns"` // measured
	Gain     float64       `json:"gain"`         // see Learned.Gain
	Text     string        `json:"text"`
	RollBack bool          `json:"roll_back,omitempty"`
	Latch    bool          `json:"latch,omitempty"`   // no more actions on this workload until it changes
	Reduced  bool          `json:"reduced,omitempty"` // the action gave less
}

// Effect is latency after over latency before, less 1 (-0.5: half of it went away), with its 95 % interval.
type Effect struct {
	Change float64 `json:"change"`
	Lower  float64 `json:"lower"`
	Upper  float64 `json:"upper"`
}

// Against is what an action is judged against: what was to be expected without it.
type Against struct {
	// Source is "forecast", what the demand and a queue's law say of the old amount, or "forecast and controls", where like workloads that were not
	// touched tell of something that happened to all; the two are joined by inverse variance.
	Source   string  `json:"source"`
	Weight   float64 `json:"weight,omitempty"` // of the controls, 0 to 1
	Change   float64 `json:"change,omitempty"` // of the controls' latency, relative, for which their own demand does not account
	Controls []ID    `json:"controls,omitempty"`
}

// FollowUp is what came after an action that a policy in mode observe would have taken, and after a surge of demand about which nothing would have been
// done: late is every second in which demand was above what there was.
type FollowUp struct {
	Workload  ID        `json:"workload"`
	Policy    string    `json:"policy"`
	Kind      Kind      `json:"kind"` // Grow, Shrink; Nothing: a surge that no growth was in effect for
	Dimension Dimension `json:"dimension"`
	From      float64   `json:"from"`         // what there was, in the dimension's unit
	To        float64   `json:"to,omitempty"` // what it would have been; 0 for a surge
	Begun     time.Time `json:"begun"`
	Works     time.Time `json:"works"` // from when it would have been in effect
	Ended     time.Time `json:"ended"`
	Peak      float64   `json:"peak"`              // highest demand while it would have been in effect
	WatchedS  float64   `json:"watched_seconds"`   // of that time, with a reading of demand
	LateS     float64   `json:"late_seconds"`      // demand above From
	ThenLateS float64   `json:"late_seconds_then"` // demand above To, had it been done; as LateS for a surge
	Verdict   Verdict   `json:"verdict"`
	Text      string    `json:"text"`
}

// Trial is what is being followed of one dimension of a workload whose policy observes, see package promote. The zero value follows nothing.
type Trial struct {
	Action   FollowUp  // that would have been taken; none while Begun is zero
	Until    time.Time // it is followed
	Headroom float64   // that its policy keeps above demand, relative
	Surge    FollowUp  // that nothing covers; none while Begun is zero
	Ends     time.Time // of the surge
}

// Correction is one bounded, reversible change that feedback made to what was learned.
type Correction struct {
	Workload ID      `json:"workload"`
	What     string  `json:"what"` // "threshold", "lead_time/iops", "gain/iops", "bias/iops", "quantile/iops", "weight/stl", "latch"
	From     float64 `json:"from"` // a lead time in seconds; a latch 1 where it is closed
	To       float64 `json:"to"`   // as From
	Why      string  `json:"why"`
	Undoes   uint64  `json:"undoes,omitempty"` // the number of the event that it takes back; 0: none
	Was      *Stand  `json:"was,omitempty"`    // of a threshold that an opinion, a verdict or an undo moved; nil: all that moved is From
	Is       *Stand  `json:"is,omitempty"`     // as Was, afterwards
}

// Stand is what opinions move of a [Threshold], which may stay where it is while the rest moves.
type Stand struct {
	Value  float64 `json:"value"`
	Bias   float64 `json:"bias"`
	Alarms float32 `json:"alarms"`
}

// Moved says whether there is something to take back.
func (c *Correction) Moved() bool { return c.From != c.To || c.Was != nil }

// Text is From or To with its unit.
func (c *Correction) Text(x float64) string {
	switch {
	case strings.HasPrefix(c.What, "lead_time/"):
		return fmt.Sprintf("%.3g s", x)
	case c.What == "latch" && x == 0:
		return "open"
	case c.What == "latch":
		return "closed"
	}
	return fmt.Sprintf("%.3g", x)
}

// Opinion is what a person says of an anomaly.
type Opinion struct {
	Workload ID        `json:"workload"`
	Anomaly  string    `json:"anomaly,omitempty"`
	At       time.Time `json:"at,omitzero"`
	Says     string    `json:"says"` // "false_alarm", "missed", "useful"
}

// What an opinion may say.
const (
	FalseAlarm = "false_alarm"
	Missed     = "missed"
	Useful     = "useful"
)

// Pause stops actions. The scope is everything ("*"), one policy ("policy/NAME") or one workload ("workload/ID").
type Pause struct {
	Scope string `json:"scope"`
	// Only is the direction that is paused, "grow" or "shrink"; "" is both, and where the pause is lifted, whatever is paused in the scope.
	Only string `json:"only,omitempty"`
	// StopAll is the kill switch: beside all pauses, over everything, and lifted only by a record that says so too.
	StopAll bool      `json:"stop_all,omitempty"`
	Until   time.Time `json:"until,omitzero"` // zero: until resumed
	Reason  string    `json:"reason,omitempty"`
	Lifted  bool      `json:"lifted,omitempty"` // the record ends the pause
}

// Text names what is paused: its scope, the direction before it where it is one only; "stop-all" for the kill switch.
func (p Pause) Text() string {
	switch {
	case p.StopAll:
		return "stop-all"
	case p.Only != "":
		return p.Only + " of " + p.Scope
	}
	return p.Scope
}

// Ends says until when a pause holds, after its text; "" where that is until it is lifted.
func (p Pause) Ends() string {
	if p.Until.IsZero() {
		return ""
	}
	return " until " + p.Until.UTC().Format(time.RFC3339)
}

// Reservation is a change of a capacity grant.
type Reservation struct {
	ID       string     `json:"id"`
	Workload ID         `json:"workload"`
	Planner  string     `json:"planner"`
	State    string     `json:"state"` // "granted", "partial", "refused", "committed", "released", "expired"
	Asked    Allocation `json:"asked"`
	Granted  Allocation `json:"granted"`
	Expires  time.Time  `json:"expires,omitzero"`
	Reason   string     `json:"reason,omitempty"`
}

// Rules are a policy's from now on.
type Rules struct {
	Policy string `json:"policy"`
	Mode   Mode   `json:"mode"` // at most the program's
	Hash   string `json:"hash"` // of the settings that decide what is wanted; another one means that they were changed
}

// Event is one record of the journal: exactly one of the pointers is set, as Type says.
type Event struct {
	Seq   uint64    `json:"seq,omitempty"` // given by the journal, from 1 without holes
	Time  time.Time `json:"time"`
	Type  string    `json:"type"`
	Actor string    `json:"actor,omitempty"` // who, for what a person did

	Anomaly     *Anomaly      `json:"anomaly,omitempty"`
	Decision    *Decision     `json:"decision,omitempty"`
	Reservation *Reservation  `json:"reservation,omitempty"`
	Change      *ActionChange `json:"change,omitempty"`
	Evaluation  *Evaluation   `json:"evaluation,omitempty"`
	Correction  *Correction   `json:"correction,omitempty"`
	Opinion     *Opinion      `json:"opinion,omitempty"`
	FollowUp    *FollowUp     `json:"follow_up,omitempty"`
	Pause       *Pause        `json:"pause,omitempty"`
	Rules       *Rules        `json:"rules,omitempty"`
	Note        string        `json:"note,omitempty"`
}

// The types of event.
const (
	EventAnomaly     = "anomaly" // began, changed severity, or ended
	EventDecision    = "decision"
	EventReservation = "reservation"
	EventAction      = "action"
	EventEvaluation  = "evaluation"
	EventCorrection  = "correction"
	EventOpinion     = "opinion"
	EventFollowUp    = "follow_up"
	EventPause       = "pause"
	EventPolicy      = "policy" // a policy is new, or other than before
	EventNote        = "note"   // the program started, stopped, reloaded; a workload was forgotten
)

// EventTypes are all types of event.
func EventTypes() []string {
	return []string{
		EventAnomaly, EventDecision, EventReservation, EventAction, EventEvaluation, EventCorrection, EventOpinion, EventFollowUp, EventPause, EventPolicy, EventNote,
	}
}

// Workload is the workload that the event is about, or "".
func (e *Event) Workload() ID {
	switch {
	case e.Anomaly != nil:
		return e.Anomaly.Workload
	case e.Decision != nil:
		return e.Decision.Workload
	case e.Reservation != nil:
		return e.Reservation.Workload
	case e.Change != nil:
		return e.Change.Action.Workload
	case e.Evaluation != nil:
		return e.Evaluation.Workload
	case e.Correction != nil:
		return e.Correction.Workload
	case e.Opinion != nil:
		return e.Opinion.Workload
	case e.FollowUp != nil:
		return e.FollowUp.Workload
	}
	return ""
}
