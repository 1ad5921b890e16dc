package feedback

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/foreshock-io/foreshock"
)

// Undo takes one correction of what acting on a dimension has taught back. Where nothing was learned since, the value is the one from before; else the
// change alone is taken out, and what was learned since stays. The result keeps within the bounds of [Learn] and is a correction itself, which can be undone.
func Undo(l foreshock.Learned, c foreshock.Correction) (foreshock.Learned, foreshock.Correction, error) {
	what, _, _ := strings.Cut(c.What, "/")
	undone := foreshock.Correction{Workload: c.Workload, What: c.What, Why: "undone: " + c.Why}
	switch what {
	case "lead_time":
		undone.From = l.LeadTime.Seconds()
		l.LeadTime = undoLeadTime(l.LeadTime, c)
		undone.To = l.LeadTime.Seconds()
	case "gain":
		undone.From = l.Gain
		l.Gain = without(l.Gain, c, leastGain, mostGain)
		undone.To = l.Gain
	case "bias":
		undone.From = l.Bias
		l.Bias = without(l.Bias, c, -mostBias, mostBias)
		l.BiasTold = l.Bias
		undone.To = l.Bias
	case "quantile":
		undone.From = l.Quantile
		l.Quantile = boundQuantile(l, without(l.Quantile, c, 0, 1))
		l.QuantileTold = l.Quantile
		undone.To = l.Quantile
	default:
		return l, foreshock.Correction{}, fmt.Errorf("a correction of %q cannot be undone; there is: lead_time, gain, bias, quantile, threshold, weight", c.What)
	}
	return l, undone, nil
}

// undoLeadTime works on the ratio, as the lead time is learned in logarithms. One that was not known before is not known again.
func undoLeadTime(known time.Duration, c foreshock.Correction) time.Duration {
	if !(c.From > 0) || !(c.To > 0) {
		return time.Duration(math.Max(0, math.Min(longest.Seconds(), finite(c.From))) * float64(time.Second))
	}
	if known <= 0 { // it is not known any more: what was before it was undone as well
		return 0
	}
	seconds := known.Seconds() * c.From / c.To
	if known.Seconds() == c.To {
		seconds = c.From
	}
	seconds = math.Max(shortest.Seconds(), math.Min(longest.Seconds(), finite(seconds)))
	return time.Duration(seconds * float64(time.Second)).Round(time.Millisecond)
}

// without is x less the change of c.
func without(x float64, c foreshock.Correction, least, most float64) float64 {
	was := x + c.From - c.To
	if x == c.To { // exactly, without rounding
		was = c.From
	}
	return math.Max(least, math.Min(most, finite(was)))
}
