package foreshock

import "time"

// Advice is the amount of a dimension that costs least by a policy's objective, as rules that were tried on the demand that came say.
type Advice struct {
	Amount   float64 // in the dimension's unit, before rounding to the target's multiples
	Lower    float64 // amounts from Lower to Upper are kept: to wait costs less than to change now
	Upper    float64
	Rule     float64       // what the rule itself comes to; Amount is more where a limit hides what is needed and changes are scarce
	Signal   string        // what the rule that would have cost least looks at
	Multiple float64       // of the signal
	Cost     float64       // of having followed the rule, units of capacity, lateness included
	Over     time.Duration // that the rules were tried
	Scarce   bool          // changes are: a small reduction is not worth one
}
