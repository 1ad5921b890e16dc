package act

import (
	"fmt"
	"math"
	"time"

	"github.com/foreshock-io/foreshock"
)

// ByRules is the Validate of a [Target] all of whose rules stand in what its Read gives.
type ByRules struct{}

// Validate is CheckRules.
func (ByRules) Validate(now foreshock.Resource, action foreshock.Action) error {
	return CheckRules(now, action)
}

// CheckRules says whether the amounts that an action states keep the rules that were read with the resource, wrapping ErrRule. Targets
// call it in Validate, before the rules that only they know.
func CheckRules(now foreshock.Resource, action foreshock.Action) error {
	if action.To.Empty() {
		return fmt.Errorf("%w: no amount is stated", ErrRule)
	}
	for _, d := range action.To.Dimensions() {
		if to, _ := action.To.Get(d); math.IsNaN(to) || math.IsInf(to, 0) || to < 0 {
			return fmt.Errorf("%w: %g is no amount of %s", ErrRule, to, d)
		}
	}
	if now.Allocated.Covers(action.To) {
		return fmt.Errorf("%w: the resource has %s already; asking would waste a change", ErrRule, action.To)
	}
	for _, d := range action.To.Dimensions() {
		to, _ := action.To.Get(d)
		rule, known := now.Rules[d]
		if !known {
			return fmt.Errorf("%w: %s of %s cannot be changed", ErrRule, d, now.Name)
		}
		have, limited := now.Allocated.Get(d)
		if !limited {
			return fmt.Errorf("%w: how much %s there is now is not known", ErrRule, d)
		}
		if to != have && rule.NotBefore.After(now.At) {
			return fmt.Errorf("%w: %s of %s cannot be changed before %s", ErrRule, d, now.Name, rule.NotBefore.UTC().Format(time.RFC3339))
		}
		if err := checkRule(d, rule, have, to); err != nil {
			return err
		}
	}
	return nil
}

func checkRule(d foreshock.Dimension, rule foreshock.Rule, have, to float64) error {
	amount := func(x float64) string { return foreshock.FormatAmount(d, x) }
	switch {
	case to < rule.Min:
		return fmt.Errorf("%w: %s is below the least that is allowed, %s", ErrRule, amount(to), amount(rule.Min))
	case rule.Max > 0 && to > rule.Max:
		return fmt.Errorf("%w: %s is above the most that is allowed, %s", ErrRule, amount(to), amount(rule.Max))
	case rule.Quantum > 0 && !multiple(to, rule.Quantum):
		return fmt.Errorf("%w: %s is not a multiple of %s", ErrRule, amount(to), amount(rule.Quantum))
	case to < have && !rule.Down:
		return fmt.Errorf("%w: %s cannot be reduced (from %s to %s)", ErrRule, d, amount(have), amount(to))
	}
	return nil
}

// multiple allows for what floating point loses: a relative 1e-9.
func multiple(x, quantum float64) bool {
	n := math.Round(x / quantum)
	return math.Abs(x-n*quantum) <= 1e-9*math.Max(math.Abs(x), quantum)
}
