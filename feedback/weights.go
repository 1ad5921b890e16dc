package feedback

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/foreshock-io/foreshock"
)

const (
	weightRate  = 0.25 // by which one mark moves a weight, as a logarithm, at most
	leastFactor = 1. / 3
	mostFactor  = 3.
	leastStep   = 0.01 // relative; what is less is not worth a record
)

// Said is how loudly a detection method said that something is wrong: 0 not at all, 1 at the boundary or beyond.
type Said struct {
	Method string
	Loud   float64
}

// SaidBy is what the methods said in the parts of a finding or an anomaly, in the direction in which they said it together. Methods that had too little
// history said nothing and are left out.
func SaidBy(parts []foreshock.Part, threshold float64) (list []Said) {
	sum := 0.0
	for i := range parts {
		sum += parts[i].Weight * math.Copysign(parts[i].Score, parts[i].Deviation)
	}
	for i := range parts {
		p := &parts[i]
		if !p.Ready || !(threshold > 0) {
			continue
		}
		loud := math.Copysign(p.Score, p.Deviation*sum) / threshold
		list = append(list, Said{Method: p.Method, Loud: math.Max(0, math.Min(1, finite(loud)))})
	}
	return list
}

// Weigh moves the weights of the detection methods by one mark, that what they said something of was real, or that it was not (multiplicative weights, Littlestone
// and Warmuth 1994): those that were wrong lose, those that were right win as much. A weight stays within a third and three times the configured one.
func Weigh(weights []foreshock.MethodWeight, id foreshock.ID, said []Said, genuine bool, why string) ([]foreshock.MethodWeight, []foreshock.Correction) {
	if len(said) < 2 {
		return weights, nil // it is not wrong beside others
	}
	wrong := func(s Said) float64 {
		if genuine {
			return 1 - s.Loud
		}
		return s.Loud
	}
	usual := 0.0
	for _, s := range said {
		usual += wrong(s) / float64(len(said))
	}
	weights = slices.Clone(weights)
	var list []foreshock.Correction
	for _, s := range said {
		from := factor(weights, s.Method)
		to := boundFactor(from * math.Exp(weightRate*(usual-wrong(s))))
		if math.Abs(to-from) < leastStep*from {
			continue
		}
		weights = setFactor(weights, s.Method, to)
		list = append(list, foreshock.Correction{
			Workload: id, What: "weight/" + s.Method, From: from, To: to, Why: fmt.Sprintf("%s; %s said so by %s", why, s.Method, percent(s.Loud)),
		})
	}
	return weights, list
}

// Genuine says whether the verdict on an action upon an anomaly shows that the anomaly was one: capacity was lacking. It was none where what was given was
// not asked for, and latency did not fall by it. known is false where the verdict shows neither: an application that is slow by itself is an anomaly, though capacity does not help it.
func Genuine(e *foreshock.Evaluation) (genuine, known bool) {
	switch {
	case e.Reduced:
		return false, false
	case e.Verdict == foreshock.Helped, e.Verdict == foreshock.TooLittle:
		return true, true
	case e.Verdict == foreshock.TooMuch:
		return e.Effect.Upper < 0, true
	}
	return false, false
}

// UndoWeight takes one correction of a method's weight back; what was learned since stays, within the same bounds.
func UndoWeight(weights []foreshock.MethodWeight, c foreshock.Correction) ([]foreshock.MethodWeight, foreshock.Correction, error) {
	method, ok := strings.CutPrefix(c.What, "weight/")
	if !ok {
		return weights, foreshock.Correction{}, fmt.Errorf("a correction of %q is none of a weight", c.What)
	}
	if !(c.From > 0) || !(c.To > 0) {
		return weights, foreshock.Correction{}, fmt.Errorf("a weight from %g to %g is none that was learned", c.From, c.To)
	}
	from := factor(weights, method)
	to := c.From
	if from != c.To {
		to = from * c.From / c.To
	}
	to = boundFactor(finite(to))
	return setFactor(slices.Clone(weights), method, to), foreshock.Correction{Workload: c.Workload, What: c.What, From: from, To: to, Why: "undone: " + c.Why}, nil
}

func factor(weights []foreshock.MethodWeight, method string) float64 {
	p := foreshock.Profile{Taught: &foreshock.Taught{Weights: weights}}
	return p.Factor(method)
}

func boundFactor(x float64) float64 { return math.Max(leastFactor, math.Min(mostFactor, x)) }

// setFactor changes the slice.
func setFactor(weights []foreshock.MethodWeight, method string, x float64) []foreshock.MethodWeight {
	for i := range weights {
		if weights[i].Method == method {
			weights[i].Factor = x
			return weights
		}
	}
	return append(weights, foreshock.MethodWeight{Method: method, Factor: x})
}
